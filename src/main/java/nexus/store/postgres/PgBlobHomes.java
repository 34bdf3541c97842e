package nexus.store.postgres;

import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.Iterator;
import java.util.Optional;
import java.util.UUID;
import nexus.kernel.Must;
import nexus.kernel.TenantId;
import nexus.store.BlobHome;
import nexus.store.BlobHomes;
import nexus.store.BlobPlace;

/** The row of the contents' home. */
public final class PgBlobHomes implements BlobHomes {
    private final PgDatabase database;

    /** The row in an open database. */
    public PgBlobHomes(PgDatabase database) {
        this.database = database;
    }

    private static final String KNOWN = """
            SELECT database, id, kind, description FROM blob_home""";

    @Override
    public Future<Known> known() {
        return run(KNOWN, Tuple.tuple()).map(rows -> {
            Must.hold(rows.size() == 1, "blob_home has one row", rows.size());
            Row row = rows.iterator().next();
            UUID id = row.getUUID("id");
            return new Known(
                    row.getUUID("database"),
                    id == null
                            ? null
                            : new BlobHome(
                                    BlobHome.Kind.valueOf(row.getString("kind")), id, row.getString("description")));
        });
    }

    private static final String RECORD = """
            UPDATE blob_home
            SET id = $1, kind = $2, description = $3, recorded_at = clock_timestamp()
            WHERE id IS NULL""";

    @Override
    public Future<Void> record(BlobHome home) {
        return run(RECORD, Tuple.of(home.id(), home.kind().name(), home.description()))
                .mapEmpty();
    }

    private static final String TENANTS = """
            SELECT id FROM tenant ORDER BY id""";

    private static final String CONTENT = """
            SELECT place FROM blob WHERE tenant_id = $1 AND place IS NOT NULL LIMIT 1""";

    @Override
    public Future<Optional<Named>> anyContent() {
        return run(TENANTS, Tuple.tuple()).compose(rows -> anyContent(rows.iterator()));
    }

    /** One tenant after the other: row security shows nobody the rows of all. */
    private Future<Optional<Named>> anyContent(Iterator<Row> tenants) {
        if (!tenants.hasNext()) {
            return Future.succeededFuture(Optional.empty());
        }
        TenantId tenant = new TenantId(tenants.next().getUUID("id"));
        return database.query(tenant, Step.of(CONTENT, tenant.value())).compose(rows -> {
            for (Row row : rows) {
                return Future.succeededFuture(Optional.of(new Named(tenant, new BlobPlace(row.getString("place")))));
            }
            return anyContent(tenants);
        });
    }

    private Future<RowSet<Row>> run(String sql, Tuple args) {
        return database.control().preparedQuery(sql).execute(args).recover(e -> Future.failedFuture(PgFailures.of(e)));
    }
}
