package nexus.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * The real server with its embedded PostgreSQL and the bare yardstick, each a process of its own, under load from this one.
 * Prints Markdown tables.
 *
 * <p>Every number is set beside its yardstick's of the same moment: they take turns, and of the ratios of all rounds the
 * median is told, with the lowest and the highest. So a machine that is slow for a while does not favour either.
 */
public final class HttpBenchmark {
    private static final int[] CONNECTIONS = {1, 16, 64};
    private static final int MOST = 64;
    /** The open loop's rate, of what the closed loop reached. */
    private static final double OPEN_SHARE = 0.6;

    /** A warm-up ends when this many runs in a row were not cheaper by a twentieth, or after so many in all. */
    private static final int WARM_UPS_SAME = 3;

    private static final int WARM_UPS_MAX = 12;
    private static final double WARM_UP_GAIN = 0.95;

    private static final String ZONE = "/tenants/bench";

    private final Duration length;
    private final int rounds;
    private final ChildProcess bare;
    private final NexusServer server;
    private final Path data;
    private long written;

    private HttpBenchmark(Duration length, int rounds, ChildProcess bare, NexusServer server, Path data) {
        this.length = length;
        this.rounds = rounds;
        this.bare = bare;
        this.server = server;
        this.data = data;
    }

    /**
     * Arguments: {@code jar}; {@code loops}, the event loops of either server; {@code millis} of a run; {@code rounds};
     * {@code only} the rows whose names contain this.
     */
    public static void main(String... arguments) throws Exception {
        Arguments given = Arguments.of(
                arguments, "jar", "../target/nexus.jar", "loops", "1", "millis", "3000", "rounds", "5", "only", "");
        Path jar = Path.of(given.text("jar"));
        String loops = given.text("loops");
        Duration length = Duration.ofMillis(given.number("millis"));
        int rounds = given.number("rounds");
        System.out.printf(
                "%d processors, JDK %s, %s event loops in either server, the client on the same processors with one"
                        + " thread, %d rounds of %d ms%n%n",
                Runtime.getRuntime().availableProcessors(), Runtime.version(), loops, rounds, length.toMillis());
        NexusServer.inNewDirectory(data -> {
            try (ChildProcess bare = ChildProcess.java(
                            "-Xmx1g", "-cp", System.getProperty("java.class.path"), BareServer.class.getName(), loops);
                    NexusServer server = NexusServer.start(jar, data, "--event-loops", loops)) {
                new HttpBenchmark(length, rounds, bare, server, data).run(given.text("only"));
            }
        });
    }

    /** What is asked of whom, the same for every number of connections. */
    private record Row(String name, ChildProcess process, Supplier<Load.Exchange> exchanges) {}

    private void run(String only) throws Exception {
        String key = server.makeTenant("bench");
        server.grant("bench", "alice", ZONE + "/w");
        server.grant("bench", "alice", ZONE + "/a");
        Load.Exchange health = new Load.Exchange(Load.request("/health", "", ""), "ok");
        Load.Exchange hit = Requests.check(key, ZONE + "/a/b/c/d/e/f.txt", true);
        Load.Exchange miss = Requests.check(key, ZONE + "/n/b/c/d/e/f.txt", false);
        Load.Exchange[] checks = {hit, miss};
        int[] turn = {0};
        Supplier<Load.Exchange> write = () -> write(key);
        ChildProcess nexus = server.process();
        Load.closed(nexus.port(), 1, Duration.ofMillis(100), write);
        Load.Exchange read = new Load.Exchange(
                Requests.call(key, "read", "{\"path\":\"" + ZONE + "/w/0.txt\",\"return_metadata\":false}"),
                "\"result\":{");

        List<Row> rows = List.of(
                new Row("yardstick", bare, () -> hit),
                new Row("`GET /health`", nexus, () -> health),
                new Row("`rebac_check`", nexus, () -> checks[turn[0]++ & 1]),
                new Row("`read` of 1 KiB", nexus, () -> read),
                new Row("`write` of 1 KiB", nexus, write));
        List<Row> chosen =
                rows.stream().filter(row -> row.name().contains(only)).toList();
        if (!chosen.isEmpty()) {
            warmUp(rows.get(0));
            printHead();
        }
        for (Row row : chosen) {
            compare(row, hit);
        }
        if ("durable writes".contains(only)) {
            compareWrites(rows.get(4));
        }
    }

    // ---- rows
    // --------------------------------------------------------------------------------------------------------

    private static void printHead() {
        System.out.println(
                "| request | connections | req/s | of yardstick | (lowest-highest) | CPU us each | client busy |"
                        + " open loop at | achieved | p50 ms | p90 | p99 | p99.9 | highest |");
        System.out.println("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    }

    private void compare(Row row, Load.Exchange constant) throws IOException {
        warmUp(row);
        for (int connections : CONNECTIONS) {
            double[] rates = new double[rounds];
            double[] ratios = new double[rounds];
            double[] micros = new double[rounds];
            double[] busy = new double[rounds];
            for (int round = 0; round < rounds; round++) {
                double yardstick = Load.closed(bare.port(), connections, length, () -> constant)
                        .perSecond();
                Costs costs = closed(row, connections);
                Load.Result result = costs.result();
                micros[round] = costs.micros();
                rates[round] = result.perSecond();
                ratios[round] = result.perSecond() / yardstick;
                busy[round] = result.busy() * 100;
            }
            double rate = Median.of(rates).middle();
            Median ratio = Median.of(ratios);
            Load.Result open = Load.open(row.process().port(), connections, rate * OPEN_SHARE, length, row.exchanges());
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %d | %.0f | %.2f | %.2f-%.2f | %.1f | %.0f %% | %.0f | %.0f | %.2f | %.2f | %.2f | %.2f | %.1f |%n",
                    row.name(),
                    connections,
                    rate,
                    ratio.middle(),
                    ratio.lowest(),
                    ratio.highest(),
                    Median.of(micros).middle(),
                    Median.of(busy).middle(),
                    rate * OPEN_SHARE,
                    open.perSecond(),
                    open.millis(50),
                    open.millis(90),
                    open.millis(99),
                    open.millis(99.9),
                    open.latency().getMaxValue() / 1e6);
        }
    }

    private void compareWrites(Row write) throws Exception {
        warmUp(write);
        double[] apart = new double[rounds];
        double[] alone = new double[rounds];
        double[] groups = new double[rounds];
        double[] ratios = new double[rounds];
        try (TransactionPerWrite yardstick = TransactionPerWrite.on(data, MOST)) {
            yardstick.perSecond(MOST, length.multipliedBy(WARM_UPS_SAME + 1));
            for (int round = 0; round < rounds; round++) {
                alone[round] = yardstick.perSecond(1, length);
                apart[round] = yardstick.perSecond(MOST, length);
                groups[round] = closed(write, MOST).result().perSecond();
                ratios[round] = groups[round] / apart[round];
            }
        }
        System.out.println("\n| durable writes of 1 KiB | writes/s |\n|---|---|");
        print("a transaction each, one tenant, one after another", alone);
        print("a transaction each, " + MOST + " tenants, " + MOST + " under way", apart);
        print("the server over HTTP, one tenant, " + MOST + " connections", groups);
        Median ratio = Median.of(ratios);
        System.out.printf(
                Locale.ROOT,
                "%nthe server writes %.1f times as much as %d transactions under way (%.1f-%.1f)%n",
                ratio.middle(),
                MOST,
                ratio.lowest(),
                ratio.highest());
    }

    private static void print(String name, double[] rates) {
        System.out.printf(Locale.ROOT, "| %s | %.0f |%n", name, Median.of(rates).middle());
    }

    /** Until requests do not become cheaper any more: then the compiler is done. */
    private void warmUp(Row row) throws IOException {
        double cheapest = Double.MAX_VALUE;
        int same = 0;
        for (int run = 0; run < WARM_UPS_MAX && same < WARM_UPS_SAME; run++) {
            double micros = closed(row, MOST).micros();
            same = micros > cheapest * WARM_UP_GAIN ? same + 1 : 0;
            cheapest = Math.min(cheapest, micros);
        }
    }

    /** A run and what each of its requests cost the process that answered it. */
    private record Costs(Load.Result result, double micros) {}

    private Costs closed(Row row, int connections) throws IOException {
        Duration before = row.process().cpu();
        Load.Result result = Load.closed(row.process().port(), connections, length, row.exchanges());
        return new Costs(result, row.process().cpu().minus(before).toNanos() / 1e3 / result.answers());
    }

    // ---- requests
    // ----------------------------------------------------------------------------------------------------

    private Load.Exchange write(String key) {
        long number = written++;
        String path = ZONE + "/w/" + number + ".txt";
        return new Load.Exchange(
                Requests.call(
                        key, "write", "{\"path\":\"" + path + "\",\"content\":\"" + Texts.kibibyte(number) + "\"}"),
                "\"result\":{\"bytes_written\"");
    }
}
