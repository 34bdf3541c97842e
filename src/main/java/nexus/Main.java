package nexus;

import java.io.PrintStream;
import java.time.InstantSource;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import nexus.cli.ExitCode;
import nexus.cli.NexusCommand;
import nexus.config.DemoOptions;
import nexus.config.ServerOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The program's entry. */
public final class Main {
    private Main() {}

    /** Runs a command and exits with its code. */
    public static void main(String... arguments) {
        System.exit(new NexusCommand(Main::serve, Main::demo, System.getenv()).run(arguments));
    }

    private static int serve(ServerOptions options) throws Exception {
        // Read by the logging configuration, so before the first line is logged.
        System.setProperty("NEXUS_LOG_FORMAT", options.logFormat().name().toLowerCase(Locale.ROOT));
        Logger log = LoggerFactory.getLogger(Main.class);
        Server server = new Server(options, InstantSource.system());
        CountDownLatch ended = new CountDownLatch(1);
        Thread drain = new Thread(
                () -> {
                    log.info("draining");
                    server.close();
                    log.info("stopped");
                    ended.countDown();
                    // A drained stop is a success; without this the JVM would report the signal.
                    Runtime.getRuntime().halt(ExitCode.OK);
                },
                "drain");
        server.start();
        Runtime.getRuntime().addShutdownHook(drain);
        PrintStream out = System.out;
        server.newAdminKey().ifPresent(key -> out.println("system administrator key: " + key));
        out.println("listening on http://" + urlHost(options.host()) + ":" + server.port());
        out.flush();
        ended.await();
        return ExitCode.OK;
    }

    private static String urlHost(String host) {
        return host.indexOf(':') >= 0 ? "[" + host + "]" : host;
    }

    private static int demo(DemoOptions options) throws Exception {
        throw new IllegalStateException("the demo is not there yet");
    }
}
