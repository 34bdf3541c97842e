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

class RpcErrorsTest {
    /** A problem, whether a system key asks, and the status and body that come of it. */
    private record Row(Problem problem, boolean system, int status, String body) {
        static Row rpc(Problem problem, int code, String data) {
            return new Row(
                    problem,
                    true,
                    200,
                    "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":" + code + ",\"message\":\""
                            + problem.message() + "\",\"data\":{\"reason\":\""
                            + problem.code().text() + "\"" + data + "}}}");
        }
    }

    private static final List<Row> TABLE = List.of(
            Row.rpc(Problem.invalid("m"), -32602, ""),
            Row.rpc(Problem.invalidPath("m"), -32002, ""),
            new Row(Problem.unauthenticated(), true, 401, "{\"detail\":\"Invalid or missing API key\"}"),
            Row.rpc(Problem.notFound("m", "/tenants/acme/x"), -32000, ",\"path\":\"/tenants/acme/x\""),
            Row.rpc(Problem.notFound("no key", null), -32000, ",\"path\":\"no key\""),
            Row.rpc(Problem.exists("m", "/p"), -32001, ",\"path\":\"/p\""),
            Row.rpc(Problem.forbidden("m", "/p"), -32004, ",\"path\":\"/p\""),
            Row.rpc(new Problem.Plain(ProblemCode.TENANT_SUSPENDED, "m", null), -32004, ""),
            Row.rpc(Problem.refused("m", null), -32005, ""),
            Row.rpc(
                    new Problem.Conflict("m", "/p", "(file does not exist)", "(no etag)"),
                    -32006,
                    ",\"path\":\"/p\",\"expected_etag\":\"(file does not exist)\",\"current_etag\":\"(no etag)\""),
            Row.rpc(
                    new Problem.QuotaExceeded("users", 5, 4, 2),
                    -32010,
                    ",\"resource\":\"users\",\"limit\":5,\"used\":4,\"asked\":2"),
            new Row(
                    new Problem.Retry(ProblemCode.RATE_LIMITED, "slow down", Duration.ofMillis(1500)),
                    true,
                    429,
                    "{\"error\":\"rate_limited\",\"detail\":\"slow down\",\"retry_after\":2}"),
            Row.rpc(Problem.tooComplex("m"), -32005, ""),
            Row.rpc(Problem.tooLarge("m"), -32005, ""),
            Row.rpc(Problem.overloaded("m"), -32012, ",\"retry_after\":1"),
            Row.rpc(Problem.unavailable("m"), -32012, ",\"retry_after\":1"),
            Row.rpc(Problem.outcomeUnknown(), -32012, ",\"outcome\":\"unknown\""),
            Row.rpc(Problem.tenantGone(), -32000, ",\"path\":\"the tenant does not exist\""),
            new Row(Problem.tenantGone(), false, 401, "{\"detail\":\"Invalid or missing API key\"}"));

    @Test
    void translatesEveryCode() {
        Set<ProblemCode> missing = EnumSet.allOf(ProblemCode.class);
        for (Row row : TABLE) {
            Answer.Whole answer = RpcErrors.answer("7", row.problem(), row.system());
            assertEquals(row.status(), answer.status(), row.problem().toString());
            assertEquals(row.body(), new String(answer.body().toBytes(), StandardCharsets.UTF_8));
            missing.remove(row.problem().code());
        }
        assertEquals(Set.of(), missing);
    }

    @Test
    void roundsPausesUp() {
        assertEquals(1, RpcErrors.seconds(Duration.ZERO));
        assertEquals(2, RpcErrors.seconds(Duration.ofMillis(1001)));
        assertEquals(3600, RpcErrors.seconds(Duration.ofDays(9)));
    }
}
