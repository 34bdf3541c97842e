package nexus;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.MessageConsumer;
import java.time.Duration;
import java.util.List;
import nexus.bus.EventBusTransport;
import nexus.bus.LocalNode;
import nexus.bus.NodeRequest;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.placement.Activations;
import nexus.placement.ClusterView;
import nexus.placement.Membership;
import nexus.placement.NodeLease;
import nexus.placement.NodeWatch;
import nexus.placement.Rebalancer;
import nexus.placement.Sweeper;
import nexus.store.Leases;
import nexus.tenant.TenantServices;
import org.jspecify.annotations.Nullable;

/**
 * One life of this server in the database: a node id that is never used again, its lease, and the tenants that are active
 * under it. When the lease is over the life is, and the server begins another.
 *
 * <p>Everything runs on one context, but for {@link #local}.
 */
final class Incarnation {
    /** Contents that no row names are removed when they are older than any upload can last. */
    private static final Duration ORPHAN_AGE = Duration.ofHours(1);

    /** How often a node that leaves looks whether its last tenant has moved. */
    private static final long LEAVING_MILLIS = 20;

    private final Vertx vertx;
    private final NodeLease lease;
    private final Leases leases;
    private final LocalNode local;
    private final Rebalancer rebalancer;
    private final Sweeper sweeper;
    private final @Nullable Cluster cluster;
    private @Nullable MessageConsumer<NodeRequest> address;

    /** What a node of a cluster has besides. */
    record Cluster(Membership membership, EventBusTransport transport) {}

    Incarnation(
            Vertx vertx,
            NodeLease lease,
            Leases leases,
            NodeWatch watch,
            TenantServices services,
            @Nullable Cluster cluster) {
        this.vertx = vertx;
        this.lease = lease;
        this.leases = leases;
        this.cluster = cluster;
        Activations activations = new Activations(vertx, services);
        this.local = new LocalNode(services.node(), activations, watch, lease);
        this.rebalancer = new Rebalancer(activations, leases, services.node(), this::tellSuccessor);
        this.sweeper = new Sweeper(vertx, services, ORPHAN_AGE, () -> sweeps(watch.view()));
    }

    /** One node sweeps for all: the one that should have the reserved tenant. */
    private static boolean sweeps(ClusterView view) {
        return view.desired(TenantId.SYSTEM).equals(view.self());
    }

    /** Whether it is this node that sweeps for all at the moment. */
    boolean sweeps() {
        return sweeps(local.watch().view());
    }

    private Future<Void> tellSuccessor(TenantId tenant, NodeId target) {
        Cluster several = cluster;
        if (several == null) {
            return Future.succeededFuture();
        }
        int protocol =
                local.watch().view().node(target).map(Leases.Node::protocol).orElse(1);
        return several.transport()
                .send(target, protocol, new NodeRequest.Activate(tenant), Rebalancer.SUCCESSOR_TIMEOUT)
                .mapEmpty();
    }

    NodeId node() {
        return local.id();
    }

    NodeLease lease() {
        return lease;
    }

    LocalNode local() {
        return local;
    }

    /** Tenants that this node gave away. */
    long moved() {
        return rebalancer.moved();
    }

    Future<Incarnation> begin() {
        return lease.acquire()
                .compose(v -> local.watch().open())
                .compose(v -> openAddress())
                .map(v -> {
                    local.activations().open();
                    sweeper.open();
                    return this;
                });
    }

    private Future<Void> openAddress() {
        Cluster several = cluster;
        if (several == null) {
            return Future.succeededFuture();
        }
        local.watch().onLook(rebalancer::look);
        local.watch().onLook(several.transport()::look);
        return several.transport().open(local).map(opened -> {
            address = opened;
            return null;
        });
    }

    /** From now on this node is a candidate for tenants. */
    Future<Void> announce(String http, int protocol) {
        Cluster several = cluster;
        String member = several == null ? "alone" : several.membership().self();
        return leases.announce(node(), member, http, protocol)
                .compose(v -> local.watch().look());
    }

    /** Gives all tenants to other nodes while requests go on; if there are others, and as far as the time goes. */
    Future<Void> leave(Duration atMost) {
        if (cluster == null) {
            return Future.succeededFuture();
        }
        long until = lease.nanoTime() + atMost.toNanos();
        return leases.drain(node(), true).compose(v -> local.watch().look()).compose(v -> waitUntilEmpty(until));
    }

    private Future<Void> waitUntilEmpty(long until) {
        List<TenantId> here = local.activations().tenants();
        boolean others = !local.watch().view().candidates().isEmpty();
        if (here.isEmpty() || !others || lease.nanoTime() - until >= 0) {
            return Future.succeededFuture();
        }
        Promise<Void> later = Promise.promise();
        vertx.setTimer(LEAVING_MILLIS, id -> waitUntilEmpty(until).onComplete(later));
        return later.future();
    }

    /** Lets all tenants go, then the lease. */
    Future<Void> end() {
        sweeper.close();
        return local.activations().close().eventually(this::closeAddress).eventually(lease::release);
    }

    /** The lease is over: nothing is to be given up in the database any more, only to be forgotten here. */
    Future<Void> abandon() {
        sweeper.close();
        lease.stop();
        return local.activations().close().eventually(this::closeAddress);
    }

    private Future<Void> closeAddress() {
        local.watch().close();
        MessageConsumer<NodeRequest> opened = address;
        return opened == null ? Future.succeededFuture() : opened.unregister();
    }
}
