package nexus.store.postgres;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Cursor;
import io.vertx.sqlclient.PreparedStatement;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.StreamSupport;
import nexus.kernel.ContentHash;
import nexus.kernel.Epoch;
import nexus.kernel.FileId;
import nexus.kernel.JsonText;
import nexus.kernel.Must;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.quota.Usage;
import nexus.rebac.tuple.RelationTuple;
import nexus.store.AuditEntry;
import nexus.store.BlobPlace;
import nexus.store.Content;
import nexus.store.FileEntry;
import nexus.store.FileEntry.RetainedVersion;
import nexus.store.FileVersion;
import nexus.store.Group;
import nexus.store.KeyRecord;
import nexus.store.KeyedReply;
import nexus.store.ShareRecord;
import nexus.store.StoreException;
import nexus.store.StoreException.Reason;
import nexus.store.TenantSnapshot;
import nexus.store.TenantSnapshot.RecentGroup;
import nexus.store.TenantStore;
import nexus.store.TupleRow;
import nexus.store.UserRecord;
import org.jspecify.annotations.Nullable;

/**
 * The tenants' rows in PostgreSQL.
 *
 * <p>What a group does is in {@link GroupStatements}, how a statement is bound to its tenant in {@link PgDatabase}. The rest of the
 * tenants' SQL is here, one statement beside the one method that runs it: it is long because the tables are many.
 */
public final class PgTenantStore implements TenantStore {
    /** Tuples that an activation has in hand at a time. */
    private static final int TUPLES_READ = 10_000;

    private static final int BLOBS_COLLECTED = 1000;

    /** Some 20 microseconds each: the tenant's row is locked for a fraction of a second. */
    private static final int ENTRIES_CHAINED = 10_000;

    private static final String CHUNKS = "blob_chunk";

    /** The tables of {@link #purge}, the largest first. */
    private static final List<String> TENANT_TABLES = List.of(
            "relation_tuple",
            "file_version",
            "file_entry",
            CHUNKS,
            "blob",
            "audit_entry",
            "tenant_group",
            "keyed_reply",
            "share",
            "api_key",
            "tenant_user");

    private final PgDatabase database;
    private final Supplier<@Nullable List<NodeId>> dead;

    /** The store in an open database whose clock alone says which lease is over: nobody else can be alive on it. */
    public PgTenantStore(PgDatabase database) {
        this(database, () -> null);
    }

    /**
     * The store in a database that others use too.
     *
     * @param dead the nodes that this one has watched to be dead by its own clock: of no other it takes a tenant whose
     *     owner's row is still there
     */
    public PgTenantStore(PgDatabase database, Supplier<@Nullable List<NodeId>> dead) {
        this.database = database;
        this.dead = dead;
    }

    // ------------------------------------------------------------------------------------------------------ ownership

    private static final String TAKE = """
            SELECT take($1, $2, $3) AS epoch""";

    /**
     * {@inheritDoc}
     *
     * <p>The taking is a transaction of its own, so that no row is locked while the tenant loads. What is loaded is one
     * snapshot of the database, and it is proved that this epoch still owns the tenant in it.
     */
    @Override
    public Future<TenantSnapshot> take(
            TenantId tenant, NodeId node, BiConsumer<RelationTuple, @Nullable Instant> tuples) {
        return database.control(TAKE, Tuple.of(tenant.value(), node.value(), watched()))
                .map(rows -> new Epoch(rows.iterator().next().getLong("epoch")))
                .compose(epoch -> load(tenant, node, epoch, tuples));
    }

    private Future<TenantSnapshot> load(
            TenantId tenant, NodeId node, Epoch epoch, BiConsumer<RelationTuple, @Nullable Instant> tuples) {
        return database.snapshot(tenant, connection -> load(connection, tenant, node, epoch, tuples))
                .compose(loaded -> loaded.isPresent()
                        ? Future.succeededFuture(loaded.get())
                        : chain(tenant, node, epoch).compose(done -> load(tenant, node, epoch, tuples)));
    }

    private static final String CHAIN_AUDIT = """
            SELECT chain_audit($1, $2, $3, $4) AS done""";

    /** Chains what is not, slice by slice: each is a transaction of its own. */
    private Future<Void> chain(TenantId tenant, NodeId node, Epoch epoch) {
        Step step = Step.of(CHAIN_AUDIT, tenant.value(), node.value(), epoch.value(), ENTRIES_CHAINED);
        return database.batch(tenant, List.of(step))
                .map(answers -> answers.get(0).iterator().next().getBoolean("done"))
                .compose(done -> done ? Future.succeededFuture() : chain(tenant, node, epoch));
    }

    private UUID @Nullable [] watched() {
        List<NodeId> nodes = dead.get();
        return nodes == null ? null : nodes.stream().map(NodeId::value).toArray(UUID[]::new);
    }

    private static final String LOAD_TENANT = """
            SELECT id, name, display_name, plan, status, suspension_reason, trial_ends_at, cancelled_at,
                   users_limit, files_limit, bytes_limit, retained_versions, member_names, member_values, limit_names, limit_values, created_at,
                   settings_revision, revision, last_at, users, files, bytes, audit_sequence, audit_bytes, audit_chained,
                   coalesce(audit_hash, audit_start(id)) AS audit_hash
            FROM tenant
            WHERE id = $1 AND owner_node = $2 AND owner_epoch = $3 AND deleted_at IS NULL""";

    private static final String LOAD_KEYS = """
            SELECT id, secret_hash, name, user_id, subject_type, subject_id, system_administrator, external, created_at,
                   expires_at, revoked_at, last_used_at
            FROM api_key
            WHERE tenant_id = $1
            ORDER BY id""";

    private static final String LOAD_USERS = """
            SELECT subject, enabled, created_at, email, display_name
            FROM tenant_user
            WHERE tenant_id = $1
            ORDER BY subject""";

    /** Those with a tenant that is deleted have ended, though their rows go only with its last trace. */
    private static final String LOAD_SHARES = """
            SELECT s.id, s.target, t.name AS target_name, s.subject_type, s.subject_id, s.name, s.path, s.relation,
                   s.write, s.label, s.created_at, s.created_by, s.expires_at
            FROM share s
            JOIN tenant t ON t.id = s.target AND t.deleted_at IS NULL
            WHERE s.tenant_id = $1
            ORDER BY s.id""";

    private static final String LOAD_OUTCOMES = """
            SELECT revision, at, replies
            FROM tenant_group
            WHERE tenant_id = $1
              AND at >= (SELECT least(last_at, clock_timestamp()) - interval '60 s' FROM tenant WHERE id = $1)
            ORDER BY revision""";

    private static final String LOAD_TUPLES = """
            SELECT object_type, object_id, relation, subject_type, subject_id, subject_relation, expires_at
            FROM relation_tuple
            WHERE tenant_id = $1""";

    /** Empty if the audit log must be chained first. */
    private Future<Optional<TenantSnapshot>> load(
            SqlConnection connection,
            TenantId tenant,
            NodeId node,
            Epoch epoch,
            BiConsumer<RelationTuple, @Nullable Instant> tuples) {
        Tuple id = Tuple.of(tenant.value());
        Future<RowSet<Row>> row =
                connection.preparedQuery(LOAD_TENANT).execute(Tuple.of(tenant.value(), node.value(), epoch.value()));
        Future<RowSet<Row>> keys = connection.preparedQuery(LOAD_KEYS).execute(id);
        Future<RowSet<Row>> users = connection.preparedQuery(LOAD_USERS).execute(id);
        Future<RowSet<Row>> shares = connection.preparedQuery(LOAD_SHARES).execute(id);
        Future<RowSet<Row>> outcomes = connection.preparedQuery(LOAD_OUTCOMES).execute(id);
        return database.answered(Future.all(row, keys, users, shares, outcomes))
                .compose(all -> isUnchained(row.result())
                        ? Future.succeededFuture(Optional.empty())
                        : database.answered(connection.prepare(LOAD_TUPLES))
                                .compose(statement -> tuples(statement, id, tuples))
                                .map(read -> Optional.of(snapshot(
                                        row.result(),
                                        epoch,
                                        keys.result(),
                                        users.result(),
                                        map(shares.result(), Rows::share),
                                        outcomes.result()))));
    }

    /** Whether a release without the hash chain has added entries to the audit log. */
    private static boolean isUnchained(RowSet<Row> tenant) {
        return first(tenant)
                .filter(row -> row.getLong("audit_chained") < row.getLong("audit_sequence"))
                .isPresent();
    }

    private static TenantSnapshot snapshot(
            RowSet<Row> tenant,
            Epoch epoch,
            RowSet<Row> keys,
            RowSet<Row> users,
            List<ShareRecord> shares,
            RowSet<Row> outcomes) {
        Row row = first(tenant)
                .orElseThrow(() -> new StoreException(Reason.FENCED, "the tenant was taken again while it loaded"));
        List<KeyRecord> keyRecords = map(keys, Rows::key);
        List<UserRecord> userRecords = map(users, Rows::user);
        List<RecentGroup> recent = map(outcomes, Rows::recentGroup);
        return new TenantSnapshot(
                Rows.record(row),
                epoch,
                row.getLong("revision"),
                Rows.time(row, "last_at"),
                new Usage(row.getLong("users"), row.getLong("files"), row.getLong("bytes")),
                row.getLong("audit_sequence"),
                row.getLong("audit_bytes"),
                Rows.hash(row, "audit_hash"),
                keyRecords,
                userRecords,
                shares,
                recent);
    }

    private Future<Void> tuples(
            PreparedStatement statement, Tuple tenant, BiConsumer<RelationTuple, @Nullable Instant> tuples) {
        return tuples(statement.cursor(tenant), tuples).compose(read -> database.answered(statement.close()));
    }

    private Future<Void> tuples(Cursor cursor, BiConsumer<RelationTuple, @Nullable Instant> tuples) {
        return database.answered(cursor.read(TUPLES_READ)).compose(rows -> {
            for (Row row : rows) {
                tuples.accept(Rows.tuple(row, 0), Rows.timeOrNull(row, "expires_at"));
            }
            return cursor.hasMore() ? tuples(cursor, tuples) : Future.succeededFuture();
        });
    }

    private static final String RELEASE = """
            UPDATE tenant
            SET owner_node = NULL, last_at = greatest(last_at, $4)
            WHERE id = $1 AND owner_node = $2 AND owner_epoch = $3""";

    @Override
    public Future<Void> release(TenantId tenant, NodeId node, Epoch epoch, Instant at) {
        return database.control(RELEASE, Tuple.of(tenant.value(), node.value(), epoch.value(), Rows.at(at)))
                .mapEmpty();
    }

    @Override
    public Future<Void> commit(Group group) {
        List<Step> steps;
        try {
            steps = GroupStatements.of(group);
        } catch (IllegalStateException e) {
            return Future.failedFuture(e);
        }
        return database.batch(group.tenant(), steps).mapEmpty();
    }

    // ---------------------------------------------------------------------------------------------------------- files

    private static final String ENTRIES = """
            SELECT e.id, e.path, e.directory, e.version, e.size, e.hash, e.created_at, e.modified_at, e.created_by,
                   v.versions, v.sizes, v.hashes
            FROM unnest($2::text[], $3::text[]) AS n (path, path_key)
            JOIN file_entry e ON e.path_key = n.path_key AND e.path = n.path
            CROSS JOIN LATERAL (
                SELECT array_agg(r.version ORDER BY r.version) AS versions,
                       array_agg(r.size ORDER BY r.version) AS sizes,
                       array_agg(r.hash ORDER BY r.version) AS hashes
                FROM file_version r
                WHERE r.tenant_id = $1 AND r.file_id = e.id) AS v
            WHERE e.tenant_id = $1""";

    @Override
    public Future<List<FileEntry>> entries(TenantId tenant, List<String> paths) {
        String[] asked = paths.stream().distinct().toArray(String[]::new);
        Step step = Step.of(ENTRIES, tenant.value(), asked, keys(asked));
        return database.query(tenant, step).map(rows -> map(rows, row -> Rows.entry(row, retained(row))));
    }

    private static List<RetainedVersion> retained(Row row) {
        Long[] versions = row.getArrayOfLongs("versions");
        if (versions == null) {
            return List.of();
        }
        Long[] sizes = row.getArrayOfLongs("sizes");
        Buffer[] hashes = row.getArrayOfBuffers("hashes");
        List<RetainedVersion> retained = new ArrayList<>(versions.length);
        for (int i = 0; i < versions.length; i++) {
            retained.add(new RetainedVersion(versions[i], sizes[i], ContentHash.ofDigest(hashes[i].getBytes())));
        }
        return retained;
    }

    private static String[] keys(String[] paths) {
        String[] keys = new String[paths.length];
        for (int i = 0; i < paths.length; i++) {
            keys[i] = PathRange.key(paths[i]);
        }
        return keys;
    }

    private static final String FOLDER_TOTALS = """
            SELECT count(*) AS entries,
                   count(*) FILTER (WHERE NOT e.directory) AS files,
                   coalesce(sum(v.bytes), 0)::bigint AS bytes,
                   coalesce(max(length(e.path) - length(replace(e.path, '/', ''))), 0) AS slashes,
                   coalesce(max(octet_length(e.path)), 0) AS longest
            FROM file_entry e
            CROSS JOIN LATERAL (
                SELECT sum(r.size) AS bytes FROM file_version r WHERE r.tenant_id = $1 AND r.file_id = e.id) AS v
            WHERE e.tenant_id = $1 AND e.path_key >= $2 AND e.path_key <= $3 AND e.path >= $4 AND e.path < $5""";

    /** {@inheritDoc} The bytes are those of all retained versions, as the quota counts them. */
    @Override
    public Future<FolderTotals> folderTotals(TenantId tenant, String folder) {
        PathRange below = PathRange.below(folder);
        Step step = Step.of(
                FOLDER_TOTALS,
                tenant.value(),
                PathRange.key(below.from()),
                PathRange.key(below.to()),
                below.from(),
                below.to());
        return database.query(tenant, step).map(rows -> rows.iterator().next()).map(row -> totals(row, folder));
    }

    private static FolderTotals totals(Row row, String folder) {
        long entries = row.getLong("entries");
        int depth = folder.equals(WorkspacePath.ROOT)
                ? 0
                : (int) folder.chars().filter(c -> c == '/').count();
        return new FolderTotals(
                entries,
                row.getLong("files"),
                row.getLong("bytes"),
                entries == 0 ? 0 : row.getInteger("slashes") - depth,
                entries == 0 ? 0 : row.getInteger("longest") - Rows.utf8(folder).length);
    }

    /** The rows of each range are in order, and the ranges are: so nothing is read behind the limit, and nothing sorted. */
    private static final String LIST = """
            SELECT e.id, e.path, e.directory, e.version, e.size, e.hash, e.created_at, e.modified_at, e.created_by
            FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS r (from_key, to_key, from_path, to_path)
            CROSS JOIN LATERAL (
                SELECT f.id, f.path, f.directory, f.version, f.size, f.hash, f.created_at, f.modified_at, f.created_by
                FROM file_entry f
                WHERE f.tenant_id = $1 AND f.path_key >= r.from_key AND f.path_key <= r.to_key
                  AND f.path >= r.from_path AND f.path < r.to_path
                ORDER BY f.path_key, f.path
                LIMIT $6) AS e
            LIMIT $6""";

    /** The same among the children of one folder, whose order by name is that of their paths. */
    private static final String LIST_CHILDREN = """
            SELECT e.id, e.path, e.directory, e.version, e.size, e.hash, e.created_at, e.modified_at, e.created_by
            FROM unnest($2::text[], $3::text[]) AS r (from_name, to_name)
            CROSS JOIN LATERAL (
                SELECT f.id, f.path, f.directory, f.version, f.size, f.hash, f.created_at, f.modified_at, f.created_by
                FROM file_entry f
                WHERE f.tenant_id = $1 AND f.parent_key = md5($4)::uuid AND f.name >= r.from_name AND f.name < r.to_name
                  AND f.path = $4 || '/' || f.name
                ORDER BY f.name
                LIMIT $5) AS e
            LIMIT $5""";

    @Override
    public Future<List<FileEntry>> list(TenantId tenant, FileRange range) {
        Must.hold(range.limit() >= 1, "a page has room", range.limit());
        return database.query(tenant, listStep(tenant, range))
                .map(rows -> inOrder(map(rows, row -> Rows.entry(row, List.of()))));
    }

    static Step listStep(TenantId tenant, FileRange range) {
        List<PathRange> ranges = PathRange.of(range);
        return range.directChildren() ? listChildren(tenant, range, ranges) : listAll(tenant, range, ranges);
    }

    private static Step listAll(TenantId tenant, FileRange range, List<PathRange> ranges) {
        String[] from = ranges.stream().map(PathRange::from).toArray(String[]::new);
        String[] to = ranges.stream().map(PathRange::to).toArray(String[]::new);
        return Step.of(LIST, tenant.value(), keys(from), keys(to), from, to, (long) range.limit());
    }

    private static Step listChildren(TenantId tenant, FileRange range, List<PathRange> ranges) {
        PathRange below = PathRange.below(range.folder());
        String[] from = ranges.stream().map(r -> below.nameFrom(r)).toArray(String[]::new);
        String[] to = ranges.stream().map(r -> below.nameTo(r)).toArray(String[]::new);
        String folder = below.from().substring(0, below.from().length() - 1);
        return Step.of(LIST_CHILDREN, tenant.value(), from, to, folder, (long) range.limit());
    }

    private static List<FileEntry> inOrder(List<FileEntry> entries) {
        for (int i = 1; i < entries.size(); i++) {
            Must.hold(
                    PathRange.BYTES.compare(
                                    entries.get(i - 1).path(), entries.get(i).path())
                            < 0,
                    "a listing is in order",
                    i);
        }
        return entries;
    }

    private static final String VERSIONS = """
            SELECT file_id, version, size, hash, created_at, created_by, source, parent
            FROM file_version
            WHERE tenant_id = $1 AND file_id = $2
            ORDER BY version DESC""";

    @Override
    public Future<List<FileVersion>> versions(TenantId tenant, FileId file) {
        return database.query(tenant, Step.of(VERSIONS, tenant.value(), file.value()))
                .map(rows -> map(rows, Rows::version));
    }

    // ------------------------------------------------------------------------------------------------------- contents

    private static final String CONTENTS = """
            SELECT b.hash, b.size, b.content, b.place
            FROM unnest($2::bytea[]) AS n (hash)
            JOIN blob b ON b.hash = n.hash
            WHERE b.tenant_id = $1""";

    @Override
    public Future<Optional<Content>> content(TenantId tenant, ContentHash hash) {
        return contents(tenant, List.of(hash)).map(found -> found.stream().findFirst());
    }

    @Override
    public Future<List<Content>> contents(TenantId tenant, List<ContentHash> hashes) {
        Buffer[] asked = hashes.stream().distinct().map(Rows::bytes).toArray(Buffer[]::new);
        return database.query(tenant, Step.of(CONTENTS, tenant.value(), asked)).map(rows -> map(rows, Rows::content));
    }

    private static final String OWN = """
            SELECT own($1, $2, $3)""";

    private static final String COLLECT = """
            DELETE FROM blob
            WHERE tenant_id = $1
              AND hash IN (
                SELECT hash FROM blob
                WHERE tenant_id = $1 AND refs = 0 AND place IS NOT NULL AND unreferenced_since < $2
                ORDER BY unreferenced_since
                LIMIT $3)
            RETURNING place""";

    @Override
    public Future<List<BlobPlace>> collectBlobs(TenantId tenant, NodeId node, Epoch epoch, Instant until) {
        return database.batch(
                        tenant,
                        List.of(
                                Step.of(OWN, tenant.value(), node.value(), epoch.value()),
                                Step.of(COLLECT, tenant.value(), Rows.at(until), (long) BLOBS_COLLECTED)))
                .map(answers -> map(answers.get(1), PgTenantStore::place));
    }

    private static final String KNOWN_BLOBS = """
            SELECT place FROM blob WHERE tenant_id = $1 AND place = ANY ($2)""";

    @Override
    public Future<List<BlobPlace>> knownBlobs(TenantId tenant, List<BlobPlace> places) {
        String[] asked = places.stream().map(BlobPlace::value).toArray(String[]::new);
        return database.query(tenant, Step.of(KNOWN_BLOBS, tenant.value(), asked))
                .map(rows -> map(rows, PgTenantStore::place));
    }

    private static BlobPlace place(Row row) {
        return new BlobPlace(row.getString("place"));
    }

    // --------------------------------------------------------------------------------------- tuples, audit log, keys

    private static final String TUPLE = """
            SELECT id, object_type, object_id, relation, subject_type, subject_id, subject_relation, created_at, expires_at
            FROM relation_tuple
            WHERE tenant_id = $1 AND id = $2""";

    @Override
    public Future<Optional<TupleRow>> tuple(TenantId tenant, UUID id) {
        return database.query(tenant, Step.of(TUPLE, tenant.value(), id))
                .map(rows -> first(rows).map(Rows::tupleRow));
    }

    private static final String TUPLES = """
            SELECT id, object_type, object_id, relation, subject_type, subject_id, subject_relation, created_at, expires_at
            FROM relation_tuple
            WHERE tenant_id = $1
              AND ($2::uuid IS NULL OR id > $2)
              AND ($3::text IS NULL OR object_type = $3)
              AND ($4::text IS NULL OR object_id = $4)
              AND (cardinality($5::text[]) = 0 OR relation = ANY ($5))
              AND ($6::text IS NULL OR subject_type = $6)
              AND ($7::text IS NULL OR subject_id = $7)
              AND ($8::text IS NULL OR subject_relation = $8)""";

    private static final String ALL_TUPLES = TUPLES + """

            ORDER BY id LIMIT $9""";

    private static final String TUPLES_OF_OBJECT = TUPLES + """

              AND object_key = md5($3 || ':' || $4)::uuid
            ORDER BY id LIMIT $9""";

    private static final String TUPLES_OF_SUBJECT = TUPLES + """

              AND subject_key = md5($6 || ':' || $7)::uuid
            ORDER BY id LIMIT $9""";

    @Override
    public Future<List<TupleRow>> tuples(TenantId tenant, TupleQuery query) {
        String sql = ALL_TUPLES;
        if (query.objectType() != null && query.objectId() != null) {
            sql = TUPLES_OF_OBJECT;
        } else if (query.subjectType() != null && query.subjectId() != null) {
            sql = TUPLES_OF_SUBJECT;
        }
        Step step = Step.of(
                sql,
                tenant.value(),
                query.after(),
                query.objectType(),
                query.objectId(),
                query.relations().toArray(String[]::new),
                query.subjectType(),
                query.subjectId(),
                query.subjectRelation(),
                (long) query.limit());
        return database.query(tenant, step).map(rows -> map(rows, Rows::tupleRow));
    }

    private static final String KEYED_REPLY = """
            SELECT digest, at, reply FROM keyed_reply WHERE tenant_id = $1 AND key = $2""";

    @Override
    public Future<Optional<KeyedReply>> keyedReply(TenantId tenant, UUID key) {
        return database.query(tenant, Step.of(KEYED_REPLY, tenant.value(), key))
                .map(rows -> first(rows)
                        .map(row -> new KeyedReply(
                                key,
                                Rows.hash(row, "digest"),
                                Rows.time(row, "at"),
                                row.getBuffer("reply").getBytes())));
    }

    private static final String AUDIT = """
            SELECT sequence, at, line, hash
            FROM audit_entry
            WHERE tenant_id = $1 AND sequence BETWEEN $2 AND $3
            ORDER BY sequence %s
            LIMIT $4""";

    /**
     * Each part of a line begins where the server itself writes it: before {@code kind} there is nothing that a caller chose, and
     * inside of a text of his every quote is escaped, so that it cannot look like the end of one. What an application has
     * written comes behind all of them. Patterns would take fifty times as long.
     */
    private static final String AUDIT_FILTERED = """
            SELECT e.sequence, e.at, e.line, e.hash
            FROM audit_entry e
            CROSS JOIN LATERAL (SELECT substr(e.line, strpos(e.line, ',"kind":"')) AS rest OFFSET 0) AS k
            CROSS JOIN LATERAL (SELECT substr(k.rest, strpos(k.rest, ',"action":"')) AS rest OFFSET 0) AS a
            CROSS JOIN LATERAL (SELECT substr(a.rest, strpos(a.rest, ',"user":"')) AS rest OFFSET 0) AS u
            CROSS JOIN LATERAL (SELECT substr(u.rest, strpos(u.rest, '","request_id":"') + 16) AS rest OFFSET 0) AS r
            CROSS JOIN LATERAL (SELECT substr(r.rest, strpos(r.rest, '"')) AS rest OFFSET 0) AS p
            WHERE e.tenant_id = $1 AND e.sequence BETWEEN $2 AND $3
              AND ($5::text IS NULL OR starts_with(k.rest, ',"kind":"' || $5 || '",'))
              AND ($6::text IS NULL OR starts_with(a.rest, ',"action":"' || $6 || '",'))
              AND ($7::text IS NULL OR starts_with(u.rest, ',"user":"' || $7 || '",'))
              AND ($8::text IS NULL OR starts_with(p.rest, '","resource":"' || $8))
            ORDER BY e.sequence %s
            LIMIT $4""";

    /** {@inheritDoc} Every entry of the range may be looked at: the caller bounds it. */
    @Override
    public Future<List<AuditEntry>> audit(TenantId tenant, AuditRange range) {
        String order = range.newestFirst() ? "DESC" : "ASC";
        AuditFilter filter = range.filter();
        Step step = filter.equals(AuditFilter.ALL)
                ? Step.of(AUDIT.formatted(order), tenant.value(), range.from(), range.to(), (long) range.limit())
                : Step.of(
                        AUDIT_FILTERED.formatted(order),
                        tenant.value(),
                        range.from(),
                        range.to(),
                        (long) range.limit(),
                        escaped(filter.kind()),
                        escaped(filter.action()),
                        escaped(filter.user()),
                        escaped(filter.pathPrefix()));
        return database.query(tenant, step).map(rows -> map(rows, Rows::audit));
    }

    /** A text as it stands between the quotes of a line. */
    private static @Nullable String escaped(@Nullable String text) {
        if (text == null) {
            return null;
        }
        StringBuilder quoted = new StringBuilder(text.length() + 2);
        JsonText.quote(quoted, text);
        return quoted.substring(1, quoted.length() - 1);
    }

    private static final String AUDIT_SINCE = """
            SELECT audit_since($1, $2, $3) AS sequence""";

    @Override
    public Future<Long> auditSince(TenantId tenant, Instant since, long last) {
        return database.query(tenant, Step.of(AUDIT_SINCE, tenant.value(), Rows.at(since), last))
                .map(rows -> rows.iterator().next().getLong("sequence"));
    }

    /** One statement, so that the entries and the chain's end are of one moment. */
    private static final String AUDIT_LINKS = """
            SELECT t.audit_sequence, coalesce(t.audit_hash, audit_start(t.id)) AS audit_hash,
                   e.sequence, e.at, e.line, e.hash
            FROM tenant t
            LEFT JOIN LATERAL (
                SELECT a.sequence, a.at, a.line, a.hash
                FROM audit_entry a
                WHERE a.tenant_id = $1 AND a.sequence > $2
                ORDER BY a.sequence
                LIMIT $3) AS e ON true
            WHERE t.id = $1
            ORDER BY e.sequence""";

    @Override
    public Future<AuditLinks> auditLinks(TenantId tenant, long after, int limit) {
        return database.query(tenant, Step.of(AUDIT_LINKS, tenant.value(), after, (long) limit))
                .map(PgTenantStore::links);
    }

    private static AuditLinks links(RowSet<Row> rows) {
        Row first = first(rows).orElseThrow(() -> new StoreException(Reason.TENANT_GONE, "there is no such tenant"));
        List<AuditEntry> entries = new ArrayList<>(rows.size());
        for (Row row : rows) {
            if (row.getLong("sequence") != null) {
                entries.add(Rows.audit(row));
            }
        }
        return new AuditLinks(entries, first.getLong("audit_sequence"), Rows.hash(first, "audit_hash"));
    }

    private static final String TOUCH_KEYS = """
            UPDATE api_key
            SET last_used_at = greatest(last_used_at, $3)
            WHERE tenant_id = $1 AND id = ANY ($2)""";

    @Override
    public Future<Void> touchKeys(TenantId tenant, List<UUID> keys, Instant at) {
        UUID[] ids = keys.toArray(UUID[]::new);
        return database.batch(tenant, List.of(Step.of(TOUCH_KEYS, tenant.value(), ids, Rows.at(at))))
                .mapEmpty();
    }

    // ---------------------------------------------------------------------------------------------------------- purge

    private static final String MUST_BE_TOMBSTONED = """
            SELECT step('rows of a living tenant stay', count(*), 0) FROM tenant WHERE id = $1 AND deleted_at IS NULL""";

    private static final String PURGE = """
            DELETE FROM %1$s
            WHERE ctid = ANY (ARRAY (SELECT ctid FROM %1$s WHERE tenant_id = $1 LIMIT $2)) AND tenant_id = $1""";

    /** {@inheritDoc} Every table's slice is a transaction of its own: a purge that stops goes on where it was. */
    @Override
    public Future<Boolean> purge(TenantId tenant, int limit) {
        Must.hold(limit > 0, "a slice has rows", limit);
        return purge(tenant, TENANT_TABLES.iterator(), limit);
    }

    private Future<Boolean> purge(TenantId tenant, Iterator<String> tables, int left) {
        if (!tables.hasNext()) {
            return Future.succeededFuture(true);
        }
        String table = tables.next();
        int slice = table.equals(CHUNKS) ? Math.min(left, PgBlobStore.DELETED_CHUNKS) : left;
        return database.batch(
                        tenant,
                        List.of(
                                Step.of(MUST_BE_TOMBSTONED, tenant.value()),
                                Step.of(PURGE.formatted(table), tenant.value(), (long) slice)))
                .map(answers -> answers.get(1).rowCount())
                .compose(gone -> gone < slice ? purge(tenant, tables, left - gone) : Future.succeededFuture(false));
    }

    // ----------------------------------------------------------------------------------------------------------- rows

    private static Optional<Row> first(RowSet<Row> rows) {
        return StreamSupport.stream(rows.spliterator(), false).findFirst();
    }

    private static <T> List<T> map(RowSet<Row> rows, Function<Row, T> row) {
        List<T> mapped = new ArrayList<>(rows.size());
        rows.forEach(one -> mapped.add(row.apply(one)));
        return List.copyOf(mapped);
    }
}
