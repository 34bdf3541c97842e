package nexus.tenant;

import java.time.Instant;
import java.util.UUID;
import nexus.kernel.KeyId;
import nexus.kernel.TenantId;

/**
 * Who a credential proved to be. Immutable, made by the actor that holds the key, never taken from a header or a body.
 *
 * @param tenant whose key it is; {@link TenantId#SYSTEM} for a system administrator
 * @param subjectType {@code user}, {@code agent} or {@code service}
 * @param provedAt when the key was judged
 */
public record Principal(
        TenantId tenant,
        KeyId key,
        String subjectType,
        String subjectId,
        boolean systemAdministrator,
        Instant provedAt) {
    /** The server itself, when it sets up the system keys at its start; no credential leads to it. */
    public static final Principal SERVER =
            new Principal(TenantId.SYSTEM, new KeyId(new UUID(0, 0)), "service", "server", true, Instant.EPOCH);

    /** As {@code user:alice}. */
    public String subject() {
        return subjectType + ":" + subjectId;
    }
}
