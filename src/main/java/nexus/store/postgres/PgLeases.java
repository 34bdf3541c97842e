package nexus.store.postgres;

import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import nexus.kernel.Limits;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
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

    private static final String ANNOUNCE = """
            UPDATE node SET member = $2, http = $3, protocol = $4 WHERE id = $1""";

    @Override
    public Future<Void> announce(NodeId node, String member, String http, int protocol) {
        return database.control(ANNOUNCE, Tuple.of(node.value(), member, http, protocol))
                .mapEmpty();
    }

    private static final String REPORT = """
            UPDATE node SET active = $2, moving = $3 WHERE id = $1 AND (active <> $2 OR moving <> $3)""";

    @Override
    public Future<Void> report(NodeId node, int active, int moving) {
        return database.control(REPORT, Tuple.of(node.value(), active, moving)).mapEmpty();
    }

    private static final String DRAIN = """
            UPDATE node SET draining = $2 WHERE id = $1""";

    @Override
    public Future<Boolean> drain(NodeId node, boolean draining) {
        return database.control(DRAIN, Tuple.of(node.value(), draining)).map(rows -> rows.rowCount() == 1);
    }

    private static final String NODES = """
            SELECT n.id, n.name, n.mode, n.member, n.http, n.protocol, n.draining, n.renewals, n.active, n.moving,
                   (extract(epoch FROM n.lease_until - clock_timestamp()) * 1000)::bigint AS remaining_ms
            FROM node n
            WHERE n.lease_until > clock_timestamp() OR EXISTS (SELECT FROM tenant t WHERE t.owner_node = n.id)
            ORDER BY n.id
            LIMIT 1000""";

    @Override
    public Future<List<Node>> nodes() {
        return database.control(NODES, Tuple.tuple()).map(PgLeases::nodes);
    }

    private static List<Node> nodes(RowSet<Row> rows) {
        List<Node> nodes = new ArrayList<>(rows.size());
        for (Row row : rows) {
            nodes.add(new Node(
                    new NodeId(row.getUUID("id")),
                    row.getString("name"),
                    Mode.valueOf(row.getString("mode")),
                    row.getString("member"),
                    row.getString("http"),
                    row.getInteger("protocol"),
                    row.getBoolean("draining"),
                    row.getLong("renewals"),
                    Duration.ofMillis(row.getLong("remaining_ms")),
                    row.getInteger("active"),
                    row.getInteger("moving")));
        }
        return List.copyOf(nodes);
    }

    private static final String PINS = """
            SELECT id, name, pinned_node FROM tenant WHERE pinned_node IS NOT NULL AND deleted_at IS NULL LIMIT $1""";

    @Override
    public Future<Map<TenantId, Pin>> pins() {
        return database.control(PINS, Tuple.of((long) Limits.PINS)).map(rows -> {
            Map<TenantId, Pin> pins = new HashMap<>();
            rows.forEach(row -> pins.put(
                    new TenantId(row.getUUID("id")),
                    new Pin(new ZoneName(row.getString("name")), row.getString("pinned_node"))));
            return Map.copyOf(pins);
        });
    }

    private static final String OWNED = """
            SELECT owner_node, count(*) AS tenants FROM tenant WHERE owner_node IS NOT NULL GROUP BY owner_node""";

    @Override
    public Future<Map<NodeId, Long>> owned() {
        return database.control(OWNED, Tuple.tuple()).map(rows -> {
            Map<NodeId, Long> owned = new HashMap<>();
            rows.forEach(row -> owned.put(new NodeId(row.getUUID("owner_node")), row.getLong("tenants")));
            return Map.copyOf(owned);
        });
    }
}
