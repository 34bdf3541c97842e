package nexus.store;

import java.time.Instant;
import nexus.kernel.ContentHash;
import org.jspecify.annotations.Nullable;

/**
 * One line of a tenant's audit log.
 *
 * @param sequence 1, 2, 3 ... within the tenant, without gaps
 * @param line the rendered JSON object, without line end and without its hash
 * @param hash its link in the {@link AuditChain}; null only in what was read from rows that somebody has meddled with
 */
public record AuditEntry(
        long sequence, Instant at, String line, @Nullable ContentHash hash) {
    private static final String HASH = ",\"hash\":\"";

    /** Bytes by which {@link #rendered} is longer than the line. */
    public static final int HASH_MEMBER_BYTES = HASH.length() + 64 + 1;

    /** The entry that follows the one with the hash {@code previous}. */
    public static AuditEntry following(ContentHash previous, long sequence, Instant at, String line) {
        return new AuditEntry(sequence, at, line, AuditChain.next(previous, line));
    }

    /** The line with its hash as the last member: what readers of the log see. */
    public String rendered() {
        return hash == null ? line : line.substring(0, line.length() - 1) + HASH + hash.hex() + "\"}";
    }
}
