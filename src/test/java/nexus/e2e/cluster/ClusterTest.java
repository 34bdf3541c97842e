package nexus.e2e.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import nexus.e2e.cluster.Workload.Size;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Three nodes under load while nodes, database and wires fail, come and go. */
@Tag("server")
@Timeout(180)
class ClusterTest {
    private static final long SEED = Long.getLong("nexus.cluster.seed", 20260125);
    private static final Size SIZE = new Size(4, 2, 3, Duration.ofMillis(40));

    private static Cluster cluster;

    @BeforeAll
    static void start() {
        System.out.println("seed " + SEED + " (replay: -Dnexus.cluster.seed=" + SEED + ")");
        cluster = Cluster.start(3, new Network.Loopback(), new Random());
    }

    @AfterAll
    static void end() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @BeforeEach
    void restore() {
        cluster.restore();
    }

    @Test
    void aKilledOwnerLosesNothing() {
        try (Workload load = Workload.begin(cluster, SEED, SIZE)) {
            Node owner = load.busiest();
            List<String> orphans = load.zonesOn(owner);
            load.awaitAnswers(load.zones(), System.nanoTime());
            long killed = System.nanoTime();
            owner.kill();
            long again = load.awaitAnswers(orphans, killed);
            System.out.println("orphans " + orphans.size() + " answered after " + (again - killed) / 1_000_000 + " ms");
            owner.start();
            load.awaitAnswers(load.zones(), System.nanoTime());
            load.judge();
            System.out.println(load.tally());
        }
    }
}
