package nexus.e2e.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import nexus.e2e.Await;
import nexus.e2e.cluster.Workload.Insistence;
import nexus.e2e.cluster.Workload.Size;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * The long version: many kills, planned moves and zombies, and a table of what was measured. By one command:
 *
 * <pre>
 *   mvn verify -Dnexus.cluster.long=true -Dit.test=ClusterLongTest -Dtest=None -Dsurefire.failIfNoSpecifiedTests=false
 * </pre>
 *
 * <p>{@code -Dnexus.cluster.kills=50}, {@code moves=100}, {@code drains=10}, {@code zombies=20} and {@code seed} change it.
 * It fails on wrong answers and on requests that a planned move failed, never on times: those are for the reader of the table.
 */
@Tag("server")
@EnabledIfSystemProperty(named = "nexus.cluster.long", matches = "true")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClusterLongTest {
    private static final long SEED = Long.getLong("nexus.cluster.seed", new Random().nextInt(1_000_000));
    private static final int KILLS = Integer.getInteger("nexus.cluster.kills", 50);
    private static final int MOVES = Integer.getInteger("nexus.cluster.moves", 100);
    private static final int DRAINS = Integer.getInteger("nexus.cluster.drains", 10);
    private static final int ZOMBIES = Integer.getInteger("nexus.cluster.zombies", 20);

    /** So many events are judged together: a history that is too long cannot be. */
    private static final int PER_ROUND = 10;

    private static final Size KILL_LOAD = new Size(4, 2, 3, Duration.ofMillis(40));
    private static final Size MOVE_LOAD = new Size(4, 0, 4, Duration.ofMillis(10));
    private static final Duration DIRECT = Duration.ofMillis(30);
    private static final Duration SOON = Duration.ofSeconds(90);

    /** How long a tenant is watched after it has moved. */
    private static final Duration AFTER = Duration.ofMillis(300);

    private final Random random = new Random(SEED);
    private final List<String> rows = new ArrayList<>();
    private final List<String> faults = new ArrayList<>();
    private Cluster cluster;

    @BeforeAll
    void start() {
        System.out.println("seed " + SEED + " (to replay: -Dnexus.cluster.seed=" + SEED + ")");
        cluster = Cluster.start(3, new Network.Loopback(), new Random());
    }

    @AfterAll
    void end() {
        if (cluster != null) {
            cluster.close();
        }
    }

    /** What is done under load, one event after the other. */
    private void rounds(String what, int events, Size size, Consumer<Workload> event) {
        int done = 0;
        while (done < events) {
            cluster.restore();
            try (Workload load = Workload.begin(cluster, random.nextLong(), size)) {
                load.awaitAnswers(load.zones(), now());
                int until = Math.min(events, done + PER_ROUND);
                for (; done < until; done++) {
                    event.accept(load);
                }
                load.judge();
                System.out.println(what + " " + done + " of " + events + ": " + load.tally());
            } catch (AssertionError e) {
                faults.add(what + ": " + e.getMessage());
                done = Math.max(done, 1) / PER_ROUND * PER_ROUND + PER_ROUND;
            }
        }
    }

    private static long now() {
        return System.nanoTime();
    }

    private void report(String what, String measured, String target) {
        rows.add("| %-58s | %-44s | %-16s |".formatted(what, measured, target));
    }

    private static String millis(List<Long> nanos, double part) {
        List<Long> sorted = nanos.stream().sorted().toList();
        int index = (int) Math.ceil(part * sorted.size()) - 1;
        return sorted.isEmpty() ? "-" : sorted.get(Math.max(0, index)) / 1_000_000 + " ms";
    }

    private static String spread(List<Long> nanos) {
        return "p50 " + millis(nanos, 0.5) + ", p99 " + millis(nanos, 0.99) + ", max " + millis(nanos, 1);
    }

    @Test
    void killsMovesAndZombies() {
        moves();
        drains();
        kills();
        zombies();
        report("histories with a fault, requests answered wrong or late", Integer.toString(faults.size()), "0");
        System.out.println();
        rows.forEach(System.out::println);
        System.out.println();
        assertEquals("", faults.stream().collect(Collectors.joining("\n")));
    }

    // ---- planned moves ----------------------------------------------------------------------------------------------

    private void moves() {
        List<Long> pauses = new ArrayList<>();
        List<Long> usual = new ArrayList<>();
        List<Attempt> failures = new ArrayList<>();
        rounds("moves", MOVES, MOVE_LOAD, load -> {
            String zone = load.zones().get(random.nextInt(load.zones().size()));
            usual.add(silence(load, zone, now(), () -> {}));
            Node from = cluster.node(cluster.owner(zone).orElseThrow().node());
            List<Node> others =
                    cluster.nodes().stream().filter(node -> !node.equals(from)).toList();
            Node to = others.get(random.nextInt(others.size()));
            long begun = now();
            pauses.add(silence(load, zone, begun, () -> {
                cluster.pin(zone, to);
                cluster.awaitOwner(zone, to);
            }));
            failures.addAll(load.recorder().failures(begun, now()));
        });
        failures.forEach(failure -> faults.add("a planned move failed " + failure));
        report("requests without an answer in " + MOVES + " planned moves", Integer.toString(failures.size()), "0");
        report("pause of a tenant in a planned move", spread(pauses), "p99 <= 250 ms");
        report("the longest pause in as much time without a move", spread(usual), "");
    }

    /** The longest time without an answer of a tenant while something is done and a bit longer. */
    private long silence(Workload load, String zone, long from, Runnable event) {
        event.run();
        long until = now() + AFTER.toNanos();
        load.awaitAnswers(List.of(zone), until);
        return load.history().longestSilence(operation -> operation.object().startsWith(zone + "/"), from, until);
    }

    private void drains() {
        List<Attempt> failures = new ArrayList<>();
        List<Long> drains = new ArrayList<>();
        rounds("drains and joins", DRAINS, KILL_LOAD, load -> {
            Node leaving = cluster.nodes().get(random.nextInt(cluster.nodes().size()));
            long from = now();
            if (leaving.drain() != 0) {
                faults.add(leaving.name() + " did not end well" + leaving.log());
            }
            drains.add(now() - from);
            load.awaitAnswers(load.zones(), now());
            leaving.start();
            load.awaitAnswers(load.zones(), now());
            failures.addAll(load.recorder().failures(from, now()));
        });
        failures.forEach(failure -> faults.add("a drain or join failed " + failure));
        report("requests without an answer in " + DRAINS + " drains and joins", Integer.toString(failures.size()), "0");
        report("time to drain a node, SIGTERM to its end", spread(drains), "");
    }

    // ---- crashes ----------------------------------------------------------------------------------------------------

    private void kills() {
        List<Long> gaps = new ArrayList<>();
        rounds("kills", KILLS, KILL_LOAD, load -> {
            Node owner = load.busiest();
            List<String> orphans = load.zonesOn(owner);
            long killed = now();
            owner.kill();
            gaps.add(load.awaitAnswers(orphans, killed) - killed);
            owner.start();
            load.awaitAnswers(load.zones(), now());
        });
        report("until all tenants of a killed owner answer again, " + KILLS + " kills", spread(gaps), "max <= 6 s");
    }

    private void zombies() {
        int before = faults.size();
        int[] refused = {0};
        rounds("zombies", ZOMBIES, KILL_LOAD, load -> {
            Node zombie = load.busiest();
            List<String> orphans = load.zonesOn(zombie);
            long suspended = now();
            zombie.suspend();
            load.awaitAnswers(orphans, load.awaitAnswers(orphans, suspended));
            Insistence insistence = load.insist(zombie, orphans, 6, DIRECT);
            Await.until(
                    "requests wait for the zombie",
                    SOON,
                    () -> load.recorder().underWay(zombie) >= 6 * orphans.size(),
                    cluster::logs);
            refused[0] += load.recorder().underWay(zombie);
            zombie.resume();
            Await.until("the zombie is back", SOON, zombie::isReady, cluster::logs);
            load.awaitAnswers(load.zones(), now());
            insistence.relent();
        });
        report(
                "faults in the histories of " + ZOMBIES + " zombies, who had " + refused[0] + " requests waiting",
                Integer.toString(faults.size() - before),
                "0");
    }
}
