package nexus.store;

import java.time.Instant;
import java.util.List;
import nexus.kernel.ContentHash;
import nexus.kernel.FileId;
import nexus.kernel.Must;
import org.jspecify.annotations.Nullable;

/**
 * One file or directory.
 *
 * @param path relative to the tenant's root
 * @param version of a file: 1 at first, one more with every write; 0 for a directory
 * @param size of the present content in bytes; 0 for a directory
 * @param hash of the present content; null for a directory
 * @param createdBy the subject, as {@code user:alice}
 * @param retained the versions whose content is kept, oldest first, the present one last; empty for a directory
 */
public record FileEntry(
        FileId id,
        String path,
        boolean directory,
        long version,
        long size,
        @Nullable ContentHash hash,
        Instant createdAt,
        Instant modifiedAt,
        String createdBy,
        List<RetainedVersion> retained) {
    /** A version that counts against the storage quota. */
    public record RetainedVersion(long version, long size, ContentHash hash) {}

    /** An entry; a file has a content, a directory none. */
    public FileEntry {
        Must.hold(directory == (hash == null), "a file has a content, a directory has none", path);
        retained = List.copyOf(retained);
    }

    /** A directory. */
    public static FileEntry directory(FileId id, String path, Instant now, String createdBy) {
        return new FileEntry(id, path, true, 0, 0, null, now, now, createdBy, List.of());
    }

    /** The hash of a file's content; asking a directory is a bug. */
    public ContentHash contentHash() {
        ContentHash present = hash;
        if (present == null) {
            throw new IllegalStateException("BUG: a directory has no content");
        }
        return present;
    }

    /** Bytes of all retained versions. */
    public long retainedBytes() {
        long sum = 0;
        for (RetainedVersion version : retained) {
            sum += version.size();
        }
        return sum;
    }
}
