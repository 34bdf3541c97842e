package nexus.bus;

import nexus.kernel.Must;
import nexus.kernel.TenantId;
import nexus.tenant.Ask;
import nexus.tenant.Principal;
import org.jspecify.annotations.Nullable;

/** What one node asks of another about a tenant that the other has, or should have. Immutable. */
public sealed interface NodeRequest {
    /** The tenant that it is about. */
    TenantId tenant();

    /**
     * An ask for the tenant's actor. Its timeout is what the caller has left.
     *
     * @param system the system administrator whom the reserved tenant has just proved; null for a key of this tenant
     */
    record AskTenant(TenantId tenant, Ask ask, @Nullable Principal system) implements NodeRequest {}

    /**
     * An ask for the actor of a tenant that shares, by somebody of another one.
     *
     * @param guest whom his own tenant has just proved
     */
    record Visit(TenantId tenant, Ask ask, Principal guest) implements NodeRequest {
        /** Only guests visit. */
        public Visit {
            Must.hold(guest.isGuest(), "only guests visit");
        }
    }

    /**
     * Who asks for what another tenant shares with this one.
     *
     * @param system the system administrator whom the reserved tenant has just proved; null for a key of this tenant
     */
    record Vouch(TenantId tenant, Ask ask, @Nullable Principal system) implements NodeRequest {}

    /** Who the ask's system key belongs to; only the reserved tenant's actor is asked. */
    record Prove(Ask ask) implements NodeRequest {
        @Override
        public TenantId tenant() {
            return TenantId.SYSTEM;
        }
    }

    /** The sender has just given the tenant up, and this node should have it: it may load it before somebody asks. */
    record Activate(TenantId tenant) implements NodeRequest {}
}
