package nexus.placement;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import nexus.kernel.TenantId;
import nexus.store.Registry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that what is due by itself happens: trials end, cancelled tenants are deleted when their retention is over.
 *
 * <p>When something is due is a column of the tenant's row, so nothing has to be remembered by any process: a restart, a
 * move, a takeover lose nothing. One node looks from time to time which tenants are due, and asks each one's actor, wherever
 * it is; the actor judges by its own time, and does it in a group like any other. Asked twice, it does it once.
 */
public final class LifecycleSweep {
    private static final Logger LOG = LoggerFactory.getLogger(LifecycleSweep.class);

    /** Nobody is served longer for it: a trial that is over counts as suspended, written down or not. */
    private static final Duration ROUND = Duration.ofSeconds(5);

    /** Tenants of one round; the others are still due in the next one. */
    private static final int TENANTS = 100;

    private final Vertx vertx;
    private final Registry registry;
    private final Supplier<Instant> now;
    private final Function<TenantId, Future<?>> advance;
    private final BooleanSupplier turn;
    private long timer = -1;
    private boolean sweeping;

    /**
     * A sweep that has not started.
     *
     * @param now the database's time, as this node knows it
     * @param advance asks a tenant's actor to do what is due
     * @param turn whether it is this node that sweeps at the moment
     */
    public LifecycleSweep(
            Vertx vertx,
            Registry registry,
            Supplier<Instant> now,
            Function<TenantId, Future<?>> advance,
            BooleanSupplier turn) {
        this.vertx = vertx;
        this.registry = registry;
        this.now = now;
        this.advance = advance;
        this.turn = turn;
    }

    /** Starts to sweep, from time to time. Must be called, as {@link #close}, on one context. */
    public void open() {
        timer = vertx.setPeriodic(ROUND.toMillis(), id -> round());
    }

    /** Stops; what is under way ends. */
    public void close() {
        vertx.cancelTimer(timer);
    }

    private void round() {
        if (!sweeping && turn.getAsBoolean()) {
            sweeping = true;
            sweep().onComplete(done -> {
                sweeping = false;
                if (done.failed()) {
                    LOG.warn("search for due tenants failed", done.cause());
                }
            });
        }
    }

    /** One round, one tenant after the other. */
    public Future<Void> sweep() {
        return registry.due(now.get(), TENANTS).compose(this::each);
    }

    private Future<Void> each(List<TenantId> tenants) {
        Future<Void> chain = Future.succeededFuture();
        for (TenantId tenant : tenants) {
            chain = chain.compose(v -> advance.apply(tenant).transform(done -> {
                if (done.failed()) {
                    // It stays due: the next round asks again.
                    LOG.warn("what is due was not done tenant={}", tenant, done.cause());
                } else {
                    LOG.info("what was due is done tenant={}", tenant);
                }
                return Future.succeededFuture();
            }));
        }
        return chain;
    }
}
