package nexus.tenant;

import java.time.Instant;
import java.util.List;
import java.util.UUID;
import nexus.kernel.KeyId;
import nexus.kernel.Must;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import org.jspecify.annotations.Nullable;

/**
 * Who a credential proved to be. Immutable, made by the actor that holds the key, never taken from a header or a body.
 *
 * @param tenant whose key it is; {@link TenantId#SYSTEM} for a system administrator
 * @param subjectType {@code user}, {@code agent} or {@code service}
 * @param provedAt when the key was judged
 * @param guest what his own tenant says of somebody who uses a share of another tenant; null for everybody else
 */
public record Principal(
        TenantId tenant,
        KeyId key,
        String subjectType,
        String subjectId,
        boolean systemAdministrator,
        Instant provedAt,
        @Nullable Guest guest) {
    /**
     * What a guest's own tenant proves of him. Nothing of it gives him anything: the tenant that shares judges him by its
     * shares, and by nothing else.
     *
     * @param home the name of his tenant
     * @param groups of his tenant, of which he is a member
     * @param registeredAt when he came to his tenant: somebody else may have had his name before; null if he is not in its
     *     register
     * @param everybody whether he sees what is shared with anybody of the tenant: a system administrator who acts there
     */
    public record Guest(
            ZoneName home, List<String> groups, @Nullable Instant registeredAt, boolean everybody) {
        /** Copied. */
        public Guest {
            groups = List.copyOf(groups);
        }
    }

    /** A guest is nothing but a guest. */
    public Principal {
        Must.hold(guest == null || !systemAdministrator, "a guest is no administrator");
    }

    /** Somebody who is not a guest. */
    public Principal(
            TenantId tenant,
            KeyId key,
            String subjectType,
            String subjectId,
            boolean systemAdministrator,
            Instant provedAt) {
        this(tenant, key, subjectType, subjectId, systemAdministrator, provedAt, null);
    }

    /** The server itself, when it sets up the system keys at its start; no credential leads to it. */
    public static final Principal SERVER =
            new Principal(TenantId.SYSTEM, new KeyId(new UUID(0, 0)), "service", "server", true, Instant.EPOCH);

    /** Whether he uses a share of a tenant that is not his own. */
    public boolean isGuest() {
        return guest != null;
    }

    /** As {@code user:alice}; of a guest with his tenant's id before it, because the same name here is somebody else's. */
    public String subject() {
        String own = subjectType + ":" + subjectId;
        return guest == null ? own : "tenant:" + tenant + "/" + own;
    }
}
