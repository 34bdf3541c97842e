package nexus.tenant;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import nexus.kernel.ContentHash;
import nexus.kernel.Must;
import nexus.kernel.Problem;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.store.Content;
import nexus.store.FileEntry;
import nexus.store.KeyedReply;
import nexus.store.TenantStore;
import nexus.store.TupleRow;
import org.jspecify.annotations.Nullable;

/**
 * What a batch of commands needs from the database before it can be decided, and what came of it. No group is in flight
 * meanwhile, so what was loaded is the committed state.
 *
 * <p>Commands declare their needs here; the shell fetches what {@link #isComplete} says is missing, once for the batch.
 */
final class Loaded {
    final LinkedHashSet<String> missingPaths = new LinkedHashSet<>();
    final LinkedHashSet<UUID> missingTuples = new LinkedHashSet<>();
    final LinkedHashSet<ContentHash> missingContents = new LinkedHashSet<>();
    final LinkedHashSet<String> missingTotals = new LinkedHashSet<>();
    final LinkedHashSet<ZoneName> missingZones = new LinkedHashSet<>();
    final LinkedHashSet<UUID> missingKeyed = new LinkedHashSet<>();
    /** Appends whose result is too large to be inline: made in the blob store before they are decided. */
    final Map<TenantRequest.AppendFile, Content.Stored> largeAppends = new HashMap<>();
    /** Such appends whose result was not made, because they would be refused. */
    final Map<TenantRequest.AppendFile, Problem> refusedAppends = new HashMap<>();

    private final Map<String, Optional<FileEntry>> entries = new HashMap<>();
    private final Map<UUID, Optional<TupleRow>> tuples = new HashMap<>();
    private final Map<ContentHash, Content> contents = new HashMap<>();
    private final Map<String, TenantStore.FolderTotals> totals = new HashMap<>();
    private final Map<ZoneName, Boolean> zones = new HashMap<>();
    private final Map<UUID, Optional<KeyedReply>> keyed = new HashMap<>();
    private final EntryCache cache;

    Loaded(EntryCache cache) {
        this.cache = cache;
    }

    boolean isComplete() {
        return missingPaths.isEmpty()
                && missingTuples.isEmpty()
                && missingContents.isEmpty()
                && missingTotals.isEmpty()
                && missingZones.isEmpty()
                && missingKeyed.isEmpty();
    }

    // ---- needs
    // -------------------------------------------------------------------------------------------------------

    void needPath(String path) {
        if (entries.containsKey(path) || path.equals(WorkspacePath.ROOT)) {
            return;
        }
        Optional<FileEntry> cached = cache.get(path);
        if (cached == null) {
            missingPaths.add(path);
        } else {
            // Held here, because the cache may let it go while the batch is decided.
            entries.put(path, cached);
        }
    }

    /** A path and all directories above it. */
    void needPathAndParents(String path) {
        for (String at = path; at != null; at = WorkspacePath.parentOf(at)) {
            needPath(at);
        }
    }

    void needTuple(UUID id) {
        if (!tuples.containsKey(id)) {
            missingTuples.add(id);
        }
    }

    void needContent(ContentHash hash) {
        if (!contents.containsKey(hash)) {
            missingContents.add(hash);
        }
    }

    void needTotals(String folder) {
        if (!totals.containsKey(folder)) {
            missingTotals.add(folder);
        }
    }

    void needZone(ZoneName zone) {
        if (!zones.containsKey(zone)) {
            missingZones.add(zone);
        }
    }

    void needKeyed(UUID key) {
        if (!keyed.containsKey(key)) {
            missingKeyed.add(key);
        }
    }

    // ---- what came
    // ---------------------------------------------------------------------------------------------------

    void gotEntries(Iterable<FileEntry> found) {
        Set<String> absent = new HashSet<>(missingPaths);
        for (FileEntry entry : found) {
            entries.put(entry.path(), Optional.of(entry));
            cache.put(entry.path(), Optional.of(entry));
            absent.remove(entry.path());
        }
        for (String path : absent) {
            entries.put(path, Optional.empty());
            cache.put(path, Optional.empty());
        }
        missingPaths.clear();
    }

    void gotTuple(UUID id, Optional<TupleRow> row) {
        tuples.put(id, row);
        missingTuples.remove(id);
    }

    void gotContents(Iterable<Content> found) {
        found.forEach(content -> contents.put(content.hash(), content));
        Must.hold(contents.keySet().containsAll(missingContents), "every committed file has its content");
        missingContents.clear();
    }

    void gotTotals(String folder, TenantStore.FolderTotals sums) {
        totals.put(folder, sums);
        missingTotals.remove(folder);
    }

    void gotZone(ZoneName zone, boolean taken) {
        zones.put(zone, taken);
        missingZones.remove(zone);
    }

    void gotKeyed(UUID key, Optional<KeyedReply> found) {
        keyed.put(key, found);
        missingKeyed.remove(key);
    }

    // ---- look-ups
    // ----------------------------------------------------------------------------------------------------

    /** The committed entry of a path that was asked for. */
    Optional<FileEntry> entry(String path) {
        Optional<FileEntry> entry = entries.get(path);
        if (entry == null) {
            throw new IllegalStateException("BUG: a command looked at a path that it did not ask for");
        }
        return entry;
    }

    /** Whether the path was asked for, so that {@link #entry} answers. */
    boolean hasEntry(String path) {
        return entries.containsKey(path);
    }

    @Nullable
    TupleRow tuple(UUID id) {
        Optional<TupleRow> row = tuples.get(id);
        Must.hold(row != null, "a command looked at a tuple that it did not ask for");
        return row == null ? null : row.orElse(null);
    }

    @Nullable
    Content content(ContentHash hash) {
        return contents.get(hash);
    }

    TenantStore.FolderTotals totals(String folder) {
        TenantStore.FolderTotals sums = totals.get(folder);
        if (sums == null) {
            throw new IllegalStateException("BUG: a command looked at totals that it did not ask for");
        }
        return sums;
    }

    @Nullable
    KeyedReply keyed(UUID key) {
        Optional<KeyedReply> found = keyed.get(key);
        if (found == null) {
            throw new IllegalStateException("BUG: a command looked at a key that it did not ask for");
        }
        return found.orElse(null);
    }

    boolean isZoneTaken(ZoneName zone) {
        Boolean taken = zones.get(zone);
        if (taken == null) {
            throw new IllegalStateException("BUG: a command looked at a name that it did not ask for");
        }
        return taken;
    }
}
