package nexus.sim;

import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.quota.QuotaOverrides;
import nexus.rebac.schema.AuthorizationModel;
import nexus.rebac.schema.ModelParser;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.RelationTuple;
import nexus.rebac.tuple.SubjectRef;
import nexus.store.Group;
import nexus.store.KeyRecord;
import nexus.store.Leases;
import nexus.store.TenantRecord;
import nexus.tenant.ActorMemory;
import nexus.tenant.MemoryTenant;
import nexus.tenant.TenantOptions;
import nexus.tenant.TenantVerticle;
import org.jspecify.annotations.Nullable;

/**
 * One simulated world from its beginning to its end: servers, database and clients, while faults come; then calm, in which
 * everything must work again; then the accounts.
 *
 * <p>Everything follows from the seed: the same seed is the same story, event by event.
 */
final class Simulation {
    private static final AuthorizationModel MODEL = model();

    /** So many of the last events are told when something is wrong. */
    private static final int EVENTS_TOLD = 200;

    /** In the calm a node is there after this: it may be leaving, and have to wait for its own lease of before. */
    private static final Duration STARTING = Duration.ofSeconds(60);
    /** In the calm everything has come to its end after this. */
    private static final Duration ENDING = Duration.ofSeconds(30);

    private final Scheduler scheduler;
    private final Trace trace;
    private final SimDatabase database;
    private final SimNetwork network;
    private final Scenario scenario;
    private final List<SimNode> nodes = new ArrayList<>();
    private final Map<TenantId, TenantHistory> histories = new LinkedHashMap<>();
    private final List<TenantHistory> tenants = new ArrayList<>();
    private final List<SimClient> clients = new ArrayList<>();
    private final Faults faults;
    private final Map<String, Long> counts = new TreeMap<>();
    private long number;
    private long overAt = Long.MAX_VALUE;

    private Simulation(long seed, @Nullable Scenario given, Trace trace) {
        this.trace = trace;
        this.scheduler = new Scheduler(seed, trace);
        SplittableRandom chance = scheduler.chance();
        Scenario drawn = Scenario.of(chance);
        this.scenario = given == null ? drawn : given;
        scheduler.note("simulation", "seed " + seed + " " + scenario);
        this.database = new SimDatabase(scheduler, new Accounts());
        seed(chance);
        this.network = new SimNetwork(scheduler);
        SimNode.World world = new SimNode.World(
                scheduler,
                database,
                network,
                new SimBlobs(scheduler),
                MODEL,
                new TenantOptions(
                        false, Duration.ofSeconds(30), scenario.idle(), scenario.activeMax(), Duration.ofSeconds(20)),
                scenario.nodes() == 1 ? Leases.Mode.SINGLE : Leases.Mode.CLUSTER,
                scenario.loops(),
                this::happened);
        for (int i = 1; i <= scenario.nodes(); i++) {
            nodes.add(new SimNode(world, "node" + i));
        }
        for (int i = 1; i <= scenario.clients(); i++) {
            clients.add(new SimClient(this, "client" + i));
        }
        this.faults = new Faults(this, scenario);
    }

    private static AuthorizationModel model() {
        try (InputStream in = Vertx.class.getResourceAsStream("/nexus/workspace.fga")) {
            return ModelParser.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void seed(SplittableRandom chance) {
        MemoryTenant system = database.tenant(TenantId.SYSTEM);
        system.seed(key(SimClient.ADMIN, true));
        SimClient.DEPUTIES.forEach(deputy -> system.seed(key(deputy, true)));
        histories.put(TenantId.SYSTEM, new TenantHistory(system, database, null));
        for (int i = 0; i < scenario.tenants(); i++) {
            TenantId id = new TenantId(new UUID(1, i + 1));
            MemoryTenant rows = new MemoryTenant(record(id, "zone" + i, chance), SimVertx.BEGINNING);
            SimClient.USERS.forEach(user -> rows.seed(key(user, false)));
            rows.seed(MemoryTenant.grant(
                    new RelationTuple(new ObjectRef("file", "/"), "owner", SubjectRef.of("user", SimClient.ALICE)),
                    SimVertx.BEGINNING));
            database.add(rows);
            TenantHistory history = new TenantHistory(rows, database, histories.get(TenantId.SYSTEM));
            histories.put(id, history);
            tenants.add(history);
        }
    }

    private static TenantRecord record(TenantId id, String zone, SplittableRandom chance) {
        TenantRecord made = TenantRecord.created(id, new ZoneName(zone), SimVertx.BEGINNING);
        return new TenantRecord(
                id,
                made.zone(),
                made.displayName(),
                made.plan(),
                made.status(),
                null,
                null,
                null,
                new QuotaOverrides((long) chance.nextInt(5, 8), (long) chance.nextInt(5, 12), 1_000_000L),
                chance.nextInt(1, 5),
                Map.of(),
                Map.of(),
                made.createdAt(),
                made.settingsRevision());
    }

    private static KeyRecord key(String user, boolean system) {
        return new KeyRecord(
                SimClient.keyOf(user),
                SimClient.secret(user),
                user,
                user,
                "user",
                user,
                system,
                false,
                SimVertx.BEGINNING,
                null,
                null,
                null);
    }

    // ---- for its parts
    // -----------------------------------------------------------------------------------------------

    Scheduler scheduler() {
        return scheduler;
    }

    SimDatabase database() {
        return database;
    }

    SimNetwork network() {
        return network;
    }

    List<SimNode> nodes() {
        return nodes;
    }

    SimNode anyNode(SplittableRandom chance) {
        return nodes.get(chance.nextInt(nodes.size()));
    }

    /** The node that has the tenant, as the database says; any, if none has. */
    SimNode nodeOf(TenantHistory tenant, SplittableRandom chance) {
        NodeId owner = database.tenant(id(tenant)).owner();
        return nodes.stream()
                .filter(node -> node.id().filter(id -> id.equals(owner)).isPresent())
                .findFirst()
                .orElseGet(() -> anyNode(chance));
    }

    /** The tenants, without the reserved one. */
    List<TenantHistory> tenants() {
        return tenants;
    }

    TenantHistory history(TenantId tenant) {
        TenantHistory history = histories.get(tenant);
        if (history == null) {
            throw new AssertionError("there is no tenant " + tenant);
        }
        return history;
    }

    TenantId id(TenantHistory history) {
        return database.find(history.zone()).orElseThrow();
    }

    /** Whether the database's clock and virtual time go together. */
    boolean clocksAgree() {
        return !scenario.clockSteps();
    }

    /** A number that was never drawn before. */
    long number() {
        return ++number;
    }

    boolean isOver() {
        return scheduler.now() >= overAt;
    }

    private final class Accounts implements SimDatabase.Observer {
        @Override
        public void committed(Group group, MemoryTenant after) {
            scheduler.note(
                    "database",
                    "committed " + after.record().zone() + " epoch " + group.epoch() + " revision " + group.revision()
                            + " " + MemoryTenant.repliesOf(group).keySet());
            happened("groups");
            history(group.tenant()).committed(group, after);
        }

        @Override
        public void taken(TenantId tenant, NodeId taker, @Nullable NodeId former) {
            scheduler.note("database", tenant + " taken by " + taker + " from " + former);
            happened(former == null ? "activations" : former.equals(taker) ? "reloads" : "takeovers");
            for (SimNode node : nodes) {
                if (former != null
                        && !former.equals(taker)
                        && node.id().filter(former::equals).isPresent()
                        && node.answersFor(tenant)) {
                    throw new AssertionError(
                            "two owners: " + taker + " takes " + tenant + " from " + node + ", which trusts its lease");
                }
            }
        }
    }

    // ---- the story
    // ---------------------------------------------------------------------------------------------------

    /** What a simulation that went well tells of itself: two runs of one seed tell the same. */
    record Outcome(long seed, long steps, long fingerprint, Map<String, Long> counts) {}

    /** Runs a seed to its end; fails with the seed and the last events. */
    static Outcome run(long seed, Trace trace) {
        return play(seed, null, trace, Simulation::run);
    }

    /** Runs a story that is written down, in a world of its own kind, in which chance only decides what the story leaves open. */
    static void tell(long seed, Scenario scenario, Consumer<Simulation> story) {
        play(seed, scenario, new Trace(EVENTS_TOLD), story);
    }

    private static Outcome play(long seed, @Nullable Scenario scenario, Trace trace, Consumer<Simulation> story) {
        Simulation simulation = new Simulation(seed, scenario, trace);
        SimLog log = new SimLog(simulation.scheduler);
        try {
            story.accept(simulation);
        } catch (Throwable e) {
            String replay = scenario == null ? "\nreplay with -Dtest=SimTest -Dnexus.sim.seed=" + seed : "";
            throw new AssertionError(e.getMessage() + replay + "\n" + trace.text(EVENTS_TOLD), e);
        } finally {
            log.close();
            simulation.nodes.forEach(node -> node.process().ifPresent(SimVertx::kill));
        }
        simulation.tenants.forEach(tenant ->
                tenant.fates().forEach((fate, count) -> simulation.count(fate.toString(), count.longValue())));
        return new Outcome(seed, simulation.scheduler.steps(), trace.fingerprint(), simulation.counts);
    }

    private void count(String what, long more) {
        counts.merge(what, more, Long::sum);
    }

    /** Something that should happen now and then in many simulations. */
    void happened(String what) {
        count(what, 1);
    }

    private void run() {
        nodes.forEach(SimNode::start);
        scheduler.runUntil("a node serves", () -> nodes.stream().anyMatch(SimNode::isServing), STARTING);
        overAt = scheduler.now() + scenario.work().toNanos();
        clients.forEach(SimClient::start);
        faults.start();
        scheduler.advance(scenario.work());
        scheduler.note("simulation", "calm");
        faults.callOff();
        scheduler.runUntil("the clients to end", () -> clients.stream().allMatch(SimClient::isIdle), ENDING);
        scheduler.runUntil("all nodes to serve", () -> nodes.stream().allMatch(SimNode::isServing), STARTING);
        tenants.forEach(this::mustWork);
        scheduler.runUntil("everything to be idle", this::isIdle, ENDING);
        histories.values().forEach(history -> history.finish(network));
        mustRemember();
    }

    /** In the calm every tenant can be used again, at every node. */
    private void mustWork(TenantHistory tenant) {
        for (SimNode node : nodes) {
            if (probe(tenant, node, Duration.ofSeconds(20)) != Operation.Fate.ANSWERED) {
                throw new AssertionError("the tenant does not work any more: " + tenant.zone() + " at " + node);
            }
        }
    }

    /** Does something that must work for every tenant, asking one node only until the time is up. */
    Operation.Fate probe(TenantHistory tenant, SimNode node, Duration timeout) {
        SimClient probe = new SimClient(this, "probe of " + tenant.zone() + " at " + node);
        probe.startProbe(tenant, node, timeout);
        scheduler.runUntil("the probe to end", probe::isIdle, timeout.plus(ENDING));
        return probe.lastFate();
    }

    /** Whether no tenant has anything under way on any node. */
    private boolean isIdle() {
        for (TenantId tenant : histories.keySet()) {
            for (SimNode node : nodes) {
                TenantVerticle verticle = node.present(tenant).orElse(null);
                if (verticle != null
                        && !ActorMemory.isIdle(
                                verticle, node.process().orElseThrow().nanoTime())) {
                    return false;
                }
            }
        }
        return true;
    }

    /** What is in memory is what is in the database. */
    private void mustRemember() {
        for (Map.Entry<TenantId, TenantHistory> tenant : histories.entrySet()) {
            MemoryTenant rows = database.tenant(tenant.getKey());
            for (SimNode node : nodes) {
                TenantVerticle verticle = node.present(tenant.getKey()).orElse(null);
                if (verticle == null) {
                    continue;
                }
                boolean owner = node.id().filter(id -> id.equals(rows.owner())).isPresent();
                List<String> differences = ActorMemory.differences(
                        verticle, rows, tenant.getValue().paths());
                if (owner && !differences.isEmpty()) {
                    throw new AssertionError("memory of " + tenant.getValue().zone() + " on " + node
                            + " differs from the database: " + differences);
                }
                if (!owner) {
                    throw new AssertionError(
                            node + " has " + tenant.getValue().zone() + ", which is owned by " + rows.owner());
                }
            }
        }
    }
}
