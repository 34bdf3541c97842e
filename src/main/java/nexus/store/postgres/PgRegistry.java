package nexus.store.postgres;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.quota.Usage;
import nexus.store.Registry;
import org.jspecify.annotations.Nullable;

/** The control plane's tables. They know no row security: nothing in them belongs to a tenant. */
public final class PgRegistry implements Registry {
    private final PgDatabase database;

    /** The registry in an open database. */
    public PgRegistry(PgDatabase database) {
        this.database = database;
    }

    private static final String FIND = """
            SELECT id FROM tenant WHERE name = $1""";

    @Override
    public Future<Optional<TenantId>> find(ZoneName zone) {
        return database.control(FIND, Tuple.of(zone.value()))
                .map(rows -> map(rows, row -> new TenantId(row.getUUID("id"))).stream()
                        .findFirst());
    }

    private static final String NAME_OF = """
            SELECT name FROM tenant WHERE id = $1 AND name IS NOT NULL""";

    @Override
    public Future<Optional<ZoneName>> nameOf(TenantId tenant) {
        if (tenant.equals(TenantId.SYSTEM)) {
            return Future.succeededFuture(Optional.empty());
        }
        return database.control(NAME_OF, Tuple.of(tenant.value()))
                .map(rows -> map(rows, row -> new ZoneName(row.getString("name"))).stream()
                        .findFirst());
    }

    private static final String LIST = """
            SELECT id, name, created_at
            FROM tenant
            WHERE name > $1 AND id <> $2
            ORDER BY name
            LIMIT $3""";

    @Override
    public Future<List<Listed>> list(@Nullable ZoneName after, int limit) {
        return database.control(
                        LIST, Tuple.of(after == null ? "" : after.value(), TenantId.SYSTEM.value(), (long) limit))
                .map(rows -> map(
                        rows,
                        row -> new Listed(
                                new TenantId(row.getUUID("id")),
                                new ZoneName(row.getString("name")),
                                Rows.time(row, "created_at"))));
    }

    private static final String RECORDS = """
            SELECT id, name, display_name, plan, status, suspension_reason, trial_ends_at, cancelled_at, users_limit,
                   files_limit, bytes_limit, retained_versions, member_names, member_values, limit_names, limit_values,
                   created_at, settings_revision, users, files, bytes
            FROM tenant
            WHERE name > $1 AND id <> $2
              AND ($3::text IS NULL OR plan = $3)
              AND ($4::text IS NULL
                   OR CASE WHEN status = 'trial' AND trial_ends_at <= $5 THEN 'suspended' ELSE status END = $4)
            ORDER BY name
            LIMIT $6""";

    @Override
    public Future<List<Registered>> records(Search search) {
        ZoneName after = search.after();
        return database.control(
                        RECORDS,
                        Tuple.of(
                                after == null ? "" : after.value(),
                                TenantId.SYSTEM.value(),
                                search.plan() == null ? null : search.plan().text(),
                                search.status() == null ? null : search.status().text(),
                                Rows.at(search.now()),
                                (long) search.limit()))
                .map(rows -> map(
                        rows,
                        row -> new Registered(
                                Rows.record(row),
                                new Usage(row.getLong("users"), row.getLong("files"), row.getLong("bytes")))));
    }

    private static final String DUE = """
            SELECT id FROM tenant WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2""";

    @Override
    public Future<List<TenantId>> due(Instant now, int limit) {
        return database.control(DUE, Tuple.of(Rows.at(now), (long) limit))
                .map(rows -> map(rows, row -> new TenantId(row.getUUID("id"))));
    }

    private static final String TOMBSTONES = """
            SELECT id FROM tenant WHERE deleted_at IS NOT NULL ORDER BY id LIMIT $1""";

    @Override
    public Future<List<TenantId>> tombstones(int limit) {
        return database.control(TOMBSTONES, Tuple.of((long) limit))
                .map(rows -> map(rows, row -> new TenantId(row.getUUID("id"))));
    }

    static final String FORGET = """
            WITH rows_left AS (
                SELECT 1 FROM relation_tuple WHERE tenant_id = $1
                UNION ALL SELECT 1 FROM file_version WHERE tenant_id = $1
                UNION ALL SELECT 1 FROM file_entry WHERE tenant_id = $1
                UNION ALL SELECT 1 FROM blob WHERE tenant_id = $1
                UNION ALL SELECT 1 FROM blob_chunk WHERE tenant_id = $1
                UNION ALL SELECT 1 FROM audit_entry WHERE tenant_id = $1
                UNION ALL SELECT 1 FROM tenant_group WHERE tenant_id = $1
                UNION ALL SELECT 1 FROM keyed_reply WHERE tenant_id = $1
                UNION ALL SELECT 1 FROM share WHERE tenant_id = $1
                UNION ALL SELECT 1 FROM api_key WHERE tenant_id = $1
                UNION ALL SELECT 1 FROM tenant_user WHERE tenant_id = $1
                LIMIT 1),
            forgotten AS (
                DELETE FROM tenant WHERE id = $1 AND deleted_at IS NOT NULL RETURNING 1)
            SELECT step('rows left of a tenant to forget', (SELECT count(*) FROM rows_left), 0)
            FROM (SELECT count(*) FROM forgotten) AS done""";

    @Override
    public Future<Void> forget(TenantId tenant) {
        return database.batch(tenant, List.of(Step.of(FORGET, tenant.value()))).mapEmpty();
    }

    private static final String FIRST_SECRET = """
            INSERT INTO checksum_secret (version, secret)
            SELECT 1, $1 WHERE NOT EXISTS (SELECT FROM checksum_secret)
            ON CONFLICT (version) DO NOTHING""";

    private static final String SECRETS = """
            SELECT version, secret FROM checksum_secret ORDER BY version""";

    @Override
    public Future<List<ChecksumSecret>> checksumSecrets(byte[] fresh) {
        return database.control(FIRST_SECRET, Tuple.of(Buffer.buffer(fresh)))
                .compose(made -> database.control(SECRETS, Tuple.tuple()))
                .map(rows -> map(
                        rows,
                        row -> new ChecksumSecret(
                                row.getInteger("version"),
                                row.getBuffer("secret").getBytes())));
    }

    private static <T> List<T> map(RowSet<Row> rows, Function<Row, T> row) {
        List<T> mapped = new ArrayList<>(rows.size());
        rows.forEach(one -> mapped.add(row.apply(one)));
        return List.copyOf(mapped);
    }
}
