package nexus.store;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A user, agent or service of one tenant.
 *
 * @param subject as {@code user:alice}
 * @param enabled whether he is a member, and keys that prove him open anything
 * @param email null if nobody told
 * @param displayName null if nobody told
 */
public record UserRecord(
        String subject,
        boolean enabled,
        Instant createdAt,
        @Nullable String email,
        @Nullable String displayName) {
    /** Somebody of whom nothing is known but who he is. */
    public UserRecord(String subject, boolean enabled, Instant createdAt) {
        this(subject, enabled, createdAt, null, null);
    }

    /** The same, no member any more. */
    public UserRecord disabled() {
        return new UserRecord(subject, false, createdAt, email, displayName);
    }
}
