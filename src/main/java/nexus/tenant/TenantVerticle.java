package nexus.tenant;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.internal.ContextInternal;
import java.util.function.BiFunction;
import nexus.kernel.TenantId;
import org.jspecify.annotations.Nullable;

/**
 * One active tenant on its event loop, and the way to it from any context of this node: a hop to its loop and back, or no hop
 * at all from the same loop.
 */
public final class TenantVerticle extends VerticleBase {
    private final TenantId tenant;
    private final TenantServices services;
    private final Runnable onStop;
    private @Nullable TenantActor actor;
    private @Nullable ContextInternal home;

    /**
     * A verticle to deploy.
     *
     * @param onStop called on its loop, once, when it answers nothing any more
     */
    public TenantVerticle(TenantId tenant, TenantServices services, Runnable onStop) {
        this.tenant = tenant;
        this.services = services;
        this.onStop = onStop;
    }

    /** Takes and loads the tenant; fails as {@link nexus.store.TenantStore#take} does. */
    @Override
    public Future<?> start() {
        Context own = context;
        TenantActor made = new TenantActor(vertx, own, tenant, services, onStop);
        home = (ContextInternal) own;
        actor = made;
        return made.start();
    }

    /** Ends what is in flight, then gives the tenant up. */
    @Override
    public Future<?> stop() {
        return actor().stop();
    }

    /**
     * Asks the tenant from any Vert.x context; the answer comes back on it.
     *
     * @param proved the system administrator whom the reserved tenant has just proved, or the guest whom his own tenant has;
     *     null for a key of this tenant
     * @return fails with a {@link StoppedException} when the tenant is not here any more: the node may have it anew
     */
    public Future<Reply> ask(Ask ask, @Nullable Principal proved) {
        return hop((at, request) -> at.ask(request, proved), ask);
    }

    /**
     * Who asks for what another tenant shares with this one. It permits nothing: the other tenant judges.
     *
     * @param system the system administrator whom the reserved tenant has just proved; null for a key of this tenant
     */
    public Future<Principal> vouch(Ask ask, @Nullable Principal system) {
        return hop((at, request) -> at.vouch(request, system), ask);
    }

    /** Who a system key belongs to; only of the reserved tenant. */
    public Future<Principal> prove(Ask ask) {
        return hop(TenantActor::prove, ask);
    }

    /** Records and collects what may wait; called now and then from any thread. */
    public void tidy() {
        home().runOnContext(v -> actor().tidy());
    }

    /** How long nobody has asked, in nanoseconds; negative while it has work. On any thread: the answer may be a bit old. */
    public Future<Long> idleNanos(long nowNanos) {
        Promise<Long> promise = Promise.promise();
        home().runOnContext(v -> promise.complete(actor().idleNanos(nowNanos)));
        return promise.future();
    }

    private <T> Future<T> hop(BiFunction<TenantActor, Ask, Future<T>> call, Ask ask) {
        ContextInternal at = home();
        ContextInternal caller = ContextInternal.current();
        if (caller == null) {
            throw new IllegalStateException("BUG: a tenant is asked on a Vert.x context");
        }
        Promise<T> promise = caller.promise();
        if (at.nettyEventLoop() == caller.nettyEventLoop()) {
            at.dispatch(v -> complete(call, ask, promise));
        } else {
            at.execute(() -> at.dispatch(v -> complete(call, ask, promise)));
        }
        return promise.future();
    }

    private <T> void complete(BiFunction<TenantActor, Ask, Future<T>> call, Ask ask, Promise<T> promise) {
        try {
            call.apply(actor(), ask).onComplete(promise);
        } catch (RuntimeException e) {
            promise.tryFail(e);
        }
    }

    TenantActor actor() {
        TenantActor present = actor;
        if (present == null) {
            throw new IllegalStateException("BUG: asked before it was deployed");
        }
        return present;
    }

    private ContextInternal home() {
        ContextInternal present = home;
        if (present == null) {
            throw new IllegalStateException("BUG: asked before it was deployed");
        }
        return present;
    }
}
