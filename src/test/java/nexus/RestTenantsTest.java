package nexus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import nexus.config.ServerOption;
import nexus.config.ServerOptions;
import nexus.e2e.Await;
import nexus.http.client.NexusClient;
import nexus.http.json.JsonReader;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code /v1/tenants} of a whole server with its own database: what it does, and that every answer is as documented. */
class RestTenantsTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final HttpClient CLIENT =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @TempDir
    static Path directory;

    private static Server server;
    private static String admin = "";

    @BeforeAll
    static void start() throws Exception {
        Map<ServerOption, String> options = Map.of(ServerOption.PORT, "0", ServerOption.DATA_DIR, directory.toString());
        server = new Server(ServerOptions.read(options, Map.of(), 2), InstantSource.system());
        server.start();
        admin = Files.readString(directory.resolve("admin.key")).strip();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static void restart() throws Exception {
        server.close();
        start();
    }

    // ---- a client ---------------------------------------------------------------------------------------------------

    private record Got(int status, Map<String, List<String>> headers, String text) {
        Map<?, ?> json() {
            return (Map<?, ?>) present(JsonReader.read(text.getBytes(StandardCharsets.UTF_8)));
        }

        @Nullable
        String header(String name) {
            List<String> values = headers.getOrDefault(name, List.of());
            return values.isEmpty() ? null : values.get(0);
        }

        Got is(int wanted) {
            assertEquals(wanted, status, text);
            return this;
        }
    }

    private static Object present(@Nullable Object value) {
        if (value == null) {
            throw new AssertionError("missing");
        }
        return value;
    }

    private static Got send(
            @Nullable String key, String method, String path, @Nullable String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .timeout(SOON)
                .method(
                        method,
                        body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        if (key != null) {
            request.header("Authorization", "Bearer " + key);
        }
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            HttpResponse<String> response = CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
            return new Got(response.statusCode(), response.headers().map(), response.body());
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static Got call(String method, String path, @Nullable String body, String... headers) {
        return send(admin, method, path, body, headers);
    }

    private static String order(String zone, String more) {
        return "{\"zone_id\":\"" + zone + "\",\"name\":\"The " + zone + "\"" + more + "}";
    }

    /** Makes a tenant; the key of its administrator. */
    private static String tenant(String zone) {
        Map<?, ?> made = call("POST", "/v1/tenants", order(zone, "")).is(201).json();
        return String.valueOf(((Map<?, ?>) made.get("administrator")).get("secret"));
    }

    private static NexusClient nexus(String key) {
        return NexusClient.connect("http://127.0.0.1:" + server.port(), key);
    }

    // ---- onboarding -------------------------------------------------------------------------------------------------

    @Test
    void aTenantBeginsWithEverythingInOneStep() {
        Instant before = Instant.now();
        Got got = call(
                        "POST",
                        "/v1/tenants",
                        order(
                                "acme",
                                ",\"plan\":\"pro\",\"settings\":{\"retained_versions\":3,\"theme\":\"dark\"},"
                                        + "\"administrator\":{\"email\":\"root@acme.example\",\"display_name\":\"Root\"}"))
                .is(201);
        assertEquals("/v1/tenants/acme", got.header("location"));
        assertEquals("\"2\"", got.header("etag"));
        Map<?, ?> tenant = (Map<?, ?>) got.json().get("tenant");
        assertEquals("trial", tenant.get("status"));
        assertEquals("pro", tenant.get("plan"));
        assertEquals("The acme", tenant.get("name"));
        Duration trial = Duration.between(before, Instant.parse(String.valueOf(tenant.get("trial_ends_at"))));
        assertEquals(14, trial.plusHours(1).toDays());
        Map<?, ?> usage = (Map<?, ?>) tenant.get("usage");
        assertEquals(1L, usage.get("users"));
        assertEquals(1L, usage.get("files"));
        Map<?, ?> administrator = (Map<?, ?>) got.json().get("administrator");
        assertEquals("acme_admin", administrator.get("user_id"));
        NexusClient owner = nexus(String.valueOf(administrator.get("secret")));
        assertEquals("acme", owner.whoami().zone());
        Set<String> paths = new TreeSet<>(owner.paths("/tenants/acme", true));
        for (String name :
                List.of("users/acme_admin", "shared", "uploads", "templates", "exports", "shared/Welcome.md")) {
            assertTrue(paths.contains("/tenants/acme/" + name), name + " in " + paths);
        }
        assertTrue(new String(owner.read("/tenants/acme/shared/Welcome.md"), StandardCharsets.UTF_8)
                .startsWith("# Welcome to Your Workspace!"));
        owner.write("/tenants/acme/uploads/mine.txt", "mine");
        assertEquals(
                tenant.get("tenant_id"),
                call("GET", "/v1/tenants/acme", null).is(200).json().get("tenant_id"));
        assertEquals(
                owner.readJson("/tenants/acme/.tenant.json")
                        .get("settings_revision")
                        .toString(),
                "2");
    }

    @Test
    void aTenantThatCannotBeMadeWholeIsNotMade() {
        call("POST", "/v1/tenants", order("tiny", ",\"limits\":{\"max_files\":0}"))
                .is(403);
        call("GET", "/v1/tenants/tiny", null).is(404);
        tenant("tiny");
        call("POST", "/v1/tenants", order("tiny", "")).is(409);
        call("POST", "/v1/tenants", order("system", "")).is(422);
        call("POST", "/v1/tenants", order("No Name", "")).is(400);
        call("POST", "/v1/tenants", "{\"zone_id\":\"a\"}").is(400);
        call("POST", "/v1/tenants", order("x", ",\"colour\":1")).is(400);
    }

    // ---- once -------------------------------------------------------------------------------------------------------

    @Test
    void aRequestWithAKeyIsDoneOnceAlsoAcrossARestart() throws Exception {
        Got first = call("POST", "/v1/tenants", order("once", ""), "Idempotency-Key", "k-1")
                .is(201);
        Got change = call("PATCH", "/v1/tenants/once", "{\"name\":\"Changed\"}", "Idempotency-Key", "k-2")
                .is(200);
        assertNull(change.header("idempotency-replayed"));
        call("PATCH", "/v1/tenants/once", "{\"name\":\"Later\"}").is(200);
        restart();
        Got again = call("PATCH", "/v1/tenants/once", "{\"name\":\"Changed\"}", "Idempotency-Key", "k-2")
                .is(200);
        assertEquals(change.text(), again.text());
        assertEquals(change.header("etag"), again.header("etag"));
        assertEquals("true", again.header("idempotency-replayed"));
        call("PATCH", "/v1/tenants/once", "{\"name\":\"Other\"}", "Idempotency-Key", "k-2")
                .is(422);
        assertEquals("Later", call("GET", "/v1/tenants/once", null).json().get("name"));

        Got replay = call("POST", "/v1/tenants", order("once", ""), "Idempotency-Key", "k-1")
                .is(201);
        Map<?, ?> administrator = (Map<?, ?>) replay.json().get("administrator");
        assertNull(administrator.get("secret"));
        assertEquals(((Map<?, ?>) first.json().get("administrator")).get("key_id"), administrator.get("key_id"));
        assertEquals(first.json().get("tenant"), replay.json().get("tenant"));
        assertEquals("true", replay.header("idempotency-replayed"));
        call("POST", "/v1/tenants", order("twice", ""), "Idempotency-Key", "k-1")
                .is(422);
        call("GET", "/v1/tenants/twice", null).is(404);
        call("POST", "/v1/tenants", order("x", ""), "Idempotency-Key", "not visible")
                .is(400);
    }

    // ---- changes ----------------------------------------------------------------------------------------------------

    @Test
    void changesNeedTheRevisionThatTheyNameAndKeysFeelThemAtOnce() {
        String key = tenant("moves");
        String etag = String.valueOf(call("GET", "/v1/tenants/moves", null).header("etag"));
        Got suspended = call("POST", "/v1/tenants/moves/suspend", "{\"reason\":\"Payment overdue\"}", "If-Match", etag)
                .is(200);
        assertEquals("Payment overdue", suspended.json().get("suspension_reason"));
        send(key, "GET", "/v1/tenants/moves", null).is(403);
        call("POST", "/v1/tenants/moves/reactivate", null, "If-Match", etag).is(412);
        call("POST", "/v1/tenants/moves/reactivate", null, "If-Match", "7").is(400);
        assertEquals(
                "active",
                call("POST", "/v1/tenants/moves/reactivate", null, "If-Match", "*")
                        .is(200)
                        .json()
                        .get("status"));
        send(key, "GET", "/v1/tenants/moves", null).is(200);
        send(key, "PATCH", "/v1/tenants/moves", "{\"name\":\"Mine\"}").is(403);
        send(key, "DELETE", "/v1/tenants/moves?confirm=moves", null).is(403);
        assertTrue(call("POST", "/v1/tenants/moves/cancel", null).is(200).json().containsKey("deletes_at"));
        call("POST", "/v1/tenants/moves/reactivate", null).is(422);
        call("DELETE", "/v1/tenants/moves", null).is(400);
        call("DELETE", "/v1/tenants/moves?confirm=other", null).is(422);
        call("DELETE", "/v1/tenants/moves?confirm=moves", null).is(204);
        call("GET", "/v1/tenants/moves", null).is(404);
        send(key, "GET", "/v1/tenants/moves", null).is(401);
    }

    @Test
    void aPlanThatIsTooSmallIsRefused() {
        tenant("grown");
        call("PATCH", "/v1/tenants/grown", "{\"plan\":\"pro\",\"status\":\"active\"}")
                .is(200);
        Got refused = call("PATCH", "/v1/tenants/grown", "{\"plan\":\"free\",\"limits\":{\"max_users\":0}}")
                .is(422);
        assertTrue(String.valueOf(refused.json().get("detail")).contains("users: 1 used, 0 allowed"), refused.text());
        Got limits = call("PATCH", "/v1/tenants/grown", "{\"limits\":{\"max_files\":null,\"seats\":\"own\"}}")
                .is(200);
        Map<?, ?> shown = (Map<?, ?>) limits.json().get("limits");
        assertTrue(shown.containsKey("max_files") && shown.get("max_files") == null, limits.text());
        assertEquals("own", shown.get("seats"));
    }

    // ---- listing ----------------------------------------------------------------------------------------------------

    @Test
    void pagesAreStableWhileTenantsComeAndGo() {
        for (String zone : List.of("page-b", "page-d", "page-f", "page-h")) {
            call("POST", "/v1/tenants", order(zone, ",\"plan\":\"enterprise\"")).is(201);
        }
        String query = "/v1/tenants?plan=enterprise&status=trial&limit=2";
        List<String> seen = new ArrayList<>();
        Got page = call("GET", query, null).is(200);
        names(page, seen);
        call("POST", "/v1/tenants", order("page-a", ",\"plan\":\"enterprise\"")).is(201);
        call("POST", "/v1/tenants", order("page-g", ",\"plan\":\"enterprise\"")).is(201);
        call("DELETE", "/v1/tenants/page-d?confirm=page-d", null).is(204);
        while (page.json().get("next_cursor") instanceof String cursor) {
            page = call("GET", query + "&cursor=" + cursor, null).is(200);
            names(page, seen);
        }
        assertEquals(List.of("page-b", "page-d", "page-f", "page-g", "page-h"), seen);
        Got other = call("GET", query, null);
        String cursor = String.valueOf(other.json().get("next_cursor"));
        call("GET", "/v1/tenants?plan=free&cursor=" + cursor, null).is(400);
        call("GET", query + "&cursor=nonsense", null).is(400);
        call("GET", "/v1/tenants?limit=0", null).is(400);
        call("GET", "/v1/tenants?limit=1001", null).is(400);
        call("GET", "/v1/tenants?plan=gold", null).is(400);
        String key = tenant("page-own");
        List<String> own = new ArrayList<>();
        names(send(key, "GET", "/v1/tenants", null).is(200), own);
        assertEquals(List.of("page-own"), own);
    }

    private static void names(Got page, List<String> seen) {
        for (Object item : (List<?>) present(page.json().get("items"))) {
            seen.add(String.valueOf(((Map<?, ?>) item).get("zone_id")));
        }
    }

    // ---- by itself --------------------------------------------------------------------------------------------------

    @Test
    void aTrialEndsByItselfAlsoAcrossARestart() throws Exception {
        NexusClient root = nexus(admin);
        root.mkdir("/tenants/brief");
        root.write(
                "/tenants/brief/.tenant.json",
                "{\"status\":\"trial\",\"trial_ends_at\":\"" + Instant.now().plusSeconds(1) + "\"}");
        restart();
        Await.until(
                "the end of the trial is written down",
                SOON,
                () -> Long.valueOf(3)
                        .equals(call("GET", "/v1/tenants/brief", null).json().get("settings_revision")),
                () -> call("GET", "/v1/tenants/brief", null).text());
        Map<?, ?> tenant = call("GET", "/v1/tenants/brief", null).json();
        assertEquals("suspended", tenant.get("status"));
        assertEquals("trial_expired", tenant.get("suspension_reason"));
    }

    // ---- as documented ----------------------------------------------------------------------------------------------

    /** A request that goes well, by the name of its operation; {@code %s} is a tenant that is made for it. */
    private record Sample(String path, @Nullable String body) {}

    private static final Map<String, Sample> SAMPLES = Map.ofEntries(
            Map.entry("tenant_onboard", new Sample("/v1/tenants", "{\"zone_id\":\"%s-new\",\"name\":\"New\"}")),
            Map.entry("audit_list", new Sample("/v1/tenants/%s/audit", null)),
            Map.entry("audit_verify", new Sample("/v1/tenants/%s/audit/verify", null)),
            Map.entry("tenant_list", new Sample("/v1/tenants?limit=1", null)),
            Map.entry("tenant_get", new Sample("/v1/tenants/%s", null)),
            Map.entry("tenant_update", new Sample("/v1/tenants/%s", "{\"name\":\"Other\"}")),
            Map.entry("tenant_delete", new Sample("/v1/tenants/%s?confirm=%s", null)),
            Map.entry("tenant_suspend", new Sample("/v1/tenants/%s/suspend", "{\"reason\":\"why\"}")),
            Map.entry("tenant_reactivate", new Sample("/v1/tenants/%s/reactivate", null)),
            Map.entry("tenant_cancel", new Sample("/v1/tenants/%s/cancel", null)),
            Map.entry("cluster_show", new Sample("/v1/cluster", null)),
            Map.entry("cluster_drain", new Sample("/v1/cluster/nodes/%n/drain", null)),
            Map.entry("cluster_undrain", new Sample("/v1/cluster/nodes/%n/drain", null)),
            Map.entry("cluster_pin", new Sample("/v1/cluster/tenants/%s/node", "{\"node\":\"%n\"}")),
            Map.entry("cluster_unpin", new Sample("/v1/cluster/tenants/%s/node", null)));

    /** What no request of a test can bring about at will: a rate that is over its limit, a database that is away. */
    private static final Set<Integer> NOT_AT_WILL = Set.of(429, 503);

    @Test
    void everyDocumentedOperationAnswersAsDocumented() {
        Map<?, ?> document = send(null, "GET", "/v1/openapi.json", null).is(200).json();
        Document judge = new Document(document);
        Set<String> seen = new TreeSet<>();
        ((Map<?, ?>) present(document.get("paths")))
                .forEach((path, methods) -> ((Map<?, ?>) methods).forEach((method, operation) -> {
                    String name = String.valueOf(((Map<?, ?>) operation).get("operationId"));
                    seen.add(name);
                    new Operation(judge, name, method.toString().toUpperCase(Locale.ROOT), String.valueOf(path), (Map<
                                            ?, ?>)
                                    operation)
                            .tryAll();
                }));
        assertEquals(new TreeSet<>(SAMPLES.keySet()), seen);
    }

    /** One documented operation, and a request for each of its documented answers. */
    private record Operation(Document judge, String name, String method, String template, Map<?, ?> documented) {
        void tryAll() {
            String zone = "doc-" + name.replace('_', '-');
            tenant(zone);
            String node = nodeId();
            Sample sample = SAMPLES.getOrDefault(name, new Sample("no sample of " + name, null));
            String path = sample.path().replace("%s", zone).replace("%n", node);
            String body = sample.body() == null
                    ? null
                    : sample.body().replace("%s", zone).replace("%n", node);
            Set<Integer> answered = new TreeSet<>();
            answered.add(judge(call(method, path + (path.contains("?") ? "&" : "?") + "unknown=1", body)
                    .is(400)));
            answered.add(judge(send(null, method, path, body).is(401)));
            answered.add(judge(call(method, path, "x".repeat(80_000)).is(413)));
            String suspended = tenant(zone + "-off");
            call("POST", "/v1/tenants/" + zone + "-off/suspend", "{\"reason\":\"off\"}")
                    .is(200);
            answered.add(judge(send(suspended, method, path, body).is(403)));
            if (takes("If-Match")) {
                answered.add(
                        judge(call(method, path, body, "If-Match", "\"999\"").is(412)));
            }
            if (takes("Idempotency-Key")) {
                String used = "used-for-" + name;
                boolean ofTheTenant = template.startsWith("/v1/tenants/");
                if (ofTheTenant) {
                    call("PATCH", "/v1/tenants/" + zone, "{\"name\":\"First\"}", "Idempotency-Key", used)
                            .is(200);
                } else {
                    call("POST", "/v1/tenants", order(zone + "-k", ""), "Idempotency-Key", used)
                            .is(201);
                }
                answered.add(
                        judge(call(method, path, body, "Idempotency-Key", used).is(422)));
            }
            if (name.equals("tenant_delete")) {
                answered.add(judge(
                        call(method, "/v1/tenants/" + zone + "?confirm=x", null).is(422)));
            }
            if (template.contains("{")) {
                String nowhere = path.replace("/" + zone, "/nobody").replace("/" + node, "/nobody");
                answered.add(judge(call(method, nowhere, body).is(404)));
            }
            answered.add(judge(call(method, path, body)));
            if (name.equals("tenant_onboard")) {
                answered.add(judge(call(method, path, body).is(409)));
            }
            if (name.equals("cluster_drain")) {
                call("DELETE", path, null).is(200);
            }
            Set<Integer> promised = new TreeSet<>();
            ((Map<?, ?>) present(documented.get("responses")))
                    .keySet()
                    .forEach(status -> promised.add(Integer.valueOf(String.valueOf(status))));
            promised.removeAll(NOT_AT_WILL);
            assertEquals(promised, answered, name);
        }

        private static String nodeId() {
            List<?> nodes =
                    (List<?>) present(call("GET", "/v1/cluster", null).json().get("nodes"));
            for (Object node : nodes) {
                if (Boolean.TRUE.equals(((Map<?, ?>) node).get("live"))) {
                    return String.valueOf(((Map<?, ?>) node).get("id"));
                }
            }
            throw new AssertionError("no live node in " + nodes);
        }

        private boolean takes(String header) {
            for (Object parameter : (List<?>) present(documented.get("parameters"))) {
                if (header.equals(((Map<?, ?>) parameter).get("name"))) {
                    return true;
                }
            }
            return false;
        }

        /** Fails unless the answer is one that is documented, in type, headers and shape; its status. */
        private int judge(Got got) {
            Map<?, ?> responses = (Map<?, ?>) present(documented.get("responses"));
            String status = Integer.toString(got.status());
            assertTrue(responses.containsKey(status), name + " answered " + status + " " + got.text());
            Map<?, ?> response = (Map<?, ?>) present(responses.get(status));
            boolean tagged = response.get("headers") instanceof Map<?, ?> headers && headers.containsKey("ETag");
            assertEquals(tagged, got.header("etag") != null, name + " " + got.status());
            if (response.get("content") instanceof Map<?, ?> content) {
                String type = String.valueOf(content.keySet().iterator().next());
                assertEquals(type, got.header("content-type"), name + " " + got.text());
                judge.check(((Map<?, ?>) present(content.get(type))).get("schema"), got.json(), name);
            } else {
                assertEquals("", got.text(), name);
            }
            return got.status();
        }
    }

    /** As much of JSON Schema as the document uses; an unknown keyword fails. */
    private record Document(Map<?, ?> root) {
        void check(@Nullable Object schemaOrNull, @Nullable Object value, String where) {
            Map<?, ?> schema = (Map<?, ?>) present(schemaOrNull);
            if (schema.get("$ref") instanceof String reference) {
                Object at = root;
                for (String step : reference.substring(2).split("/", -1)) {
                    at = ((Map<?, ?>) present(at)).get(step);
                }
                check(at, value, where);
                return;
            }
            if (schema.get("anyOf") instanceof List<?> choices) {
                List<String> faults = new ArrayList<>();
                for (Object choice : choices) {
                    try {
                        check(choice, value, where);
                        return;
                    } catch (AssertionError e) {
                        faults.add(String.valueOf(e.getMessage()));
                    }
                }
                throw new AssertionError(faults.toString());
            }
            String type = String.valueOf(schema.get("type"));
            boolean fits = switch (type) {
                case "null" -> value == null;
                case "string" -> value instanceof String;
                case "boolean" -> value instanceof Boolean;
                case "integer" -> value instanceof Long;
                case "number" -> value instanceof Number;
                case "array" -> value instanceof List<?>;
                case "object" -> value instanceof Map<?, ?>;
                default -> throw new AssertionError("unknown type " + type);
            };
            assertTrue(fits, where + " must be of type " + type + ", it is " + value);
            if (schema.get("enum") instanceof List<?> texts) {
                assertTrue(texts.contains(value), where + ": " + value);
            }
            if (schema.get("minimum") instanceof Long min && value instanceof Number number) {
                assertTrue(number.doubleValue() >= min, where + ": " + value);
            }
            if (schema.get("maxItems") instanceof Long max && value instanceof List<?> list) {
                assertTrue(list.size() <= max, where + ": " + list.size());
            }
            if (value instanceof List<?> list) {
                list.forEach(item -> check(schema.get("items"), item, where + "[]"));
            }
            if (value instanceof Map<?, ?> object) {
                members(schema, object, where);
            }
        }

        private void members(Map<?, ?> schema, Map<?, ?> object, String where) {
            Map<?, ?> properties = (Map<?, ?>) present(schema.get("properties"));
            if (schema.get("required") instanceof List<?> required) {
                required.forEach(name -> assertTrue(object.containsKey(name), where + " lacks " + name));
            }
            object.forEach((name, value) -> {
                if (properties.containsKey(name)) {
                    check(properties.get(name), value, where + "." + name);
                } else {
                    assertTrue(!Boolean.FALSE.equals(schema.get("additionalProperties")), where + " has " + name);
                }
            });
        }
    }
}
