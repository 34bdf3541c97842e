package nexus.e2e.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import nexus.e2e.Await;
import nexus.history.History;
import nexus.history.Operation;

/**
 * Clients that work on tenants through all nodes, as behind a load balancer, while a test does to the nodes what it likes; and
 * the judgement of all that they were told.
 *
 * <p>What the clients do follows from a seed; in which order it comes to the nodes does not.
 */
final class Workload implements AutoCloseable {
    private static final Duration END = Duration.ofSeconds(60);
    private static final int SHOWN = 12;
    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final Cluster cluster;
    private final long seed;
    private final String name;
    private final Recorder recorder = new Recorder();
    private final List<Tenant> tenants = new ArrayList<>();
    private final List<Thread> clients = new ArrayList<>();
    private final SplittableRandom seeds;
    private volatile boolean stopped;

    /**
     * How much is done.
     *
     * @param work tenants with files, logs, grants and keys
     * @param races tenants whose clients race for a quota
     * @param clients of each tenant
     * @param pace the pause of a client between two requests, on the average
     */
    record Size(int work, int races, int clients, Duration pace) {}

    private Workload(Cluster cluster, long seed, String name) {
        this.cluster = cluster;
        this.seed = seed;
        this.seeds = new SplittableRandom(seed);
        this.name = name;
    }

    /** Makes the tenants and lets the clients begin. */
    static Workload begin(Cluster cluster, long seed, Size size) {
        Workload load = new Workload(cluster, seed, "w" + NUMBER.incrementAndGet());
        for (int i = 0; i < size.work(); i++) {
            load.tenants.add(new Tenant.Work(cluster, load.recorder, load.name + "-work-" + i));
        }
        for (int i = 0; i < size.races(); i++) {
            load.tenants.add(new Tenant.Race(cluster, load.recorder, load.name + "-race-" + i));
        }
        for (Tenant tenant : load.tenants) {
            for (int i = 0; i < size.clients(); i++) {
                load.start(tenant, "c" + i, size.pace(), cluster::pick, () -> true);
            }
        }
        return load;
    }

    /** Another tenant, which nobody works on but the test. */
    Tenant.Work quiet() {
        Tenant.Work tenant = new Tenant.Work(cluster, recorder, name + "-quiet-" + tenants.size());
        tenants.add(tenant);
        return tenant;
    }

    /** Lets a client make one request and end. */
    void once(Consumer<Tenant.Client> request) {
        Tenant.Client client = new Tenant.Client("once-" + clients.size());
        Thread thread = new Thread(() -> request.accept(client), name + "/" + client.name());
        thread.setDaemon(true);
        clients.add(thread);
        thread.start();
    }

    /** Lets clients of some tenants ask one node only, whatever a load balancer would do, until they are told to relent. */
    Insistence insist(Node node, Collection<String> zones, int clients, Duration pace) {
        Insistence insistence = new Insistence();
        for (Tenant tenant : tenants) {
            for (int i = 0; i < clients && zones.contains(tenant.zone()); i++) {
                String client = "to-" + node.name() + "-" + this.clients.size();
                start(tenant, client, pace, random -> node, () -> !insistence.over);
            }
        }
        return insistence;
    }

    /** Clients that do not heed the load balancer. */
    static final class Insistence {
        private volatile boolean over;

        void relent() {
            over = true;
        }
    }

    private void start(
            Tenant tenant,
            String client,
            Duration pace,
            Function<RandomGenerator, Node> balancer,
            BooleanSupplier goesOn) {
        Random random = new Random(seeds.nextLong());
        Thread thread = new Thread(
                () -> {
                    Tenant.Client self = new Tenant.Client(client);
                    while (!stopped && goesOn.getAsBoolean()) {
                        tenant.step(self, balancer.apply(random), random);
                        // The client thinks; it waits for nothing.
                        LockSupport.parkNanos((long) (2 * pace.toNanos() * random.nextDouble()));
                    }
                },
                tenant.zone() + "/" + client);
        thread.setDaemon(true);
        clients.add(thread);
        thread.start();
    }

    // ---- looking ----------------------------------------------------------------------------------------------------

    Recorder recorder() {
        return recorder;
    }

    History history() {
        return recorder.history();
    }

    List<Tenant> tenants() {
        return List.copyOf(tenants);
    }

    List<String> zones() {
        return tenants.stream().map(Tenant::zone).toList();
    }

    /** Those that clients work on all the time. */
    List<String> busyZones() {
        return zones().stream().filter(zone -> !zone.contains("-quiet-")).toList();
    }

    /** Its tenants that a node owned at the last look. */
    List<String> zonesOn(Node node) {
        return cluster.tenantsOf(node).stream().filter(zones()::contains).toList();
    }

    /** The node that owns most of its tenants. */
    Node busiest() {
        Map<Node, Integer> owned = new TreeMap<>(java.util.Comparator.comparing(Node::name));
        cluster.nodes().forEach(node -> owned.put(node, zonesOn(node).size()));
        return owned.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .orElseThrow()
                .getKey();
    }

    /** Waits until each of these tenants has answered a request that was made after a time; returns when that was. */
    long awaitAnswers(Collection<String> zones, long since) {
        Await.until(
                "answers of " + zones,
                END,
                () -> recorder.allAnswered(zones, since).isPresent(),
                () -> lastAttempts() + cluster.logs());
        OptionalLong when = recorder.allAnswered(zones, since);
        return when.orElseThrow();
    }

    /** Waits until each of these tenants has answered a request that was made at a node after a time. */
    void awaitAnswersAt(Node node, Collection<String> zones, long since) {
        Await.until(
                "answers of " + zones + " at " + node.name(),
                END,
                () -> zones.stream()
                        .allMatch(zone -> !recorder.attempts(
                                        attempt -> attempt.tenant().equals(zone)
                                                && attempt.node().equals(node.name())
                                                && attempt.end() == Attempt.End.ANSWERED
                                                && attempt.called() - since >= 0)
                                .isEmpty()),
                () -> lastAttempts() + cluster.logs());
    }

    private String lastAttempts() {
        List<Attempt> all = recorder.attempts(attempt -> true);
        return all.subList(Math.max(0, all.size() - SHOWN), all.size()).stream()
                .map(Attempt::toString)
                .collect(Collectors.joining("\n", "\n", ""));
    }

    /** Fails if a request that was under way in a span of time did not get an answer. */
    void requireNoFailure(long from, long to) {
        List<Attempt> failures = recorder.failures(from, to);
        if (!failures.isEmpty()) {
            throw new AssertionError("seed " + seed + ", " + failures.size() + " requests without an answer:\n"
                    + failures.stream().limit(SHOWN).map(Attempt::toString).collect(Collectors.joining("\n"))
                    + cluster.logs());
        }
    }

    // ---- the end ----------------------------------------------------------------------------------------------------

    /** Lets the clients end, asks for the last state of everything, and judges; fails with what is wrong. */
    void judge() {
        stop();
        for (Tenant tenant : tenants) {
            Random random = new Random(seed);
            Await.until(
                    "the last state of " + tenant.zone(),
                    END,
                    () -> tenant.askAll(cluster.pick(random)),
                    () -> lastAttempts() + cluster.logs());
        }
        List<String> faults = new ArrayList<>(recorder.faults());
        faults.addAll(cluster.owners().faults());
        Map<String, String> wrong = history().faults(Tenant::model);
        wrong.forEach((object, fault) -> faults.add(object + ": " + fault));
        if (!faults.isEmpty()) {
            Path file = write(faults, wrong.keySet());
            throw new AssertionError("seed " + seed + ", " + faults.size() + " faults, see " + file + "\n"
                    + faults.stream().limit(SHOWN).collect(Collectors.joining("\n")));
        }
    }

    /** The judgement for a report: how much was judged. */
    String tally() {
        Map<Attempt.End, Long> ends = recorder.attempts(attempt -> true).stream()
                .collect(Collectors.groupingBy(Attempt::end, TreeMap::new, Collectors.counting()));
        return history().size() + " operations on " + history().byObject().size() + " objects, requests " + ends;
    }

    private void stop() {
        stopped = true;
        for (Thread client : clients) {
            try {
                client.join(TimeUnit.SECONDS.toMillis(45));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted", e);
            }
            if (client.isAlive()) {
                throw new AssertionError("a client hangs: " + client.getName() + lastAttempts());
            }
        }
    }

    /** Everything that helps to find the fault. */
    private Path write(List<String> faults, Collection<String> objects) {
        Map<String, List<Operation>> histories = history().byObject();
        StringBuilder text = new StringBuilder("seed " + seed + "\n\n");
        faults.forEach(fault -> text.append(fault).append("\n\n"));
        objects.forEach(object -> text.append("--- ")
                .append(object)
                .append('\n')
                .append(History.text(histories.get(object)))
                .append("\n\n"));
        for (Node node : cluster.nodes()) {
            text.append("--- ").append(node.name()).append('\n').append(node.errors());
        }
        try {
            Path directory = Files.createDirectories(Path.of("target", "cluster"));
            return Files.writeString(directory.resolve("faults-" + seed + "-" + name + ".txt"), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        stop();
    }
}
