package nexus.http.rpc;

import java.util.Optional;
import java.util.UUID;
import nexus.kernel.TenantId;
import nexus.kernel.Ulid;

/**
 * The ids of keys and tuples on the wire: the tenant's id and the thing's own, 52 characters, opaque to clients. So a call
 * that names no tenant still finds it. They prove nothing.
 */
final class WireIds {
    private WireIds() {}

    /** Both halves. */
    record WireId(TenantId tenant, UUID id) {}

    static String print(TenantId tenant, UUID id) {
        return tenant + Ulid.print(id);
    }

    /** The halves of a text; empty if it is no such id. */
    static Optional<WireId> parse(String text) {
        if (text.length() != 2 * Ulid.LENGTH) {
            return Optional.empty();
        }
        String tenant = text.substring(0, Ulid.LENGTH);
        String id = text.substring(Ulid.LENGTH);
        return Ulid.isValid(tenant) && Ulid.isValid(id)
                ? Optional.of(new WireId(new TenantId(Ulid.parse(tenant)), Ulid.parse(id)))
                : Optional.empty();
    }
}
