package nexus.bus;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.placement.Activations;
import nexus.store.Registry;
import nexus.tenant.Ask;
import nexus.tenant.Principal;
import nexus.tenant.Reply;
import nexus.tenant.StoppedException;
import nexus.tenant.TenantGateway;
import nexus.tenant.TenantVerticle;
import org.jspecify.annotations.Nullable;

/**
 * Finds the tenant of an ask and brings the ask there.
 *
 * <p>A tenant's key names its tenant, so nothing is looked up. A system key is first proved by the reserved tenant, at every
 * ask; then it goes to the tenant that the request names. What a name leads to is remembered, which is safe: an id is never
 * used again, and the actor of a tenant that is deleted says so.
 *
 * <p>A tenant that stopped under the ask's feet is asked again at its next activation: it did nothing, and a command's id
 * makes sure that it acts at most once.
 *
 * <p>Thread-safe.
 */
public final class BusTenantGateway implements TenantGateway {
    /** Names whose ids are remembered: some 2 MB at the most. */
    private static final int NAMES_MAX = 10_000;
    /** Deleted tenants that are remembered, so that their keys do not reach the database. */
    private static final int GONE_MAX = 10_000;
    /** An actor that stops again and again is not moved any more: it is broken. */
    private static final int ATTEMPTS_MAX = 20;

    private static final long PAUSE_MILLIS = 10;

    private final Vertx vertx;
    private final Registry registry;
    private final Supplier<Activations> activations;
    private final TenantTransport transport;
    private final Remembered<ZoneName, TenantId> names = new Remembered<>(NAMES_MAX);
    private final Remembered<TenantId, Boolean> gone = new Remembered<>(GONE_MAX);

    /**
     * A gateway for all event loops of the node.
     *
     * @param activations those of the node's present incarnation
     */
    public BusTenantGateway(
            Vertx vertx, Registry registry, Supplier<Activations> activations, TenantTransport transport) {
        this.vertx = vertx;
        this.registry = registry;
        this.activations = activations;
        this.transport = transport;
    }

    @Override
    public Future<Reply> ask(Ask ask) {
        if (!ask.credential().isSystem()) {
            return tenantKey(ask);
        }
        ZoneName zone = ask.zone();
        return zone == null ? deliver(TenantId.SYSTEM, ask, null, 1) : systemKey(ask, zone);
    }

    private Future<Reply> tenantKey(Ask ask) {
        TenantId tenant = ask.credential().tenant();
        if (gone.get(tenant) != null) {
            return Future.failedFuture(Problem.unauthenticated().exception());
        }
        return deliver(tenant, ask, null, 1).recover(e -> {
            if (isGone(e)) {
                gone.put(tenant, true);
                return Future.failedFuture(Problem.unauthenticated().exception());
            }
            return Future.failedFuture(e);
        });
    }

    private Future<Reply> systemKey(Ask ask, ZoneName zone) {
        return prove(ask, 1)
                .compose(principal -> locate(zone).compose(found -> {
                    if (found.isEmpty()) {
                        return Future.failedFuture(noSuchZone(zone));
                    }
                    return deliver(found.get(), ask, principal, 1).recover(e -> {
                        if (!isGone(e)) {
                            return Future.failedFuture(e);
                        }
                        // The name may belong to a younger tenant by now.
                        names.remove(zone, found.get());
                        return locate(zone)
                                .compose(again -> again.isEmpty() || again.equals(found)
                                        ? Future.failedFuture(noSuchZone(zone))
                                        : deliver(again.get(), ask, principal, 1));
                    });
                }));
    }

    private static ProblemException noSuchZone(ZoneName zone) {
        String path = WorkspacePath.wire(zone, WorkspacePath.ROOT);
        return Problem.notFound("File not found: " + path, path).exception();
    }

    private static boolean isGone(Throwable failure) {
        return failure instanceof ProblemException e && e.problem().code() == ProblemCode.TENANT_GONE;
    }

    @Override
    public Future<Optional<TenantId>> locate(ZoneName zone) {
        TenantId known = names.get(zone);
        if (known != null) {
            return Future.succeededFuture(Optional.of(known));
        }
        if (zone.isReserved()) {
            return Future.succeededFuture(Optional.empty());
        }
        return here(registry.find(zone))
                .map(found -> {
                    found.ifPresent(tenant -> names.put(zone, tenant));
                    return found;
                })
                .recover(e -> Future.failedFuture(Problem.unavailable("the database cannot be reached at the moment")
                        .exception()));
    }

    @Override
    public Future<Optional<ZoneName>> nameOf(TenantId tenant) {
        return here(registry.nameOf(tenant)).recover(BusTenantGateway::away);
    }

    private static <T> Future<T> away(Throwable cause) {
        return Future.failedFuture(Problem.unavailable("the database cannot be reached at the moment")
                .exception());
    }

    private Future<Principal> prove(Ask ask, int attempt) {
        return verticle(TenantId.SYSTEM)
                .compose(tenant -> transport.prove(tenant, ask))
                .recover(e -> e instanceof StoppedException && attempt < ATTEMPTS_MAX
                        ? pause().compose(v -> prove(ask, attempt + 1))
                        : Future.failedFuture(e));
    }

    private Future<Reply> deliver(TenantId tenant, Ask ask, @Nullable Principal system, int attempt) {
        return verticle(tenant)
                .compose(verticle -> transport.ask(verticle, ask, system))
                .recover(e -> retry(tenant, ask, system, attempt, e));
    }

    /** The tenant's verticle, at hand or activated first; the future completes on the caller's context. */
    private Future<TenantVerticle> verticle(TenantId tenant) {
        Activations here = activations.get();
        Optional<TenantVerticle> present = here.present(tenant);
        return present.isPresent() ? Future.succeededFuture(present.get()) : here(here.activate(tenant));
    }

    /** Brings the completion of a future to the caller's context. */
    private static <T> Future<T> here(Future<T> future) {
        ContextInternal context = ContextInternal.current();
        if (context == null) {
            throw new IllegalStateException("BUG: the gateway is called on a Vert.x context");
        }
        Promise<T> promise = context.promise();
        future.onComplete(promise);
        return promise.future();
    }

    private Future<Reply> retry(TenantId tenant, Ask ask, @Nullable Principal system, int attempt, Throwable failure) {
        if (!(failure instanceof StoppedException)) {
            return Future.failedFuture(failure);
        }
        if (attempt >= ATTEMPTS_MAX) {
            return Future.failedFuture(Problem.unavailable("the tenant is moving; nothing was done")
                    .exception());
        }
        return pause().compose(v -> deliver(tenant, ask, system, attempt + 1));
    }

    private Future<Void> pause() {
        Promise<Void> promise = Promise.promise();
        vertx.setTimer(PAUSE_MILLIS, id -> promise.complete());
        return promise.future();
    }

    /** A bounded memory: when it is full it starts anew, which costs a look-up each and nothing else. */
    private static final class Remembered<K, V> {
        private final Map<K, V> map = new ConcurrentHashMap<>();
        private final int max;

        Remembered(int max) {
            this.max = max;
        }

        @Nullable
        V get(K key) {
            return map.get(key);
        }

        void put(K key, V value) {
            if (map.size() >= max) {
                map.clear();
            }
            map.put(key, value);
        }

        void remove(K key, V value) {
            map.remove(key, value);
        }
    }
}
