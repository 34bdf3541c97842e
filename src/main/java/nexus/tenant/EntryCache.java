package nexus.tenant;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import nexus.kernel.Limits;
import nexus.kernel.WorkspacePath;
import nexus.store.FileEntry;
import org.jspecify.annotations.Nullable;

/**
 * What is known of the committed files and directories: the least recently used goes first. It knows absence too. Empty
 * caches cost nothing.
 *
 * <p>Only the actor's own loop uses it.
 */
final class EntryCache {
    private @Nullable LinkedHashMap<String, Optional<FileEntry>> entries;

    /** What is known of a path: an entry, its absence, or null for nothing. */
    @Nullable
    Optional<FileEntry> get(String path) {
        return entries == null ? null : entries.get(path);
    }

    void put(String path, Optional<FileEntry> entry) {
        LinkedHashMap<String, Optional<FileEntry>> present = entries;
        if (present == null) {
            present = new LinkedHashMap<>(16, 0.75f, true);
            entries = present;
        }
        present.put(path, entry);
        if (present.size() > Limits.CACHED_ENTRIES) {
            var eldest = present.entrySet().iterator();
            eldest.next();
            eldest.remove();
        }
    }

    /** Forgets all that is within a folder. */
    void forgetWithin(String folder) {
        if (entries != null) {
            entries.keySet().removeIf(path -> WorkspacePath.isWithin(path, folder));
        }
    }

    /** Takes what a group made of each path. */
    void putAll(Map<String, Optional<FileEntry>> changed) {
        for (Map.Entry<String, Optional<FileEntry>> change : changed.entrySet()) {
            put(change.getKey(), change.getValue());
        }
    }
}
