package nexus.e2e.cluster;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import nexus.e2e.Await;
import nexus.e2e.cluster.Workload.Insistence;
import nexus.e2e.cluster.Workload.Size;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Nodes that cannot reach each other, while each reaches the database and its clients. */
@Tag("server")
@Timeout(240)
class ClusterPartitionTest {
    private static final long SEED = Long.getLong("nexus.cluster.seed", new Random().nextInt(1_000_000));
    private static final Duration PACE = Duration.ofMillis(40);
    private static final Duration SOON = Duration.ofSeconds(60);

    @Test
    void nodesThatArePartedAgreeOnEverythingAndFindEachOtherAgain() {
        Optional<String> missing = Namespaces.missing();
        assumeTrue(missing.isEmpty(), () -> "skipped: nodes cannot be parted here: " + missing.orElse(""));
        System.out.println("seed " + SEED + " (to replay: -Dnexus.cluster.seed=" + SEED + ")");
        Namespaces network = Namespaces.make(3);
        try (Cluster cluster = Cluster.start(3, network, new Random());
                Workload load = Workload.begin(cluster, SEED, new Size(3, 1, 3, PACE))) {
            load.awaitAnswers(load.zones(), System.nanoTime());
            network.part(0, 1);
            network.part(0, 2);
            // Longer than the heartbeat: each side has given the other one up.
            List<Node> nodes = cluster.nodes();
            Await.until(
                    "each side gives the other one up",
                    SOON,
                    () -> nodes.stream().allMatch(node -> node.errors().contains("member left")),
                    cluster::logs);
            // The larger side goes on, with what it has.
            List<String> theirs = new ArrayList<>(load.zonesOn(nodes.get(1)));
            theirs.addAll(load.zonesOn(nodes.get(2)));
            Insistence large = load.insist(nodes.get(1), theirs, 1, PACE);
            load.awaitAnswersAt(nodes.get(1), theirs, System.nanoTime());
            large.relent();
            network.join(0, 1);
            network.join(0, 2);
            Insistence small = load.insist(nodes.get(0), load.zones(), 1, PACE);
            load.awaitAnswersAt(nodes.get(0), load.zones(), System.nanoTime());
            small.relent();
            load.judge();
            System.out.println(load.tally());
        }
    }
}
