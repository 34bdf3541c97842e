package nexus.sim;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import nexus.kernel.KeyId;
import nexus.kernel.WorkspacePath;
import nexus.quota.QuotaLimits;
import nexus.quota.Usage;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.SubjectRef;
import nexus.store.FileEntry;
import nexus.store.KeyRecord;
import nexus.store.TupleRow;
import nexus.tenant.MemoryTenant;
import org.jspecify.annotations.Nullable;

/** What a tenant's rows were after one group: the truth that every answer is held against. */
record View(
        long revision,
        Map<String, FileEntry> entries,
        Map<UUID, TupleRow> tuples,
        Map<UUID, KeyRecord> keys,
        Usage usage,
        QuotaLimits limits) {
    static View of(MemoryTenant rows) {
        return new View(
                rows.revision(),
                rows.entries(),
                new LinkedHashMap<>(rows.tuples()),
                new LinkedHashMap<>(rows.keys()),
                rows.usage(),
                rows.record().limits());
    }

    @Nullable
    FileEntry entry(String path) {
        return entries.get(path);
    }

    /** Whether the key opens anything. */
    boolean isLive(KeyId key) {
        KeyRecord found = keys.get(key.value());
        return found != null && found.revokedAt() == null;
    }

    /**
     * Whether a user has a permission on a file or folder, by the grants on it and on the folders above it: the model of the
     * workspace in a few lines, for the relations that the simulation grants.
     */
    boolean allows(String user, String permission, String path, Instant now) {
        SubjectRef subject = SubjectRef.of("user", user);
        for (TupleRow row : tuples.values()) {
            ObjectRef object = row.tuple().object();
            Instant expiresAt = row.expiresAt();
            if (row.tuple().subject().equals(subject)
                    && rank(row.tuple().relation()) >= rank(permission)
                    && WorkspacePath.isWithin(path, object.id())
                    && (expiresAt == null || now.isBefore(expiresAt))) {
                return true;
            }
        }
        return false;
    }

    private static int rank(String relation) {
        return switch (relation) {
            case "viewer", "read" -> 1;
            case "editor", "write" -> 2;
            case "owner" -> 3;
            default -> throw new IllegalStateException("the simulation does not grant " + relation);
        };
    }
}
