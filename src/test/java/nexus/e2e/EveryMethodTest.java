package nexus.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import nexus.http.client.HttpReply;
import nexus.http.client.Json;
import nexus.http.client.NexusClient;
import nexus.http.client.NexusClient.Ref;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Walks every method that the server says it serves with keys that must not get anything: row 5 of {@code isolation.md}. A
 * method that is missing from the table here fails the test, so a new one cannot be forgotten. At last the same calls are
 * made by those who may, so the refusals were not about the parameters.
 */
@Tag("server")
@Timeout(120)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class EveryMethodTest {
    @RegisterExtension
    static final SharedServer SERVER = new SharedServer();

    private static final String ZONE = "victim";
    private static final String SECRET = "the secret of the victim";
    private static final String OWN = "/tenants/victim/m/";

    /** What somebody gets who is authenticated and may nothing. */
    private enum Outcome {
        /** Error -32004. */
        DENIED,
        /** An empty list or map of what was found. */
        NOTHING,
        /** The plain answer false. */
        FALSE,
        /** For each path the answer that it is not there, or that it could not be done. */
        NOTHING_EACH,
        /** The same as for everybody: it tells nothing of anybody. */
        HARMLESS
    }

    /**
     * How a method is called.
     *
     * @param params of the victim's own files; each method has a folder of its own
     * @param stranger what another tenant's administrator gets
     * @param powerless what a user of the same tenant without any grant gets
     * @param byAdministrator whether only a system administrator may call it at all
     */
    private record Row(
            Map<String, ? extends @Nullable Object> params,
            Outcome stranger,
            Outcome powerless,
            boolean byAdministrator) {}

    private static final Map<String, Row> ROWS = new TreeMap<>();

    /**
     * A request of the REST interface; all of them are for system administrators.
     *
     * @param status of the answer to one
     */
    private record Route(
            String method, String path, @Nullable String body, int status) {
        HttpReply send(NexusClient client) {
            return client.send(method, path, body == null ? null : body.getBytes(StandardCharsets.UTF_8));
        }
    }

    private static final String KEYS = "/api/v2/auth/keys";
    private static final List<Route> ROUTES = new ArrayList<>();

    private static NexusClient anonymous = NexusClient.anonymous("http://127.0.0.1:1");
    private static NexusClient owner = anonymous;
    private static NexusClient stranger = anonymous;
    private static NexusClient powerless = anonymous;
    private static String revoked = "";
    private static String expired = "";
    private static String etag = "";
    private static List<String> fingerprint = List.of();

    @BeforeAll
    static void prepare() {
        NexusClient admin = SERVER.admin();
        anonymous = NexusClient.anonymous(SERVER.process().url());
        SharedServer.Tenant victim = SharedServer.tenant(admin, ZONE, "alice");
        owner = victim.owner();
        stranger = SharedServer.tenant(admin, "stranger", "mallory").owner();
        powerless = victim.user("nobody");
        NexusClient.Key dead = admin.createKey(ZONE, "alice", "to be revoked");
        revoked = dead.text();
        expired = admin.createKey(ZONE, "alice", "to expire", Duration.ofMillis(500))
                .text();

        String tuple = admin.rebacCreate(Ref.user("friend"), "viewer", Ref.file(OWN + "rebac_delete"), ZONE);
        admin.rebacCreate(Ref.user("friend"), "viewer", Ref.file(OWN + "rebac_list_tuples"), ZONE);
        table(tuple);
        for (String method : ROWS.keySet()) {
            owner.write(OWN + method + "/a.txt", SECRET);
            etag = owner.write(OWN + method + "/a.txt", SECRET + " 2").etag();
        }
        admin.revokeKey(dead.id());
        Await.until(
                "the key expires",
                Duration.ofSeconds(5),
                () -> !anonymous.withKey(expired).whoami().authenticated(),
                () -> "it lives");
        fingerprint = state();
    }

    private static void row(String method, Outcome stranger, Outcome powerless, @Nullable Object... params) {
        ROWS.put(method, new Row(map(params), stranger, powerless, false));
    }

    private static void administrators(String method, @Nullable Object... params) {
        ROWS.put(method, new Row(map(params), Outcome.DENIED, Outcome.DENIED, true));
    }

    private static Map<String, @Nullable Object> map(@Nullable Object... pairs) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put(String.valueOf(pairs[i]), pairs[i + 1]);
        }
        return map;
    }

    private static String file(String method) {
        return OWN + method + "/a.txt";
    }

    private static void same(String method, Outcome both, @Nullable Object... params) {
        row(method, both, both, params);
    }

    private static void table(String tuple) {
        byte[] more = {'m', 'o', 'r', 'e'};
        same("mkdir", Outcome.DENIED, "path", OWN + "mkdir/new");
        same("rmdir", Outcome.DENIED, "path", OWN + "rmdir", "recursive", true);
        same("write", Outcome.DENIED, "path", file("write"), "content", more);
        same("write_stream", Outcome.DENIED, "path", file("write_stream"), "chunks", more);
        same("append", Outcome.DENIED, "path", file("append"), "content", more);
        same("delete", Outcome.DENIED, "path", file("delete"));
        same("rename", Outcome.DENIED, "old_path", file("rename"), "new_path", OWN + "rename/b.txt");
        same("copy", Outcome.DENIED, "src_path", file("copy"), "dst_path", OWN + "copy/b.txt");
        same("read", Outcome.DENIED, "path", file("read"), "return_metadata", true);
        same("read_range", Outcome.DENIED, "path", file("read_range"), "start", 0, "end", 5);
        same("exists", Outcome.FALSE, "path", file("exists"));
        same("is_directory", Outcome.FALSE, "path", OWN + "is_directory");
        same("stat", Outcome.DENIED, "path", file("stat"));
        same("get_metadata", Outcome.DENIED, "path", file("get_metadata"));
        same("get_etag", Outcome.DENIED, "path", file("get_etag"));
        same("list", Outcome.NOTHING, "path", OWN + "list", "recursive", true, "details", true);
        same("get_available_namespaces", Outcome.HARMLESS);
        same("write_batch", Outcome.DENIED, "files", List.of(List.of(file("write_batch"), more)));
        same("read_bulk", Outcome.NOTHING_EACH, "paths", List.of(file("read_bulk")));
        same("stat_bulk", Outcome.NOTHING_EACH, "paths", List.of(file("stat_bulk")));
        same("exists_batch", Outcome.NOTHING_EACH, "paths", List.of(file("exists_batch")));
        same("metadata_batch", Outcome.NOTHING_EACH, "paths", List.of(file("metadata_batch")));
        same("delete_bulk", Outcome.NOTHING_EACH, "paths", List.of(file("delete_bulk")));
        same(
                "rename_bulk",
                Outcome.NOTHING_EACH,
                "renames",
                List.of(List.of(file("rename_bulk"), OWN + "rename_bulk/b.txt")));
        same("glob", Outcome.NOTHING, "pattern", "**/*.txt", "path", OWN + "glob");
        same("glob_batch", Outcome.NOTHING, "patterns", List.of("**/*.txt"), "path", OWN + "glob_batch");
        same("grep", Outcome.NOTHING, "pattern", "secret", "path", OWN + "grep");
        same("list_versions", Outcome.DENIED, "path", file("list_versions"));
        same("get_version", Outcome.DENIED, "path", file("get_version"), "version", 1);
        same("rollback", Outcome.DENIED, "path", file("rollback"), "version", 1);
        same("diff_versions", Outcome.DENIED, "path", file("diff_versions"), "v1", 1, "v2", 2, "mode", "content");
        same(
                "rebac_create",
                Outcome.DENIED,
                "subject",
                List.of("user", "mallory"),
                "relation",
                "owner",
                "object",
                List.of("file", OWN + "rebac_create"));
        // An id of another tenant does not exist for him; one of his own does, and is not his to revoke.
        row("rebac_delete", Outcome.FALSE, Outcome.DENIED, "tuple_id", tuple);
        same("rebac_list_tuples", Outcome.DENIED, "object", List.of("file", OWN + "rebac_list_tuples"));
        same(
                "rebac_check",
                Outcome.DENIED,
                "subject",
                List.of("user", "alice"),
                "permission",
                "read",
                "object",
                List.of("file", file("rebac_check")));
        same(
                "rebac_check_batch",
                Outcome.DENIED,
                "checks",
                List.of(List.of(List.of("user", "alice"), "read", List.of("file", file("rebac_check_batch")))));
        same("rebac_expand", Outcome.DENIED, "permission", "read", "object", List.of("file", file("rebac_expand")));
        List<String> shared = List.of("file", file("share_with_user"));
        same("share_with_user", Outcome.DENIED, "resource", shared, "user_id", "mallory", "relation", "owner");
        same(
                "share_with_group",
                Outcome.DENIED,
                "resource",
                List.of("file", file("share_with_group")),
                "group_id",
                "thieves",
                "group_zone_id",
                "stranger");
        same(
                "revoke_share",
                Outcome.DENIED,
                "resource",
                List.of("file", file("revoke_share")),
                "user_id",
                share("revoke_share"));
        row("revoke_share_by_id", Outcome.FALSE, Outcome.DENIED, "share_id", shareId("revoke_share_by_id"));
        share("list_outgoing_shares");
        same("list_outgoing_shares", Outcome.DENIED, "resource", List.of("file", file("list_outgoing_shares")));
        administrators("admin_create_key", "name", "eve", "user_id", "eve", "zone_id", ZONE);
        administrators("admin_list_keys", "zone_id", ZONE);
        administrators("admin_get_key", "key_id", extraKey());
        administrators("admin_update_key", "key_id", extraKey(), "name", "renamed");
        administrators("admin_revoke_key", "key_id", extraKey());
        administrators("provision_user", "user_id", "newcomer", "email", "newcomer@example.com", "zone_id", ZONE);
        administrators(
                "deprovision_user", "user_id", "extra", "zone_id", ZONE, "delete_user_record", true, "force", true);
        ROUTES.add(new Route("POST", KEYS, "{\"name\":\"eve\",\"user_id\":\"eve\",\"zone_id\":\"" + ZONE + "\"}", 201));
        ROUTES.add(new Route("GET", KEYS + "?zone_id=" + ZONE, null, 200));
        ROUTES.add(new Route("GET", KEYS + "/" + extraKey(), null, 200));
        ROUTES.add(new Route("DELETE", KEYS + "/" + extraKey(), null, 200));
    }

    private static String share(String method) {
        shareId(method);
        return "friend";
    }

    private static String shareId(String method) {
        return SERVER.admin().rebacCreate(Ref.user("friend"), "shared-viewer", Ref.file(file(method)), ZONE);
    }

    private static String extraKey() {
        return SERVER.admin().createKey(ZONE, "extra", "extra").id();
    }

    /** All that the walks must not change: files with their content, tuples, keys. */
    private static List<String> state() {
        NexusClient admin = SERVER.admin();
        List<String> state = new ArrayList<>();
        admin.list("/tenants/" + ZONE, true).stream()
                .filter(entry -> !Usage.isControl(entry.path()))
                .forEach(entry -> state.add(entry.path() + " " + entry.etag()));
        for (String member : List.of("usage", "limits", "status", "settings_revision")) {
            state.add(member + "="
                    + admin.readJson("/tenants/" + ZONE + "/.tenant.json").get(member));
        }
        admin.rebacListTuples(null, Ref.file("/tenants/" + ZONE)).forEach(tuple -> state.add(tuple.toString()));
        Json.array(admin.call("rebac_list_tuples", Map.of("zone_id", ZONE)))
                .forEach(tuple -> state.add(String.valueOf(tuple)));
        Json.array(Json.object(admin.call(
                                "admin_list_keys",
                                Map.of("zone_id", ZONE, "include_revoked", true, "include_expired", true)))
                        .get("keys"))
                .forEach(key -> {
                    Map<String, @Nullable Object> members = new TreeMap<>(Json.object(key));
                    members.remove("last_used_at");
                    state.add(members.toString());
                });
        return state;
    }

    // ---- the walks --------------------------------------------------------------------------------------------------

    @Test
    @Order(1)
    void tableHasEveryMethodThatTheServerServes() {
        List<String> served = Json.array(anonymous.get("/api/nfs/status").get("methods")).stream()
                .map(String::valueOf)
                .toList();
        assertEquals(ROWS.keySet(), new TreeSet<>(served));
    }

    private static HttpReply call(NexusClient client, String method) {
        return client.send(
                "POST",
                "/api/nfs/" + method,
                Json.write(map(
                        "jsonrpc",
                        "2.0",
                        "method",
                        method,
                        "id",
                        "1",
                        "params",
                        ROWS.get(method).params())));
    }

    /** Nothing of the victim's may be in an answer but what the caller said himself. */
    private static void leaksNothing(String method, String text) {
        for (String trace : List.of(SECRET, etag, "secret", "alice", "friend", "sk-")) {
            boolean said = Json.text(ROWS.get(method).params()).contains(trace);
            assertFalse(!said && text.contains(trace), method + " tells '" + trace + "': " + text);
        }
    }

    private static void unauthenticated(String key) {
        NexusClient client = anonymous.withKey(key);
        for (String method : ROWS.keySet()) {
            HttpReply reply = call(client, method);
            assertEquals(401, reply.status(), method + ": " + reply.text());
            assertEquals("{\"detail\":\"Invalid or missing API key\"}", reply.text(), method);
        }
        for (Route route : ROUTES) {
            HttpReply reply = route.send(client);
            assertEquals(401, reply.status(), route + ": " + reply.text());
            assertEquals("{\"detail\":\"Invalid or missing API key\"}", reply.text(), route.toString());
        }
        Map<String, @Nullable Object> whoami = client.get("/api/auth/whoami");
        assertEquals(false, whoami.get("authenticated"));
        assertEquals(false, whoami.get("is_admin"));
        assertEquals(
                Arrays.asList(null, null, null),
                Arrays.asList(whoami.get("subject_id"), whoami.get("zone_id"), whoami.get("user")));
        assertEquals(fingerprint, state());
    }

    @Test
    @Order(2)
    void withoutAKeyEveryMethodIs401() {
        for (String method : ROWS.keySet()) {
            assertEquals(401, call(anonymous, method).status(), method);
        }
        ROUTES.forEach(route -> assertEquals(401, route.send(anonymous).status(), route.toString()));
        assertEquals(fingerprint, state());
    }

    @Test
    @Order(2)
    void withAnUnknownKeyEveryMethodIs401() {
        unauthenticated("sk-0123456789abcdef0123456789abcdef");
    }

    @Test
    @Order(2)
    void withAForgedKeyEveryMethodIs401() {
        String key = SERVER.admin().createKey(ZONE, "alice", "to be forged").text();
        fingerprint = state();
        // The checksum, the secret and the id of the key: each changed by one character.
        for (int at : List.of(key.length() - 1, key.length() - 30, 40)) {
            char other = key.charAt(at) == 'A' ? 'B' : 'A';
            unauthenticated(key.substring(0, at) + other + key.substring(at + 1));
        }
    }

    @Test
    @Order(2)
    void withARevokedKeyEveryMethodIs401() {
        unauthenticated(revoked);
    }

    @Test
    @Order(2)
    void withAnExpiredKeyEveryMethodIs401() {
        unauthenticated(expired);
    }

    @Test
    @Order(3)
    void anotherTenantsAdministratorGetsNothing() {
        ROWS.forEach((method, row) -> judge(method, row.stranger(), call(stranger, method)));
        ROUTES.forEach(route -> forbidden(route, stranger));
        assertEquals(fingerprint, state());
    }

    @Test
    @Order(3)
    void userWithoutGrantsGetsNothing() {
        ROWS.forEach((method, row) -> judge(method, row.powerless(), call(powerless, method)));
        ROUTES.forEach(route -> forbidden(route, powerless));
        assertEquals(fingerprint, state());
    }

    @Test
    @Order(4)
    void suspendedTenantsOwnAdministratorGetsNothing() {
        NexusClient admin = SERVER.admin();
        admin.write("/tenants/" + ZONE + "/.tenant.json", "{\"status\":\"suspended\"}");
        for (String method : ROWS.keySet()) {
            Outcome outcome = switch (method) {
                case "get_available_namespaces" -> Outcome.HARMLESS;
                case "rename_bulk" -> Outcome.NOTHING_EACH;
                default -> Outcome.DENIED;
            };
            judge(method, outcome, call(owner, method));
        }
        ROUTES.forEach(route -> forbidden(route, owner));
        assertEquals(true, owner.whoami().authenticated());
        admin.write("/tenants/" + ZONE + "/.tenant.json", "{\"status\":\"active\"}");
        List<String> after = state();
        after.removeIf(line -> line.startsWith("settings_revision"));
        List<String> before = new ArrayList<>(fingerprint);
        before.removeIf(line -> line.startsWith("settings_revision"));
        assertEquals(before, after);
    }

    private static void forbidden(Route route, NexusClient client) {
        HttpReply reply = route.send(client);
        assertEquals(403, reply.status(), route + ": " + reply.text());
        assertEquals(
                "{\"detail\":\"Admin privileges required for this operation\",\"reason\":\"forbidden\"}",
                reply.text(),
                route.toString());
    }

    private static void judge(String method, Outcome outcome, HttpReply reply) {
        assertEquals(200, reply.status(), method + ": " + reply.text());
        Map<String, @Nullable Object> answer = Json.readObject(reply.body());
        String told = method + " is to be " + outcome + ": " + reply.text();
        if (outcome == Outcome.DENIED) {
            assertTrue(answer.containsKey("error"), told);
            assertEquals(-32004L, Json.object(answer.get("error")).get("code"), told);
            leaksNothing(method, reply.text().replace(String.valueOf(ownPath(answer)), ""));
            return;
        }
        assertTrue(answer.containsKey("result"), told);
        leaksNothing(method, reply.text());
        Object result = answer.get("result");
        switch (outcome) {
            case FALSE -> assertEquals(false, onlyValue(result), told);
            case NOTHING -> assertTrue(((List<?>) onlyValue(firstMember(result))).isEmpty(), told);
            case NOTHING_EACH ->
                Json.object(result).values().forEach(value -> {
                    Object each = value instanceof Map<?, ?> map ? map.get("success") : value;
                    assertTrue(each == null || each.equals(false), told);
                });
            case HARMLESS ->
                assertEquals(
                        List.of("archives", "external", "shared", "workspace"),
                        Json.object(result).get("namespaces"),
                        told);
            case DENIED -> throw new IllegalStateException("handled above");
        }
    }

    private static @Nullable Object ownPath(Map<String, @Nullable Object> answer) {
        return Json.object(answer.get("error")).get("data") instanceof Map<?, ?> data ? data.get("path") : null;
    }

    /** The member of an answer such as {@code {"exists":false}}, or the bare answer. */
    private static @Nullable Object onlyValue(@Nullable Object result) {
        return result instanceof Map<?, ?> map && map.size() == 1
                ? map.values().iterator().next()
                : result;
    }

    /** The list of an answer such as {@code {"files":[],"has_more":false}}. */
    private static @Nullable Object firstMember(@Nullable Object result) {
        return result instanceof Map<?, ?> map ? map.values().iterator().next() : result;
    }

    // ---- the control ------------------------------------------------------------------------------------------------

    @Test
    @Order(5)
    void thoseWhoMayAreServedByTheSameCalls() {
        ROWS.forEach((method, row) -> {
            HttpReply reply = call(row.byAdministrator() ? SERVER.admin() : owner, method);
            assertEquals(200, reply.status(), method + ": " + reply.text());
            Map<String, @Nullable Object> answer = Json.readObject(reply.body());
            assertTrue(answer.containsKey("result"), method + ": " + reply.text());
            Object result = answer.get("result");
            Object value = onlyValue(firstMember(result));
            assertFalse(
                    Boolean.FALSE.equals(value) || value instanceof List<?> list && list.isEmpty(),
                    method + ": " + reply.text());
        });
        ROUTES.forEach(route -> {
            HttpReply reply = route.send(SERVER.admin());
            assertEquals(route.status(), reply.status(), route + ": " + reply.text());
        });
    }
}
