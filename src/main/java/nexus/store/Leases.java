package nexus.store;

import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import org.jspecify.annotations.Nullable;

/** The leases of the nodes, judged by the database's clock alone. */
public interface Leases {
    /** How a server uses the database: two modes never meet on one. */
    enum Mode {
        /** The database is embedded in this server; whoever holds the data directory's lock owns everything. */
        EMBEDDED,
        /** One server on an external database. */
        SINGLE,
        /** One of several servers. */
        CLUSTER
    }

    /**
     * Enters a new node with a live lease, unless a lease of another server is live and forbids it. With
     * {@link Mode#EMBEDDED} every other lease ends at once.
     *
     * @param name who it is, for people: host and process id
     * @return no value if it entered; else the leases that are in the way
     */
    Future<List<Lease>> join(NodeId node, String name, Mode mode, Duration term);

    /** Renews a lease that is still live: the database's time if it worked, empty if the lease is over. */
    Future<Optional<Instant>> renew(NodeId node, Duration term);

    /** Ends a lease and releases every tenant of the node. */
    Future<Void> leave(NodeId node);

    /**
     * A lease as the database has it.
     *
     * @param renewals counts up; one that stands still on the reader's own clock belongs to a dead node
     * @param remaining until its end by the database's clock
     */
    record Lease(NodeId node, String name, Mode mode, long renewals, Duration remaining) {}

    /**
     * Tells the others how this node is reached; from then on it is a candidate for tenants.
     *
     * @param member its id in the cluster's membership
     * @param http where its HTTP server listens, for people
     * @param protocol the highest version of the nodes' messages that it speaks
     */
    Future<Void> announce(NodeId node, String member, String http, int protocol);

    /** Tells the others how busy this node is: for people, nothing decides by it. */
    Future<Void> report(NodeId node, int active, int moving);

    /** Makes a node give its tenants away and take no more, or ends that. False if there is no such node. */
    Future<Boolean> drain(NodeId node, boolean draining);

    /** All nodes whose lease is live, or that still own tenants, in the order of their ids. At most 1,000. */
    Future<List<Node>> nodes();

    /**
     * A node as its row tells.
     *
     * @param member null until it has announced itself
     * @param http null until it has announced itself
     * @param remaining until its lease ends by the database's clock; negative when it is over
     * @param active tenants that it has in memory, as it reported last
     * @param moving tenants that it is giving away, as it reported last
     */
    record Node(
            NodeId id,
            String name,
            Mode mode,
            @Nullable String member,
            @Nullable String http,
            int protocol,
            boolean draining,
            long renewals,
            Duration remaining,
            int active,
            int moving) {}

    /** The tenants that are pinned. At most {@link nexus.kernel.Limits#PINS}. */
    Future<Map<TenantId, Pin>> pins();

    /** Where a tenant should be: on the node of this name, if it is there. */
    record Pin(ZoneName zone, String node) {}

    /** How many tenants each node owns. */
    Future<Map<NodeId, Long>> owned();
}
