package nexus.store;

import java.time.Instant;
import java.util.Arrays;
import nexus.kernel.KeyId;
import org.jspecify.annotations.Nullable;

/**
 * An API key as it is stored: never with its secret.
 *
 * @param secretHash keyed hash of the secret, see {@code Credential}
 * @param subjectType {@code user}, {@code agent} or {@code service}
 * @param systemAdministrator whether it is a system key; only the reserved tenant has such
 * @param external whether the key's text was chosen by the operator ({@code NEXUS_ADMIN_KEY}) and names nothing
 */
public record KeyRecord(
        KeyId id,
        byte[] secretHash,
        String name,
        String userId,
        String subjectType,
        String subjectId,
        boolean systemAdministrator,
        boolean external,
        Instant createdAt,
        @Nullable Instant expiresAt,
        @Nullable Instant revokedAt,
        @Nullable Instant lastUsedAt) {
    /** The subject that the key proves, as {@code user:alice}. */
    public String subject() {
        return subjectType + ":" + subjectId;
    }

    /** Whether the key is expired; it is dead from the instant of its expiry. */
    public boolean isExpired(Instant now) {
        return expiresAt != null && !now.isBefore(expiresAt);
    }

    /** Whether it opens anything at that instant. */
    public boolean isLive(Instant now) {
        return revokedAt == null && !isExpired(now);
    }

    /** The same key, revoked. */
    public KeyRecord revoked(Instant at) {
        return new KeyRecord(
                id,
                secretHash,
                name,
                userId,
                subjectType,
                subjectId,
                systemAdministrator,
                external,
                createdAt,
                expiresAt,
                at,
                lastUsedAt);
    }

    /** The same key with another name and end. */
    public KeyRecord updated(String newName, @Nullable Instant newExpiry) {
        return new KeyRecord(
                id,
                secretHash,
                newName,
                userId,
                subjectType,
                subjectId,
                systemAdministrator,
                external,
                createdAt,
                newExpiry,
                revokedAt,
                lastUsedAt);
    }

    /** The same key, used. */
    public KeyRecord usedAt(Instant at) {
        return new KeyRecord(
                id,
                secretHash,
                name,
                userId,
                subjectType,
                subjectId,
                systemAdministrator,
                external,
                createdAt,
                expiresAt,
                revokedAt,
                at);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof KeyRecord that && id.equals(that.id) && Arrays.equals(secretHash, that.secretHash);
    }

    @Override
    public int hashCode() {
        return id.hashCode();
    }

    /** Without the hash. */
    @Override
    public String toString() {
        return "KeyRecord[" + id + " " + subject() + "]";
    }
}
