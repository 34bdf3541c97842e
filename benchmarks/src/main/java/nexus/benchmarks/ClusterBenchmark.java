package nexus.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Nodes of a cluster on one machine, each a process of its own, over a PostgreSQL of theirs. Prints Markdown tables.
 *
 * <ul>
 *   <li>Checks asked of the node that owns the tenant, and of the other node, which forwards them: in turns.
 *   <li>How long a node takes to join and to leave with few and with many registered tenants.
 * </ul>
 */
public final class ClusterBenchmark {
    private static final int[] CONNECTIONS = {1, 16, 64};
    private static final int MOST = 64;
    private static final int WARM_UPS = 4;
    private static final String ADMIN = "the-key-of-the-benchmarks-of-the-cluster-1";
    private static final String ZONE = "/tenants/bench";

    /** Tenants that are in use, and move when a node comes or goes. */
    private static final int ACTIVE = 100;

    private static final Duration SETTLED = Duration.ofSeconds(60);
    private static final long LOOK_MILLIS = 20;
    private static final Pattern NODE = Pattern.compile("\"name\":\"([^\"]+)\"[^}]*\\}[^}]*\"active\":(\\d+)");

    private final Path jar;
    private final Path data;
    private final String url;
    private final String configuration;
    private final Duration length;
    private final int rounds;

    private ClusterBenchmark(Path jar, Path data, String url, String configuration, Duration length, int rounds) {
        this.jar = jar;
        this.data = data;
        this.url = url;
        this.configuration = configuration;
        this.length = length;
        this.rounds = rounds;
    }

    /**
     * Arguments: {@code jar}; {@code cluster}, the configuration; {@code millis} of a run; {@code rounds}; {@code tenants} that
     * are registered for the second table.
     */
    public static void main(String... arguments) throws Exception {
        Arguments given = Arguments.of(
                arguments,
                "jar",
                "../target/nexus.jar",
                "cluster",
                "../cluster-config/local.yaml",
                "millis",
                "3000",
                "rounds",
                "5",
                "tenants",
                "100000");
        NexusServer.inNewDirectory(data -> {
            try (ClusterDatabase database = ClusterDatabase.start(data)) {
                ClusterBenchmark benchmark = new ClusterBenchmark(
                        Path.of(given.text("jar")),
                        data,
                        database.url(),
                        given.text("cluster"),
                        Duration.ofMillis(given.number("millis")),
                        given.number("rounds"));
                try (NexusServer first = benchmark.node("first")) {
                    benchmark.checks(first);
                    benchmark.prepare(first);
                    benchmark.printHead();
                    benchmark.joinsAndLeaves(first, "few");
                    database.register(given.number("tenants"));
                    benchmark.joinsAndLeaves(first, String.format(Locale.ROOT, "%,d", given.number("tenants")));
                }
            }
        });
    }

    private NexusServer node(String name) throws IOException {
        return NexusServer.startNode(
                jar,
                data.resolve(name),
                ADMIN,
                "--cluster",
                configuration,
                "--database-url",
                url,
                "--node-name",
                name,
                "--event-loops",
                "1");
    }

    // ---- forwarded checks -------------------------------------------------------------------------------------------

    private void checks(NexusServer owner) throws Exception {
        String key = owner.makeTenant("bench");
        owner.grant("bench", "alice", ZONE + "/a");
        Load.Exchange[] checks = {
            Requests.check(key, ZONE + "/a/b/c/d/e/f.txt", true), Requests.check(key, ZONE + "/n/b/c/d/e/f.txt", false)
        };
        int[] turn = {0};
        System.out.printf(
                "%d processors, JDK %s, two nodes with one event loop each, the client on the same processors, %d rounds of"
                        + " %d ms%n%n",
                Runtime.getRuntime().availableProcessors(), Runtime.version(), rounds, length.toMillis());
        try (NexusServer other = node("second")) {
            owner.send("PUT", "/v1/cluster/tenants/bench/node", "{\"node\":\"first\"}");
            ChildProcess[] asked = {owner.process(), other.process()};
            for (int i = 0; i < WARM_UPS; i++) {
                for (ChildProcess node : asked) {
                    Load.closed(node.port(), MOST, length, () -> checks[turn[0]++ & 1]);
                }
            }
            System.out.println("| `rebac_check` | connections | at its owner, checks/s | at the other node | ratio |"
                    + " (lowest-highest) |\n|---|---|---|---|---|---|");
            for (int connections : CONNECTIONS) {
                double[] local = new double[rounds];
                double[] forwarded = new double[rounds];
                double[] ratios = new double[rounds];
                for (int round = 0; round < rounds; round++) {
                    local[round] = Load.closed(asked[0].port(), connections, length, () -> checks[turn[0]++ & 1])
                            .perSecond();
                    forwarded[round] = Load.closed(asked[1].port(), connections, length, () -> checks[turn[0]++ & 1])
                            .perSecond();
                    ratios[round] = forwarded[round] / local[round];
                }
                Median ratio = Median.of(ratios);
                System.out.printf(
                        Locale.ROOT,
                        "| 50:50 hits and misses | %d | %.0f | %.0f | %.2f | %.2f-%.2f |%n",
                        connections,
                        Median.of(local).middle(),
                        Median.of(forwarded).middle(),
                        ratio.middle(),
                        ratio.lowest(),
                        ratio.highest());
            }
            owner.send("DELETE", "/v1/cluster/tenants/bench/node", "");
        }
    }

    // ---- joins and leaves -------------------------------------------------------------------------------------------

    private void prepare(NexusServer first) throws Exception {
        for (int i = 0; i < ACTIVE; i++) {
            first.call("mkdir", "{\"path\":\"/tenants/active-" + i + "\"}");
            use(first, i);
        }
    }

    private static void use(NexusServer node, int tenant) throws Exception {
        node.call("exists", "{\"path\":\"/tenants/active-" + tenant + "/a\"}");
    }

    private void printHead() {
        System.out.println("\n| registered tenants | node started to ready, s | to its share of " + ACTIVE
                + " active tenants, s | SIGTERM to its end, s |\n|---|---|---|---|");
    }

    private void joinsAndLeaves(NexusServer first, String registered) throws Exception {
        double[] ready = new double[rounds];
        double[] settled = new double[rounds];
        double[] left = new double[rounds];
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < ACTIVE; i++) {
                use(first, i);
            }
            long start = System.nanoTime();
            NexusServer joining = node("second");
            ready[round] = secondsSince(start);
            awaitShare(first);
            settled[round] = secondsSince(start);
            start = System.nanoTime();
            joining.close();
            left[round] = secondsSince(start);
        }
        System.out.printf(
                Locale.ROOT,
                "| %s | %.2f | %.2f | %.2f |%n",
                registered,
                Median.of(ready).middle(),
                Median.of(settled).middle(),
                Median.of(left).middle());
    }

    private static double secondsSince(long nanos) {
        return (System.nanoTime() - nanos) / 1e9;
    }

    /** Rendezvous hashing gives either node about a half: a third is more than chance leaves out. */
    private static void awaitShare(NexusServer first) throws Exception {
        long end = System.nanoTime() + SETTLED.toNanos();
        String seen = "";
        while (System.nanoTime() - end < 0) {
            seen = first.send("GET", "/v1/cluster", "");
            Matcher node = NODE.matcher(seen);
            while (node.find()) {
                if (node.group(1).equals("second")
                        && Integer.parseInt(node.group(2)) > ACTIVE / 3
                        && seen.contains("\"moves_in_progress\":0")) {
                    return;
                }
            }
            Thread.sleep(LOOK_MILLIS);
        }
        throw new IllegalStateException("it did not get its share within " + SETTLED + ": " + seen);
    }
}
