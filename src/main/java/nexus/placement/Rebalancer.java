package nexus.placement;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiFunction;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.store.Leases;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives tenants away that another node should have: after a join, a drain, a pin. Only the actual owner moves a tenant, and a
 * bounded number at a time.
 *
 * <pre>
 *   active here, desired there ─▶ let the group in flight end ─▶ release ─▶ tell the next owner ─▶ moved
 * </pre>
 *
 * <p>A tenant of which it is not known whether this node still owns it, because a release or a take was not answered, is
 * activated once more, and then given away.
 *
 * <p>Callers meet a tenant that has stopped, and ask again at its next owner. What fails is tried again at the next look.
 *
 * <p>All calls on the watch's context.
 */
public final class Rebalancer {
    private static final Logger LOG = LoggerFactory.getLogger(Rebalancer.class);

    /** Moves at once: each makes the callers of one tenant wait for some milliseconds, and its next owner load it. */
    private static final int MOVES_MAX = 8;

    /** How long a tenant's next owner may take to say that it has it, before the next move begins. */
    public static final Duration SUCCESSOR_TIMEOUT = Duration.ofSeconds(5);

    private final Activations activations;
    private final Leases leases;
    private final NodeId self;
    private final BiFunction<TenantId, NodeId, Future<Void>> successor;
    private final Set<TenantId> moving = new HashSet<>();
    private final AtomicLong moved = new AtomicLong();
    private @Nullable ClusterView latest;
    private boolean reporting;

    /**
     * A rebalancer that listens to a watch.
     *
     * @param successor told of each tenant that was released and the node that should take it; may fail, for the next ask
     *     makes that node take it too
     */
    public Rebalancer(
            Activations activations, Leases leases, NodeId self, BiFunction<TenantId, NodeId, Future<Void>> successor) {
        this.activations = activations;
        this.leases = leases;
        this.self = self;
        this.successor = successor;
    }

    /** How many tenants this node has given away. */
    public long moved() {
        return moved.get();
    }

    /** Compares what is here with what should be, and begins to move. */
    public void look(ClusterView view) {
        latest = view;
        begin(view);
        report();
    }

    private void begin(ClusterView view) {
        if (view.candidates().isEmpty() || activations.isClosed()) {
            return;
        }
        for (TenantId tenant : activations.tenants()) {
            if (moving.size() >= MOVES_MAX) {
                return;
            }
            NodeId desired = view.desired(tenant);
            if (!desired.equals(self) && moving.add(tenant)) {
                move(tenant, desired);
            }
        }
        for (TenantId tenant : activations.uncertain()) {
            if (moving.size() >= MOVES_MAX) {
                return;
            }
            if (!view.desired(tenant).equals(self) && moving.add(tenant)) {
                activations.activate(tenant).onComplete(done -> moving.remove(tenant));
            }
        }
    }

    private void move(TenantId tenant, NodeId target) {
        activations
                .passivate(tenant)
                .compose(v -> successor.apply(tenant, target))
                .onComplete(done -> {
                    moving.remove(tenant);
                    moved.incrementAndGet();
                    if (done.succeeded()) {
                        LOG.info("tenant moved tenant={} to={}", tenant, target);
                    } else {
                        LOG.warn(
                                "tenant released, its next owner did not answer tenant={} to={} reason={}",
                                tenant,
                                target,
                                done.cause().getMessage());
                    }
                    ClusterView now = latest;
                    if (now != null) {
                        begin(now);
                    }
                });
    }

    /** How busy this node is, for people: one report at a time. */
    private void report() {
        if (!reporting) {
            reporting = true;
            leases.report(self, activations.count(), moving.size()).onComplete(done -> reporting = false);
        }
    }
}
