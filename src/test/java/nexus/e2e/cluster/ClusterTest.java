package nexus.e2e.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import nexus.e2e.Await;
import nexus.e2e.ServerProcess;
import nexus.e2e.cluster.Workload.Insistence;
import nexus.e2e.cluster.Workload.Size;
import nexus.http.client.HttpStatusException;
import nexus.http.client.NexusClient;
import nexus.http.client.NexusClient.Ref;
import nexus.http.client.NexusException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Three nodes under load while nodes, database and wires fail, come and go.
 *
 * <p>Two real kills, of a node and of the database. The long version is {@link ClusterLongTest}.
 */
@Tag("server")
@Timeout(180)
class ClusterTest {
    private static final long SEED = Long.getLong("nexus.cluster.seed", new Random().nextInt(1_000_000));
    private static final Size SIZE = new Size(4, 2, 3, Duration.ofMillis(40));
    private static final Duration DIRECT = Duration.ofMillis(30);
    private static final Duration SOON = Duration.ofSeconds(60);

    private static Cluster cluster;

    @BeforeAll
    static void start() {
        System.out.println("seed " + SEED + " (to replay: -Dnexus.cluster.seed=" + SEED + ")");
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

    private static long now() {
        return System.nanoTime();
    }

    private static Workload load() {
        Workload load = Workload.begin(cluster, SEED, SIZE);
        load.awaitAnswers(load.zones(), now());
        return load;
    }

    // ---- crashes ----------------------------------------------------------------------------------------------------

    @Test
    void aKilledOwnerLosesNothing() {
        try (Workload load = load()) {
            Node owner = load.busiest();
            List<String> orphans = load.zonesOn(owner);
            long killed = now();
            owner.kill();
            load.awaitAnswers(orphans, killed);
            owner.start();
            load.awaitAnswers(load.zones(), now());
            load.judge();
        }
    }

    @Test
    void aZombieAnswersNothingStaleAndCommitsNothing() {
        try (Workload load = load()) {
            new ZombieTrial(cluster, load).play(load.busiest());
            load.judge();
        }
    }

    @Test
    void aNodeThatLosesTheDatabaseGivesWayAndComesBack() {
        try (Workload load = load()) {
            Node lonely = load.busiest();
            List<String> orphans = load.zonesOn(lonely);
            long cut = now();
            lonely.database().hang();
            Insistence insistence = load.insist(lonely, orphans, 1, DIRECT);
            load.awaitAnswers(orphans, cut);
            Await.until("it says that it is not ready", SOON, () -> !lonely.isReady(), cluster::logs);
            lonely.database().heal();
            Await.until("it is back", SOON, lonely::isReady, cluster::logs);
            load.awaitAnswers(load.zones(), now());

            lonely.database().cut();
            Await.until("it is not ready", SOON, () -> !lonely.isReady(), cluster::logs);
            load.awaitAnswers(load.zones(), now());
            lonely.database().heal();
            Await.until("it is back again", SOON, lonely::isReady, cluster::logs);
            insistence.relent();
            load.judge();
        }
    }

    @Test
    void aKilledDatabaseLosesNothing() {
        try (Workload load = load()) {
            cluster.database().kill();
            load.awaitAnswers(load.zones(), now());
            load.judge();
        }
    }

    // ---- planned moves ----------------------------------------------------------------------------------------------

    @Test
    void drainAndJoinFailNoRequest() {
        try (Workload load = load()) {
            Node leaving = load.busiest();
            List<String> moving = load.zonesOn(leaving);
            long from = now();
            assertEquals(0, leaving.drain(), cluster::logs);
            cluster.awaitNothingOn(leaving);
            load.awaitAnswers(load.zones(), now());
            load.requireNoFailure(from, now());

            from = now();
            leaving.start();
            moving.forEach(zone -> cluster.awaitOwner(zone, leaving));
            load.awaitAnswers(load.zones(), now());
            load.requireNoFailure(from, now());
            load.judge();
        }
    }

    @Test
    void pinsAndDrainsOnCommandFailNoRequest() {
        try (Workload load = load()) {
            long from = now();
            Node first = cluster.nodes().get(0);
            load.zones().forEach(zone -> cluster.pin(zone, first));
            load.zones().forEach(zone -> cluster.awaitOwner(zone, first));
            load.awaitAnswers(load.zones(), now());
            cluster.drain(first, true);
            cluster.awaitNothingOn(first);
            // It is empty, and still answers.
            load.awaitAnswersAt(first, load.zones(), now());
            cluster.drain(first, false);
            load.zones().forEach(zone -> cluster.awaitOwner(zone, first));
            load.zones().forEach(cluster::unpin);
            load.awaitAnswers(load.zones(), now());
            load.requireNoFailure(from, now());
            load.judge();
        }
    }

    // ---- from one node to the other ---------------------------------------------------------------------------------

    /** A tenant with an administrator and a user, and the nodes two by two. */
    private interface Pair {
        void play(String zone, Node here, Node there);
    }

    private static void eachPair(String prefix, Pair pair) {
        List<Node> nodes = cluster.nodes();
        for (Node here : nodes) {
            for (Node there : nodes) {
                if (!here.equals(there)) {
                    String zone = prefix + "-" + here.name() + "-" + there.name();
                    NexusClient admin = here.as(Cluster.ADMIN);
                    admin.mkdir("/tenants/" + zone);
                    admin.write("/tenants/" + zone + "/.tenant.json", "{\"plan\":\"enterprise\"}");
                    pair.play(zone, here, there);
                }
            }
        }
    }

    private static NexusClient.Key owner(String zone, Node node) {
        NexusClient admin = node.as(Cluster.ADMIN);
        NexusClient.Key key = admin.createKey(zone, "alice", "alice");
        admin.rebacCreate(Ref.user("alice"), "owner", Ref.file("/tenants/" + zone), zone);
        return key;
    }

    private static int refusal(Runnable call) {
        return Assertions.assertThrows(NexusException.class, call::run).code();
    }

    private static boolean isUnauthenticated(NexusClient client, String zone) {
        try {
            client.exists("/tenants/" + zone + "/a.txt");
            return false;
        } catch (HttpStatusException e) {
            assertEquals(401, e.status(), e.body());
            return true;
        }
    }

    @Test
    void everyNodeReachesEveryTenant() {
        eachPair("reach", (zone, here, there) -> {
            String key = owner(zone, here).text();
            String large = "x".repeat(60_000);
            there.as(key).write("/tenants/" + zone + "/a.txt", large);
            assertEquals(large, here.as(key).readText("/tenants/" + zone + "/a.txt"));
            here.as(key).write("/tenants/" + zone + "/b/c.txt", "c");
            assertEquals(
                    List.of("/tenants/" + zone + "/b/c.txt"), there.as(key).paths("/tenants/" + zone + "/b", true));
            assertTrue(there.as(Cluster.ADMIN).paths("/tenants", false).contains("/tenants/" + zone));
            there.as(Cluster.ADMIN).rmdir("/tenants/" + zone, true);
            assertTrue(isUnauthenticated(here.as(key), zone));
            assertFalse(here.as(Cluster.ADMIN).exists("/tenants/" + zone));
        });
    }

    @Test
    void keysActOnTheOtherNodeWithTheNextRequest() {
        eachPair("keys", (zone, here, there) -> {
            NexusClient.Key key = owner(zone, here);
            assertFalse(isUnauthenticated(there.as(key.text()), zone));
            here.as(Cluster.ADMIN).revokeKey(key.id());
            assertTrue(isUnauthenticated(there.as(key.text()), zone));
            assertTrue(isUnauthenticated(here.as(key.text()), zone));

            // Long enough to be used once on a machine that is busy.
            NexusClient.Key shortLived =
                    here.as(Cluster.ADMIN).createKey(zone, "bob", "short", Duration.ofMillis(1500));
            long made = now();
            NexusClient bob = there.as(shortLived.text());
            if (isUnauthenticated(bob, zone)) {
                assertTrue(now() - made > Duration.ofMillis(1500).toNanos(), "it died before its time");
            }
            Await.until("it expires", SOON, () -> isUnauthenticated(bob, zone), cluster::logs);
            assertTrue(now() - made > Duration.ofMillis(1000).toNanos(), "it died before its time");
            assertTrue(isUnauthenticated(here.as(shortLived.text()), zone));
        });
    }

    @Test
    void grantsActOnTheOtherNodeWithTheNextRequest() {
        eachPair("grants", (zone, here, there) -> {
            String path = "/tenants/" + zone + "/a.txt";
            NexusClient alice = here.as(owner(zone, here).text());
            alice.write(path, "a");
            NexusClient bob = there.as(
                    here.as(Cluster.ADMIN).createKey(zone, "bob", "bob").text());
            assertEquals(NexusException.PERMISSION, refusal(() -> bob.read(path)));
            for (int i = 0; i < 5; i++) {
                String tuple = alice.rebacCreate(Ref.user("bob"), "editor", Ref.file(path), null);
                bob.write(path, "b" + i);
                assertTrue(bob.rebacCheck(Ref.user("bob"), "write", Ref.file(path)));
                assertEquals("b" + i, alice.readText(path));
                assertTrue(alice.rebacDelete(tuple));
                assertEquals(NexusException.PERMISSION, refusal(() -> bob.read(path)));
                assertEquals(NexusException.PERMISSION, refusal(() -> bob.write(path, "no")));
            }
        });
    }

    @Test
    void suspensionActsOnTheOtherNodeWithTheNextRequest() {
        eachPair("status", (zone, here, there) -> {
            String path = "/tenants/" + zone + "/a.txt";
            String key = owner(zone, here).text();
            NexusClient alice = there.as(key);
            alice.write(path, "a");
            for (int i = 0; i < 3; i++) {
                here.as(Cluster.ADMIN).write("/tenants/" + zone + "/.tenant.json", "{\"status\":\"suspended\"}");
                assertEquals(NexusException.PERMISSION, refusal(() -> alice.read(path)));
                assertEquals(NexusException.PERMISSION, refusal(() -> alice.write(path, "no")));
                here.as(Cluster.ADMIN).write("/tenants/" + zone + "/.tenant.json", "{\"status\":\"active\"}");
                assertEquals("a", alice.readText(path));
            }
        });
    }

    // ---- what tenants cost the cluster ------------------------------------------------------------------------------

    @Test
    void tenantsAreNothingToTheGrid() {
        Map<String, Integer> before = cluster.gridEntries();
        assertTrue(before.values().stream().anyMatch(size -> size >= 3), "the nodes cannot be seen in " + before);
        NexusClient admin = cluster.nodes().get(0).as(Cluster.ADMIN);
        for (int i = 0; i < 30; i++) {
            String zone = "grid-" + i;
            admin.mkdir("/tenants/" + zone);
            String key = owner(zone, cluster.nodes().get(0)).text();
            cluster.nodes().forEach(node -> node.as(key).write("/tenants/" + zone + "/" + node.name() + ".txt", "a"));
        }
        assertEquals(before, cluster.gridEntries());
    }

    // ---- the network ------------------------------------------------------------------------------------------------

    @Test
    void nodesOfTheLocalConfigurationListenOnTheLoopbackInterfaceOnly() {
        assumeTrue(Sockets.canBeSeen(), "skipped: this system does not show who listens where");
        for (Node node : cluster.nodes()) {
            List<String> addresses = Sockets.listening(node.pid());
            // HTTP, the membership and the event bus.
            assertTrue(addresses.size() >= 3, node.name() + " listens on " + addresses);
            addresses.forEach(
                    address -> assertTrue(address.startsWith("127."), node.name() + " listens on " + address));
        }
    }

    // ---- modes ------------------------------------------------------------------------------------------------------

    @Test
    void aServerWithoutAClusterIsRefusedBesideOne() {
        ServerProcess.Ended ended = ServerProcess.runToEnd(
                SOON,
                Map.of("NEXUS_DATABASE_URL", url(), "NEXUS_BLOBS", "database"),
                "serve",
                "--port",
                "0",
                "--data-dir",
                cluster.directory().resolve("alone").toString());
        assertEquals(1, ended.exit(), ended.err());
        assertTrue(ended.err().contains("another server uses this database: node-"), ended.err());
        assertTrue(ended.err().contains("(CLUSTER)"), ended.err());
        assertFalse(ended.out().contains("listening"), ended.out());
    }

    private static String url() {
        return cluster.database()
                .url(cluster.database().host(), cluster.database().port());
    }

    @Test
    void aNodeIsRefusedBesideAServerWithoutACluster() {
        cluster.database().execute("CREATE DATABASE alone");
        String url = url().replaceAll("/[^/]*$", "/alone");
        try (ServerProcess alone = ServerProcess.in(cluster.directory().resolve("single"))
                .env("NEXUS_DATABASE_URL", url)
                .env("NEXUS_BLOBS", "database")
                .start()) {
            ServerProcess.Ended node = ServerProcess.runToEnd(
                    SOON,
                    Map.of("NEXUS_DATABASE_URL", url),
                    "serve",
                    "--port",
                    "0",
                    "--data-dir",
                    cluster.directory().resolve("beside").toString(),
                    "--cluster",
                    cluster.otherConfiguration().toString());
            assertEquals(1, node.exit(), node.err());
            assertTrue(node.err().contains("another server uses this database"), node.err());
            assertTrue(node.err().contains("(SINGLE)"), node.err());
            assertTrue(alone.isAlive(), alone::log);
        }
    }
}
