package nexus.placement;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.store.Leases;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches the lease rows of all nodes: makes the {@link ClusterView} from them and the membership, and knows who is dead.
 *
 * <p><b>Dead</b> is a node whose count of renewals stood still for a whole term and a margin on this node's own monotonic
 * clock, counted from when the answer that first showed the count had come to when the request that last showed it was sent.
 * A live node stops trusting its lease earlier than that, whatever the database's clock does. So a step of that clock cannot
 * give a tenant two owners.
 *
 * <p>All calls on one context, but for {@link #view} and {@link #dead}, which any thread may make.
 */
public final class NodeWatch {
    private static final Logger LOG = LoggerFactory.getLogger(NodeWatch.class);

    /** How often the rows are read: a takeover waits for this much longer than it must. */
    private static final Duration ROUND = Duration.ofMillis(250);

    private static final long DEAD_NANOS = NodeLease.TERM.plus(NodeLease.MARGIN).toNanos();

    private final Vertx vertx;
    private final Leases leases;
    private final NodeId self;
    private final Set<NodeId> formers;
    private final @Nullable Membership membership;
    private final LongSupplier nanos;
    private final Map<NodeId, Seen> seen = new HashMap<>();
    private final List<Consumer<ClusterView>> listeners = new CopyOnWriteArrayList<>();
    private volatile ClusterView view;
    private volatile List<NodeId> dead;
    private long timer = -1;
    private boolean looking;
    private boolean again;
    private boolean closed;

    /** A count of renewals, and since when it is known. */
    private record Seen(long renewals, long sinceNanos) {}

    /**
     * A watch that has not looked yet.
     *
     * @param formers ids under which this very process lived before: they are dead
     * @param membership null where this is the only node by its mode
     */
    public NodeWatch(
            Vertx vertx,
            Leases leases,
            NodeId self,
            Set<NodeId> formers,
            @Nullable Membership membership,
            LongSupplier nanos) {
        this.vertx = vertx;
        this.leases = leases;
        this.self = self;
        this.formers = Set.copyOf(formers);
        this.membership = membership;
        this.nanos = nanos;
        this.view = ClusterView.alone(self);
        this.dead = List.copyOf(formers);
    }

    /** Looks once, and from then on again and again. */
    public Future<Void> open() {
        timer = vertx.setPeriodic(ROUND.toMillis(), id -> look());
        return look();
    }

    /** Looks no more. */
    public void close() {
        closed = true;
        vertx.cancelTimer(timer);
    }

    /** What was seen last. */
    public ClusterView view() {
        return view;
    }

    /** The nodes that are dead. */
    public List<NodeId> dead() {
        return dead;
    }

    /** Calls back after every look, on the watch's context. */
    public void onLook(Consumer<ClusterView> listener) {
        listeners.add(listener);
    }

    /** Looks at once, or directly after the look that is under way. */
    public Future<Void> look() {
        if (closed) {
            return Future.succeededFuture();
        }
        if (looking) {
            again = true;
            return Future.succeededFuture();
        }
        looking = true;
        Promise<Void> looked = Promise.promise();
        long sent = nanos.getAsLong();
        Future.all(leases.nodes(), leases.pins()).onComplete(done -> {
            looking = false;
            if (done.succeeded() && !closed) {
                saw(done.result().resultAt(0), done.result().resultAt(1), sent);
            } else if (done.failed()) {
                LOG.warn(
                        "the nodes cannot be seen node={} reason={}",
                        self,
                        done.cause().getMessage());
            }
            if (again) {
                again = false;
                look();
            }
            looked.complete();
        });
        return looked.future();
    }

    private void saw(List<Leases.Node> nodes, Map<TenantId, Leases.Pin> pins, long sent) {
        long came = nanos.getAsLong();
        Set<NodeId> gone = new HashSet<>(formers);
        Map<NodeId, Seen> before = new HashMap<>(seen);
        seen.clear();
        for (Leases.Node node : nodes) {
            Seen last = before.get(node.id());
            Seen now = last != null && last.renewals() == node.renewals() ? last : new Seen(node.renewals(), came);
            seen.put(node.id(), now);
            if (!node.id().equals(self) && sent - now.sinceNanos() >= DEAD_NANOS) {
                gone.add(node.id());
            }
        }
        dead = List.copyOf(gone);
        view = viewOf(nodes, pins, gone);
        listeners.forEach(listener -> listener.accept(view));
    }

    private ClusterView viewOf(List<Leases.Node> nodes, Map<TenantId, Leases.Pin> pins, Set<NodeId> gone) {
        if (membership == null) {
            return new ClusterView(self, nodes, Set.of(self), List.of(), Map.of());
        }
        Set<String> members = membership.members();
        Set<NodeId> live = new HashSet<>();
        List<Leases.Node> candidates = new ArrayList<>();
        for (Leases.Node node : nodes) {
            String member = node.member();
            boolean alive = !node.remaining().isNegative()
                    && !gone.contains(node.id())
                    && member != null
                    && members.contains(member);
            if (alive) {
                live.add(node.id());
                if (!node.draining()) {
                    candidates.add(node);
                }
            }
        }
        return new ClusterView(self, nodes, Set.copyOf(live), List.copyOf(candidates), pins);
    }
}
