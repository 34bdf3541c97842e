package nexus.placement;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import nexus.kernel.Problem;
import nexus.kernel.TenantId;
import nexus.store.StoreException;
import nexus.tenant.TenantServices;
import nexus.tenant.TenantVerticle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tenants that are active on this node, at most one activation of each: the first who asks deploys its verticle, all
 * others wait for the same one. Idle tenants are let go; above the limit the least recently used ones are.
 *
 * <p>Thread-safe.
 */
public final class Activations {
    private static final Logger LOG = LoggerFactory.getLogger(Activations.class);
    private static final Duration ROUND = Duration.ofSeconds(10);
    /** Activations under way at once: each loads a tenant in bulk. */
    private static final int STARTING_MAX = 64;

    private final Vertx vertx;
    /** Not a verticle's: what a verticle deploys ends with it, and a tenant must outlive the router that asked first. */
    private final Context context;

    private final TenantServices services;
    private final Map<TenantId, Activation> active = new ConcurrentHashMap<>();
    /** Tenants that the database may say are this node's, although they are not active here: an answer was lost. */
    private final Set<TenantId> uncertain = ConcurrentHashMap.newKeySet();

    private final AtomicBoolean closed = new AtomicBoolean();
    private final Gate starting = new Gate(STARTING_MAX);
    private long timer = -1;

    private final class Activation {
        final TenantId tenant;
        final TenantVerticle verticle;
        final Promise<TenantVerticle> ready = Promise.promise();
        final Promise<Void> gone = Promise.promise();
        volatile String deployment = "";

        Activation(TenantId tenant) {
            this.tenant = tenant;
            this.verticle = new TenantVerticle(tenant, services, () -> forget(this));
        }
    }

    /** No tenant yet. Must not be made on the context of a verticle. */
    public Activations(Vertx vertx, TenantServices services) {
        this.vertx = vertx;
        this.context = vertx.getOrCreateContext();
        this.services = services;
    }

    /** Starts to let go of idle tenants. */
    public void open() {
        timer = vertx.setPeriodic(ROUND.toMillis(), id -> round());
    }

    /** The tenant's verticle if it is ready on this node. */
    public Optional<TenantVerticle> present(TenantId tenant) {
        Activation activation = active.get(tenant);
        return activation != null && activation.ready.future().succeeded()
                ? Optional.of(activation.verticle)
                : Optional.empty();
    }

    /** Whether it is closed: it never has a tenant again. */
    public boolean isClosed() {
        return closed.get();
    }

    /** The tenants whose verticles are ready on this node. */
    public List<TenantId> tenants() {
        List<TenantId> ready = new ArrayList<>();
        for (Activation activation : active.values()) {
            if (!activation.deployment.isEmpty()) {
                ready.add(activation.tenant);
            }
        }
        return ready;
    }

    /**
     * Tenants of which it is not known whether the database has this node as their owner: a take or a release was not answered.
     * Nobody else can have them until that is known. To activate one tells.
     */
    public List<TenantId> uncertain() {
        return List.copyOf(uncertain);
    }

    /**
     * The tenant's verticle, activated if need be.
     *
     * @return fails with an {@link ElsewhereException} if another node owns it, or with a
     *     {@link nexus.kernel.ProblemException}
     */
    public Future<TenantVerticle> activate(TenantId tenant) {
        if (closed.get()) {
            return Future.failedFuture(
                    Problem.unavailable("the server is stopping").exception());
        }
        Activation fresh = new Activation(tenant);
        Activation present = active.putIfAbsent(tenant, fresh);
        if (present != null) {
            return present.ready.future();
        }
        starting.enter(() -> deploy(fresh.verticle)).onComplete(done -> {
            if (done.succeeded()) {
                uncertain.remove(tenant);
                fresh.deployment = done.result();
                fresh.ready.complete(fresh.verticle);
            } else {
                noteOwnership(tenant, done.cause());
                active.remove(tenant, fresh);
                fresh.gone.tryComplete();
                fresh.ready.fail(told(tenant, done.cause()));
            }
        });
        return fresh.ready.future();
    }

    private Future<String> deploy(TenantVerticle verticle) {
        Promise<String> promise = Promise.promise();
        context.runOnContext(v -> vertx.deployVerticle(verticle).onComplete(promise));
        return promise.future();
    }

    /** What a take or a release that failed says of whose the tenant is. */
    private void noteOwnership(TenantId tenant, Throwable failure) {
        if (failure instanceof StoreException e) {
            switch (e.reason()) {
                case FENCED, OWNED, TENANT_GONE -> uncertain.remove(tenant);
                case FAILED, OUTCOME_UNKNOWN -> uncertain.add(tenant);
            }
        }
    }

    private static Throwable told(TenantId tenant, Throwable cause) {
        if (cause instanceof StoreException e) {
            switch (e.reason()) {
                case TENANT_GONE -> {
                    return Problem.tenantGone().exception();
                }
                case OWNED -> {
                    return new ElsewhereException(e.owner());
                }
                case FENCED -> {
                    // Taken again while it loaded, or this node's own lease is over.
                    return new ElsewhereException(null);
                }
                case FAILED, OUTCOME_UNKNOWN -> {}
            }
        }
        LOG.warn("activation failed tenant={}", tenant, cause);
        return Problem.unavailable("the tenant cannot be loaded at the moment").exception();
    }

    /** Lets one tenant go, if it is here; completes when it is released. */
    public Future<Void> passivate(TenantId tenant) {
        Activation activation = active.get(tenant);
        if (activation == null || activation.deployment.isEmpty()) {
            return Future.succeededFuture();
        }
        services.telemetry().passivated();
        return undeploy(activation);
    }

    private Future<Void> undeploy(Activation activation) {
        return vertx.undeploy(activation.deployment)
                .recover(e -> {
                    LOG.warn("not known to be released tenant={}", activation.tenant, e);
                    noteOwnership(activation.tenant, e);
                    return Future.succeededFuture();
                })
                .eventually(() -> {
                    forget(activation);
                    return Future.succeededFuture();
                });
    }

    /** The verticle answers nothing any more; the next who asks gets a new one. */
    private void forget(Activation activation) {
        if (active.remove(activation.tenant, activation) && !activation.deployment.isEmpty()) {
            vertx.undeploy(activation.deployment).onFailure(e -> {});
        }
    }

    /** How many tenants are active or about to be. */
    public int count() {
        return active.size();
    }

    /** Lets all tenants go, and activates none any more. */
    public Future<Void> close() {
        closed.set(true);
        vertx.cancelTimer(timer);
        List<Future<?>> ends = new ArrayList<>();
        for (Activation activation : active.values()) {
            ends.add(activation
                    .ready
                    .future()
                    .compose(v -> undeploy(activation))
                    .recover(e -> Future.succeededFuture()));
        }
        return Future.join(ends).mapEmpty();
    }

    private record Idle(Activation activation, long nanos) {}

    private void round() {
        List<Future<Idle>> asked = new ArrayList<>();
        long now = services.time().nanoTime();
        for (Activation activation : active.values()) {
            if (!activation.deployment.isEmpty()) {
                asked.add(activation.verticle.idleNanos(now).map(nanos -> new Idle(activation, nanos)));
            }
        }
        if (!asked.isEmpty()) {
            Future.join(asked)
                    .onSuccess(all -> letGo(asked.stream().map(Future::result).toList()));
        }
    }

    private void letGo(List<Idle> all) {
        int over = active.size() - services.options().activeMax();
        List<Idle> idle = all.stream()
                .filter(one -> one.nanos() >= 0 && !one.activation().tenant.equals(TenantId.SYSTEM))
                .sorted(Comparator.comparingLong(Idle::nanos).reversed())
                .toList();
        for (int i = 0; i < idle.size(); i++) {
            if (i < over || idle.get(i).nanos() >= services.options().idle().toNanos()) {
                passivate(idle.get(i).activation().tenant);
            } else {
                idle.get(i).activation().verticle.tidy();
            }
        }
    }
}
