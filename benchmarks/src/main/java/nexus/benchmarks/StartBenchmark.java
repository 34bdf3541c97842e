package nexus.benchmarks;

import java.nio.file.Path;
import java.util.Locale;

/** How long the jar takes from its start to the ready line: once with an empty data directory, then with that one. */
public final class StartBenchmark {
    private StartBenchmark() {}

    /** Arguments: {@code jar}; {@code rounds} of warm starts. */
    public static void main(String... arguments) throws Exception {
        Arguments given = Arguments.of(arguments, "jar", "../target/nexus.jar", "rounds", "9");
        Path jar = Path.of(given.text("jar"));
        System.out.printf("%d processors, JDK %s%n%n", Runtime.getRuntime().availableProcessors(), Runtime.version());
        double[] warm = new double[given.number("rounds")];
        double[] cold = new double[1];
        NexusServer.inNewDirectory(data -> {
            cold[0] = start(jar, data);
            for (int round = 0; round < warm.length; round++) {
                warm[round] = start(jar, data);
            }
        });
        Median median = Median.of(warm);
        System.out.println("| start | to the ready line, s | (lowest-highest) |\n|---|---|---|");
        System.out.printf(Locale.ROOT, "| empty data directory | %.2f | |%n", cold[0]);
        System.out.printf(
                Locale.ROOT,
                "| existing data directory | %.2f | %.2f-%.2f |%n",
                median.middle(),
                median.lowest(),
                median.highest());
    }

    private static double start(Path jar, Path data) throws Exception {
        long started = System.nanoTime();
        try (NexusServer server = NexusServer.start(jar, data)) {
            return (System.nanoTime() - started) / 1e9;
        }
    }
}
