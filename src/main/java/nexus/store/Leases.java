package nexus.store;

import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import nexus.kernel.NodeId;

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
}
