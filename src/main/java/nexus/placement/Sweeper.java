package nexus.placement;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import nexus.kernel.TenantId;
import nexus.store.BlobPlace;
import nexus.store.StoreException;
import nexus.tenant.TenantServices;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sweeps behind the actors, in slices that a crash can only delay: rows and contents of deleted tenants, and contents that no
 * row names because their upload never was committed.
 *
 * <p>An orphan is removed only when it is older than any upload can last, and only after the database has said that no row
 * names it: so a file row never loses its bytes.
 */
public final class Sweeper {
    private static final Logger LOG = LoggerFactory.getLogger(Sweeper.class);
    private static final Duration PURGE_ROUND = Duration.ofSeconds(2);
    private static final Duration ORPHAN_ROUND = Duration.ofMinutes(30);
    private static final int SLICE = 5_000;
    private static final int TENANTS = 100;

    private final Vertx vertx;
    private final TenantServices services;
    private final Duration orphanAge;
    private final BooleanSupplier turn;
    private final List<Long> timers = new ArrayList<>();
    private boolean purging;
    private boolean sweeping;

    /**
     * A sweeper that has not started.
     *
     * @param orphanAge the age from which a content without a row is an orphan; longer than any upload
     * @param turn whether it is this node that sweeps at the moment
     */
    public Sweeper(Vertx vertx, TenantServices services, Duration orphanAge, BooleanSupplier turn) {
        this.turn = turn;
        this.vertx = vertx;
        this.services = services;
        this.orphanAge = orphanAge;
    }

    /** Starts to sweep, now and from time to time. Must be called, as {@link #close}, on one context. */
    public void open() {
        timers.add(vertx.setPeriodic(PURGE_ROUND.toMillis(), id -> purgeRound()));
        timers.add(vertx.setPeriodic(1000, ORPHAN_ROUND.toMillis(), id -> orphanRound()));
    }

    /** Stops; what is under way ends. */
    public void close() {
        timers.forEach(vertx::cancelTimer);
    }

    private void purgeRound() {
        if (!purging && turn.getAsBoolean()) {
            purging = true;
            purge().onComplete(done -> {
                purging = false;
                if (done.failed()) {
                    LOG.warn("purge failed", done.cause());
                }
            });
        }
    }

    /** Collects everything of the deleted tenants. */
    public Future<Void> purge() {
        return services.registry().tombstones(TENANTS).compose(tenants -> each(tenants, this::purge));
    }

    private Future<Void> purge(TenantId tenant) {
        return services.store().purge(tenant, SLICE).compose(done -> {
            if (!done) {
                return purge(tenant);
            }
            return services.blobs()
                    .removeAll(tenant)
                    .compose(v -> services.registry().forget(tenant))
                    .onSuccess(v -> LOG.info("tenant purged tenant={}", tenant));
        });
    }

    private void orphanRound() {
        if (!sweeping && turn.getAsBoolean()) {
            sweeping = true;
            sweepOrphans().onComplete(done -> {
                sweeping = false;
                if (done.failed()) {
                    LOG.warn("search for orphaned contents failed", done.cause());
                }
            });
        }
    }

    /** Removes the contents that no row names. */
    public Future<Void> sweepOrphans() {
        return services.blobs().tenants().compose(tenants -> each(tenants, this::sweepOrphans));
    }

    private Future<Void> sweepOrphans(TenantId tenant) {
        return sweepOrphans(tenant, services.time().now().minus(orphanAge), null);
    }

    /** Page by page: the orphans of a tenant can be behind any number of contents that are none. */
    private Future<Void> sweepOrphans(TenantId tenant, Instant until, @Nullable BlobPlace after) {
        return services.blobs()
                .olderThan(tenant, until, after, SLICE)
                .compose(page -> removeOrphans(tenant, page)
                        .compose(v -> page.size() < SLICE
                                ? Future.succeededFuture()
                                : sweepOrphans(tenant, until, page.get(page.size() - 1))));
    }

    private Future<Void> removeOrphans(TenantId tenant, List<BlobPlace> places) {
        if (places.isEmpty()) {
            return Future.succeededFuture();
        }
        return known(tenant, places).compose(known -> {
            Set<BlobPlace> orphans = new LinkedHashSet<>(places);
            known.forEach(orphans::remove);
            if (orphans.isEmpty()) {
                return Future.succeededFuture();
            }
            LOG.info("orphaned contents removed tenant={} count={}", tenant, orphans.size());
            return services.blobs().remove(tenant, List.copyOf(orphans));
        });
    }

    /** Of a tenant that is gone no row names anything. */
    private Future<List<BlobPlace>> known(TenantId tenant, List<BlobPlace> places) {
        return services.store().knownBlobs(tenant, places).recover(e -> {
            boolean gone = e instanceof StoreException failure && failure.reason() == StoreException.Reason.TENANT_GONE;
            return gone ? Future.succeededFuture(List.of()) : Future.failedFuture(e);
        });
    }

    private static <T> Future<Void> each(List<T> items, Function<T, Future<Void>> call) {
        Future<Void> chain = Future.succeededFuture();
        for (T item : items) {
            chain = chain.compose(v -> call.apply(item));
        }
        return chain;
    }
}
