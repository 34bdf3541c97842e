package nexus.tenant;

import io.vertx.core.Future;
import java.util.Optional;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;

/** The way to a tenant, wherever it lives: the only door that the adapters know. */
public interface TenantGateway {
    /**
     * Answers within the ask's timeout.
     *
     * <p>Must be called on a Vert.x context; the future completes on it. Expected failures are
     * {@link nexus.kernel.ProblemException}s.
     */
    Future<Reply> ask(Ask ask);

    /**
     * The id behind a tenant's name, for making a key of that tenant. It proves nothing and must not be told to callers: what
     * is done with the id is judged by the tenant.
     */
    Future<Optional<TenantId>> locate(ZoneName zone);

    /**
     * The name of a tenant, for wire ids that hold a tenant's id: a system key's request goes where the name says. Empty for
     * a tenant that was deleted, and for the reserved one. It proves nothing, as {@link #locate}.
     */
    Future<Optional<ZoneName>> nameOf(TenantId tenant);
}
