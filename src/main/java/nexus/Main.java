package nexus;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import nexus.cli.ExitCode;
import nexus.cli.NexusCommand;
import nexus.config.DemoOptions;
import nexus.config.ServerOption;
import nexus.config.ServerOptions;
import nexus.demo.Demo;
import org.jspecify.annotations.Nullable;
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
        // Before the start: whoever ends it while it starts must not leave a database behind.
        Runtime.getRuntime().addShutdownHook(drain);
        try {
            server.start();
        } catch (Exception e) {
            if (isEnding(drain)) {
                ended.await();
                return ExitCode.OK;
            }
            throw e;
        }
        PrintStream out = System.out;
        server.newAdminKey().ifPresent(key -> out.println("system administrator key: " + key));
        out.println("listening on http://" + urlHost(options.host()) + ":" + server.port());
        out.flush();
        ended.await();
        return ExitCode.OK;
    }

    /** Whether a signal has started the hook; if not it is taken back. */
    private static boolean isEnding(Thread hook) {
        try {
            return !Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            return true;
        }
    }

    private static String urlHost(String host) {
        return host.indexOf(':') >= 0 ? "[" + host + "]" : host;
    }

    /** A server of its own on a directory of its own, which is removed again when it was a temporary one. */
    private static int demo(DemoOptions options) throws Exception {
        Path given = options.dataDir();
        Path directory = given == null ? Files.createTempDirectory("nexus-demo-") : given;
        Map<ServerOption, String> commandLine = Map.of(
                ServerOption.PORT, Integer.toString(options.port()), ServerOption.DATA_DIR, directory.toString());
        Server server = new Server(
                ServerOptions.read(commandLine, Map.of(), Runtime.getRuntime().availableProcessors()),
                InstantSource.system());
        Thread undo = new Thread(() -> end(server, given == null ? directory : null), "undo");
        Runtime.getRuntime().addShutdownHook(undo);
        server.start();
        String key = Files.readString(directory.resolve("admin.key")).strip();
        return Demo.play("http://127.0.0.1:" + server.port(), key, System.out);
    }

    private static void end(Server server, @Nullable Path directory) {
        server.close();
        if (directory != null) {
            try (Stream<Path> all = Files.walk(directory)) {
                all.sorted(Comparator.reverseOrder())
                        .forEach(path -> path.toFile().delete());
            } catch (IOException e) {
                LoggerFactory.getLogger(Main.class).warn("could not remove directory={}", directory, e);
            }
        }
    }
}
