package nexus.store.postgres;

import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nexus.kernel.ContentHash;
import nexus.kernel.FileId;
import nexus.kernel.KeyId;
import nexus.kernel.Must;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.lifecycle.TenantStatus;
import nexus.quota.Plan;
import nexus.quota.QuotaOverrides;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.RelationTuple;
import nexus.rebac.tuple.SubjectRef;
import nexus.store.AuditEntry;
import nexus.store.BlobPlace;
import nexus.store.Content;
import nexus.store.FileEntry;
import nexus.store.FileEntry.RetainedVersion;
import nexus.store.FileVersion;
import nexus.store.KeyRecord;
import nexus.store.ShareRecord;
import nexus.store.TenantRecord;
import nexus.store.TenantSnapshot.RecentGroup;
import nexus.store.TupleRow;
import nexus.store.UserRecord;
import org.jspecify.annotations.Nullable;

/** Values and rows of the database as ours, and back. Times have microseconds there; what is finer is cut off. */
final class Rows {
    /** PostgreSQL's own range is wider; what is outside of this one is a bug of the caller, never silently another time. */
    private static final Instant EARLIEST = Instant.parse("-4000-01-01T00:00:00Z");

    private static final Instant LATEST = Instant.parse("+200000-01-01T00:00:00Z");

    private Rows() {}

    static OffsetDateTime at(Instant time) {
        Must.hold(time.isAfter(EARLIEST) && time.isBefore(LATEST), "a time that can be stored", time);
        return time.atOffset(ZoneOffset.UTC);
    }

    static @Nullable OffsetDateTime atOrNull(@Nullable Instant time) {
        return time == null ? null : at(time);
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static Buffer bytes(ContentHash hash) {
        return Buffer.buffer(HexFormat.of().parseHex(hash.hex()));
    }

    static Instant time(Row row, String column) {
        return row.getOffsetDateTime(column).toInstant();
    }

    static @Nullable Instant timeOrNull(Row row, String column) {
        OffsetDateTime time = row.getOffsetDateTime(column);
        return time == null ? null : time.toInstant();
    }

    static ContentHash hash(Row row, String column) {
        return ContentHash.ofDigest(row.getBuffer(column).getBytes());
    }

    static TenantRecord record(Row row) {
        return new TenantRecord(
                new TenantId(row.getUUID("id")),
                new ZoneName(row.getString("name")),
                row.getString("display_name"),
                known(Plan.parse(row.getString("plan")), row.getString("plan")),
                known(TenantStatus.parse(row.getString("status")), row.getString("status")),
                row.getString("suspension_reason"),
                timeOrNull(row, "trial_ends_at"),
                timeOrNull(row, "cancelled_at"),
                new QuotaOverrides(row.getLong("users_limit"), row.getLong("files_limit"), row.getLong("bytes_limit")),
                row.getInteger("retained_versions"),
                members(row.getArrayOfStrings("member_names"), row.getArrayOfStrings("member_values")),
                members(row.getArrayOfStrings("limit_names"), row.getArrayOfStrings("limit_values")),
                time(row, "created_at"),
                row.getLong("settings_revision"));
    }

    private static <T> T known(java.util.Optional<T> value, String text) {
        return value.orElseThrow(() -> new IllegalStateException("BUG: an unknown word in the database: " + text));
    }

    private static Map<String, String> members(String[] names, String[] values) {
        Map<String, String> members = new LinkedHashMap<>();
        for (int i = 0; i < names.length; i++) {
            members.put(names[i], values[i]);
        }
        return members;
    }

    static KeyRecord key(Row row) {
        return new KeyRecord(
                new KeyId(row.getUUID("id")),
                row.getBuffer("secret_hash").getBytes(),
                row.getString("name"),
                row.getString("user_id"),
                row.getString("subject_type"),
                row.getString("subject_id"),
                row.getBoolean("system_administrator"),
                row.getBoolean("external"),
                time(row, "created_at"),
                timeOrNull(row, "expires_at"),
                timeOrNull(row, "revoked_at"),
                timeOrNull(row, "last_used_at"));
    }

    static UserRecord user(Row row) {
        return new UserRecord(
                row.getString("subject"),
                row.getBoolean("enabled"),
                time(row, "created_at"),
                row.getString("email"),
                row.getString("display_name"));
    }

    static ShareRecord share(Row row) {
        return new ShareRecord(
                row.getUUID("id"),
                new TenantId(row.getUUID("target")),
                new ZoneName(row.getString("target_name")),
                row.getString("subject_type"),
                row.getString("subject_id"),
                row.getString("name"),
                row.getString("path"),
                row.getString("relation"),
                row.getBoolean("write"),
                row.getString("label"),
                time(row, "created_at"),
                row.getString("created_by"),
                timeOrNull(row, "expires_at"));
    }

    static RecentGroup recentGroup(Row row) {
        return new RecentGroup(
                row.getLong("revision"),
                time(row, "at"),
                row.getBuffer("replies").getBytes());
    }

    /** By position: there may be millions. */
    static RelationTuple tuple(Row row, int first) {
        return new RelationTuple(
                new ObjectRef(row.getString(first), row.getString(first + 1)),
                row.getString(first + 2),
                new SubjectRef(row.getString(first + 3), row.getString(first + 4), row.getString(first + 5)));
    }

    static TupleRow tupleRow(Row row) {
        return new TupleRow(
                row.getUUID("id"),
                tuple(row, row.getColumnIndex("object_type")),
                time(row, "created_at"),
                timeOrNull(row, "expires_at"));
    }

    static FileEntry entry(Row row, List<RetainedVersion> retained) {
        Buffer hash = row.getBuffer("hash");
        return new FileEntry(
                new FileId(row.getUUID("id")),
                row.getString("path"),
                row.getBoolean("directory"),
                row.getLong("version"),
                row.getLong("size"),
                hash == null ? null : ContentHash.ofDigest(hash.getBytes()),
                time(row, "created_at"),
                time(row, "modified_at"),
                row.getString("created_by"),
                retained);
    }

    static FileVersion version(Row row) {
        return new FileVersion(
                new FileId(row.getUUID("file_id")),
                row.getLong("version"),
                row.getLong("size"),
                hash(row, "hash"),
                time(row, "created_at"),
                row.getString("created_by"),
                row.getString("source"),
                row.getLong("parent"));
    }

    static Content content(Row row) {
        ContentHash hash = hash(row, "hash");
        String place = row.getString("place");
        return place == null
                ? new Content.Inline(hash, row.getBuffer("content").getBytes())
                : new Content.Stored(hash, row.getLong("size"), new BlobPlace(place));
    }

    static AuditEntry audit(Row row) {
        Buffer hash = row.getBuffer("hash");
        return new AuditEntry(
                row.getLong("sequence"),
                time(row, "at"),
                row.getString("line"),
                hash == null || hash.length() != 32 ? null : ContentHash.ofDigest(hash.getBytes()));
    }
}
