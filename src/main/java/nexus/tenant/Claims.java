package nexus.tenant;

import org.jspecify.annotations.Nullable;

/**
 * What the request's headers say about the caller. They never choose anything: each must agree with what the key proves, or
 * the request is refused.
 *
 * @param zone the tenant's name; a system key may name any
 * @param subjectType type of the subject
 * @param subjectId id of the subject
 */
public record Claims(
        @Nullable String zone,
        @Nullable String subjectType,
        @Nullable String subjectId) {
    /** Headers that say nothing. */
    public static final Claims NONE = new Claims(null, null, null);
}
