package nexus.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What an active tenant costs of the server's heap: the live bytes after a full collection, before any is active, with all
 * of them active, after each has taken a write, and when they have been let go again.
 */
public final class MemoryBenchmark {
    private static final int TUPLES = 5;

    /** Long enough to activate all and look, short enough to wait for. */
    private static final int IDLE_SECONDS = 60;

    /** The server looks for idle tenants every ten seconds. */
    private static final int LET_GO_SECONDS_MAX = IDLE_SECONDS + 60;

    private static final Pattern ACTIVE = Pattern.compile("(?m)^nexus_tenants_active(?:\\{[^}]*})? ([0-9.E]+)$");
    private static final Pattern TOTAL = Pattern.compile("(?m)^Total +[0-9]+ +([0-9]+)$");

    private final NexusServer server;
    private final int tenants;

    private MemoryBenchmark(NexusServer server, int tenants) {
        this.server = server;
        this.tenants = tenants;
    }

    /** Arguments: {@code jar}; {@code tenants}. */
    public static void main(String... arguments) throws Exception {
        Arguments given = Arguments.of(arguments, "jar", "../target/nexus.jar", "tenants", "1000");
        System.out.printf("%d processors, JDK %s%n%n", Runtime.getRuntime().availableProcessors(), Runtime.version());
        NexusServer.inNewDirectory(data -> {
            try (NexusServer server =
                    NexusServer.start(Path.of(given.text("jar")), data, "--idle-passivation", IDLE_SECONDS + "s")) {
                new MemoryBenchmark(server, given.number("tenants")).run();
            }
        });
    }

    private void run() throws Exception {
        for (int i = 0; i < tenants; i++) {
            make("t" + i);
        }
        // Once round first, so that classes, pools and caches of the server itself are there before anything is
        // counted.
        activate();
        awaitActive(1);
        long before = liveBytes();
        activate();
        awaitActive(tenants + 1);
        long active = liveBytes();
        for (int i = 0; i < tenants; i++) {
            server.call(
                    "write", "{\"path\":\"/tenants/t" + i + "/f/file.txt\",\"content\":\"" + Texts.kibibyte(i) + "\"}");
        }
        awaitActive(tenants + 1);
        long written = liveBytes();
        awaitActive(1);
        long after = liveBytes();
        System.out.printf("%d tenants, each with a user, a key and %d tuples%n%n", tenants, TUPLES);
        System.out.println("| the server's live heap | MiB | KiB for a tenant |\n|---|---|---|");
        print("no tenant active", before, before);
        print("all active", active, before);
        print("all active, a write of 1 KiB each", written, before);
        print("all passivated", after, before);
    }

    private void print(String state, long bytes, long before) {
        System.out.printf(
                Locale.ROOT,
                "| %s | %.1f | %.1f |%n",
                state,
                bytes / 1024.0 / 1024,
                (bytes - before) / 1024.0 / tenants);
    }

    private void make(String zone) throws Exception {
        server.makeTenant(zone);
        for (int i = 0; i < TUPLES; i++) {
            server.grant(zone, "user-" + i, "/tenants/" + zone + "/folder-" + i);
        }
    }

    private void activate() throws Exception {
        for (int i = 0; i < tenants; i++) {
            String answer = server.call(
                    "rebac_check",
                    "{\"subject\":[\"user\",\"user-0\"],\"permission\":\"read\",\"object\":[\"file\",\"/tenants/t" + i
                            + "/folder-0/a.txt\"],\"zone_id\":\"t" + i + "\"}");
            if (!answer.contains("\"result\":true")) {
                throw new IllegalStateException("unexpected answer: " + answer);
            }
        }
    }

    /** Waits until so many tenants are active, the reserved one included. */
    private void awaitActive(int wanted) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LET_GO_SECONDS_MAX);
        int active = active();
        while (active != wanted) {
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException(active + " tenants are active instead of " + wanted);
            }
            Thread.sleep(500);
            active = active();
        }
    }

    private int active() throws Exception {
        Matcher found = ACTIVE.matcher(server.get("/metrics"));
        if (!found.find()) {
            throw new IllegalStateException("the metrics do not tell how many tenants are active");
        }
        return (int) Double.parseDouble(found.group(1));
    }

    /** The histogram of live objects is taken after a full collection. */
    private long liveBytes() throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "jcmd").toString());
        command.addAll(List.of(Long.toString(server.process().pid()), "GC.class_histogram"));
        Process jcmd = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        Matcher total = TOTAL.matcher(new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        if (jcmd.waitFor() != 0 || !total.find()) {
            throw new IllegalStateException("no histogram from " + command);
        }
        return Long.parseLong(total.group(1));
    }
}
