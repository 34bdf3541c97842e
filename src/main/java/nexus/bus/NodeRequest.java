package nexus.bus;

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
