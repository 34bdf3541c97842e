package nexus.store;

import java.time.Instant;
import java.util.UUID;
import nexus.kernel.Must;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import org.jspecify.annotations.Nullable;

/**
 * What one tenant lets another one do with a file or folder: a row of the tenant that shares, and nothing anywhere else.
 *
 * @param target the tenant that it is for
 * @param targetZone its name, for as long as it lives; no row has it
 * @param subjectType {@code tenant} for everybody of the target, else {@code user}, {@code agent}, {@code service} or
 *     {@code group}
 * @param subjectId empty for everybody
 * @param name under which the target sees it
 * @param path below the root of the tenant that shares; null while it is only announced, and permits nothing
 * @param relation the word that it was granted by
 * @param write whether it permits to write
 * @param label of the note that describes it in the target's folder; null if there is none
 * @param createdBy as {@code user:alice}
 */
public record ShareRecord(
        UUID id,
        TenantId target,
        ZoneName targetZone,
        String subjectType,
        String subjectId,
        String name,
        @Nullable String path,
        String relation,
        boolean write,
        @Nullable String label,
        Instant createdAt,
        String createdBy,
        @Nullable Instant expiresAt) {
    /** The type of subject that stands for everybody of the target. */
    public static final String EVERYBODY = "tenant";

    /** Everybody has no id, anybody else has one. */
    public ShareRecord {
        Must.hold(subjectType.equals(EVERYBODY) == subjectId.isEmpty(), "everybody has no id", subjectType, subjectId);
        Must.hold(!name.isEmpty() && name.indexOf('/') < 0, "a name of one file or folder", name);
    }

    /** Whether it permits anything at an instant: it is dead from the instant of its expiry. */
    public boolean isLive(Instant now) {
        return path != null && !isExpired(now);
    }

    /** Whether its time is over. */
    public boolean isExpired(Instant now) {
        return expiresAt != null && !now.isBefore(expiresAt);
    }

    /** Whether it is for the same subject as another. */
    public boolean isForSame(ShareRecord other) {
        return target.equals(other.target)
                && subjectType.equals(other.subjectType)
                && subjectId.equals(other.subjectId);
    }

    /** The same for what it shares, which has moved. */
    public ShareRecord movedTo(String elsewhere) {
        return new ShareRecord(
                id,
                target,
                targetZone,
                subjectType,
                subjectId,
                name,
                elsewhere,
                relation,
                write,
                label,
                createdAt,
                createdBy,
                expiresAt);
    }

    /** The same in other words and until another time; when it was made stays. */
    public ShareRecord renewed(String word, @Nullable Instant until) {
        return new ShareRecord(
                id,
                target,
                targetZone,
                subjectType,
                subjectId,
                name,
                path,
                word,
                write,
                label,
                createdAt,
                createdBy,
                until);
    }
}
