package nexus.bus;

import io.vertx.core.Future;
import nexus.tenant.Ask;
import nexus.tenant.Principal;
import nexus.tenant.Reply;
import nexus.tenant.TenantVerticle;
import org.jspecify.annotations.Nullable;

/** How an ask travels to a tenant of this node: one port, two ways. The answer comes back on the caller's context. */
public interface TenantTransport {
    /** See {@link TenantVerticle#ask}. */
    Future<Reply> ask(TenantVerticle tenant, Ask ask, @Nullable Principal system);

    /** See {@link TenantVerticle#prove}. */
    Future<Principal> prove(TenantVerticle system, Ask ask);

    /** Straight to the tenant's loop: a task on it, or none from the same loop. */
    TenantTransport DIRECT = new TenantTransport() {
        @Override
        public Future<Reply> ask(TenantVerticle tenant, Ask ask, @Nullable Principal system) {
            return tenant.ask(ask, system);
        }

        @Override
        public Future<Principal> prove(TenantVerticle system, Ask ask) {
            return system.prove(ask);
        }
    };
}
