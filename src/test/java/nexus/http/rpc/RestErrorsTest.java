package nexus.http.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import org.junit.jupiter.api.Test;

class RestErrorsTest {
    private static final String NO_KEY = "{\"detail\":\"Invalid or missing API key\"}";

    /** A problem, whether a system key asks, and the status, the header Retry-After (0: none) and the body of its answer. */
    private record Row(Problem problem, boolean system, int status, int retryAfter, String body) {
        static Row of(Problem problem, int status) {
            return new Row(
                    problem,
                    true,
                    status,
                    0,
                    "{\"detail\":\"" + problem.message() + "\",\"reason\":\""
                            + problem.code().text() + "\"}");
        }
    }

    private static final List<Row> TABLE = List.of(
            Row.of(Problem.invalid("m"), 422),
            Row.of(Problem.invalidPath("m"), 422),
            new Row(Problem.unauthenticated(), true, 401, 0, NO_KEY),
            Row.of(Problem.notFound("m", "/tenants/acme/x"), 404),
            Row.of(Problem.exists("m", "/p"), 409),
            Row.of(Problem.forbidden("m", null), 403),
            Row.of(new Problem.Plain(ProblemCode.TENANT_SUSPENDED, "m", null), 403),
            Row.of(Problem.refused("m", null), 400),
            Row.of(new Problem.Conflict("m", "/p", "a", "b"), 409),
            Row.of(new Problem.QuotaExceeded("users", 5, 4, 2), 403),
            new Row(
                    new Problem.Retry(ProblemCode.RATE_LIMITED, "slow down", Duration.ofMillis(1500)),
                    true,
                    429,
                    2,
                    "{\"error\":\"rate_limited\",\"detail\":\"slow down\",\"retry_after\":2}"),
            Row.of(Problem.tooComplex("m"), 400),
            Row.of(Problem.tooLarge("m"), 400),
            new Row(
                    Problem.overloaded("m"),
                    true,
                    503,
                    1,
                    "{\"detail\":\"m\",\"reason\":\"overloaded\",\"retry_after\":1}"),
            new Row(
                    Problem.unavailable("m"),
                    true,
                    503,
                    1,
                    "{\"detail\":\"m\",\"reason\":\"unavailable\",\"retry_after\":1}"),
            // Nobody is invited to repeat what may have been done.
            Row.of(Problem.outcomeUnknown(), 503),
            Row.of(Problem.tenantGone(), 404),
            new Row(Problem.tenantGone(), false, 401, 0, NO_KEY));

    @Test
    void translatesEveryCode() {
        Set<ProblemCode> seen = EnumSet.noneOf(ProblemCode.class);
        for (Row row : TABLE) {
            Answer.Whole answer = RestErrors.answer(row.problem(), row.system());
            assertEquals(row.status(), answer.status(), row.toString());
            assertEquals(row.retryAfter(), answer.retryAfter(), row.toString());
            assertEquals(row.body(), new String(answer.body().toBytes(), StandardCharsets.UTF_8));
            assertEquals(Answer.Caching.NO_STORE, answer.caching());
            seen.add(row.problem().code());
        }
        assertEquals(EnumSet.allOf(ProblemCode.class), seen);
    }
}
