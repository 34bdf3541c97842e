package nexus.http.rpc;

import nexus.http.json.JsonWriter;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;

/** The only place that turns a {@link Problem} into what the REST interface says: a status and {@code {"detail":...}}. */
final class RestErrors {
    private RestErrors() {}

    static int statusOf(ProblemCode code, boolean systemKey) {
        return switch (code) {
            case INVALID_REQUEST, INVALID_PATH -> 422;
            case REFUSED, TOO_COMPLEX, TOO_LARGE -> 400;
            case UNAUTHENTICATED -> 401;
            // A quota is what a tenant may have; unlike a rate it does not come back by waiting.
            case FORBIDDEN, TENANT_SUSPENDED, QUOTA_EXCEEDED -> 403;
            case NOT_FOUND -> 404;
            case ALREADY_EXISTS, CONFLICT -> 409;
            case RATE_LIMITED -> 429;
            case OVERLOADED, UNAVAILABLE, OUTCOME_UNKNOWN -> 503;
            // A deleted tenant's own keys are unknown keys; to a system key the tenant is simply not there.
            case TENANT_GONE -> systemKey ? 404 : 401;
        };
    }

    static Answer.Whole answer(Problem problem, boolean systemKey) {
        int status = statusOf(problem.code(), systemKey);
        if (status == 401) {
            return RpcErrors.unauthenticated();
        }
        if (status == 429) {
            return RpcErrors.rateLimited(problem);
        }
        JsonWriter out = new JsonWriter(256)
                .object()
                .put("detail", problem.message())
                .put("reason", problem.code().text());
        int retryAfter = problem instanceof Problem.Retry retry ? RpcErrors.seconds(retry.after()) : 0;
        if (retryAfter > 0) {
            out.put("retry_after", retryAfter);
        }
        return new Answer.Whole(
                status, problem.code().text(), Answer.Caching.NO_STORE, null, retryAfter, out.endObject());
    }
}
