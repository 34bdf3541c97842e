package nexus.http.rpc;

import java.time.Duration;
import nexus.http.json.JsonWriter;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import org.jspecify.annotations.Nullable;

/** The only place that turns a {@link Problem} into what the Nexus wire says: a JSON-RPC error or an HTTP status. */
final class RpcErrors {
    static final int PARSE = -32700;
    static final int INVALID_REQUEST = -32600;
    static final int NO_METHOD = -32601;
    static final int INVALID_PARAMS = -32602;
    static final int INTERNAL = -32603;
    static final int NOT_FOUND = -32000;
    static final int EXISTS = -32001;
    static final int INVALID_PATH = -32002;
    static final int PERMISSION = -32004;
    static final int VALIDATION = -32005;
    static final int CONFLICT = -32006;
    static final int QUOTA = -32010;
    static final int LATER = -32012;

    /** The problem is told by an HTTP status instead. */
    static final int BY_STATUS = 0;

    private RpcErrors() {}

    /** The code of the error, or {@link #BY_STATUS}. */
    static int codeOf(ProblemCode code, boolean systemKey) {
        return switch (code) {
            case INVALID_REQUEST -> INVALID_PARAMS;
            case INVALID_PATH -> INVALID_PATH;
            case UNAUTHENTICATED, RATE_LIMITED -> BY_STATUS;
            case NOT_FOUND -> NOT_FOUND;
            case ALREADY_EXISTS -> EXISTS;
            case FORBIDDEN, TENANT_SUSPENDED -> PERMISSION;
            case REFUSED, TOO_COMPLEX, TOO_LARGE -> VALIDATION;
            case CONFLICT -> CONFLICT;
            case QUOTA_EXCEEDED -> QUOTA;
            case OVERLOADED, UNAVAILABLE, OUTCOME_UNKNOWN -> LATER;
            // A deleted tenant's own keys are unknown keys; to a system key the path is simply not there.
            case TENANT_GONE -> systemKey ? NOT_FOUND : BY_STATUS;
        };
    }

    /**
     * The answer to a problem.
     *
     * @param id the id of the request as JSON
     */
    static Answer.Whole answer(String id, Problem problem, boolean systemKey) {
        int code = codeOf(problem.code(), systemKey);
        if (code == BY_STATUS) {
            return problem.code() == ProblemCode.RATE_LIMITED ? rateLimited(problem) : unauthenticated();
        }
        JsonWriter out = open(id, code, problem.message()).name("data").object();
        data(out, code, problem);
        out.endObject().endObject().endObject();
        return new Answer.Whole(200, problem.code().text(), Answer.Caching.NO_STORE, null, 0, out);
    }

    private static void data(JsonWriter out, int code, Problem problem) {
        out.put("reason", problem.code().text());
        String path = problem.path();
        if (path != null) {
            out.put("path", path);
        } else if (code == NOT_FOUND) {
            // The client makes its message of the path alone.
            out.put("path", problem.message());
        }
        if (problem instanceof Problem.Conflict conflict) {
            out.put("expected_etag", conflict.expected()).put("current_etag", conflict.current());
        } else if (problem instanceof Problem.QuotaExceeded quota) {
            out.put("resource", quota.resource())
                    .put("limit", quota.limit())
                    .put("used", quota.used())
                    .put("asked", quota.asked());
        } else if (problem instanceof Problem.Retry retry) {
            out.put("retry_after", seconds(retry.after()));
        }
        if (problem.code() == ProblemCode.OUTCOME_UNKNOWN) {
            out.put("outcome", "unknown");
        }
    }

    /**
     * An error that is not about a problem.
     *
     * @param errorId the id that the log has, null if there is nothing to look up
     */
    static Answer.Whole plain(String id, int code, String outcome, String message, @Nullable String errorId) {
        JsonWriter out = open(id, code, message);
        if (errorId != null) {
            out.name("data").object().put("error_id", errorId).endObject();
        }
        out.endObject().endObject();
        return new Answer.Whole(200, outcome, Answer.Caching.NO_STORE, null, 0, out);
    }

    private static JsonWriter open(String id, int code, String message) {
        return new JsonWriter(256)
                .object()
                .put("jsonrpc", "2.0")
                .name("id")
                .raw(id)
                .name("error")
                .object()
                .put("code", code)
                .put("message", message);
    }

    /** The key is missing, unknown, revoked or expired. */
    static Answer.Whole unauthenticated() {
        JsonWriter out = new JsonWriter(64)
                .object()
                .put("detail", Problem.unauthenticated().message())
                .endObject();
        return new Answer.Whole(401, ProblemCode.UNAUTHENTICATED.text(), Answer.Caching.NO_STORE, null, 0, out);
    }

    static Answer.Whole rateLimited(Problem problem) {
        int after = problem instanceof Problem.Retry retry ? seconds(retry.after()) : 1;
        JsonWriter out = new JsonWriter(128)
                .object()
                .put("error", problem.code().text())
                .put("detail", problem.message())
                .put("retry_after", after)
                .endObject();
        return new Answer.Whole(429, problem.code().text(), Answer.Caching.NO_STORE, null, after, out);
    }

    /** Whole seconds, at least one: a client that waits for a part of one comes too early. */
    static int seconds(Duration after) {
        return (int) Math.max(1, Math.min(3600, after.plusMillis(999).toSeconds()));
    }
}
