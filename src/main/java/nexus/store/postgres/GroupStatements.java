package nexus.store.postgres;

import io.vertx.core.buffer.Buffer;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import nexus.kernel.ContentHash;
import nexus.kernel.FileId;
import nexus.kernel.Limits;
import nexus.kernel.Must;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.quota.Usage;
import nexus.store.AuditEntry;
import nexus.store.Content;
import nexus.store.FileEntry;
import nexus.store.FileVersion;
import nexus.store.Group;
import nexus.store.KeyRecord;
import nexus.store.KeyedReply;
import nexus.store.ShareRecord;
import nexus.store.TenantRecord;
import nexus.store.TupleRow;
import nexus.store.UserRecord;
import org.jspecify.annotations.Nullable;

/**
 * The statements of one group, in their order: only those that it needs, each for all its rows.
 *
 * <p>Nobody looks at an answer before the commit is sent, so every statement judges itself: {@code step} raises if it did
 * not touch the rows that the actor knew to be there. And the client itself might leave one out (it refuses parameters
 * of a wrong type without telling the server), so each is counted, and the {@code seal} raises unless all have run.
 *
 * <p>A content is counted by the versions that name it: {@code refs} goes up and down with them in the same statements.
 * It may be zero in between; what is zero at the end and lies in its row goes with the last statement.
 *
 * <p>All of a group's SQL is in this one file, because the statements lean on each other's order.
 */
final class GroupStatements {
    /** No tenant has this id. */
    static final UUID NOBODY = new UUID(-1, -1);

    /** Outcomes are pruned once in so many groups. */
    private static final int PRUNE_EVERY = 64;

    private static final Buffer NO_ENTRY = Buffer.buffer();

    private final UUID tenant;
    private final List<Step> steps = new ArrayList<>();
    private int counted;

    private GroupStatements(UUID tenant) {
        this.tenant = tenant;
    }

    /** What a group does, from the fence to the seal. */
    static List<Step> of(Group group) {
        check(group);
        GroupStatements all = new GroupStatements(group.tenant().value());
        all.fence(group);
        TenantRecord record = group.record();
        if (record != null) {
            all.record(record);
        }
        all.rows(group);
        Group.Outcome outcome = group.outcome();
        if (outcome != null) {
            all.outcome(group.revision(), group.at(), outcome.replies());
            all.ifAny(outcome.keyed(), all::keyed);
        }
        if (group.revision() % PRUNE_EVERY == 0) {
            all.prune(group.at());
        }
        group.tenantsMade().forEach(all::founded);
        group.controls().forEach(all::control);
        if (mayUnreference(group)) {
            all.sweep();
        }
        if (group.tombstone()) {
            all.tombstone(group.at(), 1);
        }
        all.seal();
        return all.steps;
    }

    /** The changes of the tenant's own rows. */
    private void rows(Group group) {
        Group.Folder folder = group.folder();
        if (folder instanceof Group.Folder.Removed removed) {
            folderRemoved(removed.path(), group.at(), isRoot(removed.path()) ? 0 : 1);
        } else if (folder instanceof Group.Folder.Moved moved) {
            folderMoved(moved.path(), moved.to(), 1);
        }
        ifAny(group.filesRemoved(), rows -> filesRemoved(rows, group.at()));
        ifAny(group.filesPut(), this::filesPut);
        contents(group);
        ifAny(group.versionsPut(), this::versionsPut);
        ifAny(group.versionsDropped(), rows -> versionsDropped(rows, group.at()));
        ifAny(group.tuplesRemoved(), this::tuplesRemoved);
        ifAny(group.tuplesPut(), this::tuplesPut);
        ifAny(group.sharesRemoved(), this::sharesRemoved);
        ifAny(group.sharesPut(), this::sharesPut);
        ifAny(group.keysPut(), this::keysPut);
        ifAny(group.usersRemoved(), this::usersRemoved);
        ifAny(group.usersPut(), this::usersPut);
        ifAny(group.audit(), this::audit);
    }

    /** Every statement once, in a form that does nothing in a transaction of {@link #NOBODY}, to have them prepared. */
    static List<Step> all() {
        Instant epoch = Instant.EPOCH;
        GroupStatements all = new GroupStatements(NOBODY);
        all.steps.add(new Step(FENCE, io.vertx.sqlclient.Tuple.wrap(new Object[12])));
        all.folderRemoved("/nothing", epoch, 0);
        all.folderMoved("/nothing", "/nowhere", 0);
        all.filesRemoved(List.of(), epoch);
        all.filesPut(List.of());
        all.contentsNamed(Map.of());
        all.contentsPut(List.of(), Map.of(), epoch);
        all.versionsPut(List.of());
        all.versionsDropped(List.of(), epoch);
        all.tuplesRemoved(List.of());
        all.tuplesPut(List.of());
        all.sharesRemoved(List.of());
        all.sharesPut(List.of());
        all.keysPut(List.of());
        all.usersRemoved(List.of());
        all.usersPut(List.of());
        all.audit(List.of());
        all.steps.add(Step.of(OUTCOME, NOBODY, Rows.at(epoch), 0L, null));
        all.counted++;
        all.keyed(List.of());
        all.prune(epoch);
        all.become(NOBODY);
        all.sweep();
        all.tombstone(epoch, 0);
        all.seal();
        return all.steps;
    }

    private static void check(Group group) {
        Must.hold(
                group.tenantsMade().isEmpty() && group.controls().isEmpty()
                        || group.tenant().equals(TenantId.SYSTEM),
                "only the reserved tenant makes tenants and rules nodes",
                group.tenant());
        Must.hold(!group.tombstone() || !group.tenant().equals(TenantId.SYSTEM), "the reserved tenant stays for ever");
        Must.hold(
                group.folder() == null
                        || group.filesRemoved().isEmpty()
                                && group.filesPut().isEmpty()
                                && group.versionsPut().isEmpty()
                                && group.versionsDropped().isEmpty()
                                && group.blobsPut().isEmpty(),
                "a folder's change is alone in its group");
    }

    private static boolean mayUnreference(Group group) {
        return group.folder() instanceof Group.Folder.Removed
                || !group.filesRemoved().isEmpty()
                || !group.versionsDropped().isEmpty()
                || group.blobsPut().size() > group.versionsPut().size();
    }

    private <T> void ifAny(List<T> rows, java.util.function.Consumer<List<T>> statement) {
        if (!rows.isEmpty()) {
            statement.accept(rows);
        }
    }

    /** Adds a statement that ends in {@code step}. */
    private void step(String sql, @Nullable Object... args) {
        steps.add(Step.of(sql, args));
        counted++;
    }

    // ----------------------------------------------------------------------------------------------- the tenant's row

    private static final String FENCE = """
            SELECT fence($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)""";

    private void fence(Group group) {
        Usage usage = group.usage();
        Audited audited = Audited.of(group);
        steps.add(Step.of(
                FENCE,
                tenant,
                group.node().value(),
                group.epoch().value(),
                group.revision(),
                Rows.at(group.at()),
                usage.users(),
                usage.files(),
                usage.bytes(),
                (long) group.audit().size(),
                audited.last(),
                audited.bytes(),
                audited.end() == null ? NO_ENTRY : audited.end()));
    }

    /**
     * What a group adds to the audit log.
     *
     * @param last the number of the last entry
     * @param end its hash; null if there is none
     * @param bytes of all lines with their line ends
     */
    private record Audited(long last, @Nullable Buffer end, long bytes) {
        static final Audited NOTHING = new Audited(0, null, 0);

        static Audited of(Group group) {
            long bytes = 0;
            long last = 0;
            Buffer end = null;
            for (AuditEntry entry : group.audit()) {
                bytes += Rows.utf8(entry.line()).length + 1L;
                last = entry.sequence();
                end = link(entry);
            }
            return new Audited(last, end, bytes);
        }
    }

    private static Buffer link(AuditEntry entry) {
        Buffer hash = bytesOrNull(entry.hash());
        if (hash == null) {
            throw new IllegalStateException("BUG: an audit entry is added without its hash");
        }
        return hash;
    }

    private static final String SEAL = """
            SELECT seal($1)""";

    private void seal() {
        steps.add(Step.of(SEAL, (long) counted));
    }

    private static final String RECORD = """
            WITH changed AS (
                UPDATE tenant
                SET display_name = $2, plan = $3, status = $4, suspension_reason = $5, trial_ends_at = $6,
                    users_limit = $7, files_limit = $8, bytes_limit = $9, retained_versions = $10,
                    member_names = $11, member_values = $12, limit_names = $13, limit_values = $14,
                    settings_revision = $15, cancelled_at = $16, due_at = $17
                WHERE id = $1 AND deleted_at IS NULL
                RETURNING 1)
            SELECT step('record', count(*), 1) FROM changed""";

    private void record(TenantRecord record) {
        Must.hold(record.id().value().equals(tenant), "a group changes its own record only", record.id());
        step(
                RECORD,
                tenant,
                record.displayName(),
                record.plan().text(),
                record.status().text(),
                record.suspensionReason(),
                Rows.atOrNull(record.trialEndsAt()),
                record.overrides().users(),
                record.overrides().files(),
                record.overrides().bytes(),
                record.retainedVersions(),
                names(record.members()),
                values(record.members()),
                names(record.limitMembers()),
                values(record.limitMembers()),
                record.settingsRevision(),
                Rows.atOrNull(record.cancelledAt()),
                Rows.atOrNull(record.dueAt()));
    }

    private static final String TENANT_MADE = """
            WITH made AS (
                INSERT INTO tenant (id, name, display_name, plan, status, suspension_reason, trial_ends_at, users_limit,
                    files_limit, bytes_limit, retained_versions, member_names, member_values, limit_names, limit_values,
                    settings_revision, cancelled_at, due_at, created_at, last_at, revision, users, files, bytes,
                    audit_sequence, audit_bytes, audit_chained, audit_hash)
                VALUES ($1, $18, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $19, $19, $20, $21,
                    $22, $23, $24, $25, $24, $26)
                RETURNING 1)
            SELECT step('tenant made', count(*), 1) FROM made""";

    private void tenantMade(TenantRecord record, @Nullable Group first) {
        Usage usage = first == null ? Usage.NONE : first.usage();
        Audited audited = first == null ? Audited.NOTHING : Audited.of(first);
        step(
                TENANT_MADE,
                record.id().value(),
                record.displayName(),
                record.plan().text(),
                record.status().text(),
                record.suspensionReason(),
                Rows.atOrNull(record.trialEndsAt()),
                record.overrides().users(),
                record.overrides().files(),
                record.overrides().bytes(),
                record.retainedVersions(),
                names(record.members()),
                values(record.members()),
                names(record.limitMembers()),
                values(record.limitMembers()),
                record.settingsRevision(),
                Rows.atOrNull(record.cancelledAt()),
                Rows.atOrNull(record.dueAt()),
                record.zone().value(),
                Rows.at(record.createdAt()),
                first == null ? 0L : first.revision(),
                usage.users(),
                usage.files(),
                usage.bytes(),
                audited.last(),
                audited.bytes(),
                audited.end());
    }

    private static final String BECOME = """
            SELECT step('become', 0, 0) FROM set_config('nexus.tenant', $1, true)""";

    /** A new tenant with all that it begins with: its rows are written as its own, and then the group goes on as itself. */
    private void founded(Group.Founding founding) {
        Group first = founding.first();
        tenantMade(founding.record(), first);
        if (first == null) {
            return;
        }
        Must.hold(first.tenant().equals(founding.record().id()), "a founding writes what is its own", first.tenant());
        GroupStatements own = new GroupStatements(first.tenant().value());
        own.become(own.tenant);
        own.rows(first);
        own.become(tenant);
        steps.addAll(own.steps);
        counted += own.counted;
    }

    private void become(UUID whom) {
        step(BECOME, whom.toString());
    }

    private static final String NODE_DRAINING = """
            WITH told AS (UPDATE node SET draining = $2 WHERE id = $1 RETURNING 1)
            SELECT step('node draining', 0, 0) FROM (SELECT count(*) FROM told) AS done""";

    private static final String TENANT_PINNED = """
            WITH pinned AS (UPDATE tenant SET pinned_node = $2 WHERE name = $1 RETURNING 1)
            SELECT step('tenant pinned', count(*), 1) FROM pinned""";

    private void control(Group.Control control) {
        if (control instanceof Group.Control.NodeDraining draining) {
            step(NODE_DRAINING, draining.node().value(), draining.draining());
        } else if (control instanceof Group.Control.TenantPinned pinned) {
            step(TENANT_PINNED, pinned.zone().value(), pinned.node());
        }
    }

    private static final String TOMBSTONE = """
            WITH ended AS (
                UPDATE tenant SET name = NULL, deleted_at = $2, owner_node = NULL, due_at = NULL
                WHERE id = $1 AND deleted_at IS NULL
                RETURNING 1)
            SELECT step('tombstone', count(*), $3) FROM ended""";

    private void tombstone(Instant at, long wanted) {
        step(TOMBSTONE, tenant, Rows.at(at), wanted);
    }

    // ---------------------------------------------------------------------------------------------------------- files

    private static final String FOLDER_REMOVED = """
            WITH self AS (
                DELETE FROM file_entry
                WHERE tenant_id = $1 AND path_key = $2 AND path = $3
                RETURNING id),
            below AS (
                DELETE FROM file_entry
                WHERE tenant_id = $1 AND path_key >= $4 AND path_key <= $5 AND path >= $6 AND path < $7
                RETURNING id),
            dropped AS (
                DELETE FROM file_version v
                USING (SELECT id FROM self UNION ALL SELECT id FROM below) AS gone
                WHERE v.tenant_id = $1 AND v.file_id = gone.id
                RETURNING v.hash),
            named AS (SELECT hash, count(*) AS times FROM dropped GROUP BY hash),
            unreferenced AS (
                UPDATE blob b
                SET refs = b.refs - n.times, unreferenced_since = CASE WHEN b.refs = n.times THEN $8::timestamptz END
                FROM named n
                WHERE b.tenant_id = $1 AND b.hash = n.hash
                RETURNING 1)
            SELECT step('folder removed', (SELECT count(*) FROM self) + (SELECT count(*) FROM unreferenced),
                        $9 + (SELECT count(*) FROM named))""";

    private void folderRemoved(String path, Instant at, long wanted) {
        PathRange below = PathRange.below(path);
        step(
                FOLDER_REMOVED,
                tenant,
                PathRange.key(path),
                path,
                PathRange.key(below.from()),
                PathRange.key(below.to()),
                below.from(),
                below.to(),
                Rows.at(at),
                wanted);
    }

    private static final String FOLDER_MOVED = """
            WITH self AS (
                UPDATE file_entry SET path = $8
                WHERE tenant_id = $1 AND path_key = $2 AND path = $3
                RETURNING 1),
            below AS (
                UPDATE file_entry SET path = $8 || substr(path, $9)
                WHERE tenant_id = $1 AND path_key >= $4 AND path_key <= $5 AND path >= $6 AND path < $7
                RETURNING 1)
            SELECT step('folder moved', (SELECT count(*) FROM self), $10) FROM (SELECT count(*) FROM below) AS moved""";

    private void folderMoved(String path, String to, long wanted) {
        Must.hold(!isRoot(path) && !WorkspacePath.isWithin(to, path), "a folder moves out of itself", path, to);
        PathRange below = PathRange.below(path);
        step(
                FOLDER_MOVED,
                tenant,
                PathRange.key(path),
                path,
                PathRange.key(below.from()),
                PathRange.key(below.to()),
                below.from(),
                below.to(),
                to,
                path.codePointCount(0, path.length()) + 1,
                wanted);
    }

    private static final String FILES_REMOVED = """
            WITH gone AS (
                DELETE FROM file_entry WHERE tenant_id = $1 AND id = ANY ($2) RETURNING id),
            dropped AS (
                DELETE FROM file_version WHERE tenant_id = $1 AND file_id = ANY ($2) RETURNING hash),
            named AS (SELECT hash, count(*) AS times FROM dropped GROUP BY hash),
            unreferenced AS (
                UPDATE blob b
                SET refs = b.refs - n.times, unreferenced_since = CASE WHEN b.refs = n.times THEN $3::timestamptz END
                FROM named n
                WHERE b.tenant_id = $1 AND b.hash = n.hash
                RETURNING 1)
            SELECT step('files removed', (SELECT count(*) FROM gone) + (SELECT count(*) FROM unreferenced),
                        $4 + (SELECT count(*) FROM named))""";

    private void filesRemoved(List<FileId> files, Instant at) {
        UUID[] ids = new LinkedHashSet<>(files).stream().map(FileId::value).toArray(UUID[]::new);
        step(FILES_REMOVED, tenant, ids, Rows.at(at), (long) ids.length);
    }

    private static final String FILES_PUT = """
            WITH put AS (
                INSERT INTO file_entry (tenant_id, id, path, directory, version, size, hash, created_at, modified_at,
                    created_by)
                SELECT $1, n.id, n.path, n.directory, n.version, n.size, n.hash, n.created_at, n.modified_at, n.created_by
                FROM unnest($2::uuid[], $3::text[], $4::boolean[], $5::bigint[], $6::bigint[], $7::bytea[],
                            $8::timestamptz[], $9::timestamptz[], $10::text[])
                     AS n (id, path, directory, version, size, hash, created_at, modified_at, created_by)
                ON CONFLICT (tenant_id, id) DO UPDATE
                SET path = excluded.path, directory = excluded.directory, version = excluded.version,
                    size = excluded.size, hash = excluded.hash, created_at = excluded.created_at,
                    modified_at = excluded.modified_at, created_by = excluded.created_by
                RETURNING 1)
            SELECT step('files put', count(*), $11) FROM put""";

    private void filesPut(List<FileEntry> entries) {
        Collection<FileEntry> rows = last(entries, FileEntry::id);
        step(
                FILES_PUT,
                tenant,
                column(rows, UUID[]::new, row -> row.id().value()),
                column(rows, String[]::new, FileEntry::path),
                column(rows, Boolean[]::new, FileEntry::directory),
                column(rows, Long[]::new, FileEntry::version),
                column(rows, Long[]::new, FileEntry::size),
                column(rows, Buffer[]::new, row -> bytesOrNull(row.hash())),
                column(rows, OffsetDateTime[]::new, row -> Rows.at(row.createdAt())),
                column(rows, OffsetDateTime[]::new, row -> Rows.at(row.modifiedAt())),
                column(rows, String[]::new, FileEntry::createdBy),
                (long) rows.size());
    }

    private static final String VERSIONS_PUT = """
            WITH put AS (
                INSERT INTO file_version (tenant_id, file_id, version, size, hash, created_at, created_by, source, parent)
                SELECT $1, n.file_id, n.version, n.size, n.hash, n.created_at, n.created_by, n.source, n.parent
                FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bytea[], $6::timestamptz[], $7::text[],
                            $8::text[], $9::bigint[])
                     AS n (file_id, version, size, hash, created_at, created_by, source, parent)
                RETURNING 1)
            SELECT step('versions put', count(*), $10) FROM put""";

    private void versionsPut(List<FileVersion> rows) {
        step(
                VERSIONS_PUT,
                tenant,
                column(rows, UUID[]::new, row -> row.file().value()),
                column(rows, Long[]::new, FileVersion::version),
                column(rows, Long[]::new, FileVersion::size),
                column(rows, Buffer[]::new, row -> bytes(row.hash())),
                column(rows, OffsetDateTime[]::new, row -> Rows.at(row.createdAt())),
                column(rows, String[]::new, FileVersion::createdBy),
                column(rows, String[]::new, FileVersion::source),
                column(rows, Long[]::new, FileVersion::parent),
                (long) rows.size());
    }

    private static final String VERSIONS_DROPPED = """
            WITH dropped AS (
                DELETE FROM file_version v
                USING unnest($2::uuid[], $3::bigint[], $4::bytea[]) AS n (file_id, version, hash)
                WHERE v.tenant_id = $1 AND v.file_id = n.file_id AND v.version = n.version AND v.hash = n.hash
                RETURNING v.hash),
            named AS (SELECT hash, count(*) AS times FROM dropped GROUP BY hash),
            unreferenced AS (
                UPDATE blob b
                SET refs = b.refs - n.times, unreferenced_since = CASE WHEN b.refs = n.times THEN $5::timestamptz END
                FROM named n
                WHERE b.tenant_id = $1 AND b.hash = n.hash
                RETURNING 1)
            SELECT step('versions dropped', (SELECT count(*) FROM dropped) + (SELECT count(*) FROM unreferenced),
                        $6 + (SELECT count(*) FROM named))""";

    private void versionsDropped(List<Group.DroppedVersion> rows, Instant at) {
        step(
                VERSIONS_DROPPED,
                tenant,
                column(rows, UUID[]::new, row -> row.file().value()),
                column(rows, Long[]::new, Group.DroppedVersion::version),
                column(rows, Buffer[]::new, row -> bytes(row.hash())),
                Rows.at(at),
                (long) rows.size());
    }

    // ------------------------------------------------------------------------------------------------------- contents

    /** Contents come with the references of the group's versions; the others that are named must be there. */
    private void contents(Group group) {
        Map<ContentHash, Long> named = new LinkedHashMap<>();
        for (FileVersion version : group.versionsPut()) {
            named.merge(version.hash(), 1L, Long::sum);
        }
        Map<ContentHash, Content> put = new LinkedHashMap<>();
        group.blobsPut().forEach(content -> put.putIfAbsent(content.hash(), content));
        if (!put.isEmpty()) {
            contentsPut(List.copyOf(put.values()), named, group.at());
        }
        named.keySet().removeAll(put.keySet());
        if (!named.isEmpty()) {
            contentsNamed(named);
        }
    }

    private static final String CONTENTS_PUT = """
            WITH put AS (
                INSERT INTO blob (tenant_id, hash, refs, size, content, place, unreferenced_since)
                SELECT $1, n.hash, n.refs, n.size, n.content, n.place, CASE WHEN n.refs = 0 THEN $7::timestamptz END
                FROM unnest($2::bytea[], $3::bigint[], $4::bigint[], $5::bytea[], $6::text[])
                     AS n (hash, refs, size, content, place)
                ON CONFLICT (tenant_id, hash) DO UPDATE
                SET refs = blob.refs + excluded.refs,
                    unreferenced_since = CASE WHEN excluded.refs = 0 THEN blob.unreferenced_since END
                RETURNING 1)
            SELECT step('contents put', count(*), $8) FROM put""";

    private void contentsPut(List<Content> rows, Map<ContentHash, Long> named, Instant at) {
        step(
                CONTENTS_PUT,
                tenant,
                column(rows, Buffer[]::new, row -> bytes(row.hash())),
                column(rows, Long[]::new, row -> named.getOrDefault(row.hash(), 0L)),
                column(rows, Long[]::new, Content::size),
                column(rows, Buffer[]::new, row -> row instanceof Content.Inline in ? Buffer.buffer(in.bytes()) : null),
                column(
                        rows,
                        String[]::new,
                        row -> row instanceof Content.Stored at1 ? at1.place().value() : null),
                Rows.at(at),
                (long) rows.size());
    }

    private static final String CONTENTS_NAMED = """
            WITH named AS (
                UPDATE blob b
                SET refs = b.refs + n.times, unreferenced_since = NULL
                FROM unnest($2::bytea[], $3::bigint[]) AS n (hash, times)
                WHERE b.tenant_id = $1 AND b.hash = n.hash
                RETURNING 1)
            SELECT step('contents named', count(*), $4) FROM named""";

    private void contentsNamed(Map<ContentHash, Long> named) {
        step(
                CONTENTS_NAMED,
                tenant,
                column(named.keySet(), Buffer[]::new, GroupStatements::bytes),
                column(named.values(), Long[]::new, times -> times),
                (long) named.size());
    }

    private static final String SWEEP = """
            WITH swept AS (
                DELETE FROM blob WHERE tenant_id = $1 AND refs = 0 AND place IS NULL RETURNING 1)
            SELECT step('sweep', 0, 0) FROM (SELECT count(*) FROM swept) AS done""";

    private void sweep() {
        step(SWEEP, tenant);
    }

    // --------------------------------------------------------------------------------- tuples, shares, keys and users

    private static final String TUPLES_REMOVED = """
            WITH gone AS (
                DELETE FROM relation_tuple WHERE tenant_id = $1 AND id = ANY ($2) RETURNING 1)
            SELECT step('tuples removed', count(*), $3) FROM gone""";

    private void tuplesRemoved(List<UUID> ids) {
        UUID[] rows = new LinkedHashSet<>(ids).toArray(UUID[]::new);
        step(TUPLES_REMOVED, tenant, rows, (long) rows.length);
    }

    private static final String TUPLES_PUT = """
            WITH put AS (
                INSERT INTO relation_tuple AS t (tenant_id, id, object_type, object_id, relation, subject_type,
                    subject_id, subject_relation, created_at, expires_at)
                SELECT $1, n.id, n.object_type, n.object_id, n.relation, n.subject_type, n.subject_id,
                       n.subject_relation, n.created_at, n.expires_at
                FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                            $9::timestamptz[], $10::timestamptz[])
                     AS n (id, object_type, object_id, relation, subject_type, subject_id, subject_relation,
                           created_at, expires_at)
                ON CONFLICT (tenant_id, id) DO UPDATE
                SET created_at = excluded.created_at, expires_at = excluded.expires_at
                WHERE t.object_type = excluded.object_type AND t.object_id = excluded.object_id
                  AND t.relation = excluded.relation AND t.subject_type = excluded.subject_type
                  AND t.subject_id = excluded.subject_id AND t.subject_relation = excluded.subject_relation
                RETURNING 1)
            SELECT step('tuples put', count(*), $11) FROM put""";

    private void tuplesPut(List<TupleRow> tuples) {
        Collection<TupleRow> rows = last(tuples, TupleRow::id);
        step(
                TUPLES_PUT,
                tenant,
                column(rows, UUID[]::new, TupleRow::id),
                column(rows, String[]::new, row -> row.tuple().object().type()),
                column(rows, String[]::new, row -> row.tuple().object().id()),
                column(rows, String[]::new, row -> row.tuple().relation()),
                column(rows, String[]::new, row -> row.tuple().subject().type()),
                column(rows, String[]::new, row -> row.tuple().subject().id()),
                column(rows, String[]::new, row -> row.tuple().subject().relation()),
                column(rows, OffsetDateTime[]::new, row -> Rows.at(row.createdAt())),
                column(rows, OffsetDateTime[]::new, row -> Rows.atOrNull(row.expiresAt())),
                (long) rows.size());
    }

    private static final String SHARES_REMOVED = """
            WITH gone AS (
                DELETE FROM share WHERE tenant_id = $1 AND id = ANY ($2) RETURNING 1)
            SELECT step('shares removed', 0, 0) FROM (SELECT count(*) FROM gone) AS done""";

    /** A share whose target is gone for good has gone with it, and nobody told the actor. */
    private void sharesRemoved(List<UUID> ids) {
        step(SHARES_REMOVED, tenant, new LinkedHashSet<>(ids).toArray(UUID[]::new));
    }

    private static final String SHARES_PUT = """
            WITH put AS (
                INSERT INTO share AS s (tenant_id, id, target, subject_type, subject_id, name, path, relation, write,
                    label, created_at, created_by, expires_at)
                SELECT $1, n.id, n.target, n.subject_type, n.subject_id, n.name, n.path, n.relation, n.write, n.label,
                       n.created_at, n.created_by, n.expires_at
                FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                            $9::boolean[], $10::text[], $11::timestamptz[], $12::text[], $13::timestamptz[])
                     AS n (id, target, subject_type, subject_id, name, path, relation, write, label, created_at,
                           created_by, expires_at)
                ON CONFLICT (tenant_id, id) DO UPDATE
                SET name = excluded.name, path = excluded.path, relation = excluded.relation, write = excluded.write,
                    label = excluded.label, expires_at = excluded.expires_at
                WHERE s.target = excluded.target AND s.subject_type = excluded.subject_type
                  AND s.subject_id = excluded.subject_id
                RETURNING 1)
            SELECT step('shares put', count(*), $14) FROM put""";

    private void sharesPut(List<ShareRecord> shares) {
        Collection<ShareRecord> rows = last(shares, ShareRecord::id);
        step(
                SHARES_PUT,
                tenant,
                column(rows, UUID[]::new, ShareRecord::id),
                column(rows, UUID[]::new, row -> row.target().value()),
                column(rows, String[]::new, ShareRecord::subjectType),
                column(rows, String[]::new, ShareRecord::subjectId),
                column(rows, String[]::new, ShareRecord::name),
                column(rows, String[]::new, ShareRecord::path),
                column(rows, String[]::new, ShareRecord::relation),
                column(rows, Boolean[]::new, ShareRecord::write),
                column(rows, String[]::new, ShareRecord::label),
                column(rows, OffsetDateTime[]::new, row -> Rows.at(row.createdAt())),
                column(rows, String[]::new, ShareRecord::createdBy),
                column(rows, OffsetDateTime[]::new, row -> Rows.atOrNull(row.expiresAt())),
                (long) rows.size());
    }

    private static final String KEYS_PUT = """
            WITH put AS (
                INSERT INTO api_key AS k (tenant_id, id, secret_hash, name, user_id, subject_type, subject_id,
                    system_administrator, external, created_at, expires_at, revoked_at, last_used_at)
                SELECT $1, n.id, n.secret_hash, n.name, n.user_id, n.subject_type, n.subject_id,
                       n.system_administrator, n.external, n.created_at, n.expires_at, n.revoked_at, n.last_used_at
                FROM unnest($2::uuid[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[],
                            $9::boolean[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[],
                            $13::timestamptz[])
                     AS n (id, secret_hash, name, user_id, subject_type, subject_id, system_administrator, external,
                           created_at, expires_at, revoked_at, last_used_at)
                ON CONFLICT (tenant_id, id) DO UPDATE
                SET secret_hash = excluded.secret_hash, name = excluded.name, user_id = excluded.user_id,
                    subject_type = excluded.subject_type, subject_id = excluded.subject_id,
                    system_administrator = excluded.system_administrator, external = excluded.external,
                    created_at = excluded.created_at, expires_at = excluded.expires_at,
                    revoked_at = excluded.revoked_at,
                    last_used_at = greatest(k.last_used_at, excluded.last_used_at)
                RETURNING 1)
            SELECT step('keys put', count(*), $14) FROM put""";

    private void keysPut(List<KeyRecord> keys) {
        Collection<KeyRecord> rows = last(keys, KeyRecord::id);
        step(
                KEYS_PUT,
                tenant,
                column(rows, UUID[]::new, row -> row.id().value()),
                column(rows, Buffer[]::new, row -> Buffer.buffer(row.secretHash())),
                column(rows, String[]::new, KeyRecord::name),
                column(rows, String[]::new, KeyRecord::userId),
                column(rows, String[]::new, KeyRecord::subjectType),
                column(rows, String[]::new, KeyRecord::subjectId),
                column(rows, Boolean[]::new, KeyRecord::systemAdministrator),
                column(rows, Boolean[]::new, KeyRecord::external),
                column(rows, OffsetDateTime[]::new, row -> Rows.at(row.createdAt())),
                column(rows, OffsetDateTime[]::new, row -> Rows.atOrNull(row.expiresAt())),
                column(rows, OffsetDateTime[]::new, row -> Rows.atOrNull(row.revokedAt())),
                column(rows, OffsetDateTime[]::new, row -> Rows.atOrNull(row.lastUsedAt())),
                (long) rows.size());
    }

    private static final String USERS_REMOVED = """
            WITH gone AS (
                DELETE FROM tenant_user WHERE tenant_id = $1 AND subject = ANY ($2) RETURNING 1)
            SELECT step('users removed', count(*), $3) FROM gone""";

    private void usersRemoved(List<String> subjects) {
        String[] rows = new LinkedHashSet<>(subjects).toArray(String[]::new);
        step(USERS_REMOVED, tenant, rows, (long) rows.length);
    }

    private static final String USERS_PUT = """
            WITH put AS (
                INSERT INTO tenant_user (tenant_id, subject, enabled, created_at, email, display_name)
                SELECT $1, n.subject, n.enabled, n.created_at, n.email, n.display_name
                FROM unnest($2::text[], $3::boolean[], $4::timestamptz[], $5::text[], $6::text[])
                     AS n (subject, enabled, created_at, email, display_name)
                ON CONFLICT (tenant_id, subject) DO UPDATE
                SET enabled = excluded.enabled, created_at = excluded.created_at, email = excluded.email,
                    display_name = excluded.display_name
                RETURNING 1)
            SELECT step('users put', count(*), $7) FROM put""";

    private void usersPut(List<UserRecord> users) {
        Collection<UserRecord> rows = last(users, UserRecord::subject);
        step(
                USERS_PUT,
                tenant,
                column(rows, String[]::new, UserRecord::subject),
                column(rows, Boolean[]::new, UserRecord::enabled),
                column(rows, OffsetDateTime[]::new, row -> Rows.at(row.createdAt())),
                column(rows, String[]::new, UserRecord::email),
                column(rows, String[]::new, UserRecord::displayName),
                (long) rows.size());
    }

    // --------------------------------------------------------------------------------------------- audit and outcomes

    private static final String AUDIT = """
            WITH put AS (
                INSERT INTO audit_entry (tenant_id, sequence, at, line, hash)
                SELECT $1, n.sequence, n.at, n.line, n.hash
                FROM unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::bytea[]) AS n (sequence, at, line, hash)
                RETURNING 1)
            SELECT step('audit', count(*), $6) FROM put""";

    private void audit(List<AuditEntry> rows) {
        step(
                AUDIT,
                tenant,
                column(rows, Long[]::new, AuditEntry::sequence),
                column(rows, OffsetDateTime[]::new, row -> Rows.at(row.at())),
                column(rows, String[]::new, AuditEntry::line),
                column(rows, Buffer[]::new, GroupStatements::link),
                (long) rows.size());
    }

    private static final String OUTCOME = """
            WITH put AS (
                INSERT INTO tenant_group (tenant_id, at, revision, replies)
                SELECT $1, $2, $3, $4 WHERE $4::bytea IS NOT NULL
                RETURNING 1)
            SELECT step('outcome', 0, 0) FROM (SELECT count(*) FROM put) AS done""";

    private void outcome(long revision, Instant at, byte[] replies) {
        step(OUTCOME, tenant, Rows.at(at), revision, Buffer.buffer(replies));
    }

    private static final String KEYED = """
            WITH put AS (
                INSERT INTO keyed_reply (tenant_id, key, digest, at, reply)
                SELECT $1, n.key, n.digest, n.at, n.reply
                FROM unnest($2::uuid[], $3::bytea[], $4::timestamptz[], $5::bytea[]) AS n (key, digest, at, reply)
                ON CONFLICT (tenant_id, key) DO UPDATE
                SET digest = excluded.digest, at = excluded.at, reply = excluded.reply
                RETURNING 1)
            SELECT step('keyed replies', count(*), $6) FROM put""";

    private void keyed(List<KeyedReply> rows) {
        step(
                KEYED,
                tenant,
                column(rows, UUID[]::new, KeyedReply::key),
                column(rows, Buffer[]::new, row -> bytes(row.digest())),
                column(rows, OffsetDateTime[]::new, row -> Rows.at(row.at())),
                column(rows, Buffer[]::new, row -> Buffer.buffer(row.reply())),
                (long) rows.size());
    }

    private static final String PRUNE = """
            WITH gone AS (
                DELETE FROM tenant_group WHERE tenant_id = $1 AND at < $2 RETURNING 1),
            forgotten AS (
                DELETE FROM keyed_reply WHERE tenant_id = $1 AND at < $3 RETURNING 1)
            SELECT step('prune', 0, 0)
            FROM (SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM forgotten)) AS done""";

    private void prune(Instant at) {
        step(PRUNE, tenant, Rows.at(at.minus(Limits.OUTCOME_MEMORY)), Rows.at(at.minus(Limits.IDEMPOTENCY_MEMORY)));
    }

    // -------------------------------------------------------------------------------------------------------- columns

    private static boolean isRoot(String path) {
        return path.equals(WorkspacePath.ROOT);
    }

    /** The last of those with the same key: a list may bring a row twice, one statement may not. */
    private static <T, K> Collection<T> last(List<T> rows, Function<T, K> key) {
        Map<K, T> byKey = new LinkedHashMap<>();
        rows.forEach(row -> byKey.put(key.apply(row), row));
        return byKey.values();
    }

    private static <T, C extends @Nullable Object> C[] column(
            Collection<T> rows, java.util.function.IntFunction<C[]> array, Function<T, C> value) {
        C[] cells = array.apply(rows.size());
        int i = 0;
        for (T row : rows) {
            cells[i++] = value.apply(row);
        }
        return cells;
    }

    private static String[] names(Map<String, String> members) {
        return members.keySet().toArray(String[]::new);
    }

    private static String[] values(Map<String, String> members) {
        return members.values().toArray(String[]::new);
    }

    private static Buffer bytes(ContentHash hash) {
        return Buffer.buffer(HexFormat.of().parseHex(hash.hex()));
    }

    private static @Nullable Buffer bytesOrNull(@Nullable ContentHash hash) {
        return hash == null ? null : bytes(hash);
    }
}
