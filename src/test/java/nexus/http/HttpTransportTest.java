package nexus.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.zip.GZIPInputStream;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.ZoneName;
import nexus.tenant.Claims;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The HTTP below the methods: over real sockets, with a scripted tenant. */
class HttpTransportTest {
    private static final int BODY = 600 * Limits.KIB;

    private static TestServer server;

    @BeforeAll
    static void start() {
        server = new TestServer(HttpOptions.DEFAULTS
                .withBodies(BODY, 2L * BODY)
                .withTimeouts(Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(2)));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @BeforeEach
    void answersEverythingWithDone() {
        server.gateway.script(ask -> ask.request() instanceof TenantRequest.WhoAmI
                ? new Reply.Identity("user", "alice", new ZoneName("acme"), false)
                : Reply.Done.DONE);
    }

    private static String text(HttpResponse<byte[]> response) {
        return new String(response.body(), StandardCharsets.UTF_8);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void eventually(String what, BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, "not within 10 s: " + what);
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    // ---- pages ------------------------------------------------------------------------------------------------------

    @Test
    void healthIsAsInTheTutorial() {
        HttpResponse<byte[]> response = server.get("/health");
        assertEquals(200, response.statusCode());
        assertEquals("{\"status\":\"ok\",\"version\":\"0.5.0\",\"mode\":\"multi-zone\"}", text(response));
        assertEquals(
                "application/json",
                response.headers().firstValue("content-type").orElse(""));
    }

    @Test
    void readinessFollowsTheServer() {
        assertEquals("200 {\"ready\":true}", server.get("/ready").statusCode() + " " + text(server.get("/ready")));
        server.ready = false;
        try {
            assertEquals(503, server.get("/ready").statusCode());
        } finally {
            server.ready = true;
        }
    }

    @Test
    void statusNamesWhatIsServed() {
        String status = text(server.get("/api/nfs/status"));
        assertTrue(
                status.startsWith(
                        "{\"status\":\"running\",\"service\":\"nexus-rpc\",\"version\":\"0.5.0\",\"async\":true,"
                                + "\"methods\":[\"admin_create_key\","),
                status);
        assertTrue(status.contains("\"write_stream\"]}"), status);
        assertFalse(status.contains("\"lock\""), status);
    }

    @Test
    void metricsAreForThisMachineOrASystemKey() {
        assertEquals("# HELP x y\nx 1\n", text(server.get("/metrics")));
        String[] far = {"X-Forwarded-For", "192.0.2.7"};
        assertEquals(401, server.get("/metrics", far).statusCode());
        assertEquals(
                401,
                server.get("/metrics", "X-Forwarded-For", "x", "Authorization", "Bearer " + server.aliceKey)
                        .statusCode());
        server.gateway.script(ask -> new Reply.Identity("user", "admin", null, true));
        assertEquals(
                200,
                server.get("/metrics", "X-Forwarded-For", "x", "Authorization", "Bearer " + server.systemKey)
                        .statusCode());
    }

    @ParameterizedTest
    @CsvSource({
        "GET,     /nothing,            404",
        "GET,     /,                   404",
        "POST,    /health,             405",
        "DELETE,  /api/auth/whoami,    405",
        "GET,     /api/nfs/read,       405",
        "PUT,     /api/nfs/read,       405",
        "HEAD,    /health,             200",
        "OPTIONS, /health,             204",
        "OPTIONS, /api/nfs/read,       204",
        "GET,     /api/nfs,            404",
        "GET,     /%61pi/nfs/status,   404",
    })
    void refusesOtherPathsAndMethods(String method, String path, int status) {
        HttpResponse<byte[]> response = server.send(server.request(path)
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build());
        assertEquals(status, response.statusCode());
        if (status >= 400) {
            String detail = status == 404 ? "Not Found" : "Method Not Allowed";
            assertEquals("{\"detail\":\"" + detail + "\"}", text(response));
        }
        assertEquals(
                status == 405 || status == 204,
                response.headers().firstValue("allow").isPresent());
    }

    // ---- identity ---------------------------------------------------------------------------------------------------

    @Test
    void whoamiTellsWhoTheKeyIs() {
        assertEquals(
                "{\"authenticated\":true,\"subject_type\":\"user\",\"subject_id\":\"alice\",\"zone_id\":\"acme\","
                        + "\"is_admin\":false,\"inherit_permissions\":true,\"user\":\"alice\"}",
                text(server.get("/api/auth/whoami", "Authorization", "bearer " + server.aliceKey)));
        assertEquals(server.gateway.only().credential().tenant(), TestServer.ACME);
        assertNull(server.gateway.only().zone());
    }

    @Test
    void whoamiAnswersNobodyForBadKeys() {
        String nobody = "{\"authenticated\":false,\"subject_type\":null,\"subject_id\":null,\"zone_id\":null,"
                + "\"is_admin\":false,\"inherit_permissions\":true,\"user\":null}";
        assertEquals(nobody, text(server.get("/api/auth/whoami")));
        assertEquals(nobody, text(server.get("/api/auth/whoami", "Authorization", "Bearer wrong-key")));
        assertEquals(List.of(), server.gateway.requests());
        server.gateway.script(ask -> {
            throw Problem.unauthenticated().exception();
        });
        assertEquals(nobody, text(server.get("/api/auth/whoami", "Authorization", "Bearer " + server.aliceKey)));
        server.gateway.script(ask -> {
            throw Problem.unavailable("later").exception();
        });
        assertEquals(
                503,
                server.get("/api/auth/whoami", "Authorization", "Bearer " + server.aliceKey)
                        .statusCode());
    }

    @Test
    void forgedKeysAreRefusedBeforeAnythingIsAsked() {
        String forged = server.aliceKey.substring(0, server.aliceKey.length() - 1)
                + (server.aliceKey.endsWith("A") ? "B" : "A");
        for (String authorization : List.of("Bearer " + forged, "Bearer", "Basic x", "Bearer sk-x", server.aliceKey)) {
            HttpResponse<byte[]> response = server.send(server.request("/api/nfs/read")
                    .header("Authorization", authorization)
                    .POST(HttpRequest.BodyPublishers.ofString("{"))
                    .build());
            assertEquals(401, response.statusCode());
            assertEquals("{\"detail\":\"Invalid or missing API key\"}", text(response));
        }
        assertEquals(
                401,
                server.send(server.request("/api/nfs/read")
                                .POST(HttpRequest.BodyPublishers.noBody())
                                .build())
                        .statusCode());
        assertEquals(List.of(), server.gateway.requests());
    }

    @Test
    void deadKeysAreRefusedByTheTenant() {
        server.gateway.script(ask -> {
            throw Problem.unauthenticated().exception();
        });
        HttpResponse<byte[]> response =
                server.post("delete", server.aliceKey, utf8("{\"params\":{\"path\":\"/tenants/acme/x\"}}"));
        assertEquals("401 {\"detail\":\"Invalid or missing API key\"}", response.statusCode() + " " + text(response));
    }

    @Test
    void headersBecomeClaims() {
        String body = "{\"path\":\"/tenants/acme/x\"}";
        server.result("delete", server.aliceKey, body, "X-Nexus-Zone-ID", "acme", "X-Zone-Id", "acme");
        assertEquals(new Claims("acme", null, null), server.gateway.only().claims());
        for (String[] headers : List.of(
                new String[] {"X-User-Id", "alice"},
                new String[] {"X-Nexus-Subject", "user:alice"},
                new String[] {"X-Nexus-Subject", "user,alice", "X-User-Id", "alice"})) {
            answersEverythingWithDone();
            server.result("delete", server.aliceKey, body, headers);
            assertEquals(
                    new Claims(null, "user", "alice"), server.gateway.only().claims());
        }
        answersEverythingWithDone();
        server.result("delete", server.aliceKey, body, "X-Agent-ID", "bot:1");
        assertEquals(new Claims(null, "agent", "bot:1"), server.gateway.only().claims());
    }

    @Test
    void headersThatContradictEachOtherAreRefused() {
        for (String[] headers : List.of(
                new String[] {"X-Nexus-Zone-ID", "acme", "X-Zone-Id", "beta"},
                new String[] {"X-Nexus-Zone-ID", "acme", "X-Nexus-Zone-ID", "beta"},
                new String[] {"X-User-Id", "alice", "X-Agent-ID", "alice"},
                new String[] {"X-User-Id", "alice", "X-Nexus-Subject", "user:bob"},
                new String[] {"X-Nexus-Subject", "alice"},
                new String[] {"X-User-Id", "x".repeat(300)})) {
            assertTrue(
                    server.call("delete", server.aliceKey, "{\"path\":\"/tenants/acme/x\"}", headers)
                            .startsWith("{\"jsonrpc\":\"2.0\",\"id\":\"i\",\"error\":{\"code\":-32004,"),
                    String.join(" ", headers));
        }
        assertEquals(List.of(), server.gateway.requests());
    }

    // ---- envelope ---------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{|{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700",
                "[]|{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":\"batches are not served\"}}",
                "7|{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":\"a request must be an object\"}}",
                "{\"id\":1,\"jsonrpc\":\"1.0\"}|{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32600,\"message\":\"'jsonrpc' must be \\\"2.0\\\"\"}}",
                "{\"id\":\"\\u00e9\\\"\",\"method\":\"read\"}|{\"jsonrpc\":\"2.0\",\"id\":\"\\u00e9\\\"\",\"error\":{\"code\":-32600,\"message\":\"'method' must be the method of the URL, delete\"}}",
                "{\"id\":-5,\"x\":1}|{\"jsonrpc\":\"2.0\",\"id\":-5,\"error\":{\"code\":-32600,\"message\":\"unknown member 'x'\"}}",
                "{\"id\":1.5}|{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600",
                "{\"id\":{}}|{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600",
                "{\"id\":1,\"params\":[]}|{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32602,\"message\":\"'params' must be an object\"}}",
                "{\"id\":1,\"id\":1}|{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700",
                "{\"id\":1} {}|{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700",
                "{\"params\":{}}|{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32602,\"message\":\"parameter 'path' is required\",\"data\":{\"reason\":\"invalid_request\"}}}",
                "{\"params\":{\"path\":null}}|{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32602,\"message\":\"parameter 'path' is required\",",
                "{\"params\":{\"path\":7}}|{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32602,\"message\":\"parameter 'path' must be a string\",",
                "{\"params\":{\"paht\":\"/x\"}}|{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32602,\"message\":\"unknown parameter 'paht'\",",
                "{\"params\":{\"path\":\"/a/../b\"}}|{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32002,",
            })
    void refusesBadEnvelopesExactly(String body, String answer) {
        HttpResponse<byte[]> response = server.post("delete", server.aliceKey, utf8(body));
        assertEquals(200, response.statusCode());
        assertTrue(text(response).startsWith(answer), text(response));
        assertEquals(List.of(), server.gateway.requests());
    }

    @Test
    void refusesInvalidUtf8() {
        byte[] body = utf8("{\"params\":{\"path\":\"/tenants/acme/x\"}}");
        body[12] = (byte) 0xff;
        assertTrue(text(server.post("delete", server.aliceKey, body)).contains("invalid UTF-8 at byte 12"));
    }

    @Test
    void anEmptyBodyIsACallWithoutParameters() {
        assertTrue(text(server.post("get_available_namespaces", server.aliceKey, new byte[0]))
                .contains("\"result\":{\"namespaces\":[\"archives\",\"external\",\"shared\",\"workspace\"]}"));
    }

    @Test
    void unknownMethodsAreToldFromUnservedOnes() {
        assertEquals("-32601 unknown method 'no_such'", server.errorText("no_such", server.aliceKey, "{}"));
        assertEquals("-32601 method 'lock' is not served", server.errorText("lock", server.aliceKey, "{}"));
    }

    @Test
    void requestIdsComeBack() {
        assertEquals(
                "a.b_C-1",
                server.get("/health", "X-Request-Id", "a.b_C-1")
                        .headers()
                        .firstValue("x-request-id")
                        .orElse(""));
        for (String bad : List.of("a b", "x".repeat(65), "a\"b")) {
            String made = server.get("/health", "X-Request-Id", bad)
                    .headers()
                    .firstValue("x-request-id")
                    .orElse("");
            assertTrue(made.matches("[0-9a-z]{26}-[0-9a-z]+"), made);
        }
    }

    @Test
    void rateLimitsAndBugsHaveTheirOwnForm() {
        server.gateway.script(ask -> {
            throw new Problem.Retry(ProblemCode.RATE_LIMITED, "slow", Duration.ofSeconds(3)).exception();
        });
        HttpResponse<byte[]> limited =
                server.post("delete", server.aliceKey, utf8("{\"params\":{\"path\":\"/tenants/acme/x\"}}"));
        assertEquals(429, limited.statusCode());
        assertEquals("3", limited.headers().firstValue("retry-after").orElse(""));
        server.gateway.script(ask -> {
            throw new IllegalStateException("SELECT secret FROM table");
        });
        String answer = server.call("delete", server.aliceKey, "{\"path\":\"/tenants/acme/x\"}");
        assertTrue(answer.contains("\"code\":-32603,\"message\":\"Internal error, see the server's log for "), answer);
        assertTrue(answer.contains("\"error_id\":\""), answer);
        assertFalse(answer.contains("secret"), answer);
    }

    // ---- bodies -----------------------------------------------------------------------------------------------------

    @Test
    void bodiesOfTheLimitPassAndLargerOnesAreRefused() throws InterruptedException {
        byte[] body = utf8("{\"params\":{\"path\":\"" + " ".repeat(BODY - 22) + "\"}}");
        assertEquals(BODY, body.length);
        assertTrue(text(server.post("delete", server.aliceKey, body)).contains("-32002"));
        HttpResponse<byte[]> response = server.post("delete", server.aliceKey, new byte[BODY + 1]);
        assertEquals(
                "413 {\"detail\":\"the body is larger than " + BODY + " bytes\"}",
                response.statusCode() + " " + text(response));
        HttpResponse<byte[]> chunked = server.send(server.request("/api/nfs/delete")
                .header("Authorization", "Bearer " + server.aliceKey)
                .POST(HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(new byte[BODY + 1])))
                .build());
        assertEquals(413, chunked.statusCode());
        assertEquals(List.of(), server.gateway.requests());
        eventually("the memory is given back", () -> server.adapter().bodyMemoryUsed() == 0);
    }

    @Test
    void anAnnouncedSizeIsRefusedBeforeTheBodyComes() throws IOException {
        try (Socket socket = connect()) {
            write(socket, head("delete", "Content-Length: " + (BODY + 1L)));
            assertTrue(readUntil(socket, "}").startsWith("HTTP/1.1 413 "));
        }
        try (Socket socket = connect()) {
            write(socket, head("delete", "Content-Length: 25\r\nExpect: 100-continue"));
            assertTrue(readUntil(socket, "\r\n\r\n").startsWith("HTTP/1.1 100 Continue"));
        }
    }

    @Test
    void bodiesBeyondTheServersMemoryAreRefused() throws IOException, InterruptedException {
        List<Socket> slow = new ArrayList<>();
        try {
            for (int i = 0; i < 2; i++) {
                Socket socket = connect();
                slow.add(socket);
                write(socket, head("delete", "Content-Length: " + BODY));
                socket.getOutputStream().write(new byte[BODY - 1]);
                socket.getOutputStream().flush();
            }
            eventually(
                    "two bodies are there", () -> server.adapter().bodyMemoryUsed() >= 2L * (BODY - 200 * Limits.KIB));
            HttpResponse<byte[]> response = server.post("delete", server.aliceKey, new byte[BODY]);
            assertEquals(503, response.statusCode());
            assertEquals("1", response.headers().firstValue("retry-after").orElse(""));
            assertTrue(text(server.post("delete", server.aliceKey, utf8("{}"))).contains("-32602"), "small ones pass");
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
        eventually("the memory is given back", () -> server.adapter().bodyMemoryUsed() == 0);
    }

    @Test
    void bodiesThatNobodyReadsAreThrownAwayUpToABound() throws IOException {
        try (Socket socket = connect()) {
            write(socket, "POST /api/nfs/read HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n");
            assertTrue(readUntil(socket, "}").startsWith("HTTP/1.1 401 "));
            socket.getOutputStream().write(new byte[HttpOptions.DISCARDED_BYTES]);
            socket.getOutputStream().write(new byte[1]);
            socket.getOutputStream().flush();
            assertTrue(isClosedWithin(socket, Duration.ofSeconds(1)), "before the idle timeout");
        }
    }

    @Test
    void encodedBodiesAreRefused() {
        assertEquals(
                415,
                server.post("delete", server.aliceKey, new byte[10], "Content-Encoding", "gzip")
                        .statusCode());
    }

    // ---- connections ------------------------------------------------------------------------------------------------

    private static Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout(15_000);
        return socket;
    }

    private static String head(String method, String more) {
        return "POST /api/nfs/" + method + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + server.aliceKey + "\r\n"
                + more + "\r\n\r\n";
    }

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        socket.getOutputStream().flush();
    }

    private static String readUntil(Socket socket, String end) throws IOException {
        ByteArrayOutputStream seen = new ByteArrayOutputStream();
        InputStream in = socket.getInputStream();
        for (int b = in.read(); b >= 0; b = in.read()) {
            seen.write(b);
            if (seen.toString(StandardCharsets.ISO_8859_1).endsWith(end)) {
                break;
            }
        }
        return seen.toString(StandardCharsets.ISO_8859_1);
    }

    private static boolean isClosedWithin(Socket socket, Duration time) throws IOException {
        long start = System.nanoTime();
        try {
            while (socket.getInputStream().read() >= 0) {
                // What was said before it closes does not matter.
            }
        } catch (java.net.SocketException e) {
            // Reset is closed, too.
            return System.nanoTime() - start < time.toNanos();
        }
        return System.nanoTime() - start < time.toNanos();
    }

    @Test
    void tricklingHeadsAndBodiesAreCutOff() throws Exception {
        for (String begin : List.of("GET /health HTTP/1.1\r\nX-A: ", head("delete", "Content-Length: 1000"))) {
            try (Socket socket = connect()) {
                write(socket, begin);
                CompletableFuture<Void> dripping = CompletableFuture.runAsync(() -> drip(socket));
                assertTrue(isClosedWithin(socket, Duration.ofSeconds(8)), begin);
                dripping.get(10, TimeUnit.SECONDS);
            }
        }
        try (Socket silent = connect()) {
            assertTrue(isClosedWithin(silent, Duration.ofSeconds(8)));
        }
    }

    /** A byte now and then, so that no pause between reads is long. */
    private static void drip(Socket socket) {
        try {
            for (int i = 0; i < 100; i++) {
                write(socket, "x");
                TimeUnit.MILLISECONDS.sleep(100);
            }
        } catch (IOException | InterruptedException e) {
            // The server has closed: that is what is waited for.
            assertTrue(e.getMessage() != null);
        }
    }

    @Test
    void pipelinedRequestsAreAnsweredInOrder() throws IOException {
        try (Socket socket = connect()) {
            StringBuilder all = new StringBuilder();
            for (int i = 0; i < 20; i++) {
                String body = "{\"id\":" + i + ",\"params\":{\"path\":\"/tenants/acme/x\"}}";
                all.append(head("delete", "Content-Length: " + body.length())).append(body);
            }
            write(socket, all.toString());
            for (int i = 0; i < 20; i++) {
                String answer = readUntil(socket, "}}");
                assertTrue(
                        answer.endsWith("{\"jsonrpc\":\"2.0\",\"id\":" + i + ",\"result\":{\"deleted\":true}}"),
                        answer);
            }
        }
    }

    @Test
    void malformedHeadsAreAnsweredAndClosed() throws IOException {
        for (String[] row : List.of(
                new String[] {"GET /" + "x".repeat(5000) + " HTTP/1.1\r\n\r\n", "414"},
                new String[] {"GET / HTTP/1.1\r\nX: " + "x".repeat(20_000) + "\r\n\r\n", "431"},
                new String[] {"NONSENSE\r\n\r\n", "400"},
                new String[] {"POST /api/nfs/read HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400"})) {
            try (Socket socket = connect()) {
                write(socket, row[0]);
                String answer = readUntil(socket, "}");
                assertTrue(answer.substring(8, 13).equals(" " + row[1] + " "), row[0].substring(0, 10) + " " + answer);
                assertTrue(isClosedWithin(socket, Duration.ofSeconds(5)));
            }
        }
    }

    @Test
    void answersAreCompressedWhenAskedAndWorthIt() throws IOException {
        for (int subjects : List.of(200, 20_000)) {
            List<String> all = new ArrayList<>();
            for (int i = 0; i < subjects; i++) {
                all.add("user:" + i);
            }
            server.gateway.script(ask -> new Reply.Subjects(all));
            byte[] body = utf8("{\"params\":{\"permission\":\"read\",\"object\":[\"file\",\"/tenants/acme/x\"]}}");
            HttpResponse<byte[]> plain = server.post("rebac_expand", server.aliceKey, body);
            assertTrue(plain.headers().firstValue("content-encoding").isEmpty());
            assertEquals("accept-encoding", plain.headers().firstValue("vary").orElse(""));
            HttpResponse<byte[]> zipped =
                    server.post("rebac_expand", server.aliceKey, body, "Accept-Encoding", "deflate, gzip;q=0.5");
            assertEquals("gzip", zipped.headers().firstValue("content-encoding").orElse(""));
            assertTrue(zipped.body().length < plain.body().length / 2);
            try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(zipped.body()))) {
                assertArrayEquals(plain.body(), in.readAllBytes());
            }
            assertTrue(server.post("rebac_expand", server.aliceKey, body, "Accept-Encoding", "gzip;q=0")
                    .headers()
                    .firstValue("content-encoding")
                    .isEmpty());
        }
        HttpResponse<byte[]> small = server.get("/health", "Accept-Encoding", "gzip");
        assertTrue(small.headers().firstValue("content-encoding").isEmpty());
    }

    @Test
    void theTimeOfARequestIsTheAsksTimeout() {
        server.result("delete", "{\"path\":\"/tenants/acme/x\"}");
        Duration timeout = server.gateway.only().timeout();
        assertTrue(timeout.compareTo(Duration.ofSeconds(1)) <= 0 && timeout.toMillis() > 500, timeout.toString());
        assertEquals("127.0.0.1", server.gateway.only().remote());
    }

    @Test
    void drainingRefusesNewRequestsAndWaitsForThoseUnderWay() throws Exception {
        try (TestServer own = new TestServer(HttpOptions.DEFAULTS)) {
            Promise<Reply> held = Promise.promise();
            own.gateway.futures(ask -> held.future());
            CompletableFuture<String> call =
                    CompletableFuture.supplyAsync(() -> own.result("delete", "{\"path\":\"/tenants/acme/x\"}"));
            eventually("the call is under way", () -> !own.gateway.asks().isEmpty());
            Future<Void> drained = own.adapter().drain(Duration.ofSeconds(20));
            eventually("new requests are refused", () -> own.get("/health").statusCode() == 503);
            assertEquals(
                    "close",
                    own.get("/health").headers().firstValue("connection").orElse(""));
            assertFalse(drained.isComplete());
            held.complete(Reply.Done.DONE);
            assertEquals("{\"deleted\":true}", call.get(10, TimeUnit.SECONDS));
            TestServer.await(drained);
        }
    }

    @Test
    void drainingEndsAtItsDeadline() throws Exception {
        try (TestServer own = new TestServer(HttpOptions.DEFAULTS)) {
            own.gateway.futures(ask -> Promise.<Reply>promise().future());
            CompletableFuture<?> call = CompletableFuture.runAsync(() -> {
                try {
                    own.post("delete", own.aliceKey, utf8("{\"params\":{\"path\":\"/tenants/acme/x\"}}"));
                } catch (AssertionError e) {
                    assertTrue(e.getMessage() != null, "the server goes away under it");
                }
            });
            eventually("the call is under way", () -> !own.gateway.asks().isEmpty());
            TestServer.await(own.adapter().drain(Duration.ofMillis(100)));
            assertFalse(call.isDone());
        }
    }
}
