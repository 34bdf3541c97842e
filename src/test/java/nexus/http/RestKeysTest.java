package nexus.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import nexus.http.json.JsonReader;
import nexus.http.rpc.RpcOptions;
import nexus.kernel.KeyId;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.TenantId;
import nexus.kernel.Ulid;
import nexus.kernel.ZoneName;
import nexus.store.KeyRecord;
import nexus.tenant.Ask;
import nexus.tenant.Claims;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The REST twins of the key methods, as they are on the wire. */
class RestKeysTest {
    private static final String KEYS = "/api/v2/auth/keys";
    private static final Instant TIME = Instant.parse("2026-02-14T03:04:05.123456Z");
    private static final String ISO = "\"2026-02-14T03:04:05.123456+00:00\"";
    private static final String ID = TestServer.ACME + Ulid.print(new UUID(5, 6));

    private static TestServer server;

    @BeforeAll
    static void start() {
        server = new TestServer(HttpOptions.DEFAULTS);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @BeforeEach
    void reset() {
        server.gateway.script(RestKeysTest::ordinary);
    }

    private static Reply ordinary(Ask ask) {
        TenantRequest request = ask.request();
        if (request instanceof TenantRequest.RequireSystem && !ask.credential().isSystem()) {
            throw Problem.forbidden("Admin privileges required for this operation", null)
                    .exception();
        }
        if (request instanceof TenantRequest.WhoAmI || request instanceof TenantRequest.RequireSystem) {
            return ask.credential().isSystem()
                    ? new Reply.Identity("user", "admin", null, true)
                    : new Reply.Identity("user", "alice", new ZoneName("acme"), false);
        }
        KeyRecord key = request instanceof TenantRequest.CreateKey create
                ? new KeyRecord(
                        create.key(),
                        create.secretHash(),
                        create.name(),
                        create.userId(),
                        create.subjectType(),
                        create.subjectId(),
                        create.systemAdministrator(),
                        false,
                        TIME,
                        create.expiresAt(),
                        null,
                        null)
                : new KeyRecord(
                        new KeyId(new UUID(5, 6)),
                        new byte[16],
                        "n",
                        "alice",
                        "user",
                        "alice",
                        false,
                        false,
                        TIME,
                        null,
                        null,
                        TIME);
        return new Reply.Keys(ask.zone() == null ? TenantId.SYSTEM : TestServer.ACME, ask.zone(), List.of(key), 1);
    }

    private static HttpResponse<byte[]> send(
            String method, String path, @Nullable String key, @Nullable String body, String... headers) {
        var request = server.request(path)
                .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (key != null) {
            request.header("Authorization", "Bearer " + key);
        }
        return server.send((headers.length == 0 ? request : request.headers(headers)).build());
    }

    private static String text(HttpResponse<byte[]> response) {
        return response.statusCode() + " " + new String(response.body(), StandardCharsets.UTF_8);
    }

    private static String asAdmin(String method, String path, @Nullable String body) {
        return text(send(method, path, server.systemKey, body));
    }

    private static <T extends TenantRequest> T asked(Class<T> kind) {
        List<TenantRequest> found =
                server.gateway.requests().stream().filter(kind::isInstance).toList();
        assertEquals(1, found.size(), () -> "asked: " + server.gateway.requests());
        return kind.cast(found.get(0));
    }

    // ---- what comes back --------------------------------------------------------------------------------------------

    @Test
    void makesKeysThatWork() {
        HttpResponse<byte[]> response = send(
                "POST",
                KEYS,
                server.systemKey,
                "{\"label\":\"laptop\",\"user_id\":\"alice\",\"zone_id\":\"acme\",\"expires_days\":2,\"grants\":[]}");
        TenantRequest.CreateKey request = asked(TenantRequest.CreateKey.class);
        var members = (java.util.Map<?, ?>) JsonReader.read(response.body());
        String key = String.valueOf(members == null ? null : members.get("key"));
        String id = TestServer.ACME + request.key().toString();
        assertEquals(
                "201 {\"key_id\":\"" + id + "\",\"id\":\"" + id + "\",\"key\":\"" + key + "\",\"raw_key\":\"" + key
                        + "\",\"user_id\":\"alice\",\"name\":\"laptop\",\"zone_id\":\"acme\",\"is_admin\":false,"
                        + "\"expires_at\":\"2026-11-25T10:00:00.000000+00:00\"}",
                text(response));
        assertEquals("no-store", response.headers().firstValue("cache-control").orElse(""));
        var credential = server.keys.parse(key).orElseThrow();
        assertEquals(TestServer.ACME, credential.tenant());
        assertArrayEquals(request.secretHash(), credential.secretHash());
        assertEquals(new ZoneName("acme"), server.gateway.asks().get(1).zone());

        for (String[] name :
                new String[][] {{"\"name\":\"n\",", "n"}, {"\"label\":null,", "unnamed"}, {"", "unnamed"}}) {
            reset();
            String body = "{" + name[0] + "\"is_admin\":true,\"grants\":null}";
            assertTrue(asAdmin("POST", KEYS, body).startsWith("201 "), body);
            assertEquals(name[1], asked(TenantRequest.CreateKey.class).name());
            assertTrue(asked(TenantRequest.CreateKey.class).systemAdministrator());
        }
    }

    @Test
    void listsShowsAndRevokes() {
        String shown = "{\"key_id\":\"" + ID
                + "\",\"user_id\":\"alice\",\"subject_type\":\"user\",\"subject_id\":\"alice\",\"name\":\"n\","
                + "\"zone_id\":\"acme\",\"is_admin\":false,\"created_at\":" + ISO
                + ",\"expires_at\":null,\"revoked\":false,\"revoked_at\":null,\"last_used_at\":" + ISO + "}";
        assertEquals("200 " + shown, asAdmin("GET", KEYS + "/" + ID, null));
        assertEquals(
                new KeyId(new UUID(5, 6)), asked(TenantRequest.GetKey.class).key());
        assertEquals("200 " + shown, asAdmin("GET", KEYS + "/" + ID + "?zone_id=acme", null));
        assertEquals("200 {\"success\":true,\"key_id\":\"" + ID + "\"}", asAdmin("DELETE", KEYS + "/" + ID, null));
        assertEquals(
                new KeyId(new UUID(5, 6)), asked(TenantRequest.RevokeKey.class).key());
        assertEquals("200 {\"keys\":[" + shown + "],\"total\":1}", asAdmin("GET", KEYS + "?zone_id=acme", null));
        HttpResponse<byte[]> list = send("GET", KEYS + "?zone_id=acme", server.systemKey, null);
        assertEquals(
                "private, max-age=0, must-revalidate",
                list.headers().firstValue("cache-control").orElse(""));
        reset();
        // Without a zone: the reserved one and each tenant.
        server.gateway.script(ask -> ask.request() instanceof TenantRequest.ListTenants
                ? new Reply.Listing(
                        List.of(new Reply.FileInfo("/tenants/acme", true, 0, 0, null, null, null, "x")), null)
                : ordinary(ask));
        assertTrue(asAdmin("GET", KEYS, null).endsWith(",\"total\":2}"));
    }

    @Test
    void filtersAreTyped() {
        asAdmin(
                "GET",
                KEYS + "?zone_id=acme&user_id=a%20b&is_admin=True&include_revoked=true&include_expired=false&limit=7"
                        + "&offset=3",
                null);
        assertEquals(new TenantRequest.ListKeys("a b", true, true, false, 7, 3), asked(TenantRequest.ListKeys.class));
        reset();
        asAdmin("GET", KEYS + "?zone_id=acme", null);
        assertEquals(new TenantRequest.ListKeys(null, null, false, false, 100, 0), asked(TenantRequest.ListKeys.class));
    }

    // ---- what is refused --------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "POST|||400 {\"detail\":",
                "POST||{|400 {\"detail\":",
                "POST||{\"a\":1,\"a\":1}|400 {\"detail\":",
                "POST||[]|422 {\"detail\":\"the body must be a JSON object\",\"reason\":\"invalid_request\"}",
                "POST||null|422 {\"detail\":\"the body must be a JSON object\"",
                "POST||{\"zone_id\":\"acme\",\"color\":1}|422 {\"detail\":\"unknown parameter 'color'\"",
                "POST||{\"zone_id\":\"acme\",\"key_id\":\"x\"}|422 {\"detail\":\"unknown parameter 'key_id'\"",
                "POST||{\"zone_id\":7}|422 {\"detail\":\"parameter 'zone_id' must be a string\"",
                "POST||{\"zone_id\":\"acme\",\"name\":7}|422 {\"detail\":\"parameter 'name' must be a string\"",
                "POST||{\"zone_id\":\"acme\",\"name\":\"a\",\"label\":\"a\"}|422 {\"detail\":\"'label' and 'name' mean the same",
                "POST||{\"zone_id\":\"acme\",\"grants\":{}}|422 {\"detail\":\"parameter 'grants' must be a list\"",
                "POST||{\"zone_id\":\"acme\",\"grants\":[{\"path\":\"/x\",\"role\":\"viewer\"}]}|400 {\"detail\":\"grants are not made with a key: use rebac_create\",\"reason\":\"refused\"}",
                "POST||{\"zone_id\":\"nobody\"}|400 {\"detail\":\"there is no tenant of this zone_id\"",
                "POST||{}|422 {\"detail\":\"parameter 'zone_id' is required unless is_admin is true\"",
                "POST|?zone_id=acme|{}|422 {\"detail\":\"parameters belong into the body\"",
                "GET|?limit=0||422 {\"detail\":\"parameter 'limit' must be a whole number from 1 to 1000\"",
                "GET|?limit=1.5||422 {\"detail\":\"parameter 'limit' must be a whole number from 1 to 1000\"",
                "GET|?limit=99999999999999999999||422 {\"detail\":\"parameter 'limit' must be a whole number from 1 to 1000\"",
                "GET|?is_admin=1||422 {\"detail\":\"parameter 'is_admin' must be true or false\"",
                "GET|?color=red||422 {\"detail\":\"unknown parameter 'color'\"",
                "GET|?zone_id=acme&zone_id=beta||422 {\"detail\":\"the query string names a parameter twice\"",
                "GET|?zone_id=%25||400 {\"detail\":\"there is no such tenant",
                "GET|?zone_id=%ff||422 {\"detail\":\"the query string must be in UTF-8\"",
                "GET||{}|422 {\"detail\":\"a request of this kind has no body\"",
                "GET|/x||404 {\"detail\":\"there is no such key\",\"reason\":\"not_found\"}",
                "GET|/x?key_id=y||422 {\"detail\":\"unknown parameter 'key_id'\"",
                "GET|/x?limit=1||422 {\"detail\":\"unknown parameter 'limit'\"",
                "DELETE|/x||404 {\"detail\":\"there is no such key\"",
                "DELETE|/x|{}|422 {\"detail\":\"a request of this kind has no body\"",
            })
    void refusesWithTheFieldAndTheRule(String method, @Nullable String path, @Nullable String body, String answer) {
        String told = asAdmin(method, KEYS + (path == null ? "" : path), body);
        assertTrue(told.startsWith(answer), told);
        assertTrue(server.gateway.requests().stream().allMatch(TenantRequest.RequireSystem.class::isInstance));
    }

    @Test
    void keysOfOtherTenantsAndUnknownOnesAreNotThere() {
        for (String id : List.of(
                ID + "?zone_id=beta", Ulid.print(new UUID(99, 1)) + Ulid.print(new UUID(5, 6)), "%2e%2e", "a%2fb")) {
            for (String method : List.of("GET", "DELETE")) {
                assertTrue(asAdmin(method, KEYS + "/" + id, null).startsWith("404 {"), id);
            }
        }
    }

    @Test
    void whatIsThereHasItsMethods() {
        for (String path : List.of(KEYS + "/", KEYS + "/a/b", KEYS + "x", "/api/v2/auth", "/api/v2/auth/Keys")) {
            assertEquals("404 {\"detail\":\"Not Found\"}", asAdmin("GET", path, null), path);
        }
        for (String method : List.of("PUT", "DELETE", "PATCH", "HEAD")) {
            HttpResponse<byte[]> response = send(method, KEYS, server.systemKey, null);
            assertEquals(405, response.statusCode(), method);
            assertEquals(
                    "GET, POST, OPTIONS", response.headers().firstValue("allow").orElse(""));
        }
        assertEquals(
                "GET, DELETE, OPTIONS",
                send("POST", KEYS + "/x", server.systemKey, "{}")
                        .headers()
                        .firstValue("allow")
                        .orElse(""));
        HttpResponse<byte[]> options = send("OPTIONS", KEYS, null, null);
        assertEquals(204, options.statusCode());
        assertEquals("GET, POST, OPTIONS", options.headers().firstValue("allow").orElse(""));
        assertEquals(List.of(), server.gateway.requests());
    }

    @Test
    void forgedAndDeadKeysAre401() {
        String unknown = "401 {\"detail\":\"Invalid or missing API key\"}";
        assertEquals(unknown, text(send("GET", KEYS, null, null)));
        assertEquals(unknown, text(send("POST", KEYS, server.systemKey + "x", "{")));
        assertEquals(List.of(), server.gateway.requests());
        server.gateway.script(ask -> {
            throw Problem.unauthenticated().exception();
        });
        HttpResponse<byte[]> dead = send("DELETE", KEYS + "/" + ID, server.systemKey, null);
        assertEquals(unknown, text(dead));
        assertEquals("Bearer", dead.headers().firstValue("www-authenticate").orElse(""));
    }

    @Test
    void strangersLearnNothing() {
        String denied = "403 {\"detail\":\"Admin privileges required for this operation\",\"reason\":\"forbidden\"}";
        for (String zone : List.of("acme", "beta", "nobody", "No!")) {
            assertEquals(denied, text(send("GET", KEYS + "?zone_id=" + zone, server.aliceKey, null)));
            assertEquals(denied, text(send("POST", KEYS, server.aliceKey, "{\"zone_id\":\"" + zone + "\"}")));
        }
        for (String id : List.of(ID, "x")) {
            assertEquals(denied, text(send("GET", KEYS + "/" + id, server.aliceKey, null)));
            assertEquals(denied, text(send("DELETE", KEYS + "/" + id, server.aliceKey, null)));
        }
        assertEquals(12, server.gateway.requests().size());
        assertTrue(server.gateway.requests().stream().allMatch(TenantRequest.RequireSystem.class::isInstance));
    }

    @Test
    void headersAreClaimsAndMustAgree() {
        send("GET", KEYS + "?zone_id=acme", server.systemKey, null, "X-User-Id", "admin");
        assertEquals(
                new Claims(null, "user", "admin"), server.gateway.asks().get(0).claims());
        reset();
        HttpResponse<byte[]> two =
                send("GET", KEYS, server.systemKey, null, "X-Nexus-Zone-ID", "acme", "X-Zone-Id", "beta");
        assertEquals(
                "403 {\"detail\":\"the headers contradict each other about the tenant\",\"reason\":\"forbidden\"}",
                text(two));
        assertEquals(List.of(), server.gateway.requests());
    }

    @Test
    void problemsHaveTheirStatus() {
        server.gateway.script(ask -> {
            if (ask.request() instanceof TenantRequest.CreateKey) {
                throw new Problem.QuotaExceeded("users", 5, 5, 1).exception();
            }
            return ordinary(ask);
        });
        assertEquals(
                "403 {\"detail\":\"Quota exceeded for users: limit 5, used 5, asked for 1\",\"reason\":\"quota_exceeded\"}",
                asAdmin("POST", KEYS, "{\"zone_id\":\"acme\"}"));
        server.gateway.script(ask -> {
            throw Problem.unavailable("the database is away").exception();
        });
        HttpResponse<byte[]> later = send("GET", KEYS, server.systemKey, null);
        assertEquals(503, later.statusCode());
        assertEquals("1", later.headers().firstValue("retry-after").orElse(""));
        server.gateway.script(ask -> {
            throw new Problem.Retry(ProblemCode.RATE_LIMITED, "slow", Duration.ofSeconds(3)).exception();
        });
        HttpResponse<byte[]> slow = send("GET", KEYS, server.systemKey, null);
        assertEquals("429 {\"error\":\"rate_limited\",\"detail\":\"slow\",\"retry_after\":3}", text(slow));
        assertEquals("3", slow.headers().firstValue("retry-after").orElse(""));
        server.gateway.script(ask -> {
            throw new IllegalStateException("select secret from somewhere");
        });
        String bug = asAdmin("GET", KEYS, null);
        assertTrue(bug.startsWith("500 {\"detail\":\"Internal error, see the server's log for "), bug);
        assertFalse(bug.contains("select"), bug);
    }

    @Test
    void bodiesAreSmall() {
        String start = "{\"zone_id\":\"acme\",\"name\":\"n\"";
        String room = " ".repeat(RpcOptions.REST_BODY_BYTES - start.length() - 1);
        assertTrue(asAdmin("POST", KEYS, start + room + "}").startsWith("201 "));
        reset();
        assertEquals(
                "413 {\"detail\":\"the body is larger than 65536 bytes\"}", asAdmin("POST", KEYS, start + room + " }"));
        // Also where no length is announced.
        HttpResponse<byte[]> chunked = server.send(server.request(KEYS)
                .header("Authorization", "Bearer " + server.systemKey)
                .POST(BodyPublishers.ofInputStream(
                        () -> new java.io.ByteArrayInputStream(new byte[RpcOptions.REST_BODY_BYTES * 4])))
                .build());
        assertEquals(413, chunked.statusCode());
        assertEquals(List.of(), server.gateway.requests());
    }
}
