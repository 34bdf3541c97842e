package nexus.kernel;

import java.util.UUID;

/** The id of a tenant, for ever: never reused, and what every stored row carries instead of the tenant's name. */
public record TenantId(UUID value) {
    /** The reserved tenant that holds the system keys and the control plane; it is never listed. */
    public static final TenantId SYSTEM = new TenantId(new UUID(0, 0));

    /** The id as 26 characters, see {@link Ulid}. */
    @Override
    public String toString() {
        return Ulid.print(value);
    }
}
