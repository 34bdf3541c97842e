package nexus.tenant;

import java.util.Optional;
import java.util.UUID;
import nexus.kernel.TenantId;
import nexus.kernel.Ulid;

/**
 * Ids of tuples and keys on the wire: the tenant's id and the thing's own, so that a call that names no zone still finds the
 * tenant. Opaque to clients.
 *
 * @param tenant whose it is
 * @param id its own id
 */
public record WireIds(TenantId tenant, UUID id) {
    /** The text of an id. */
    public static String print(TenantId tenant, UUID id) {
        return tenant + Ulid.print(id);
    }

    /** The id of a text, or nothing if it never was one of ours. */
    public static Optional<WireIds> parse(String text) {
        if (text.length() != 2 * Ulid.LENGTH) {
            return Optional.empty();
        }
        String tenant = text.substring(0, Ulid.LENGTH);
        String id = text.substring(Ulid.LENGTH);
        return Ulid.isValid(tenant) && Ulid.isValid(id)
                ? Optional.of(new WireIds(new TenantId(Ulid.parse(tenant)), Ulid.parse(id)))
                : Optional.empty();
    }
}
