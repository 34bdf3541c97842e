package nexus;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import nexus.kernel.NodeId;
import nexus.placement.Activations;
import nexus.placement.NodeLease;
import nexus.placement.Sweeper;
import nexus.tenant.TenantServices;

/**
 * One life of this server in the database: a node id that is never used again, its lease, and the tenants that are active
 * under it. When the lease is over the life is, and the server begins another.
 */
record Incarnation(NodeId node, NodeLease lease, Activations activations, Sweeper sweeper) {
    /** Contents that no row names are removed when they are older than any upload can last. */
    private static final Duration ORPHAN_AGE = Duration.ofHours(1);

    static Incarnation of(Vertx vertx, NodeLease lease, TenantServices services) {
        return new Incarnation(
                services.node(), lease, new Activations(vertx, services), new Sweeper(vertx, services, ORPHAN_AGE));
    }

    Future<Incarnation> begin() {
        return lease.acquire().map(v -> {
            activations.open();
            sweeper.open();
            return this;
        });
    }

    /** Lets all tenants go, then the lease. */
    Future<Void> end() {
        sweeper.close();
        return activations.close().eventually(lease::release);
    }

    /** The lease is over: nothing is to be given up in the database any more, only to be forgotten here. */
    Future<Void> abandon() {
        sweeper.close();
        lease.stop();
        return activations.close();
    }
}
