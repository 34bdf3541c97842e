package nexus.e2e.cluster;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import nexus.e2e.Await;
import nexus.e2e.ServerProcess;
import nexus.history.Owners;
import nexus.http.client.HttpReply;
import nexus.http.client.NexusClient;
import org.jspecify.annotations.Nullable;

/**
 * A cluster of processes on one database, with a name and ports of its own, so that clusters on one machine do not meet.
 *
 * <p>Two threads accompany it: one looks at the nodes as a load balancer does, and one samples from the database who owns
 * which tenant.
 */
final class Cluster implements AutoCloseable {
    /** The system administrator's key, the same on all nodes. */
    static final String ADMIN = "the-key-of-the-tests-of-the-cluster-01";

    /** Processes that live for a minute should not spend it on making themselves fast. */
    private static final String LIGHT = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1";

    private static final Path TEMPLATE = Path.of("cluster-config", "local.yaml");
    private static final Duration HEALTH_EVERY = Duration.ofMillis(100);
    private static final Duration SAMPLE_EVERY = Duration.ofMillis(40);
    private static final Duration SETTLED = Duration.ofSeconds(90);

    /** Below the range from which systems take the ports of outgoing connections. */
    private static final int PORT_FIRST = 15_000;

    private static final int PORT_LAST = 31_000;

    /** As many as a node of the template tries when it looks for others. */
    private static final int PORTS = 5;

    private static final String SAMPLE = """
            SELECT t.name, t.owner_epoch, t.owner_node, n.name, coalesce(n.lease_until > clock_timestamp(), false)
            FROM nexus.tenant t LEFT JOIN nexus.node n ON n.id = t.owner_node
            WHERE t.name IS NOT NULL""";

    private final Path directory;
    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    private final Network network;
    private final int firstPort;
    private final Database database;
    private final List<Node> nodes = new ArrayList<>();
    private final Owners owners = new Owners();
    private final List<Thread> companions = new ArrayList<>();
    private volatile Map<String, Owner> ownership = Map.of();
    private volatile boolean closed;

    /** Who owns a tenant, and is alive. @param node the node's name; @param epoch and since which epoch */
    record Owner(String node, long epoch) {}

    private Cluster(Path directory, Network network, Database database, RandomGenerator random) {
        this.directory = directory;
        this.network = network;
        this.database = database;
        this.firstPort = freePorts(random);
        write(configuration(), configuration(network, firstPort));
    }

    /** A cluster whose nodes are not started. @param options of every node's {@code serve} */
    static Cluster make(int size, Network network, RandomGenerator random, String... options) {
        Path directory = ServerProcess.temporaryDirectory();
        Database database = Database.start(directory);
        Cluster cluster = new Cluster(directory, network, database, random);
        for (int i = 0; i < size; i++) {
            cluster.addNode(i, options);
        }
        Runtime.getRuntime().addShutdownHook(new Thread(cluster::close));
        cluster.accompany("load balancer", HEALTH_EVERY, new HealthLook(cluster));
        cluster.accompany("ownership", SAMPLE_EVERY, new OwnershipLook(cluster));
        return cluster;
    }

    /** A cluster whose nodes all serve. */
    static Cluster start(int size, Network network, RandomGenerator random, String... options) {
        Cluster cluster = make(size, network, random, options);
        try {
            cluster.nodes.forEach(Node::launch);
            cluster.nodes.forEach(Node::awaitReady);
            return cluster;
        } catch (RuntimeException | AssertionError e) {
            cluster.close();
            throw e;
        }
    }

    private Path configuration() {
        return directory.resolve("cluster.yaml");
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The configuration for trying out, with another name, other ports and this network's addresses. */
    private static String configuration(Network network, int port) {
        String text;
        try {
            text = Files.readString(TEMPLATE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        text = replaced(text, "cluster-name: nexus-local", "cluster-name: " + clusterName(port));
        text = replaced(text, "port: 5701", "port: " + port);
        text = replaced(text, "interfaces:\n        - 127.0.0.1", "interfaces:\n        - " + network.interfaces());
        String members = network.members().stream()
                .map(member -> "          - " + member)
                .collect(Collectors.joining("\n"));
        text = replaced(text, "member-list:\n          - 127.0.0.1", "member-list:\n" + members);
        return replaced(text, "join.port.try.count: " + PORTS, "join.port.try.count: " + network.portsPerHost(PORTS));
    }

    private static String clusterName(int port) {
        return "nexus-test-" + port;
    }

    /** The collections in the nodes' Hazelcast, and how many entries each has. */
    Map<String, Integer> gridEntries() {
        return GridEntries.of(
                clusterName(firstPort),
                IntStream.range(firstPort, firstPort + PORTS)
                        .mapToObj(port -> network.host(0) + ":" + port)
                        .toList());
    }

    private static String replaced(String text, String from, String to) {
        if (!text.contains(from)) {
            throw new IllegalStateException(TEMPLATE + " has no '" + from + "'");
        }
        return text.replace(from, to);
    }

    private static int freePorts(RandomGenerator random) {
        for (int attempt = 0; attempt < 100; attempt++) {
            int port = random.nextInt(PORT_FIRST, PORT_LAST - PORTS);
            if (allFree(port)) {
                return port;
            }
        }
        throw new IllegalStateException("no " + PORTS + " free ports in a row");
    }

    private static boolean allFree(int first) {
        for (int port = first; port < first + PORTS; port++) {
            try (ServerSocket socket = new ServerSocket()) {
                socket.bind(new InetSocketAddress("127.0.0.1", port));
            } catch (IOException e) {
                return false;
            }
        }
        return true;
    }

    private void addNode(int number, String... options) {
        String name = "node-" + (number + 1);
        TcpProxy wire = new TcpProxy(vertx, network.machine(), database.host(), database.port());
        ServerProcess.Start start = ServerProcess.in(Node.dataDirectory(directory, name))
                .under(network.under(number).toArray(String[]::new))
                .env("NEXUS_DATABASE_URL", database.url(network.machine(), wire.port()))
                .env("NEXUS_ADMIN_KEY", ADMIN)
                .env("JAVA_TOOL_OPTIONS", System.getProperty("nexus.cluster.java", LIGHT))
                .with("--cluster", configuration().toString(), "--node-name", name, "--host", network.host(number))
                .with(options);
        nodes.add(new Node(name, wire, start));
    }

    // ---- companions -------------------------------------------------------------------------------------------------

    private void accompany(String name, Duration every, Runnable look) {
        Thread thread = new Thread(
                () -> {
                    while (!closed) {
                        look.run();
                        // A pace, not a wait for anything.
                        LockSupport.parkNanos(every.toNanos());
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
        companions.add(thread);
    }

    private record HealthLook(Cluster cluster, HttpClient http) implements Runnable {
        HealthLook(Cluster cluster) {
            this(cluster, HttpClient.newHttpClient());
        }

        @Override
        public void run() {
            cluster.nodes.forEach(node -> node.look(http));
        }
    }

    private static final class OwnershipLook implements Runnable {
        private final Cluster cluster;
        private @Nullable Connection connection;

        OwnershipLook(Cluster cluster) {
            this.cluster = cluster;
        }

        @Override
        public void run() {
            try {
                Connection open = connection;
                if (open == null) {
                    open = cluster.database.connect();
                    connection = open;
                }
                cluster.saw(Database.rows(open, SAMPLE));
            } catch (SQLException e) {
                // The database is down, or has no tables yet: the next look may see more.
                forget();
            }
        }

        private void forget() {
            Connection broken = connection;
            connection = null;
            try {
                if (broken != null) {
                    broken.close();
                }
            } catch (SQLException e) {
                // It was broken before.
            }
        }
    }

    private void saw(List<List<String>> rows) {
        Map<String, Owner> now = new TreeMap<>();
        for (List<String> row : rows) {
            boolean owned = !row.get(2).equals("null");
            long epoch = Long.parseLong(row.get(1));
            owners.saw(row.get(0), epoch, owned ? row.get(2) : null);
            // What a dead node owned is its until somebody asks for it.
            if (owned && row.get(4).equals("t")) {
                now.put(row.get(0), new Owner(row.get(3), epoch));
            }
        }
        ownership = now;
    }

    // ---- looking ----------------------------------------------------------------------------------------------------

    List<Node> nodes() {
        return List.copyOf(nodes);
    }

    Node node(String name) {
        return nodes.stream()
                .filter(node -> node.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    Database database() {
        return database;
    }

    Network network() {
        return network;
    }

    /** The configuration of a cluster that no node of this one belongs to. */
    Path otherConfiguration() {
        Path other = directory.resolve("other-cluster.yaml");
        write(other, configuration(network, freePorts(new java.util.Random())));
        return other;
    }

    Path directory() {
        return directory;
    }

    /** What was seen of owners so far. */
    Owners owners() {
        return owners;
    }

    /** Who owned a tenant at the last look. */
    Optional<Owner> owner(String tenant) {
        return Optional.ofNullable(ownership.get(tenant));
    }

    /** The tenants that a node owned at the last look, the reserved one too. */
    List<String> tenantsOf(Node node) {
        return ownership.entrySet().stream()
                .filter(entry -> entry.getValue().node().equals(node.name()))
                .map(Map.Entry::getKey)
                .toList();
    }

    /** A node that a load balancer would choose. */
    Node pick(RandomGenerator random) {
        List<Node> ready = nodes.stream().filter(Node::isReady).toList();
        List<Node> from = ready.isEmpty() ? nodes.stream().filter(Node::isKnown).toList() : ready;
        return from.get(random.nextInt(from.size()));
    }

    /** The system administrator at a node that is ready. */
    NexusClient admin() {
        return nodes.stream().filter(Node::isReady).findFirst().orElseThrow().as(ADMIN);
    }

    // ---- commands ---------------------------------------------------------------------------------------------------

    /** Says on which node a tenant should be. */
    void pin(String zone, Node node) {
        command("PUT", "/v1/cluster/tenants/" + zone + "/node", "{\"node\":\"" + node.name() + "\"}");
    }

    /** Leaves to the cluster where a tenant is. */
    void unpin(String zone) {
        command("DELETE", "/v1/cluster/tenants/" + zone + "/node", null);
    }

    /** Lets a node give all its tenants away, or take them again. */
    void drain(Node node, boolean drained) {
        command(drained ? "POST" : "DELETE", "/v1/cluster/nodes/" + node.name() + "/drain", null);
    }

    private void command(String method, String path, @Nullable String body) {
        HttpReply reply = admin().send(method, path, body == null ? null : body.getBytes(StandardCharsets.UTF_8));
        if (reply.status() / 100 != 2) {
            throw new IllegalStateException(method + " " + path + ": " + reply.status() + " " + reply.text());
        }
    }

    // ---- waiting ----------------------------------------------------------------------------------------------------

    /** Waits until a tenant is on a node. */
    void awaitOwner(String tenant, Node node) {
        Await.until(
                tenant + " is on " + node.name(),
                SETTLED,
                () -> owner(tenant)
                        .filter(owner -> owner.node().equals(node.name()))
                        .isPresent(),
                () -> owner(tenant) + logs());
    }

    /** Waits until a node owns nothing. */
    void awaitNothingOn(Node node) {
        Await.until(
                node.name() + " owns nothing",
                SETTLED,
                () -> tenantsOf(node).isEmpty(),
                () -> tenantsOf(node) + logs());
    }

    /** Brings all nodes back that were killed, suspended or cut, and waits until all are ready. */
    void restore() {
        for (Node node : nodes) {
            node.database().heal();
            if (node.isAlive() && node.isSuspended()) {
                node.resume();
            }
        }
        List<Node> dead = nodes.stream().filter(node -> !node.isAlive()).toList();
        dead.forEach(Node::launch);
        dead.forEach(Node::awaitReady);
        Await.until("all nodes are ready", SETTLED, () -> nodes.stream().allMatch(Node::isReady), this::logs);
    }

    /** The ends of what the nodes said. */
    String logs() {
        return "\n" + nodes.stream().map(Node::log).collect(Collectors.joining());
    }

    @Override
    public void close() {
        synchronized (companions) {
            if (closed) {
                return;
            }
            closed = true;
        }
        for (Node node : nodes) {
            node.close();
            node.database().close();
        }
        for (Thread companion : companions) {
            try {
                companion.join(TimeUnit.SECONDS.toMillis(5));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        database.close();
        vertx.close();
        network.close();
        ServerProcess.delete(directory);
    }
}
