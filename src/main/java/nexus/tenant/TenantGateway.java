package nexus.tenant;

import io.vertx.core.Future;

/** The way to a tenant, wherever it lives: the only door that the adapters know. */
public interface TenantGateway {
    /**
     * Answers within the ask's timeout.
     *
     * <p>Must be called on a Vert.x context; the future completes on it. Expected failures are
     * {@link nexus.kernel.ProblemException}s.
     */
    Future<Reply> ask(Ask ask);
}
