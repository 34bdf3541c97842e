package nexus.store.postgres;

import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nexus.kernel.NodeId;
import nexus.store.Leases;

/**
 * The leases, judged by the database's clock.
 *
 * <p>A renewal locks the row first and looks at the clock then. A single {@code UPDATE ... WHERE lease_until > now} would
 * look first: it could see a live lease, wait for the lock of a take that sees the lease end, and then renew the lease of
 * a node whose tenants are taken.
 */
public final class PgLeases implements Leases {
    private final PgDatabase database;

    /** The leases in an open database. */
    public PgLeases(PgDatabase database) {
        this.database = database;
    }

    private static final String JOIN = """
            SELECT id, name, mode, renewals, remaining_ms FROM join_node($1, $2, $3, $4 * interval '1 millisecond')""";

    @Override
    public Future<List<Lease>> join(NodeId node, String name, Mode mode, Duration term) {
        return database.control(JOIN, Tuple.of(node.value(), name, mode.name(), (double) term.toMillis()))
                .map(PgLeases::leases);
    }

    private static List<Lease> leases(RowSet<Row> rows) {
        List<Lease> leases = new ArrayList<>(rows.size());
        for (Row row : rows) {
            leases.add(new Lease(
                    new NodeId(row.getUUID("id")),
                    row.getString("name"),
                    Mode.valueOf(row.getString("mode")),
                    row.getLong("renewals"),
                    Duration.ofMillis(row.getLong("remaining_ms"))));
        }
        return List.copyOf(leases);
    }

    private static final String RENEW = """
            WITH locked AS MATERIALIZED (
                SELECT id, lease_until FROM node WHERE id = $1 FOR NO KEY UPDATE)
            UPDATE node n
            SET lease_until = clock_timestamp() + $2 * interval '1 millisecond', renewals = n.renewals + 1
            FROM locked l
            WHERE n.id = l.id AND l.lease_until > clock_timestamp()
            RETURNING clock_timestamp() AS now""";

    @Override
    public Future<Optional<Instant>> renew(NodeId node, Duration term) {
        return database.control(RENEW, Tuple.of(node.value(), (double) term.toMillis()))
                .map(rows -> {
                    Optional<Instant> now = Optional.empty();
                    for (Row row : rows) {
                        now = Optional.of(Rows.time(row, "now"));
                    }
                    return now;
                });
    }

    private static final String LEAVE = """
            WITH released AS (
                UPDATE tenant SET owner_node = NULL WHERE owner_node = $1 RETURNING 1)
            DELETE FROM node WHERE id = $1 AND (SELECT count(*) FROM released) >= 0""";

    @Override
    public Future<Void> leave(NodeId node) {
        return database.control(LEAVE, Tuple.of(node.value())).mapEmpty();
    }
}
