package nexus.http.rpc;

import io.vertx.core.Future;
import java.util.Optional;
import nexus.kernel.Problem;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import org.jspecify.annotations.Nullable;

/** Where a request goes that names something by its wire id, or a tenant by its name, rather than by a path. */
final class Addresses {
    private Addresses() {}

    /**
     * A tenant to ask.
     *
     * @param zone null for the caller's own, or the reserved one of a system key
     */
    record Address(@Nullable ZoneName zone) {}

    /** A tenant that there is. */
    record Tenant(TenantId id, ZoneName zone) {}

    /** The tenant of a {@code zone_id} that a system key gives; one that there is not is refused. */
    static Future<Tenant> tenant(Call call, String zoneId) {
        ZoneName zone = zoneId.equals(Call.SYSTEM_ZONE) ? null : call.zone(zoneId, null);
        if (zone == null) {
            return Future.failedFuture(unknownTenant());
        }
        return call.services()
                .gateway()
                .locate(zone)
                .map(tenant -> new Tenant(tenant.orElseThrow(Addresses::unknownTenant), zone));
    }

    private static RuntimeException unknownTenant() {
        return Problem.refused("there is no tenant of this zone_id", null).exception();
    }

    /**
     * The tenant of an id. Empty if the id belongs to no tenant that there is, to another than {@code zone_id} names, or,
     * for a tenant's key, to another than its own: then the thing does not exist for this caller.
     */
    static Future<Optional<Address>> of(Call call, @Nullable String zoneId, TenantId tenant) {
        if (!call.isSystem()) {
            return Future.succeededFuture(
                    tenant.equals(call.caller().credential().tenant())
                            ? Optional.of(new Address(call.zone(zoneId, null)))
                            : Optional.empty());
        }
        if (tenant.equals(TenantId.SYSTEM)) {
            return Future.succeededFuture(
                    zoneId == null || call.zone(zoneId, null) == null
                            ? Optional.of(new Address(null))
                            : Optional.empty());
        }
        ZoneName named = zoneId == null ? null : call.zone(zoneId, null);
        return call.services()
                .gateway()
                .nameOf(tenant)
                .map(name -> name.filter(zone -> zoneId == null || zone.equals(named))
                        .map(Address::new));
    }
}
