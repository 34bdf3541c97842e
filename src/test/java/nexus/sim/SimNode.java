package nexus.sim;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import nexus.bus.BusTenantGateway;
import nexus.bus.TenantTransport;
import nexus.kernel.Ids;
import nexus.kernel.NodeId;
import nexus.kernel.ProblemException;
import nexus.kernel.TenantId;
import nexus.placement.Activations;
import nexus.placement.NodeLease;
import nexus.placement.Sweeper;
import nexus.rebac.schema.AuthorizationModel;
import nexus.store.Leases;
import nexus.tenant.Ask;
import nexus.tenant.Reply;
import nexus.tenant.Telemetry;
import nexus.tenant.TenantOptions;
import nexus.tenant.TenantServices;
import nexus.tenant.TenantVerticle;
import org.jspecify.annotations.Nullable;

/**
 * One server of a simulation: what {@code nexus.Server} makes of the real lease, activations, sweeper and gateway, without the
 * parts that a simulation has no use for. Like it, it comes back under a new id when its lease is over. It can crash, and be
 * started again as another process.
 */
final class SimNode {
    private static final Duration REJOIN_PAUSE = Duration.ofMillis(500);
    private static final Duration ORPHAN_AGE = Duration.ofHours(1);
    /** A process whose start failed is started again after this. */
    private static final Duration RESTART_PAUSE = Duration.ofSeconds(1);
    /** What is under way when it stops may end first. */
    private static final Duration DRAIN = Duration.ofSeconds(15);

    private static final Duration DRAIN_STEP = Duration.ofMillis(20);
    /** How much later than its deadline an ask may be answered: the actor looks at its deadlines now and then. */
    private static final Duration GRACE = Duration.ofMillis(500);

    private final World world;
    private final String name;
    private final Leases.Mode mode;
    private final SplittableRandom chance;
    private final Set<Waiting> waiting = new LinkedHashSet<>();
    private int starts;
    private boolean wanted;
    private @Nullable Life life;

    /** What all nodes of a simulation share. */
    record World(
            Scheduler scheduler,
            SimDatabase database,
            SimBlobs blobs,
            AuthorizationModel model,
            TenantOptions options,
            Leases.Mode mode,
            int loops) {}

    /** One process. */
    private static final class Life {
        final SimVertx process;
        final SimControl control;
        final SimStore store;
        final Ids ids;
        long resumedAt;
        boolean closing;
        @Nullable
        Incarnation incarnation;

        @Nullable
        BusTenantGateway gateway;

        Life(SimVertx process, SimDatabase database, SplittableRandom chance) {
            this.process = process;
            this.control = new SimControl(database, process);
            this.store = new SimStore(database, process);
            this.ids = new Ids(process.wall(), chance);
        }
    }

    private record Incarnation(NodeId id, NodeLease lease, Activations activations, Sweeper sweeper) {
        Future<Incarnation> begin() {
            return lease.acquire().map(v -> {
                activations.open();
                sweeper.open();
                return this;
            });
        }

        Future<Void> end() {
            sweeper.close();
            return activations.close().eventually(lease::release);
        }

        Future<Void> abandon() {
            sweeper.close();
            lease.stop();
            return activations.close();
        }
    }

    /** An ask under way: it must be answered by its deadline, whatever happens to the database. */
    private static final class Waiting {
        final String what;
        final long deadline;

        Waiting(String what, long deadline) {
            this.what = what;
            this.deadline = deadline;
        }
    }

    SimNode(World world, String name) {
        this.world = world;
        this.name = name;
        this.mode = world.mode;
        this.chance = world.scheduler.chance();
    }

    @Override
    public String toString() {
        return name;
    }

    // ---- life
    // --------------------------------------------------------------------------------------------------------

    /** Starts a process, and starts it again until it serves. */
    void start() {
        wanted = true;
        SimVertx process = new SimVertx(world.scheduler, name + "." + ++starts, world.loops);
        process.wallSkew(chance.nextLong(-3_600_000_000_000L, 3_600_000_000_000L));
        Life fresh = new Life(process, world.database, chance.split());
        life = fresh;
        world.scheduler.note(process.toString(), "starts");
        process.call(() -> begin(fresh)).onComplete(done -> {
            if (done.succeeded()) {
                fresh.incarnation = done.result();
                fresh.gateway = new BusTenantGateway(
                        process.vertx(),
                        fresh.control,
                        () -> present(fresh).activations,
                        TenantTransport.DIRECT);
                world.scheduler.note(process.toString(), "serves as " + done.result().id);
            } else {
                world.scheduler.note(process.toString(), "does not start: " + done.cause().getMessage());
                process.kill();
                world.scheduler.after(RESTART_PAUSE, () -> {
                    if (wanted && life == fresh) {
                        start();
                    }
                });
            }
        });
    }

    private static Incarnation present(Life life) {
        Incarnation now = life.incarnation;
        if (now == null) {
            throw new IllegalStateException("BUG: the node has not begun");
        }
        return now;
    }

    private Future<Incarnation> begin(Life of) {
        NodeId node = new NodeId(of.ids.next());
        SimVertx process = of.process;
        NodeLease lease = new NodeLease(
                process.vertx(), of.control, node, process.toString(), mode, process.wall(), process::nanoTime);
        TenantServices services = new TenantServices(
                node,
                of.store,
                of.control,
                world.blobs.of(process),
                world.model,
                lease,
                of.ids,
                Telemetry.NONE,
                world.options);
        Incarnation fresh = new Incarnation(
                node,
                lease,
                new Activations(process.vertx(), services),
                new Sweeper(process.vertx(), services, ORPHAN_AGE));
        lease.lost().onComplete(v -> comeBack(of, fresh));
        return fresh.begin();
    }

    private void comeBack(Life of, Incarnation old) {
        if (of.closing) {
            return;
        }
        world.scheduler.note(of.process.toString(), "has lost its lease as " + old.id);
        old.abandon().transform(v -> begin(of)).onComplete(done -> {
            if (done.succeeded()) {
                of.incarnation = done.result();
                world.scheduler.note(of.process.toString(), "is back as " + done.result().id);
            } else {
                of.process.vertx().setTimer(REJOIN_PAUSE.toMillis(), id -> comeBack(of, old));
            }
        });
    }

    /** Ends it as SIGKILL does; what it has sent to the database may still arrive there. */
    void crash() {
        wanted = false;
        Life now = life;
        if (now != null && now.process.isAlive()) {
            now.process.kill();
            waiting.clear();
        }
    }

    /** Ends it as SIGTERM does: it lets its tenants and its lease go, then ends. */
    void stop() {
        wanted = false;
        Life now = life;
        if (now == null || !now.process.isAlive()) {
            return;
        }
        if (now.incarnation == null) {
            crash();
            return;
        }
        now.closing = true;
        now.gateway = null;
        world.scheduler.note(now.process.toString(), "stops");
        drain(now, world.scheduler.now() + DRAIN.toNanos());
    }

    private void drain(Life of, long until) {
        if (!of.process.isAlive()) {
            return;
        }
        if (!waiting.isEmpty() && world.scheduler.now() < until) {
            world.scheduler.after(DRAIN_STEP, () -> drain(of, until));
            return;
        }
        of.process.call(() -> present(of).end()).onComplete(done -> {
            world.scheduler.note(of.process.toString(), "has stopped");
            of.process.kill();
            waiting.clear();
        });
    }

    void pause() {
        Life now = life;
        if (now != null && now.process.isAlive()) {
            now.process.pause();
        }
    }

    void resume() {
        Life now = life;
        if (now != null && now.process.isPaused() && now.process.isAlive()) {
            now.resumedAt = world.scheduler.now();
            now.process.resume();
        }
    }

    boolean isAlive() {
        Life now = life;
        return now != null && now.process.isAlive();
    }

    boolean isPaused() {
        Life now = life;
        return now != null && now.process.isPaused();
    }

    /** Whether it has been told to end, and has not yet. */
    boolean isStopping() {
        Life now = life;
        return now != null && now.process.isAlive() && now.closing;
    }

    /** Whether it has a lease that it trusts. */
    boolean isServing() {
        Life now = life;
        return now != null
                && now.process.isAlive()
                && !now.closing
                && now.incarnation != null
                && now.incarnation.lease.isTrusted();
    }

    /** The present process. */
    Optional<SimVertx> process() {
        return Optional.ofNullable(life).map(now -> now.process).filter(SimVertx::isAlive);
    }

    /** The id under which it is in the database at the moment. */
    Optional<NodeId> id() {
        return Optional.ofNullable(life).map(now -> now.incarnation).map(now -> now.id);
    }

    /** The tenant's activation on this node, if it is ready. */
    Optional<TenantVerticle> present(TenantId tenant) {
        Life now = life;
        return now == null || !now.process.isAlive() || now.incarnation == null
                ? Optional.empty()
                : now.incarnation.activations.present(tenant);
    }

    /** Lets a tenant go, as if it had been idle for long or belonged elsewhere now. */
    void passivate(TenantId tenant) {
        Life now = life;
        if (now != null && now.process.isAlive() && now.incarnation != null) {
            Activations activations = now.incarnation.activations;
            now.process.run(() -> activations.passivate(tenant));
        }
    }

    // ---- asking
    // ------------------------------------------------------------------------------------------------------

    /** Nobody listens: what was sent was not received. */
    static final class RefusedException extends RuntimeException {
        RefusedException() {
            super("connection refused", null, false, false);
        }
    }

    /** What a router does with a request that has come in; the future completes on a loop of this node, or never. */
    Future<Reply> ask(Ask ask) {
        Life now = life;
        BusTenantGateway gateway = now == null ? null : now.gateway;
        if (now == null || gateway == null || !now.process.isAlive()) {
            return Future.failedFuture(new RefusedException());
        }
        Waiting entry = new Waiting(
                ask.request().operation() + " " + ask.command(),
                world.scheduler.now() + ask.timeout().toNanos());
        waiting.add(entry);
        watch(now, entry, entry.deadline);
        return now.process.call(() -> gateway.ask(ask)).onComplete(done -> {
            waiting.remove(entry);
            if (done.failed() && !(done.cause() instanceof ProblemException)) {
                world.scheduler.fail(new AssertionError("not a problem but a bug: " + entry.what, done.cause()));
            }
        });
    }

    private void watch(Life of, Waiting entry, long due) {
        world.scheduler.at(due + GRACE.toNanos(), () -> {
            if (!waiting.contains(entry) || !of.process.isAlive()) {
                return;
            }
            if (of.process.isPaused() || of.resumedAt + GRACE.toNanos() > world.scheduler.now()) {
                watch(of, entry, world.scheduler.now());
                return;
            }
            if (!Boolean.getBoolean("nodeadline")) world.scheduler.fail(new AssertionError(
                    "an ask is not answered within its deadline: " + entry.what + " at " + of.process));
        });
    }
}
