package nexus.http.rest;

import java.time.Duration;
import nexus.http.json.JsonWriter;
import nexus.http.rpc.Answer;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;

/** The only place that turns a {@link Problem} into what {@code /v1} says: problem details as in RFC 9457. */
public final class ProblemDetails {
    private static final int PRECONDITION_FAILED = 412;

    private ProblemDetails() {}

    private static int statusOf(ProblemCode code) {
        return switch (code) {
            case INVALID_REQUEST, INVALID_PATH -> 400;
            case UNAUTHENTICATED, TENANT_GONE -> 401;
            case FORBIDDEN, TENANT_SUSPENDED, QUOTA_EXCEEDED -> 403;
            case NOT_FOUND -> 404;
            case ALREADY_EXISTS, CONFLICT -> 409;
            case TOO_LARGE -> 413;
            case REFUSED, TOO_COMPLEX -> 422;
            case RATE_LIMITED -> 429;
            case OVERLOADED, UNAVAILABLE, OUTCOME_UNKNOWN -> 503;
        };
    }

    /** The answer; {@code type} is relative, and the same text that every other interface uses for the kind. */
    static Answer.Whole of(Problem problem) {
        return of(problem, statusOf(problem.code()));
    }

    /** The answer to a request whose own precondition did not hold. */
    static Answer.Whole precondition(Problem problem) {
        return of(problem, PRECONDITION_FAILED);
    }

    /** The answer to a request without a genuine key. */
    public static Answer.Whole unauthenticated() {
        return of(Problem.unauthenticated());
    }

    private static Answer.Whole of(Problem problem, int status) {
        JsonWriter out = new JsonWriter(256)
                .object()
                .put("type", problem.code().text())
                .put("title", problem.code().text().replace('_', ' '))
                .put("status", status)
                .put("detail", problem.message());
        if (problem instanceof Problem.QuotaExceeded quota) {
            out.put("resource", quota.resource())
                    .put("limit", quota.limit())
                    .put("used", quota.used())
                    .put("asked", quota.asked());
        }
        int seconds = problem instanceof Problem.Retry retry ? seconds(retry.after()) : 0;
        if (seconds > 0) {
            out.put("retry_after", seconds);
        }
        return new Answer.Whole(status, problem.code().text(), Answer.Caching.NO_STORE, null, seconds, out.endObject());
    }

    /** The shape of every answer that is an error. */
    static Schema.Members shape() {
        return Schema.open(
                Schema.required(
                        "type", Schema.text(), "The kind: `about:blank`, or a text that every interface has for it."),
                Schema.required("title", Schema.text(), "The kind, for people."),
                Schema.required("status", Schema.whole(400, 599), "The status of the answer."),
                Schema.required("detail", Schema.text(), "What is wrong, in one sentence."),
                Schema.optional(
                        "retry_after", Schema.whole(1, Long.MAX_VALUE), "Seconds until it is worth another try."));
    }

    /** Rounded up: who comes back a little late need not come twice. */
    private static int seconds(Duration after) {
        return (int) Math.max(1, after.plusMillis(999).toSeconds());
    }
}
