package nexus.placement;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.function.LongSupplier;
import nexus.kernel.NodeId;
import nexus.store.Leases;
import nexus.tenant.NodeTime;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's lease, and with it the node's time and its right to act.
 *
 * <p>The lease is a row that only the database's clock judges. The node renews it every {@link #RENEWAL} and trusts it up to
 * the moment when it <em>sent</em> its last successful renewal, plus the term, less a margin, on its own monotonic clock: so
 * it never trusts longer than the database does, whatever its own wall clock does and however long it was paused.
 *
 * <p>The node's time is the database's: what a renewal answers, carried on by the monotonic clock.
 *
 * <p>Thread-safe.
 */
public final class NodeLease implements NodeTime {
    /** How long a lease lasts without renewal. */
    public static final Duration TERM = Duration.ofSeconds(4);

    /** How often it is renewed. */
    public static final Duration RENEWAL = Duration.ofSeconds(1);

    /** By how much the node stops trusting it earlier than the database. */
    public static final Duration MARGIN = Duration.ofMillis(500);

    private static final Logger LOG = LoggerFactory.getLogger(NodeLease.class);
    private static final long STEP_MICROS = 1_000_000;
    private static final Duration WATCH_STEP = Duration.ofMillis(500);

    private final Vertx vertx;
    private final Leases leases;
    private final NodeId node;
    private final String name;
    private final Leases.Mode mode;
    private final LongSupplier nanos;
    private final Promise<Void> lost = Promise.promise();
    private volatile long trustedUntil;
    private volatile long offsetMicros;
    private final InstantSource wall;
    private long timer = -1;
    private boolean renewing;

    /**
     * A lease to acquire.
     *
     * @param name who this is, for people: host and process id
     * @param wall the machine's wall clock, used until the database has told its own
     * @param nanos a clock that only moves forward
     */
    public NodeLease(
            Vertx vertx,
            Leases leases,
            NodeId node,
            String name,
            Leases.Mode mode,
            InstantSource wall,
            LongSupplier nanos) {
        this.vertx = vertx;
        this.leases = leases;
        this.node = node;
        this.name = name;
        this.mode = mode;
        this.wall = wall;
        this.nanos = nanos;
    }

    /** Somebody else has the database, and is alive. */
    public static final class OccupiedException extends RuntimeException {
        OccupiedException(Leases.Lease other) {
            super(
                    "another server uses this database: " + other.name() + " (" + other.mode() + "), its lease is live",
                    null,
                    false,
                    false);
        }
    }

    /**
     * Enters the database. If a lease of another server is in the way, watches it for as long as a dead server's would last:
     * if it is renewed meanwhile, its server is alive and this fails with {@link OccupiedException}.
     */
    public Future<Void> acquire() {
        return join(nanos.getAsLong() + TERM.plus(MARGIN).toNanos(), List.of());
    }

    private Future<Void> join(long until, List<Leases.Lease> before) {
        long sent = nanos.getAsLong();
        return leases.join(node, name, mode, TERM).compose(inTheWay -> {
            if (inTheWay.isEmpty()) {
                trustedUntil = sent + TERM.minus(MARGIN).toNanos();
                return renew(sent).map(done -> {
                    timer = vertx.setPeriodic(RENEWAL.toMillis(), id -> renewNow());
                    return null;
                });
            }
            for (Leases.Lease lease : inTheWay) {
                boolean renewed = before.stream()
                        .anyMatch(old -> old.node().equals(lease.node()) && old.renewals() != lease.renewals());
                if (renewed || nanos.getAsLong() - until >= 0) {
                    return Future.failedFuture(new OccupiedException(lease));
                }
            }
            if (before.isEmpty()) {
                LOG.info(
                        "waiting for the lease of a former server to end holder={}",
                        inTheWay.get(0).name());
            }
            Promise<Void> later = Promise.promise();
            vertx.setTimer(
                    WATCH_STEP.toMillis(),
                    id -> join(until, before.isEmpty() ? inTheWay : before).onComplete(later));
            return later.future();
        });
    }

    private void renewNow() {
        if (!renewing) {
            renewing = true;
            renew(nanos.getAsLong()).onComplete(done -> {
                renewing = false;
                if (done.failed()) {
                    LOG.warn("lease not renewed node={}", node, done.cause());
                }
            });
        }
    }

    private Future<Void> renew(long sent) {
        return leases.renew(node, TERM).map(databaseTime -> {
            if (databaseTime.isEmpty()) {
                if (lost.tryComplete()) {
                    LOG.error("the lease is over node={}", node);
                }
            } else {
                trustedUntil = sent + TERM.minus(MARGIN).toNanos();
                offsetMicros = offset(micros(databaseTime.get()) - sent / 1000);
            }
            return null;
        });
    }

    /**
     * The database told its time somewhere between the sending and the answer. Counted from the sending, our time is never
     * behind the database's: a grant is never alive after its end. The quickest renewals tell it best, so a smaller offset is
     * taken at once, a larger one slowly, and a step of the database's clock at once.
     */
    private long offset(long candidate) {
        long before = offsetMicros;
        boolean step = before == 0 || candidate < before || candidate - before > STEP_MICROS;
        return step ? candidate : before + (candidate - before) / 16;
    }

    /** Completes when the database says that the lease is over: the node must drop every tenant. */
    public Future<Void> lost() {
        return lost.future();
    }

    /** Ends the lease; the next server need not wait. */
    public Future<Void> release() {
        stop();
        return leases.leave(node);
    }

    /** Renews no more and trusts no more. */
    public void stop() {
        vertx.cancelTimer(timer);
        trustedUntil = nanos.getAsLong();
    }

    @Override
    public boolean isTrusted() {
        return trustedUntil - nanos.getAsLong() > 0;
    }

    @Override
    public Instant now() {
        long offset = offsetMicros;
        if (offset == 0) {
            return wall.instant();
        }
        long micros = nanos.getAsLong() / 1000 + offset;
        return Instant.ofEpochSecond(Math.floorDiv(micros, 1_000_000), Math.floorMod(micros, 1_000_000) * 1000L);
    }

    @Override
    public long nanoTime() {
        return nanos.getAsLong();
    }

    private static long micros(Instant instant) {
        return instant.getEpochSecond() * 1_000_000 + instant.getNano() / 1000;
    }
}
