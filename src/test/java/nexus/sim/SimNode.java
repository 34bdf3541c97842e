package nexus.sim;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import nexus.bus.BusTenantGateway;
import nexus.bus.LocalNode;
import nexus.bus.NodeRequest;
import nexus.bus.NodeTransport;
import nexus.kernel.Ids;
import nexus.kernel.NodeId;
import nexus.kernel.ProblemException;
import nexus.kernel.TenantId;
import nexus.placement.Activations;
import nexus.placement.ClusterView;
import nexus.placement.NodeLease;
import nexus.placement.NodeWatch;
import nexus.placement.Rebalancer;
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
 * One server of a simulation: what {@code nexus.Server} and {@code nexus.Incarnation} make of the real lease, watch,
 * activations, rebalancer, sweeper and gateway, without the parts that a simulation has no use for. Like them, it comes back
 * under a new id when its lease is over. It can crash, and be started again as another process.
 */
final class SimNode {
    private static final Duration REJOIN_PAUSE = Duration.ofMillis(500);
    private static final Duration ORPHAN_AGE = Duration.ofHours(1);
    /** A process whose start failed is started again after this. */
    private static final Duration RESTART_PAUSE = Duration.ofSeconds(1);
    /** A node that stops gives its tenants away for so long at the most. */
    private static final Duration LEAVE = Duration.ofSeconds(20);
    /** What is under way when it stops may end first. */
    private static final Duration DRAIN = Duration.ofSeconds(15);

    private static final Duration DRAIN_STEP = Duration.ofMillis(20);
    /** How much later than its deadline an ask may be answered: the actor looks at its deadlines now and then. */
    private static final Duration GRACE = Duration.ofMillis(500);

    private final World world;
    private final String name;
    private final SplittableRandom chance;
    private final Set<Waiting> waiting = new LinkedHashSet<>();
    private int starts;
    private boolean wanted;
    private @Nullable Life life;

    /** What all nodes of a simulation share. */
    record World(
            Scheduler scheduler,
            SimDatabase database,
            SimNetwork network,
            SimBlobs blobs,
            AuthorizationModel model,
            TenantOptions options,
            Leases.Mode mode,
            int loops,
            Consumer<String> happened) {
        boolean isCluster() {
            return mode == Leases.Mode.CLUSTER;
        }
    }

    /** An ask under way: it must be answered by its deadline, whatever happens to the database and to other nodes. */
    private static final class Waiting {
        final String what;

        Waiting(String what) {
            this.what = what;
        }
    }

    /** One process, with all its incarnations. */
    private final class Life {
        final SimVertx process = new SimVertx(world.scheduler, name + "." + ++starts, world.loops);
        final SimControl control = new SimControl(world.database, process);
        final Ids ids = new Ids(process.wall(), chance.split());
        final Set<NodeId> formers = new HashSet<>();
        final SimNetwork.Transport transport = world.network.new Transport(process, () -> present().lease);
        final SimNetwork.@Nullable Member member = world.isCluster() ? world.network.enter(process) : null;
        long resumedAt;
        boolean closing;

        @Nullable
        Incarnation incarnation;

        @Nullable
        BusTenantGateway gateway;

        Incarnation present() {
            Incarnation now = incarnation;
            if (now == null) {
                throw new IllegalStateException("BUG: the node has not begun");
            }
            return now;
        }

        Vertx vertx() {
            return process.vertx();
        }

        // As nexus.Server does it.

        Future<Void> start() {
            return begin().compose(begun -> {
                gateway = new BusTenantGateway(
                        vertx(), control, () -> present().local, world.isCluster() ? transport : NodeTransport.NOBODY);
                world.scheduler.note(process.toString(), "serves as " + begun.id());
                if (member != null) {
                    member.onChange(() -> present().local.watch().look());
                }
                return begun.announce();
            });
        }

        private Future<Incarnation> begin() {
            NodeId node = new NodeId(ids.next());
            NodeLease lease =
                    new NodeLease(vertx(), control, node, name, world.mode, process.wall(), process::nanoTime);
            NodeWatch watch = new NodeWatch(vertx(), control, node, formers, member, process::nanoTime);
            TenantServices services = new TenantServices(
                    node,
                    new SimStore(world.database, process, watch::dead),
                    control,
                    world.blobs.of(process),
                    world.model,
                    lease,
                    ids,
                    Telemetry.NONE,
                    world.options);
            Incarnation fresh = new Incarnation(this, lease, watch, services);
            return fresh.begin().map(begun -> {
                incarnation = begun;
                lease.lost().onComplete(v -> comeBack(begun));
                return begun;
            });
        }

        private void comeBack(Incarnation old) {
            if (closing) {
                return;
            }
            world.scheduler.note(process.toString(), "has lost its lease as " + old.id());
            world.happened.accept("lost leases");
            formers.add(old.id());
            old.abandon().transform(v -> begin()).onComplete(done -> {
                if (done.succeeded()) {
                    world.scheduler.note(
                            process.toString(), "is back as " + done.result().id());
                    done.result().announce();
                } else {
                    vertx().setTimer(REJOIN_PAUSE.toMillis(), id -> comeBack(old));
                }
            });
        }
    }

    /** One life in the database, as {@code nexus.Incarnation}. */
    private final class Incarnation {
        final Life of;
        final NodeLease lease;
        final LocalNode local;
        final Rebalancer rebalancer;
        final Sweeper sweeper;

        Incarnation(Life of, NodeLease lease, NodeWatch watch, TenantServices services) {
            this.of = of;
            this.lease = lease;
            Activations activations = new Activations(of.vertx(), services);
            this.local = new LocalNode(services.node(), activations, watch, lease);
            this.rebalancer = new Rebalancer(activations, of.control, services.node(), this::tellSuccessor);
            this.sweeper = new Sweeper(of.vertx(), services, ORPHAN_AGE, () -> sweeps(watch.view()));
        }

        private boolean sweeps(ClusterView view) {
            return view.desired(TenantId.SYSTEM).equals(view.self());
        }

        private Future<Void> tellSuccessor(TenantId tenant, NodeId target) {
            return world.isCluster()
                    ? of.transport
                            .send(target, 1, new NodeRequest.Activate(tenant), Rebalancer.SUCCESSOR_TIMEOUT)
                            .mapEmpty()
                    : Future.succeededFuture();
        }

        NodeId id() {
            return local.id();
        }

        Future<Incarnation> begin() {
            return lease.acquire().compose(v -> local.watch().open()).map(v -> {
                if (world.isCluster()) {
                    local.watch().onLook(rebalancer::look);
                    local.watch().onLook(of.transport::look);
                    world.network.open(id(), of.process, local);
                }
                local.activations().open();
                sweeper.open();
                return this;
            });
        }

        Future<Void> announce() {
            String self = of.member == null ? "alone" : of.member.self();
            return of.control
                    .announce(id(), self, "http://" + name, 1)
                    .compose(v -> local.watch().look());
        }

        Future<Void> leave() {
            if (!world.isCluster()) {
                return Future.succeededFuture();
            }
            long until = lease.nanoTime() + LEAVE.toNanos();
            return of.control
                    .drain(id(), true)
                    .compose(v -> local.watch().look())
                    .compose(v -> waitUntilEmpty(until));
        }

        private Future<Void> waitUntilEmpty(long until) {
            List<TenantId> here = local.activations().tenants();
            boolean others = !local.watch().view().candidates().isEmpty();
            if (here.isEmpty() || !others || lease.nanoTime() - until >= 0) {
                return Future.succeededFuture();
            }
            Promise<Void> later = Promise.promise();
            of.vertx()
                    .setTimer(DRAIN_STEP.toMillis(), id -> waitUntilEmpty(until).onComplete(later));
            return later.future();
        }

        Future<Void> end() {
            sweeper.close();
            return local.activations().close().eventually(this::closeAddress).eventually(lease::release);
        }

        Future<Void> abandon() {
            sweeper.close();
            lease.stop();
            return local.activations().close().eventually(this::closeAddress);
        }

        private Future<Void> closeAddress() {
            local.watch().close();
            world.network.close(id());
            return Future.succeededFuture();
        }
    }

    SimNode(World world, String name) {
        this.world = world;
        this.name = name;
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
        Life fresh = new Life();
        life = fresh;
        fresh.process.wallSkew(chance.nextLong(-3_600_000_000_000L, 3_600_000_000_000L));
        world.scheduler.note(fresh.process.toString(), "starts");
        fresh.process.call(fresh::start).onFailure(failure -> {
            if (fresh.gateway == null) {
                world.scheduler.note(fresh.process.toString(), "does not start: " + failure.getMessage());
                fresh.process.kill();
                world.scheduler.after(RESTART_PAUSE, () -> {
                    if (wanted && life == fresh) {
                        start();
                    }
                });
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

    /** Ends it as SIGTERM does: it gives its tenants away, lets what is under way end, gives up its lease, then ends. */
    void stop() {
        wanted = false;
        Life now = life;
        if (now == null || !now.process.isAlive() || now.closing) {
            return;
        }
        if (now.incarnation == null) {
            crash();
            return;
        }
        now.closing = true;
        world.scheduler.note(now.process.toString(), "stops");
        now.process.call(() -> now.present().leave()).onComplete(left -> {
            now.gateway = null;
            drain(now, world.scheduler.now() + DRAIN.toNanos());
        });
    }

    private void drain(Life of, long until) {
        if (!of.process.isAlive()) {
            return;
        }
        if (!waiting.isEmpty() && world.scheduler.now() < until) {
            world.scheduler.after(DRAIN_STEP, () -> drain(of, until));
            return;
        }
        of.process.call(() -> of.present().end()).onComplete(done -> {
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

    /** Whether it has been told to end, and has not yet. */
    boolean isStopping() {
        Life now = life;
        return now != null && now.process.isAlive() && now.closing;
    }

    /** Whether it takes requests and has a lease that it trusts. */
    boolean isServing() {
        Life now = life;
        return now != null
                && now.process.isAlive()
                && now.gateway != null
                && !now.closing
                && now.present().lease.isTrusted();
    }

    /** The present process. */
    Optional<SimVertx> process() {
        return Optional.ofNullable(life).map(now -> now.process).filter(SimVertx::isAlive);
    }

    /** The id under which it is in the database at the moment. */
    Optional<NodeId> id() {
        return Optional.ofNullable(life).map(now -> now.incarnation).map(Incarnation::id);
    }

    /** Whether it would answer for a tenant at this moment, if it ran. */
    boolean answersFor(TenantId tenant) {
        Life now = life;
        return now != null
                && now.process.isAlive()
                && now.incarnation != null
                && now.present().lease.isTrusted()
                && present(tenant).isPresent();
    }

    /** The tenant's activation on this node, if it is ready. */
    Optional<TenantVerticle> present(TenantId tenant) {
        Life now = life;
        return now == null || !now.process.isAlive() || now.incarnation == null
                ? Optional.empty()
                : now.present().local.activations().present(tenant);
    }

    /** Lets a tenant go, as if it had been idle for long. */
    void passivate(TenantId tenant) {
        Life now = life;
        if (now != null && now.process.isAlive() && now.incarnation != null) {
            Activations activations = now.present().local.activations();
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
        Waiting entry = new Waiting(ask.request().operation() + " " + ask.requestId());
        waiting.add(entry);
        return now.process
                .call(() -> {
                    watch(now, entry, world.scheduler.now() + ask.timeout().toNanos());
                    return gateway.ask(ask);
                })
                .onComplete(done -> {
                    waiting.remove(entry);
                    if (done.failed() && !(done.cause() instanceof ProblemException)) {
                        world.scheduler.fail(
                                new AssertionError("not a problem but a bug: " + entry.what, done.cause()));
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
            world.scheduler.fail(new AssertionError(
                    "an ask is not answered within its deadline: " + entry.what + " at " + of.process));
        });
    }
}
