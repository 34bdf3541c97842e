package nexus.store;

import java.time.Instant;
import nexus.kernel.ContentHash;
import nexus.kernel.FileId;
import org.jspecify.annotations.Nullable;

/**
 * One version of a file, as the version history shows it.
 *
 * @param source how it came: {@code original} by writing, {@code rollback}, {@code copy}, {@code append}
 * @param parent the version that it was made from, if any
 */
public record FileVersion(
        FileId file,
        long version,
        long size,
        ContentHash hash,
        Instant createdAt,
        String createdBy,
        String source,
        @Nullable Long parent) {}
