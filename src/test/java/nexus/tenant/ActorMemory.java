package nexus.tenant;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import nexus.kernel.Epoch;
import nexus.kernel.KeyId;
import nexus.rebac.tuple.RelationTuple;
import nexus.store.FileEntry;
import nexus.store.KeyRecord;
import nexus.store.TupleRow;
import nexus.store.UserRecord;
import org.jspecify.annotations.Nullable;

/** What an actor has in memory, held against the rows that it should have. */
public final class ActorMemory {
    private ActorMemory() {}

    /** The epoch under which an activation answers. */
    public static Epoch epoch(TenantVerticle verticle) {
        return verticle.actor().present().state.epoch;
    }

    /** Whether nothing is under way. */
    public static boolean isIdle(TenantVerticle verticle, long nowNanos) {
        return verticle.actor().idleNanos(nowNanos) >= 0;
    }

    /**
     * In what the memory of an idle actor differs from the rows; empty if in nothing.
     *
     * @param asked paths that may be remembered as absent
     */
    public static List<String> differences(TenantVerticle verticle, MemoryTenant rows, Set<String> asked) {
        TenantState state = verticle.actor().present().state;
        List<String> differences = new ArrayList<>();
        // A take whose answer was lost may have arrived behind the one that counts: the next group is fenced, and says
        // so.
        if (state.epoch.value() > rows.epoch()) {
            differences.add("epoch: memory " + state.epoch + ", database " + rows.epoch());
        }
        compare(differences, "revision", state.revision, rows.revision());
        compare(differences, "record", state.record, rows.record());
        compare(differences, "usage", state.usage, rows.usage());
        compare(differences, "audit sequence", state.auditSequence, rows.auditSequence());
        compare(differences, "audit bytes", state.auditBytes, rows.auditBytes());
        compare(differences, "audit head", state.auditHead, rows.auditHead());
        compare(differences, "tuples", tuples(state), tuples(rows));
        compare(differences, "keys", keys(state.keys()), keys(rows.keys().values()));
        compare(differences, "users", users(state.users()), users(rows.users().values()));
        Map<String, FileEntry> entries = rows.entries();
        Set<String> paths = new HashSet<>(entries.keySet());
        paths.addAll(asked);
        for (String path : paths) {
            Optional<FileEntry> cached = state.entries.get(path);
            if (cached != null) {
                compare(differences, "entry " + path, cached.orElse(null), entries.get(path));
            }
        }
        return differences;
    }

    private static void compare(
            List<String> differences, String what, @Nullable Object memory, @Nullable Object database) {
        if (!Objects.equals(memory, database)) {
            differences.add(what + ": memory " + memory + ", database " + database);
        }
    }

    private static Map<RelationTuple, Instant> tuples(TenantState state) {
        Map<RelationTuple, Instant> tuples = new HashMap<>();
        state.tuples.forEach(stored -> tuples.put(stored.tuple(), orNever(stored.expiresAt())));
        return tuples;
    }

    private static Map<RelationTuple, Instant> tuples(MemoryTenant rows) {
        Map<RelationTuple, Instant> tuples = new HashMap<>();
        for (TupleRow row : rows.tuples().values()) {
            tuples.put(row.tuple(), orNever(row.expiresAt()));
        }
        return tuples;
    }

    private static Instant orNever(@Nullable Instant expiresAt) {
        return expiresAt == null ? Instant.MAX : expiresAt;
    }

    /** When a key was used last is known better in memory, on purpose. */
    private static Map<KeyId, List<Object>> keys(Iterable<KeyRecord> keys) {
        Map<KeyId, List<Object>> byId = new HashMap<>();
        for (KeyRecord key : keys) {
            byId.put(
                    key.id(),
                    List.of(
                            key.userId(),
                            key.subject(),
                            Optional.ofNullable(key.expiresAt()),
                            Optional.ofNullable(key.revokedAt())));
        }
        return byId;
    }

    private static Map<String, UserRecord> users(Iterable<UserRecord> users) {
        Map<String, UserRecord> bySubject = new HashMap<>();
        users.forEach(user -> bySubject.put(user.subject(), user));
        return bySubject;
    }
}
