package nexus.e2e;

import static nexus.http.client.NexusClient.Ref.file;
import static nexus.http.client.NexusClient.Ref.user;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import nexus.e2e.SharedServer.Tenant;
import nexus.http.client.HttpReply;
import nexus.http.client.HttpStatusException;
import nexus.http.client.Json;
import nexus.http.client.NexusClient;
import nexus.http.client.NexusClient.Ref;
import nexus.http.client.NexusException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The rows of {@code isolation.md}, over the wire. Row 5 is {@link EveryMethodTest}. Rows that this version cannot be asked
 * about: 18 (rates are not limited), 24 (timing). Shares are asked about at the end, row by row.
 */
@Tag("server")
@Timeout(120)
class IsolationTest {
    @RegisterExtension
    static final SharedServer SERVER = new SharedServer();

    private static final String SECRET = "only for the tenant's own eyes";

    /** The code of the error, or 0 if there was none. */
    private static int code(Runnable call) {
        try {
            call.run();
            return 0;
        } catch (NexusException e) {
            return e.code();
        }
    }

    private static NexusException refusal(Runnable call) {
        return assertThrows(NexusException.class, call::run);
    }

    private static Object params(Object... pairs) {
        Map<String, Object> params = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            params.put(String.valueOf(pairs[i]), pairs[i + 1]);
        }
        return params;
    }

    private static HttpReply rpc(NexusClient client, String method, Object... params) {
        return client.send("POST", "/api/nfs/" + method, Json.write(params("params", params(params))));
    }

    // ---- 1 ----------------------------------------------------------------------------------------------------------

    @Test
    @DisplayName("1: no header chooses the tenant or the identity; one that contradicts the key is refused")
    void row01HeadersChooseNothing() {
        Tenant acme = SERVER.tenant("acme");
        Tenant beta = SERVER.tenant("beta");
        acme.owner().write(acme.path("a.txt"), SECRET);
        NexusClient bob = beta.user("bob");
        Map<String, String> lies = new LinkedHashMap<>();
        lies.put("X-Nexus-Zone-ID", acme.zone());
        lies.put("X-Zone-Id", acme.zone());
        lies.put("X-User-Id", "alice");
        lies.put("X-Nexus-Subject", "user:alice");
        lies.put("X-Agent-ID", "alice");
        lies.put("x-nexus-zone-id", acme.zone());
        lies.forEach((name, value) -> {
            NexusClient liar = bob.withHeaders(Map.of(name, value));
            assertEquals(NexusException.PERMISSION, code(() -> liar.read(acme.path("a.txt"))), name);
            assertEquals(NexusException.PERMISSION, code(() -> liar.list(beta.root(), true)), name);
            assertEquals(NexusException.PERMISSION, code(() -> liar.write(beta.path("b.txt"), "b")), name);
            HttpReply whoami = liar.send("GET", "/api/auth/whoami", null);
            assertFalse(whoami.text().contains("alice"), name + ": " + whoami.text());
            assertFalse(whoami.text().contains(acme.zone()), name + ": " + whoami.text());
            HttpReply withoutKey =
                    rpc(liar.withKey(null).withHeaders(Map.of(name, value)), "read", "path", acme.path("a.txt"));
            assertEquals(401, withoutKey.status(), name);
        });
        NexusClient honest = bob.withHeaders(Map.of(
                "X-Nexus-Zone-ID",
                beta.zone(),
                "X-Zone-Id",
                beta.zone(),
                "X-User-Id",
                "bob",
                "X-Nexus-Subject",
                "user:bob"));
        assertEquals(List.of(), honest.list(beta.root(), true));
        NexusClient both = bob.withHeaders(Map.of("X-Nexus-Zone-ID", beta.zone(), "X-Zone-Id", acme.zone()));
        assertEquals(NexusException.PERMISSION, code(() -> both.list(beta.root(), true)));
    }

    // ---- 2 ----------------------------------------------------------------------------------------------------------

    /** Ways to write the path of another tenant's file, {@code %s} being that tenant, {@code %o} one's own. */
    private static final List<String> TRICKS = List.of(
            "/tenants/%s/a.txt",
            "tenants/%s/a.txt",
            "//tenants//%s//a.txt",
            "/tenants/%s/a.txt/",
            " /tenants/%s/a.txt ",
            "/tenants/%o/../%s/a.txt",
            "/tenants/%o/x/../../%s/a.txt",
            "/tenants/./%s/a.txt",
            "/tenants/%o/%2e%2e/%s/a.txt",
            "/tenants/%o/%252e%252e/%s/a.txt",
            "/tenants/%o/..%2f%s/a.txt",
            "/tenants%2f%s%2fa.txt",
            "/tenants/%o/..\\%s\\a.txt",
            "\\tenants\\%s\\a.txt",
            "/tenants/%o/\u2025/%s/a.txt",
            "/tenants/%o/\uff0e\uff0e/%s/a.txt",
            "/tenants/%o\u2215..\u2215%s/a.txt",
            "/tenants\uff0f%s\uff0fa.txt",
            "/tenants/%s\u0000/a.txt",
            "/tenants/%s/a.txt\u0000.png",
            "/tenants/%s\n/a.txt",
            "/tenants/%s\t/a.txt",
            "/tenants/%s /a.txt",
            "/tenants/ %s/a.txt",
            "/tenants/%s\u00a0/a.txt",
            "/tenants/%s\u200b/a.txt",
            "/tenants/%s./a.txt",
            "/tenants/%s;/a.txt",
            "/TENANTS/%s/a.txt",
            "/Tenants/%s/a.txt",
            "/zone/%s/a.txt",
            "/zones/%s/a.txt",
            "/tenants/%U/a.txt",
            "/tenants/*/a.txt",
            "/tenants/%s*/a.txt",
            "/tenants/%o/a.txt/../../%s/a.txt",
            "file:///tenants/%s/a.txt");

    @Test
    @DisplayName("2: no spelling of another tenant's path reaches it")
    void row02NoPathReachesAnotherTenant() {
        Tenant acme = SERVER.tenant("acme");
        Tenant beta = SERVER.tenant("beta");
        acme.owner().write(acme.path("a.txt"), SECRET);
        beta.owner().write(beta.path("a.txt"), "beta's own");
        beta.owner().write(beta.path("b.txt"), "more of beta's own");
        for (String trick : TRICKS) {
            String path = trick.replace("%s", acme.zone())
                    .replace("%o", beta.zone())
                    .replace("%U", acme.zone().toUpperCase(java.util.Locale.ROOT));
            Map<String, Object[]> calls = new LinkedHashMap<>();
            calls.put("read", new Object[] {"path", path});
            calls.put("stat", new Object[] {"path", path});
            calls.put("write", new Object[] {"path", path, "content", "bob was here"});
            calls.put("append", new Object[] {"path", path, "content", "bob was here"});
            calls.put("copy", new Object[] {"src_path", path, "dst_path", beta.path("copy.txt")});
            calls.put("rename", new Object[] {"old_path", beta.path("b.txt"), "new_path", path});
            calls.put("delete", new Object[] {"path", path});
            calls.forEach((method, params) -> {
                Map<String, @Nullable Object> answer =
                        Json.readObject(rpc(beta.owner(), method, params).body());
                assertTrue(answer.containsKey("error"), method + " " + path + ": " + answer);
                Object code = Json.object(answer.get("error")).get("code");
                assertTrue(Set.of(-32002L, -32004L).contains(code), method + " " + path + ": " + answer);
            });
            for (String method : List.of("exists", "list", "glob", "grep", "read_bulk")) {
                Object[] params = switch (method) {
                    case "glob" -> new Object[] {"path", path, "pattern", "**"};
                    case "grep" -> new Object[] {"path", path, "pattern", "own"};
                    case "read_bulk" -> new Object[] {"paths", List.of(path)};
                    default -> new Object[] {"path", path};
                };
                String text = rpc(beta.owner(), method, params).text();
                assertFalse(text.contains(SECRET), method + " " + path + ": " + text);
                assertFalse(text.contains("\"exists\":true"), method + " " + path + ": " + text);
                assertFalse(text.contains("\"etag\""), method + " " + path + ": " + text);
            }
        }
        assertEquals(SECRET, acme.owner().readText(acme.path("a.txt")));
        assertEquals(
                List.of("a.txt"),
                acme.owner().paths(acme.root(), true).stream()
                        .filter(path -> !path.contains("/."))
                        .map(path -> path.substring(acme.root().length() + 1))
                        .toList());
    }

    @Test
    @DisplayName("2: a tenant whose name begins with another's is another tenant")
    void row02PrefixOfANameIsNoFolder() {
        Tenant acme = SERVER.tenant("acme");
        Tenant longer = SharedServer.tenant(SERVER.admin(), acme.zone() + "-2", "alice");
        longer.owner().write(longer.path("a.txt"), SECRET);

        assertEquals(NexusException.PERMISSION, code(() -> acme.owner().read(longer.path("a.txt"))));
        assertEquals(List.of(), acme.owner().list(longer.root(), true));
        String prefixed =
                rpc(acme.owner(), "list", "path", "/", "prefix", acme.root()).text();
        assertFalse(prefixed.contains(longer.zone()), prefixed);
        assertFalse(String.join("\n", acme.owner().paths(acme.root(), true)).contains(longer.zone()));
    }

    // ---- 3, 4 -------------------------------------------------------------------------------------------------------

    @Test
    @DisplayName("3, 4: alice of one tenant is not alice of another, in any order of asking")
    void row03SameNameInTwoTenants() {
        Tenant acme = SERVER.tenant("acme");
        Tenant beta = SERVER.tenant("beta");
        acme.owner().write(acme.path("a.txt"), SECRET);
        NexusClient alice = beta.owner();
        for (int i = 0; i < 3; i++) {
            assertEquals(SECRET, acme.owner().readText(acme.path("a.txt")));
            assertEquals(NexusException.PERMISSION, code(() -> alice.read(acme.path("a.txt"))));
            assertEquals(List.of(), acme.owner().list(beta.root(), false));
        }
        // A user of the same name who was granted something only there.
        NexusClient diana = acme.user("diana", "viewer", acme.path("a.txt"));
        NexusClient otherDiana = beta.user("diana");
        assertEquals(SECRET, diana.readText(acme.path("a.txt")));
        assertEquals(NexusException.PERMISSION, code(() -> otherDiana.read(acme.path("a.txt"))));
        assertFalse(beta.owner().rebacCheck(user("diana"), "read", file(beta.path("a.txt"))));
    }

    // ---- 5 (beside EveryMethodTest), 6 ------------------------------------------------------------------------------

    @Test
    @DisplayName("6: nobody but a system administrator makes tenants, and nobody anything else at the top")
    void row06NothingAtTheTop() {
        Tenant acme = SERVER.tenant("acme");
        for (String path : List.of(
                "/",
                "/top",
                "/tenants",
                "/tenants/of-alice",
                "/tenants/Of_Alice",
                "/exports/x",
                "/system",
                "/tenants/system",
                "/tenants/tenants")) {
            assertEquals(NexusException.PERMISSION, code(() -> acme.owner().mkdir(path)), path);
            assertEquals(NexusException.PERMISSION, code(() -> acme.owner().mkdirs(path)), path);
            int written = code(() -> acme.owner().write(path + "/a.txt", "a"));
            assertEquals(NexusException.PERMISSION, written, path);
        }
        for (String path : List.of(
                "/top",
                "/top/a",
                "/exports/x",
                "/tenants/system",
                "/tenants/tenants",
                "/tenants/Upper",
                "/tenants/under_score",
                "/tenants/-x")) {
            assertEquals(NexusException.VALIDATION, code(() -> SERVER.admin().mkdir(path)), path);
        }
        assertEquals(
                NexusException.VALIDATION, code(() -> SERVER.admin().write("/top/a.txt", "a")), "write at the top");
        // A write below an unknown tenant makes none.
        assertNotEquals(0, code(() -> SERVER.admin().write("/tenants/nobody-made-me/a.txt", "a")));
        assertFalse(SERVER.admin().exists("/tenants/nobody-made-me"));
        assertEquals(
                Map.of("/tenants/nobody-made-me/a", false, acme.root(), true),
                rpcCall(SERVER.admin(), "exists_batch", "paths", List.of("/tenants/nobody-made-me/a", acme.root())));
    }

    // ---- 7 ----------------------------------------------------------------------------------------------------------

    @Test
    @DisplayName("7: tuples are listed and deleted within the tenant, by owners")
    void row07TuplesAreTheTenantsOwn() {
        Tenant acme = SERVER.tenant("acme");
        Tenant beta = SERVER.tenant("beta");
        NexusClient diana = acme.user("diana", "viewer", acme.path("a.txt"));
        String betas = beta.owner().rebacCreate(user("x"), "viewer", file(beta.path("a.txt")), null);
        List<Map<String, @Nullable Object>> all = acme.owner().rebacListTuples(null, null);
        assertFalse(all.isEmpty());
        all.forEach(tuple -> assertEquals(acme.zone(), tuple.get("zone_id"), tuple.toString()));
        assertEquals(
                NexusException.PERMISSION, code(() -> acme.owner().rebacListTuples(null, file(beta.path("a.txt")))));
        assertEquals(
                NexusException.PERMISSION,
                code(() -> rpcCall(acme.owner(), "rebac_list_tuples", "zone_id", beta.zone())));
        assertEquals(NexusException.PERMISSION, code(() -> diana.rebacListTuples(null, null)));
        assertEquals(NexusException.PERMISSION, code(() -> diana.rebacListTuples(user("alice"), null)));
        assertEquals(1, diana.rebacListTuples(user("diana"), null).size());

        assertFalse(acme.owner().rebacDelete(betas), "another tenant's tuple does not exist");
        assertEquals(
                false, rpcCall(acme.owner(), "rebac_delete", "tuple_id", betas, "zone_id", beta.zone()), "nor there");
        String owners = String.valueOf(
                acme.owner().rebacListTuples(user("alice"), null).get(0).get("tuple_id"));
        assertEquals(NexusException.PERMISSION, code(() -> diana.rebacDelete(owners)));
        assertEquals(1, beta.owner().rebacListTuples(user("x"), null).size());
        assertTrue(beta.owner().rebacDelete(betas));
    }

    private static @Nullable Object rpcCall(NexusClient client, String method, Object... params) {
        return client.call(method, Json.object(params(params)));
    }

    // ---- 8 ----------------------------------------------------------------------------------------------------------

    @Test
    @DisplayName("8: nobody redefines the permission model, or grants what it does not have")
    void row08ModelIsFixed() {
        Tenant acme = SERVER.tenant("acme");
        for (NexusClient client : List.of(acme.owner(), SERVER.admin())) {
            for (String method :
                    List.of("namespace_create", "register_namespace", "namespace_delete", "set_rebac_option")) {
                assertEquals(-32601, code(() -> client.call(method, Map.of())), method);
            }
        }
        for (String relation : List.of("read", "write", "share", "parent", "god", "OWNER", "owner ")) {
            int code = code(() -> acme.owner().rebacCreate(user("x"), relation, file(acme.path("a")), null));
            assertEquals(NexusException.VALIDATION, code, relation);
        }
        assertEquals(
                NexusException.VALIDATION,
                code(() -> acme.owner().rebacCreate(new Ref("robot", "x"), "owner", file(acme.path("a")), null)));
        assertNotEquals(
                0, code(() -> acme.owner().rebacCreate(user("x"), "member", new Ref("tenant", acme.zone()), null)));
    }

    // ---- 9 ----------------------------------------------------------------------------------------------------------

    @Test
    @DisplayName("9: a conditional read is judged before it is compared")
    void row09ConditionalReadIsNoOracle() {
        Tenant acme = SERVER.tenant("acme");
        Tenant beta = SERVER.tenant("beta");
        String etag = acme.owner().write(acme.path("a.txt"), SECRET).etag();
        for (String value : List.of('"' + etag + '"', etag, "*", "W/\"" + etag + '"')) {
            for (String header : List.of("If-None-Match", "If-Match")) {
                for (NexusClient client : List.of(beta.owner(), acme.user("nobody"))) {
                    HttpReply reply =
                            rpc(client.withHeaders(Map.of(header, value)), "read", "path", acme.path("a.txt"));
                    assertEquals(200, reply.status(), header + value);
                    assertTrue(reply.text().contains("-32004"), header + value + reply.text());
                    assertTrue(
                            reply.headers().firstValue("ETag").isEmpty(),
                            reply.headers().toString());
                }
            }
        }
        HttpReply own = rpc(acme.owner(), "read", "path", acme.path("a.txt"));
        assertEquals(
                "private, max-age=0, must-revalidate",
                own.headers().firstValue("Cache-Control").orElse(""));
        assertEquals('"' + etag + '"', own.headers().firstValue("ETag").orElse(""));
        // A write's condition is no oracle either.
        for (Object condition : List.of(etag, "0".repeat(64))) {
            assertEquals(
                    NexusException.PERMISSION,
                    code(() -> rpcCall(
                            beta.owner(), "write", "path", acme.path("a.txt"), "content", "x", "if_match", condition)));
        }
    }

    // ---- 10 ---------------------------------------------------------------------------------------------------------

    @Test
    @DisplayName("10: what exists and what does not are refused in the same words")
    void row10NoOracleOfExistence() {
        Tenant acme = SERVER.tenant("acme");
        Tenant beta = SERVER.tenant("beta");
        acme.owner().write(acme.path("private/there.txt"), SECRET);
        acme.owner().mkdir(acme.path("private/theredir"));
        NexusClient diana = acme.user("diana", "editor", acme.path("shared"));
        diana.write(acme.path("shared/own.txt"), "own");
        List<Object[]> calls = List.of(
                new Object[] {"read", "path"},
                new Object[] {"stat", "path"},
                new Object[] {"delete", "path"},
                new Object[] {"get_etag", "path"},
                new Object[] {"get_metadata", "path"},
                new Object[] {"list_versions", "path"},
                new Object[] {"rmdir", "path"},
                new Object[] {"exists", "path"},
                new Object[] {"is_directory", "path"},
                new Object[] {"list", "path"},
                new Object[] {"mkdir", "path"});
        for (NexusClient client : List.of(beta.owner(), diana)) {
            for (Object[] call : calls) {
                String method = String.valueOf(call[0]);
                String missing = answer(client, method, acme.path("private/missing.txt"));
                assertEquals(missing, answer(client, method, acme.path("private/there.txt")), method);
                assertEquals(missing, answer(client, method, acme.path("private/theredir")), method);
                if (!method.equals("mkdir")) {
                    assertEquals(missing, answer(client, method, acme.path("private/there.txt/below")), method);
                }
            }
            for (String target : List.of("write", "large write", "append", "write_batch", "rename", "copy")) {
                String missing = attempt(client, target, acme.path("private/missing.txt"), acme.path("shared/own.txt"));
                assertTrue(missing.contains("-32004"), missing);
                assertEquals(
                        missing,
                        attempt(client, target, acme.path("private/there.txt"), acme.path("shared/own.txt")),
                        target);
            }
        }
        // The same for tenants: there or not, to a stranger they are one.
        assertEquals(
                answer(beta.owner(), "read", acme.path("x")).replace(acme.zone(), "Z"),
                answer(beta.owner(), "read", "/tenants/nobody-here/x").replace("nobody-here", "Z"));
        assertEquals(answer(beta.owner(), "list", acme.root()), answer(beta.owner(), "list", "/tenants/nobody-here"));
        assertEquals(
                message(refusal(() -> rpcCall(beta.owner(), "admin_list_keys", "zone_id", acme.zone()))),
                message(refusal(() -> rpcCall(beta.owner(), "admin_list_keys", "zone_id", "nobody-here"))));
        // And for users and keys of either tenant, in every dress.
        for (String method : List.of("provision_user", "deprovision_user")) {
            String denied =
                    message(refusal(() -> rpcCall(beta.owner(), method, "user_id", "x", "zone_id", "nobody-here")));
            for (String zone : List.of(acme.zone(), beta.zone(), "system")) {
                for (String user : List.of("alice", "diana", "missing")) {
                    assertEquals(
                            denied,
                            message(refusal(() -> rpcCall(beta.owner(), method, "user_id", user, "zone_id", zone))));
                }
            }
        }
        String denied = rest(beta.owner(), "GET", "/missing");
        assertTrue(denied.startsWith("403 "), denied);
        for (String method : List.of("GET", "DELETE")) {
            assertEquals(denied, rest(beta.owner(), method, "/" + acme.keyId()));
            assertEquals(denied, rest(beta.owner(), method, "/" + beta.keyId()));
        }
        assertEquals(denied, rest(beta.owner(), "GET", "?zone_id=" + acme.zone()));
        assertEquals(denied, rest(beta.owner(), "GET", "?zone_id=nobody-here"));
        assertTrue(acme.owner().whoami().authenticated());
        assertTrue(beta.owner().whoami().authenticated());
    }

    /** Status and text of an answer about keys. */
    private static String rest(NexusClient client, String method, String path) {
        HttpReply reply = client.send(method, "/api/v2/auth/keys" + path, null);
        return reply.status() + " " + reply.text();
    }

    private static String message(NexusException e) {
        return e.code() + e.detail() + e.data();
    }

    /** The answer to a change of a path, without that path. */
    private static String attempt(NexusClient client, String how, String path, String own) {
        HttpReply reply = switch (how) {
            case "large write" -> rpc(client, "write", "path", path, "content", new byte[100_000]);
            case "write_batch" -> rpc(client, "write_batch", "files", List.of(List.of(path, "x")));
            case "rename" -> rpc(client, "rename", "old_path", own, "new_path", path);
            case "copy" -> rpc(client, "copy", "src_path", own, "dst_path", path);
            default -> rpc(client, how, "path", path, "content", "x");
        };
        return reply.text().replace(path, "PATH");
    }

    /** The answer without the path that was asked for. */
    private static String answer(NexusClient client, String method, String path) {
        return rpc(client, method, "path", path).text().replace(path, "PATH");
    }

    // ---- 11 ---------------------------------------------------------------------------------------------------------

    @Test
    @DisplayName("11: a revoked key is dead with the next request, an expired one at its instant")
    void row11DeadKeysAreDeadAtOnce() {
        Tenant acme = SERVER.tenant("acme");
        for (int i = 0; i < 20; i++) {
            NexusClient.Key key = SERVER.admin().createKey(acme.zone(), "alice", "round " + i);
            NexusClient client = SERVER.admin().as(key.text());
            client.list(acme.root(), false);
            SERVER.admin().revokeKey(key.id());
            assertEquals(
                    401,
                    assertThrows(HttpStatusException.class, () -> client.list(acme.root(), false))
                            .status());
        }
        Instant before = Instant.now();
        Duration life = Duration.ofMillis(1500);
        NexusClient.Key key = SERVER.admin().createKey(acme.zone(), "alice", "short", life);
        NexusClient client = SERVER.admin().as(key.text());
        Instant lastServed = before;
        while (Instant.now().isBefore(before.plus(Duration.ofSeconds(10)))) {
            try {
                Instant asked = Instant.now();
                client.exists(acme.path("a"));
                lastServed = asked;
            } catch (HttpStatusException e) {
                assertEquals(401, e.status());
                break;
            }
        }
        Instant end = Instant.now();
        assertTrue(Duration.between(before, end).compareTo(life) >= 0, "it lived its time");
        // The key was made a little after "before": its making took some of the time.
        assertTrue(
                Duration.between(before, lastServed).compareTo(life.plusMillis(1500)) < 0,
                "served " + Duration.between(before, lastServed) + " after it was asked for");
        assertEquals(
                401,
                assertThrows(HttpStatusException.class, () -> client.exists(acme.path("a")))
                        .status());
    }

    // ---- 12 ---------------------------------------------------------------------------------------------------------

    @Test
    @DisplayName("12: a grant is dead at its instant, and granting again moves the instant")
    void row12ExpiredGrantsAreDead() {
        Tenant acme = SERVER.tenant("acme");
        acme.owner().write(acme.path("a.txt"), SECRET);
        NexusClient diana = acme.user("diana");
        Instant end = Instant.now().plusMillis(1500);
        String tuple = acme.owner().rebacCreate(user("diana"), "viewer", file(acme.path("a.txt")), null, end);
        assertEquals(SECRET, diana.readText(acme.path("a.txt")));
        boolean allowed = true;
        while (allowed) {
            Instant asked = Instant.now();
            allowed = code(() -> diana.read(acme.path("a.txt"))) == 0;
            assertFalse(allowed && asked.isAfter(end.plusMillis(500)), "allowed at " + asked + ", it ended at " + end);
            assertFalse(!allowed && Instant.now().isBefore(end.minusMillis(500)), "refused before its end");
        }
        assertFalse(acme.owner().rebacCheck(user("diana"), "read", file(acme.path("a.txt"))));
        assertFalse(diana.exists(acme.path("a.txt")));
        assertEquals(List.of(), diana.paths(acme.root(), true));

        Instant later = Instant.now().plusSeconds(3600);
        assertEquals(
                tuple,
                acme.owner().rebacCreate(user("diana"), "viewer", file(acme.path("a.txt")), null, later),
                "the same grant");
        assertEquals(SECRET, diana.readText(acme.path("a.txt")));
        // And a grant without an end that gets one.
        acme.owner()
                .rebacCreate(
                        user("diana"),
                        "viewer",
                        file(acme.path("a.txt")),
                        null,
                        Instant.now().plusMillis(400));
        Await.until(
                "the shortened grant ends",
                Duration.ofSeconds(3),
                () -> !diana.exists(acme.path("a.txt")),
                () -> "it lives");
    }

    // ---- 13 ---------------------------------------------------------------------------------------------------------

    @Test
    @DisplayName("13: a revoked grant is gone at once, also through folders and groups")
    void row13RevokedGrantsAreGone() {
        Tenant acme = SERVER.tenant("acme");
        acme.owner().write(acme.path("deep/er/a.txt"), SECRET);
        NexusClient diana = acme.user("diana");
        for (int i = 0; i < 20; i++) {
            String direct = acme.owner().rebacCreate(user("diana"), "can_read", file(acme.path("deep")), null);
            assertEquals(SECRET, diana.readText(acme.path("deep/er/a.txt")));
            assertTrue(acme.owner().rebacDelete(direct));
            assertEquals(NexusException.PERMISSION, code(() -> diana.read(acme.path("deep/er/a.txt"))));
        }
        rpcCall(
                acme.owner(),
                "rebac_create",
                "subject",
                List.of("group", "eng", "member"),
                "relation",
                "viewer",
                "object",
                List.of("file", acme.path("deep")));
        rpcCall(
                acme.owner(),
                "rebac_create",
                "subject",
                List.of("group", "inner", "member"),
                "relation",
                "member",
                "object",
                List.of("group", "eng"));
        for (int i = 0; i < 20; i++) {
            String member = acme.owner().rebacCreate(user("diana"), "member", new Ref("group", "inner"), null);
            assertEquals(SECRET, diana.readText(acme.path("deep/er/a.txt")));
            assertTrue(acme.owner().rebacDelete(member));
            assertFalse(diana.exists(acme.path("deep/er/a.txt")));
        }
        // A grant on a file ends with the file: the next one of its name inherits nothing.
        acme.owner().rebacCreate(user("diana"), "viewer", file(acme.path("deep/er/a.txt")), null);
        acme.owner().delete(acme.path("deep/er/a.txt"));
        acme.owner().write(acme.path("deep/er/a.txt"), SECRET + " again");
        assertFalse(diana.exists(acme.path("deep/er/a.txt")));
    }

    // ---- 14 ---------------------------------------------------------------------------------------------------------

    @Test
    @DisplayName("14: concurrent requests do not exchange identities")
    void row14IdentitiesStayApart() {
        List<Tenant> tenants =
                IntStream.range(0, 4).mapToObj(i -> SERVER.tenant("mix")).toList();
        List<NexusClient> clients = new ArrayList<>();
        List<Tenant> homes = new ArrayList<>();
        for (Tenant tenant : tenants) {
            for (String name : List.of("one", "two")) {
                clients.add(tenant.user(name, "owner", tenant.path(name)));
                homes.add(tenant);
                tenant.owner().write(tenant.path(name + "/me.txt"), tenant.zone() + " " + name);
            }
        }
        ConcurrentLinkedQueue<String> faults = new ConcurrentLinkedQueue<>();
        IntStream.range(0, 800).parallel().forEach(i -> {
            int at = i % clients.size();
            String name = at % 2 == 0 ? "one" : "two";
            Tenant home = homes.get(at);
            NexusClient client = clients.get(at);
            NexusClient.Identity identity = client.whoami();
            if (!name.equals(identity.subjectId()) || !home.zone().equals(identity.zone())) {
                faults.add(home.zone() + " " + name + " was told to be " + identity);
            }
            String own = client.readText(home.path(name + "/me.txt"));
            if (!own.equals(home.zone() + " " + name)) {
                faults.add(home.zone() + " " + name + " read " + own);
            }
            String other = home.path((name.equals("one") ? "two" : "one") + "/me.txt");
            if (code(() -> client.read(other)) != NexusException.PERMISSION) {
                faults.add(home.zone() + " " + name + " could read " + other);
            }
        });
        assertEquals(List.of(), List.copyOf(faults));
    }

    // ---- 15 ---------------------------------------------------------------------------------------------------------

    @Test
    @DisplayName("15: who comes after a deleted tenant inherits nothing")
    void row15SuccessorInheritsNothing() {
        Tenant first = SERVER.tenant("phoenix");
        first.owner().write(first.path("shared/a.txt"), SECRET);
        first.owner().write(first.path("large.bin"), new byte[300_000]);
        NexusClient diana = first.user("diana", "owner", first.path("shared"));
        first.owner()
                .append(
                        first.path(".audit/log.jsonl"),
                        "{\"note\":\"of the first\"}\n".getBytes(StandardCharsets.UTF_8));
        String tuple = first.owner().rebacCreate(user("diana"), "viewer", file(first.path("shared/a.txt")), null);
        SERVER.admin().write(first.path(".tenant.json"), "{\"name\":\"The First\",\"own\":{\"x\":1}}");
        String id = String.valueOf(
                SERVER.admin().readJson(first.path(".tenant.json")).get("tenant_id"));

        SERVER.admin().rmdir(first.root(), true);

        for (NexusClient dead : List.of(first.owner(), diana)) {
            assertEquals(
                    401,
                    assertThrows(HttpStatusException.class, () -> dead.list(first.root(), true))
                            .status());
        }
        assertEquals(NexusException.NOT_FOUND, code(() -> SERVER.admin().read(first.path("shared/a.txt"))));
        SERVER.admin().mkdir(first.root());
        Map<String, @Nullable Object> record = SERVER.admin().readJson(first.path(".tenant.json"));
        assertNotEquals(id, record.get("tenant_id"));
        assertFalse(record.containsKey("own"), record.toString());
        assertNotEquals("The First", record.get("name"));
        assertEquals(List.of(0L, 0L, 0L), Usage.of(SERVER.admin(), first.zone()));
        assertEquals(
                List.of(first.path(".audit"), first.path(".audit/log.jsonl"), first.path(".tenant.json")),
                SERVER.admin().paths(first.root(), true));
        assertEquals(List.of(), Json.array(rpcCall(SERVER.admin(), "rebac_list_tuples", "zone_id", first.zone())));
        assertEquals(
                0L,
                Json.object(rpcCall(
                                SERVER.admin(),
                                "admin_list_keys",
                                "zone_id",
                                first.zone(),
                                "include_revoked",
                                true,
                                "include_expired",
                                true))
                        .get("total"));
        assertFalse(SERVER.admin().readText(first.path(".audit/log.jsonl")).contains("of the first"));
        assertFalse(SERVER.admin().rebacDelete(tuple));
        assertEquals(
                NexusException.NOT_FOUND,
                code(() -> rpcCall(SERVER.admin(), "admin_get_key", "key_id", first.keyId())));
        for (NexusClient dead : List.of(first.owner(), diana)) {
            assertEquals(
                    401,
                    assertThrows(HttpStatusException.class, () -> dead.list(first.root(), true))
                            .status());
        }
        // The same name in the new tenant holds nothing of what the old one held.
        NexusClient successor = SERVER.admin()
                .as(SERVER.admin().createKey(first.zone(), "alice", "alice").text());
        assertEquals(List.of(), successor.list(first.root(), true));
        SERVER.admin().write(first.path("shared/a.txt"), "of the second");
        assertEquals(NexusException.PERMISSION, code(() -> successor.read(first.path("shared/a.txt"))));
        assertEquals(List.of("of the second".length() + 0L), versionsOf(first.path("shared/a.txt")));
    }

    @Test
    @DisplayName("15: who comes after a deprovisioned user inherits nothing, whatever the first one had")
    void row15NextUserOfANameInheritsNothing() {
        Tenant acme = SERVER.tenant("acme");
        Map<String, @Nullable Object> first = provision(acme, "bob");
        NexusClient bob = SERVER.admin().as(String.valueOf(first.get("api_key")));
        String home = String.valueOf(first.get("workspace_path"));
        bob.write(home + "/a.txt", SECRET);
        bob.write(home + "/large.bin", new byte[300_000]);
        bob.rebacCreate(user("diana"), "viewer", file(home), null);
        acme.owner().rebacCreate(user("bob"), "viewer", file(acme.path("shared")), null);
        acme.owner().rebacCreate(user("bob"), "member", new Ref("group", "staff"), null);
        rpcCall(
                acme.owner(),
                "rebac_create",
                "subject",
                List.of("group", "staff", "member"),
                "relation",
                "viewer",
                "object",
                List.of("file", acme.path("for-staff")));
        acme.owner().write(acme.path("shared/s.txt"), "s");
        acme.owner().write(acme.path("for-staff/s.txt"), "s");
        assertEquals("s", bob.readText(acme.path("for-staff/s.txt")));
        NexusClient agent = SERVER.admin()
                .as(SERVER.admin()
                        .createKey(Map.of(
                                "name",
                                "bot",
                                "zone_id",
                                acme.zone(),
                                "user_id",
                                "bob",
                                "subject_type",
                                "agent",
                                "subject_id",
                                "bob,UntrustedAgent"))
                        .text());

        Map<String, @Nullable Object> taken = Json.object(rpcCall(
                SERVER.admin(),
                "deprovision_user",
                "user_id",
                "bob",
                "zone_id",
                acme.zone(),
                "delete_user_record",
                true));

        assertEquals(List.of(home), taken.get("deleted_directories"));
        assertEquals(2L, taken.get("deleted_api_keys"));
        assertEquals(3L, taken.get("deleted_permissions"));
        assertEquals(3L, taken.get("deleted_entities"));
        assertEquals(true, taken.get("user_record_deleted"));
        for (NexusClient dead : List.of(bob, agent)) {
            assertEquals(
                    401,
                    assertThrows(HttpStatusException.class, () -> dead.list(acme.root(), true))
                            .status());
        }
        assertEquals(Usage.recount(SERVER.admin(), acme.zone()), acme.usage());
        assertEquals(NexusException.NOT_FOUND, code(() -> SERVER.admin().read(home + "/a.txt")));
        assertFalse(Json.text(rpcCall(SERVER.admin(), "rebac_list_tuples", "zone_id", acme.zone()))
                .contains("bob"));

        Map<String, @Nullable Object> second = provision(acme, "bob");
        assertEquals(true, Json.object(second.get("created_resources")).get("user"));
        NexusClient next = SERVER.admin().as(String.valueOf(second.get("api_key")));
        assertTrue(next.paths(home, true).stream().noneMatch(path -> path.endsWith(".txt") || path.endsWith(".bin")));
        for (String path : List.of("shared/s.txt", "for-staff/s.txt")) {
            assertEquals(NexusException.PERMISSION, code(() -> next.read(acme.path(path))), path);
        }
        next.write(home + "/a.txt", "of the second");
        assertEquals(List.of("of the second".length() + 0L), versionsOf(home + "/a.txt"));
        NexusClient diana = acme.user("diana");
        assertEquals(NexusException.PERMISSION, code(() -> diana.read(home + "/a.txt")));
    }

    private static Map<String, @Nullable Object> provision(Tenant tenant, String user) {
        return Json.object(rpcCall(
                SERVER.admin(),
                "provision_user",
                "user_id",
                user,
                "email",
                user + "@example.com",
                "zone_id",
                tenant.zone()));
    }

    private static List<Long> versionsOf(String path) {
        return Json.array(rpcCall(SERVER.admin(), "list_versions", "path", path)).stream()
                .map(version -> (Long) Json.object(version).get("size"))
                .toList();
    }

    // ---- 16 ---------------------------------------------------------------------------------------------------------

    @Test
    @DisplayName("16: appends lose nothing, and a refused one leaves the file alone")
    void row16AppendIsAtomic() {
        Tenant acme = SERVER.tenant("acme");
        String log = acme.path("shared/log.txt");
        NexusClient reader = acme.user("reader", "viewer", acme.path("shared"));
        NexusClient nobody = acme.user("nobody");
        IntStream.range(0, 200)
                .parallel()
                .forEach(i -> acme.owner().append(log, ("line " + i + "\n").getBytes(StandardCharsets.UTF_8)));
        List<String> lines = acme.owner().readText(log).lines().toList();
        assertEquals(200, lines.size());
        assertEquals(200, new TreeSet<>(lines).size());
        for (NexusClient client : List.of(reader, nobody, SERVER.tenant("beta").owner())) {
            assertEquals(NexusException.PERMISSION, code(() -> client.append(log, new byte[] {'x'})));
        }
        assertEquals(lines, acme.owner().readText(log).lines().toList());
        assertEquals(
                200,
                rpcCall(acme.owner(), "stat", "path", log) instanceof Map<?, ?> stat
                        ? ((Long) stat.get("version")).intValue()
                        : -1);
    }

    // ---- 17 ---------------------------------------------------------------------------------------------------------

    @Test
    @DisplayName("17: nobody grants more than he holds")
    void row17NobodyGrantsMoreThanHeHolds() {
        Tenant acme = SERVER.tenant("acme");
        NexusClient editor = acme.user("editor", "editor", acme.path("shared"));
        NexusClient viewer = acme.user("viewer", "viewer", acme.path("shared"));
        NexusClient folderOwner = acme.user("folder-owner", "owner", acme.path("shared/mine"));
        for (NexusClient client : List.of(editor, viewer)) {
            for (String relation : List.of("owner", "editor", "viewer", "can_read", "shared-owner")) {
                for (String name : List.of("editor", "viewer", "friend")) {
                    assertEquals(
                            NexusException.PERMISSION,
                            code(() -> client.rebacCreate(user(name), relation, file(acme.path("shared")), null)),
                            relation);
                }
            }
        }
        folderOwner.rebacCreate(user("friend"), "editor", file(acme.path("shared/mine/a")), null);
        for (String above : List.of("shared", "shared/mine2", "shared/other")) {
            assertEquals(
                    NexusException.PERMISSION,
                    code(() -> folderOwner.rebacCreate(user("folder-owner"), "viewer", file(acme.path(above)), null)),
                    above);
        }
        assertEquals(
                NexusException.PERMISSION,
                code(() -> folderOwner.rebacCreate(user("folder-owner"), "owner", file(acme.root()), null)));
        // Nor into a group, through which one would get more.
        assertEquals(
                NexusException.PERMISSION,
                code(() -> editor.rebacCreate(user("editor"), "member", new Ref("group", "admins"), null)));
        assertEquals(
                NexusException.PERMISSION,
                code(() -> editor.rebacCreate(user("editor"), "owner", new Ref("group", "admins"), null)));
    }

    // ---- 19 ---------------------------------------------------------------------------------------------------------

    @Test
    @DisplayName("19: there is no view from the root, and enumeration starts from what the caller may see")
    void row19NoRootView() {
        Tenant acme = SERVER.tenant("acme");
        Tenant beta = SERVER.tenant("beta");
        beta.owner().write(beta.path("b.txt"), SECRET);
        acme.owner().write(acme.path("shared/a.txt"), "a");
        acme.owner().write(acme.path("private/p.txt"), SECRET);
        NexusClient diana = acme.user("diana", "viewer", acme.path("shared"));
        for (NexusClient client : List.of(acme.owner(), diana)) {
            for (String top : List.of("/", "/tenants", "")) {
                String text = rpc(client, "list", "path", top).text()
                        + rpc(client, "glob", "path", top, "pattern", "**").text()
                        + rpc(client, "grep", "path", top, "pattern", "eyes").text();
                assertFalse(text.contains(beta.zone()), top + ": " + text);
                assertFalse(text.contains(SECRET) && client == diana, top + ": " + text);
            }
        }
        assertEquals(List.of(acme.path("shared"), acme.path("shared/a.txt")), diana.paths(acme.root(), true));
        assertEquals(List.of(acme.path("shared")), diana.paths(acme.root(), false));
        assertEquals(
                List.of(acme.path("shared/a.txt")),
                Json.object(rpcCall(diana, "glob", "path", acme.root(), "pattern", "**/*.txt"))
                        .get("matches"));
        assertEquals(
                List.of(),
                Json.object(rpcCall(diana, "grep", "path", acme.root(), "pattern", "eyes"))
                        .get("results"));
        assertEquals(List.of(), diana.paths(acme.path("private"), true));
    }

    // ---- 20 ---------------------------------------------------------------------------------------------------------

    @Test
    @DisplayName("20: a tenant's administrator is no system administrator, and those are audited when they cross")
    void row20AdministratorsOfATenantStayInIt() {
        Tenant acme = SERVER.tenant("acme");
        Tenant beta = SERVER.tenant("beta");
        NexusClient alice = acme.owner();
        for (String zone : List.of(acme.zone(), beta.zone(), "system")) {
            for (boolean admin : List.of(true, false)) {
                assertEquals(
                        NexusException.PERMISSION,
                        code(() -> alice.createKey(
                                Map.of("name", "eve", "user_id", "eve", "zone_id", zone, "is_admin", admin))),
                        zone);
            }
        }
        assertEquals(NexusException.PERMISSION, code(() -> alice.createKey(Map.of("name", "eve", "is_admin", true))));
        assertEquals(
                NexusException.PERMISSION,
                code(() -> alice.write(acme.path(".tenant.json"), "{\"plan\":\"enterprise\"}")));
        assertEquals(NexusException.PERMISSION, code(() -> alice.rmdir(acme.root(), true)));
        assertEquals(NexusException.PERMISSION, code(() -> alice.rmdir(beta.root(), true)));
        assertEquals(
                NexusException.PERMISSION,
                code(() -> rpcCall(alice, "admin_update_key", "key_id", acme.keyId(), "is_admin", true)));
        for (String zone : List.of(acme.zone(), beta.zone())) {
            for (String method : List.of("provision_user", "deprovision_user")) {
                assertEquals(
                        NexusException.PERMISSION,
                        code(() -> rpcCall(alice, method, "user_id", "eve", "zone_id", zone)),
                        method);
            }
            HttpReply made = alice.send(
                    "POST",
                    "/api/v2/auth/keys",
                    Json.write(params("name", "eve", "user_id", "eve", "zone_id", zone, "is_admin", false)));
            assertEquals(403, made.status(), made.text());
        }
        assertTrue(rest(alice, "DELETE", "/" + acme.keyId()).startsWith("403 "));
        // Whoever is provisioned is a user: he owns his directory, and nothing of the tenant.
        NexusClient carol =
                SERVER.admin().as(String.valueOf(provision(acme, "carol").get("api_key")));
        carol.write(acme.path("users/carol/notes.md"), "mine");
        assertEquals(NexusException.PERMISSION, code(() -> carol.write(acme.path("a.txt"), "x")));
        assertEquals(NexusException.PERMISSION, code(() -> carol.readText(acme.path(".tenant.json"))));
        assertEquals(false, carol.whoami().admin());
        assertEquals(
                List.of(),
                carol.paths(acme.root(), true).stream()
                        .filter(path -> !path.startsWith(acme.path("users/carol")))
                        .toList());
        // Not even a system administrator makes one of a tenant's key.
        assertEquals(
                NexusException.VALIDATION,
                code(() -> SERVER.admin()
                        .createKey(Map.of("name", "eve", "user_id", "eve", "zone_id", acme.zone(), "is_admin", true))));
        assertEquals(
                NexusException.VALIDATION,
                code(() -> rpcCall(SERVER.admin(), "admin_update_key", "key_id", acme.keyId(), "is_admin", true)));

        alice.write(acme.path("a.txt"), SECRET);
        SERVER.admin().read(acme.path("a.txt"));
        Await.until(
                "the crossing is in the audit log",
                Duration.ofSeconds(5),
                () -> alice.readText(acme.path(".audit/log.jsonl"))
                        .lines()
                        .map(line -> Json.object(Json.read(line)))
                        .anyMatch(line -> "access".equals(line.get("kind"))
                                && "user:admin".equals(line.get("user"))
                                && "/a.txt".equals(line.get("resource"))),
                () -> alice.readText(acme.path(".audit/log.jsonl")));
    }

    @Test
    @DisplayName("20: refused operations are in the tenant's audit log soon after")
    void row20DenialsAreAudited() {
        Tenant acme = SERVER.tenant("acme");
        NexusClient diana = acme.user("diana");
        for (int i = 0; i < 5; i++) {
            assertEquals(NexusException.PERMISSION, code(() -> diana.read(acme.path("secret.txt"))));
        }
        Await.until(
                "the denials are in the audit log, counted",
                Duration.ofSeconds(5),
                () -> acme.owner()
                                .readText(acme.path(".audit/log.jsonl"))
                                .lines()
                                .map(line -> Json.object(Json.read(line)))
                                .filter(line ->
                                        "denial".equals(line.get("kind")) && "user:diana".equals(line.get("user")))
                                .mapToLong(line -> line.get("count") instanceof Long count ? count : 1)
                                .sum()
                        == 5,
                () -> acme.owner().readText(acme.path(".audit/log.jsonl")));
    }

    // ---- 21, 22 -----------------------------------------------------------------------------------------------------

    @Test
    @DisplayName("21, 22: a limit of the graph or an unknown name is an error, never an answer")
    void row21LimitsAreErrors() {
        Tenant acme = SERVER.tenant("acme");
        int depth = 120;
        for (int i = 0; i < depth; i++) {
            rpcCall(
                    acme.owner(),
                    "rebac_create",
                    "subject",
                    List.of("group", "g" + (i + 1), "member"),
                    "relation",
                    "member",
                    "object",
                    List.of("group", "g" + i));
        }
        acme.owner().rebacCreate(user("diana"), "member", new Ref("group", "g" + depth), null);
        rpcCall(
                acme.owner(),
                "rebac_create",
                "subject",
                List.of("group", "g0", "member"),
                "relation",
                "viewer",
                "object",
                List.of("file", acme.path("a.txt")));
        acme.owner().write(acme.path("a.txt"), SECRET);
        NexusClient diana = acme.user("diana");
        assertEquals(
                NexusException.VALIDATION,
                code(() -> acme.owner().rebacCheck(user("diana"), "read", file(acme.path("a.txt")))));
        assertEquals(NexusException.VALIDATION, code(() -> diana.read(acme.path("a.txt"))));
        NexusException listing = refusal(() -> diana.list(acme.root(), true));
        assertEquals(NexusException.VALIDATION, listing.code());
        assertTrue(listing.detail().contains("100"), "it names the limit: " + listing.detail());

        assertEquals(
                NexusException.VALIDATION,
                code(() -> acme.owner().rebacCheck(user("alice"), "fly", file(acme.path("a.txt")))));
        assertEquals(
                NexusException.VALIDATION,
                code(() -> acme.owner().rebacCheck(new Ref("robot", "x"), "read", file(acme.path("a.txt")))));
        assertNotEquals(0, code(() -> acme.owner().rebacCheck(user("alice"), "read", new Ref("planet", "mars"))));
    }

    // ---- 23 ---------------------------------------------------------------------------------------------------------

    @Test
    @DisplayName("23: identifiers compare byte for byte")
    void row23IdentifiersAreBytes() {
        Tenant acme = SERVER.tenant("acme");
        List<String> names = List.of(
                "diana",
                "Diana",
                "DIANA",
                "di\u00e4na",
                "dia\u0308na",
                "d\u0131ana",
                "diana1",
                "d_ana",
                "d%ana",
                "straße",
                "strasse");
        acme.owner().mkdir(acme.path("shared"));
        for (String name : names) {
            NexusClient client = acme.user(name);
            String mine = acme.path("shared/" + name);
            acme.owner().write(mine, "of " + name);
            acme.owner().rebacCreate(user(name), "viewer", file(mine), null);
            assertEquals(List.of(mine), client.paths(acme.root(), true), name);
        }
        for (String name : names) {
            assertEquals("of " + name, acme.owner().readText(acme.path("shared/" + name)), name);
            assertEquals(1, acme.owner().rebacListTuples(user(name), null).size(), name);
        }
        assertEquals(names.size() + 1L, acme.usage().get(0), "each is a user of his own");
        List<String> listed = acme.owner().paths(acme.path("shared"), false);
        List<String> sorted = new ArrayList<>(
                names.stream().map(name -> acme.path("shared/" + name)).toList());
        sorted.sort((a, b) -> java.util.Arrays.compareUnsigned(
                a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8)));
        assertEquals(sorted, listed);
        // No pattern character of SQL means anything.
        assertEquals(
                List.of(acme.path("shared/d_ana")),
                Json.object(rpcCall(
                                                acme.owner(),
                                                "list",
                                                "path",
                                                acme.path("shared"),
                                                "prefix",
                                                acme.path("shared/d_")))
                                        .get("files")
                                instanceof List<?> files
                        ? files.stream()
                                .map(entry -> String.valueOf(Json.object(entry).get("path")))
                                .toList()
                        : List.of());
    }

    // ---- 26 ---------------------------------------------------------------------------------------------------------

    @Test
    @DisplayName("26: nobody is told that somebody else has the same content")
    void row26NoDeduplicationAcrossTenants() {
        Tenant acme = SERVER.tenant("acme");
        Tenant beta = SERVER.tenant("beta");
        byte[] large = new byte[200_000];
        java.util.Arrays.fill(large, (byte) 'x');
        acme.owner().write(acme.path("large.bin"), large);
        List<Long> before = beta.usage();
        String first = shape(rpc(beta.owner(), "write", "path", beta.path("large.bin"), "content", large));
        assertEquals(before.get(2) + large.length, beta.usage().get(2), "it counts for him, too");
        large[0] = 'y';
        assertEquals(first, shape(rpc(beta.owner(), "write", "path", beta.path("other.bin"), "content", large)));
        // The one's deletion does not touch the other's content.
        acme.owner().delete(acme.path("large.bin"));
        assertEquals(200_000, beta.owner().read(beta.path("large.bin")).length);
    }

    private static String shape(HttpReply reply) {
        return Json.object(
                        Json.object(Json.readObject(reply.body()).get("result")).get("bytes_written"))
                .keySet()
                .toString();
    }

    // ---- 27 ---------------------------------------------------------------------------------------------------------

    @Test
    @DisplayName("27: errors hold no internals")
    void row27ErrorsHoldNoInternals() {
        Tenant acme = SERVER.tenant("acme");
        List<byte[]> bodies = new ArrayList<>();
        for (String body : List.of(
                "{",
                "[]",
                "null",
                "\"x\"",
                "{\"params\":[]}",
                "{\"params\":{\"path\":1}}",
                "{\"params\":{\"path\":\"/tenants/" + acme.zone()
                        + "/a\",\"content\":{\"__type__\":\"bytes\",\"data\":\"%%%\"}}}",
                "{\"params\":{\"path\":\"/tenants/" + acme.zone() + "/a\",\"nope\":1}}",
                "{\"params\":{\"path\":\"/tenants/" + acme.zone() + "/\\ud800\"}}",
                "{\"params\":{\"path\":\"/tenants/" + acme.zone() + "/\\u0000\"}}",
                "{\"params\":{\"path\":\"/tenants/" + acme.zone() + "/" + "a".repeat(5000) + "\"}}",
                "{\"params\":{\"path\":\"/tenants/" + acme.zone() + "/a\",\"start\":1e400,\"end\":-1}}",
                "{\"params\":{\"path\":\"/tenants/" + acme.zone() + "/a\",\"version\":9223372036854775808}}",
                "{\"params\":{\"path\":\"/a\",\"path\":\"/b\"}}",
                "{\"params\":{\"pattern\":\"[\",\"path\":\"/tenants/" + acme.zone() + "\"}}",
                "{\"params\":{\"pattern\":\"(a+)+$\",\"path\":\"/tenants/" + acme.zone() + "\"}}",
                "{\"params\":{\"subject\":[\"user\",\"';--\"],\"relation\":\"owner\",\"object\":[\"file\",\"/tenants/"
                        + acme.zone() + "\"],\"permission\":\"read\"}}",
                "{\"params\":{\"tuple_id\":\"' OR 1=1\",\"key_id\":\"' OR 1=1\"}}",
                "[".repeat(10_000))) {
            bodies.add(body.getBytes(StandardCharsets.UTF_8));
        }
        bodies.add(new byte[] {(byte) 0xff, (byte) 0xfe, 0});
        bodies.add(new byte[] {'"', (byte) 0xc0, (byte) 0xaf, '"'});
        List<String> methods = Json.array(acme.owner().get("/api/nfs/status").get("methods")).stream()
                .map(String::valueOf)
                .toList();
        for (NexusClient client : List.of(acme.owner(), SERVER.admin())) {
            for (String method : methods) {
                for (byte[] body : bodies) {
                    HttpReply reply = client.send("POST", "/api/nfs/" + method, body);
                    holdsNoInternals(method + " " + new String(body, StandardCharsets.UTF_8), reply);
                }
            }
        }
        for (String path : List.of(
                "/",
                "/api",
                "/api/nfs",
                "/api/nfs/",
                "/api/nfs/x%00y",
                "/..",
                "/v1/tenants",
                "/%",
                "/api/nfs/read?path=/x")) {
            for (String method : List.of("GET", "POST", "PUT", "DELETE", "PATCH", "TRACE")) {
                if (!path.equals("/%")) {
                    holdsNoInternals(method + path, acme.owner().send(method, path, new byte[0]));
                }
            }
        }
    }

    private static void holdsNoInternals(String what, HttpReply reply) {
        String shown = what.length() > 300 ? what.substring(0, 300) : what;
        assertTrue(reply.status() < 500, shown + ": " + reply.status() + " " + reply.text());
        String text = reply.text();
        assertFalse(text.contains("-32603"), shown + ": " + text);
        for (String trace : List.of(
                "Exception",
                "nexus.",
                "java.",
                "io.vertx",
                "SELECT",
                "INSERT",
                "postgres",
                "BUG",
                "127.0.0.1",
                "password",
                SERVER.process().dataDirectory().toString())) {
            assertFalse(text.contains(trace) && !what.contains(trace), shown + " tells '" + trace + "': " + text);
        }
    }

    // ---- 28 ---------------------------------------------------------------------------------------------------------

    @Test
    @DisplayName("28: keys in URLs prove nothing, and no key or content is ever logged")
    void row28SecretsAreNotLogged() {
        Tenant acme = SERVER.tenant("acme");
        acme.owner().write(acme.path("a.txt"), SECRET + " 28");
        NexusClient anonymous = NexusClient.anonymous(SERVER.process().url());
        for (String name : List.of("api_key", "key", "token", "access_token", "authorization")) {
            HttpReply reply = anonymous.send(
                    "POST",
                    "/api/nfs/read?" + name + "=" + acme.key(),
                    Json.write(params("params", params("path", acme.path("a.txt")))));
            assertEquals(401, reply.status(), name);
        }
        for (String name : List.of("api_key", "key", "token", "zone_id")) {
            assertTrue(rest(anonymous, "GET", "?" + name + "=" + acme.key()).startsWith("401 "), name);
            rest(SERVER.admin(), "GET", "?" + name + "=" + acme.key());
        }
        HttpReply forged = anonymous.withKey(acme.key() + "x").send("GET", "/api/auth/whoami", null);
        assertTrue(forged.text().contains("\"authenticated\":false"), forged.text());
        code(() -> acme.owner().read(acme.path("missing")));
        String log = SERVER.process().err() + withoutAdminKey(SERVER.process().out());
        for (String secret :
                List.of(acme.key(), acme.key().substring(20), SERVER.process().adminKey(), SECRET)) {
            assertFalse(log.contains(secret), "the log holds a secret");
        }
    }

    /** The line that shows the system administrator's key, once. */
    private static String withoutAdminKey(String out) {
        String line = "system administrator key: " + SERVER.process().adminKey() + "\n";
        assertEquals(out.length() - line.length(), out.replace(line, "").length(), "shown exactly once");
        return out.replace(line, "");
    }

    // ---- shares -----------------------------------------------------------------------------------------------------

    /** Where what {@code source} shares is for somebody of {@code target}. */
    private static String shared(Tenant target, Tenant source, String below) {
        return target.path("shared/from-" + source.zone() + (below.isEmpty() ? "" : "/" + below));
    }

    private static String share(Tenant source, Tenant target, String relation, String path) {
        return source.owner().rebacCreate(new Ref("tenant", target.zone()), relation, file(path), null);
    }

    private static int status(Runnable call) {
        return assertThrows(HttpStatusException.class, call::run).status();
    }

    @Test
    @DisplayName("25: a share is a live reference that is judged at every use; 11: its end is the end")
    void row25SharesAreLiveReferences() {
        Tenant acme = SERVER.tenant("acme");
        Tenant beta = SERVER.tenant("beta");
        Tenant corp = SERVER.tenant("corp");
        acme.owner().write(acme.path("plans/q3.txt"), "first");
        acme.owner().write(acme.path("plans/other.txt"), SECRET);
        List<Long> betas = beta.usage();
        List<Long> acmes = acme.usage();
        NexusClient bob = beta.user("bob");
        String there = shared(beta, acme, "q3.txt");
        assertEquals(NexusException.PERMISSION, code(() -> bob.read(there)));

        String id = share(acme, beta, "can_read", acme.path("plans/q3.txt"));
        assertEquals("first", bob.readText(there));
        assertTrue(bob.exists(there));
        assertEquals(List.of(there), bob.paths(shared(beta, acme, ""), true));
        acme.owner().write(acme.path("plans/q3.txt"), "second");
        assertEquals("second", bob.readText(there));
        assertEquals(NexusException.PERMISSION, code(() -> bob.write(there, "mine")));
        assertEquals(NexusException.PERMISSION, code(() -> bob.read(shared(beta, acme, "other.txt"))));
        // Neither by the owner's path, nor by anybody else.
        assertEquals(NexusException.PERMISSION, code(() -> bob.read(acme.path("plans/q3.txt"))));
        assertEquals(NexusException.PERMISSION, code(() -> corp.owner().read(there)));
        assertEquals(NexusException.PERMISSION, code(() -> corp.owner().read(shared(corp, acme, "q3.txt"))));
        assertEquals(
                betas, List.of(betas.get(0), beta.usage().get(1), beta.usage().get(2)), "nothing was copied");

        assertTrue(acme.owner().rebacDelete(id));
        assertEquals(NexusException.PERMISSION, code(() -> bob.read(there)));
        assertFalse(bob.exists(there));
        assertEquals(List.of(), bob.paths(shared(beta, acme, ""), true));
        assertEquals(List.of(acmes.get(1)), List.of(acme.usage().get(1)));
    }

    @Test
    @DisplayName("26: what is written through a share is the owner's, large contents too")
    void row26WhatIsWrittenThroughAShareIsTheOwners() {
        Tenant acme = SERVER.tenant("acme");
        Tenant beta = SERVER.tenant("beta");
        acme.owner().mkdir(acme.path("inbox"));
        share(acme, beta, "can_write", acme.path("inbox"));
        NexusClient bob = beta.user("bob");
        List<Long> betas = beta.usage();
        List<Long> acmes = acme.usage();
        byte[] large = new byte[300_000];
        java.util.Arrays.fill(large, (byte) 'z');
        bob.write(shared(beta, acme, "inbox/large.bin"), large);
        bob.append(shared(beta, acme, "inbox/log.txt"), new byte[] {'1'});
        bob.append(shared(beta, acme, "inbox/log.txt"), new byte[] {'2'});
        bob.mkdirs(shared(beta, acme, "inbox/a/b"));
        assertEquals("12", acme.owner().readText(acme.path("inbox/log.txt")));
        assertEquals(300_000, acme.owner().read(acme.path("inbox/large.bin")).length);
        assertEquals(300_000, bob.read(shared(beta, acme, "inbox/large.bin")).length);
        assertEquals(betas, beta.usage());
        // Two versions of the log: one byte and two.
        assertEquals(
                List.of(acmes.get(1) + 2, acmes.get(2) + 300_000 + 3),
                List.of(acme.usage().get(1), acme.usage().get(2)));
        // What lists, searches and asks in batches goes the same way.
        String text = rpc(bob, "grep", "pattern", "12", "path", shared(beta, acme, "inbox"))
                .text();
        assertTrue(text.contains(shared(beta, acme, "inbox/log.txt")), text);
        assertFalse(text.contains(acme.path("inbox")), text);
        String found = rpc(bob, "glob", "pattern", "**/*.bin", "path", shared(beta, acme, ""))
                .text();
        assertTrue(found.contains(shared(beta, acme, "inbox/large.bin")), found);
        beta.owner().write(beta.path("own.txt"), "own");
        assertEquals(
                Map.of(shared(beta, acme, "inbox/log.txt"), true, beta.path("own.txt"), true),
                rpcCall(
                        beta.owner(),
                        "exists_batch",
                        "paths",
                        List.of(shared(beta, acme, "inbox/log.txt"), beta.path("own.txt"))));
        // The owner's quota is the one that counts, and its numbers are not told.
        SERVER.admin()
                .write(
                        acme.path(".tenant.json"),
                        "{\"limits\":{\"max_files\":" + acme.usage().get(1) + "}}");
        NexusException full = refusal(() -> bob.write(shared(beta, acme, "inbox/more.txt"), "more"));
        assertEquals(NexusException.QUOTA, full.code());
        assertFalse(String.valueOf(full.getMessage()).matches(".*limit [0-9].*"), full.getMessage());
    }

    @Test
    @DisplayName("10: what is not shared, what is not there and who is not there are refused alike")
    void row10SharesTellNoStranger() {
        Tenant acme = SERVER.tenant("acme");
        Tenant beta = SERVER.tenant("beta");
        Tenant corp = SERVER.tenant("corp");
        acme.owner().write(acme.path("a.txt"), SECRET);
        share(acme, corp, "can_read", acme.path("a.txt"));
        SERVER.admin().write(corp.path(".tenant.json"), "{\"status\":\"suspended\"}");
        for (String method :
                List.of("read", "stat", "get_etag", "exists", "list", "glob", "write", "append", "mkdir")) {
            TreeSet<String> answers = new TreeSet<>();
            for (String zone : List.of(acme.zone(), corp.zone(), "nobody-at-all", beta.zone())) {
                for (String name : List.of("a.txt", "none.txt", "a.txt/below")) {
                    String path = beta.path("shared/from-" + zone + "/" + name);
                    Object[] params = switch (method) {
                        case "write", "append" -> new Object[] {"path", path, "content", "x"};
                        case "glob" -> new Object[] {"path", path, "pattern", "**"};
                        default -> new Object[] {"path", path};
                    };
                    answers.add(rpc(beta.owner(), method, params).text().replace(path, "P"));
                }
            }
            assertEquals(1, answers.size(), method + ": " + answers);
        }
        // Each path of a batch has an answer of its own, whoever shares it with whomever.
        String foreign = corp.path("shared/from-" + acme.zone() + "/a.txt");
        beta.owner().write(beta.path("own.txt"), "own");
        assertEquals(
                Map.of(foreign, false, shared(beta, acme, "a.txt"), false, beta.path("own.txt"), true),
                rpcCall(
                        beta.owner(),
                        "exists_batch",
                        "paths",
                        List.of(foreign, shared(beta, acme, "a.txt"), beta.path("own.txt"))));
    }

    @Test
    @DisplayName("2: no spelling of a share's path leads out of it")
    void row02NoPathLeadsOutOfAShare() {
        Tenant acme = SERVER.tenant("acme");
        Tenant beta = SERVER.tenant("beta");
        acme.owner().write(acme.path("pub/a.txt"), "public");
        acme.owner().write(acme.path("secret.txt"), SECRET);
        acme.owner().write(acme.path("public-not/a.txt"), SECRET);
        share(acme, beta, "can_write", acme.path("pub"));
        NexusClient bob = beta.user("bob");
        assertEquals("public", bob.readText(shared(beta, acme, "pub/a.txt")));
        for (String trick : List.of(
                "pub/../secret.txt",
                "pub/%2e%2e/secret.txt",
                "pub/..%2fsecret.txt",
                "pub\\..\\secret.txt",
                "../secret.txt",
                "./secret.txt",
                "secret.txt",
                "PUB/a.txt",
                "pub./a.txt",
                "pub-not/a.txt",
                "public-not/a.txt",
                ".tenant.json",
                ".audit/log.jsonl",
                ".share-x.json")) {
            String path = shared(beta, acme, trick);
            for (String method : List.of("read", "stat", "write")) {
                Object[] params = method.equals("write")
                        ? new Object[] {"path", path, "content", "x"}
                        : new Object[] {"path", path};
                String text = rpc(bob, method, params).text();
                assertTrue(text.contains("-32002") || text.contains("-32004"), method + " " + trick + ": " + text);
                assertFalse(text.contains(SECRET), text);
            }
        }
        assertEquals(SECRET, acme.owner().readText(acme.path("secret.txt")));
    }

    @Test
    @DisplayName(
            "3: a share with alice of one tenant is none with alice of another, or with her namesake who comes later")
    void row03SharesWithAUser() {
        Tenant acme = SERVER.tenant("acme");
        Tenant beta = SERVER.tenant("beta");
        acme.owner().write(acme.path("a.txt"), SECRET);
        NexusClient bob = beta.user("bob");
        NexusClient carol = beta.user("carol");
        NexusClient acmesBob = acme.user("bob");
        Map<String, Object> params = new LinkedHashMap<>();
        params.put("resource", List.of("file", acme.path("a.txt")));
        params.put("user_id", "bob");
        params.put("user_zone_id", beta.zone());
        assertNotEquals(null, acme.owner().call("share_with_user", params));
        assertEquals(SECRET, bob.readText(shared(beta, acme, "a.txt")));
        assertEquals(NexusException.PERMISSION, code(() -> carol.read(shared(beta, acme, "a.txt"))));
        assertEquals(NexusException.PERMISSION, code(() -> acmesBob.read(acme.path("a.txt"))));

        // A group of the target: judged by the target's own members, at every use.
        beta.owner().rebacCreate(user("carol"), "member", new Ref("group", "eng"), null);
        rpcCall(
                acme.owner(),
                "share_with_group",
                "resource",
                List.of("file", acme.path("a.txt")),
                "group_id",
                "eng",
                "relation",
                "editor",
                "group_zone_id",
                beta.zone());
        carol.write(shared(beta, acme, "a.txt"), "carol's");
        String member = beta.owner().rebacCreate(user("carol"), "member", new Ref("group", "eng"), null);
        assertTrue(beta.owner().rebacDelete(member));
        assertEquals(NexusException.PERMISSION, code(() -> carol.read(shared(beta, acme, "a.txt"))));
        assertEquals(
                true,
                rpcCall(
                        acme.owner(),
                        "revoke_share",
                        "resource",
                        List.of("file", acme.path("a.txt")),
                        "user_id",
                        "bob"));
        assertEquals(NexusException.PERMISSION, code(() -> bob.read(shared(beta, acme, "a.txt"))));
    }

    @Test
    @DisplayName("7, 17: shares are listed and revoked by their owners, and nobody gives on what he was given")
    void row17SharesAreTheOwnersToGive() {
        Tenant acme = SERVER.tenant("acme");
        Tenant beta = SERVER.tenant("beta");
        Tenant corp = SERVER.tenant("corp");
        acme.owner().write(acme.path("a.txt"), SECRET);
        String id = share(acme, beta, "can_write", acme.path("a.txt"));
        String there = shared(beta, acme, "a.txt");
        assertEquals(SECRET, beta.owner().readText(there));
        NexusClient editor = acme.user("erika", "editor", acme.path("a.txt"));
        Ref corps = new Ref("tenant", corp.zone());
        assertEquals(
                NexusException.PERMISSION,
                code(() -> editor.rebacCreate(corps, "can_read", file(acme.path("a.txt")), null)));
        for (String relation : List.of("owner", "direct_owner", "shared-owner")) {
            assertEquals(
                    NexusException.VALIDATION,
                    code(() -> acme.owner().rebacCreate(corps, relation, file(acme.path("a.txt")), null)));
        }
        // Who was given it can give it to nobody: neither to a third tenant, nor within his own.
        assertEquals(
                NexusException.VALIDATION, code(() -> beta.owner().rebacCreate(corps, "can_read", file(there), null)));
        assertEquals(
                NexusException.VALIDATION,
                code(() -> beta.owner().rebacCreate(user("eve"), "can_read", file(there), null)));
        assertEquals(
                NexusException.PERMISSION,
                code(() -> beta.owner().rebacCreate(corps, "can_read", file(acme.path("a.txt")), null)));
        // Nor end it, nor see whom else it was given to.
        assertFalse(beta.owner().rebacDelete(id));
        assertEquals(false, rpcCall(beta.owner(), "revoke_share_by_id", "share_id", id));
        for (NexusClient client : List.of(beta.owner(), editor)) {
            assertEquals(
                    NexusException.PERMISSION,
                    code(() ->
                            rpcCall(client, "list_outgoing_shares", "resource", List.of("file", acme.path("a.txt")))));
        }
        assertEquals(
                List.of(),
                Json.array(Json.object(rpcCall(beta.owner(), "list_outgoing_shares"))
                        .get("items")));
        Map<String, @Nullable Object> mine = Json.object(rpcCall(acme.owner(), "list_outgoing_shares"));
        assertEquals(1L, mine.get("total_count"));
        assertEquals(
                List.of(id, acme.path("a.txt"), beta.zone(), "can_write"),
                List.of(
                        field(mine, "share_id"),
                        field(mine, "resource_id"),
                        field(mine, "recipient_id"),
                        field(mine, "permission_level")));
        assertEquals(true, rpcCall(acme.owner(), "revoke_share_by_id", "share_id", id));
        assertEquals(NexusException.PERMISSION, code(() -> beta.owner().read(there)));
    }

    private static String field(Map<String, @Nullable Object> page, String name) {
        return String.valueOf(Json.object(Json.array(page.get("items")).get(0)).get(name));
    }

    @Test
    @DisplayName("11, 12: a share, a key and either tenant's standing act on the next request")
    void row11SharesEndAtOnce() {
        Tenant acme = SERVER.tenant("acme");
        Tenant beta = SERVER.tenant("beta");
        acme.owner().write(acme.path("a.txt"), SECRET);
        share(acme, beta, "can_read", acme.path("a.txt"));
        String there = shared(beta, acme, "a.txt");
        NexusClient.Key key = SERVER.admin().createKey(beta.zone(), "bob", "bob");
        NexusClient bob = SERVER.admin().as(key.text());
        for (int i = 0; i < 3; i++) {
            for (Tenant either : List.of(acme, beta)) {
                assertEquals(SECRET, bob.readText(there));
                SERVER.admin().write(either.path(".tenant.json"), "{\"status\":\"suspended\"}");
                assertEquals(NexusException.PERMISSION, code(() -> bob.read(there)), either.zone());
                SERVER.admin().write(either.path(".tenant.json"), "{\"status\":\"active\"}");
            }
        }
        assertEquals(SECRET, bob.readText(there));
        SERVER.admin().revokeKey(key.id());
        assertEquals(401, status(() -> bob.read(there)));

        acme.owner().write(acme.path("b.txt"), "b");
        Instant until = Instant.now().plusMillis(1500);
        acme.owner().rebacCreate(new Ref("tenant", beta.zone()), "can_read", file(acme.path("b.txt")), null, until);
        Await.until(
                "the share expires",
                Duration.ofSeconds(10),
                () -> code(() -> beta.owner().read(shared(beta, acme, "b.txt"))) == NexusException.PERMISSION,
                () -> "it lives");
        assertFalse(Instant.now().isBefore(until), "it died before its time");
        assertEquals(List.of(there), beta.owner().paths(shared(beta, acme, ""), true));
    }

    @Test
    @DisplayName("15: shares end with either tenant, and who comes after it has none")
    void row15SharesEndWithEitherTenant() {
        Tenant acme = SERVER.tenant("acme");
        Tenant beta = SERVER.tenant("beta");
        Tenant corp = SERVER.tenant("corp");
        acme.owner().write(acme.path("a.txt"), SECRET);
        share(acme, beta, "can_read", acme.path("a.txt"));
        share(acme, corp, "can_read", acme.path("a.txt"));
        assertEquals(SECRET, beta.owner().readText(shared(beta, acme, "a.txt")));

        SERVER.admin().rmdir(beta.root(), true);
        assertEquals(401, status(() -> beta.owner().read(shared(beta, acme, "a.txt"))));
        Tenant nextBeta = SharedServer.tenant(SERVER.admin(), beta.zone(), "alice");
        assertEquals(NexusException.PERMISSION, code(() -> nextBeta.owner().read(shared(nextBeta, acme, "a.txt"))));
        assertEquals(
                1L, Json.object(rpcCall(acme.owner(), "list_outgoing_shares")).get("total_count"));

        assertEquals(SECRET, corp.owner().readText(shared(corp, acme, "a.txt")));
        SERVER.admin().rmdir(acme.root(), true);
        assertEquals(NexusException.PERMISSION, code(() -> corp.owner().read(shared(corp, acme, "a.txt"))));
        Tenant nextAcme = SharedServer.tenant(SERVER.admin(), acme.zone(), "alice");
        nextAcme.owner().write(nextAcme.path("a.txt"), "of the second");
        assertEquals(NexusException.PERMISSION, code(() -> corp.owner().read(shared(corp, nextAcme, "a.txt"))));
        assertEquals(
                0L,
                Json.object(rpcCall(nextAcme.owner(), "list_outgoing_shares")).get("total_count"));
    }

    @Test
    @DisplayName("20: both tenants have it in their logs when a boundary is passed")
    void row20SharesAreInBothLogs() {
        Tenant acme = SERVER.tenant("acme");
        Tenant beta = SERVER.tenant("beta");
        acme.owner().mkdir(acme.path("inbox"));
        share(acme, beta, "can_write", acme.path("inbox"));
        NexusClient bob = beta.user("bob");
        bob.write(shared(beta, acme, "inbox/a.txt"), "a");
        bob.read(shared(beta, acme, "inbox/a.txt"));
        for (Tenant tenant : List.of(acme, beta)) {
            String line = tenant.zone().equals(acme.zone()) ? "/user:bob\"" : "\"user\":\"user:bob\"";
            Await.until(
                    "the use is in the log of " + tenant.zone(),
                    Duration.ofSeconds(10),
                    () -> tenant.owner()
                            .readText(tenant.path(".audit/log.jsonl"))
                            .lines()
                            .anyMatch(entry -> entry.contains("\"action\":\"read\"") && entry.contains(line)),
                    () -> tenant.owner().readText(tenant.path(".audit/log.jsonl")));
        }
    }

    @Test
    @DisplayName(
            "control files: the note of a share is the administrator's to write, and a rendering of the live share")
    void notesOfSharesAreTheShares() {
        Tenant acme = SERVER.tenant("acme");
        Tenant beta = SERVER.tenant("beta");
        NexusClient admin = SERVER.admin();
        acme.owner().write(acme.path("shared/proposal.pdf"), SECRET);
        String folder = shared(beta, acme, "");
        admin.mkdir(folder);
        admin.mkdir(folder);
        String document = "{\"share_id\":\"share_1.5\",\"source_tenant\":\"" + acme.zone() + "\",\"target_tenant\":\""
                + beta.zone() + "\",\"file_path\":\"" + acme.path("shared/proposal.pdf")
                + "\",\"permission\":\"can_read\",\"created_at\":\"2026-01-01T00:00:00\","
                + "\"expires_at\":\"2126-01-01T00:00:00.123456\",\"status\":\"active\"}";
        String note = folder + "/.share-share_1.5.json";
        NexusClient bob = beta.user("bob");
        // First the grant, then the note; neither by anybody else.
        assertEquals(NexusException.VALIDATION, code(() -> admin.write(note, document)));
        Ref tenant = new Ref("tenant", beta.zone());
        assertNotEquals(
                0,
                code(() -> acme.owner().rebacCreate(tenant, "can_read", file(folder + "/proposal.pdf"), acme.zone())));
        String id = admin.rebacCreate(tenant, "can_read", file(folder + "/proposal.pdf"), acme.zone());
        assertEquals(NexusException.PERMISSION, code(() -> bob.read(folder + "/proposal.pdf")));
        assertEquals(NexusException.PERMISSION, code(() -> beta.owner().write(note, document)));
        assertEquals(NexusException.PERMISSION, code(() -> acme.owner().write(note, document)));
        for (String wrong : List.of(
                document.replace("share_1.5", "share_2"),
                document.replace("\"source_tenant\":\"" + acme.zone(), "\"source_tenant\":\"" + beta.zone()),
                document.replace(acme.path("shared/proposal.pdf"), beta.path("shared/proposal.pdf")),
                document.replace("can_read", "owner"),
                document.replace("2126-01-01", "2020-01-01"),
                document.replace("\"status\":\"active\"", "\"status\":\"revoked\""),
                document.replace("}", ",\"more\":1}"),
                "[]",
                "not json")) {
            assertEquals(NexusException.VALIDATION, code(() -> admin.write(note, wrong)), wrong);
        }
        admin.write(note, document);
        assertEquals(SECRET, bob.readText(folder + "/proposal.pdf"));
        assertEquals(List.of(note, folder + "/proposal.pdf"), bob.paths(folder, true));
        Map<String, @Nullable Object> read = bob.readJson(note);
        assertEquals("active", read.get("status"));
        assertEquals("share_1.5", read.get("share_id"));
        for (NexusClient client : List.of(admin, beta.owner(), acme.owner())) {
            assertNotEquals(0, code(() -> client.delete(note)));
            assertNotEquals(0, code(() -> client.rename(note, folder + "/x")));
        }
        assertTrue(acme.owner().rebacDelete(id));
        assertFalse(bob.exists(note));
        assertEquals(NexusException.PERMISSION, code(() -> bob.read(folder + "/proposal.pdf")));
    }

    // ---- control files ----------------------------------------------------------------------------------------------

    @Test
    @DisplayName("control files: nobody rewrites the record but the administrator, and nobody the audit log")
    void controlFilesCannotBeRewritten() {
        Tenant acme = SERVER.tenant("acme");
        acme.owner().write(acme.path("a.txt"), "a");
        String record = acme.path(".tenant.json");
        String log = acme.path(".audit/log.jsonl");
        String share = acme.path("shared/.share-x.json");
        String before = SERVER.admin().readText(record);
        for (NexusClient client : List.of(acme.owner(), SERVER.admin())) {
            for (String path : List.of(record, log, share, acme.path(".audit/other.txt"))) {
                Map<String, Runnable> attempts = new LinkedHashMap<>();
                attempts.put("delete", () -> client.delete(path));
                attempts.put("rename from", () -> client.rename(path, acme.path("b.txt")));
                attempts.put("rename onto", () -> client.rename(acme.path("a.txt"), path));
                attempts.put(
                        "copy onto", () -> rpcCall(client, "copy", "src_path", acme.path("a.txt"), "dst_path", path));
                attempts.put("mkdir", () -> client.mkdir(path));
                attempts.put("mkdir below", () -> client.mkdirs(path + "/x"));
                attempts.put("write below", () -> client.write(path + "/x", "x"));
                attempts.put("rollback", () -> rpcCall(client, "rollback", "path", path, "version", 1));
                attempts.put("batch", () -> rpcCall(client, "write_batch", "files", List.of(List.of(path, "{}"))));
                attempts.put("rmdir", () -> client.rmdir(path, true));
                attempts.put("grant", () -> client.rebacCreate(user("eve"), "owner", file(path), null));
                if (!path.equals(record)) {
                    attempts.put("write", () -> client.write(path, "{}"));
                    attempts.put("stream", () -> rpcCall(client, "write_stream", "path", path, "chunks", "{}"));
                } else {
                    attempts.put("append", () -> client.append(path, new byte[] {'{', '}'}));
                }
                attempts.forEach((name, attempt) -> {
                    int code = code(attempt);
                    // The tenant's own administrator may be told either that it is not his or that nobody does this.
                    assertTrue(
                            code == NexusException.VALIDATION
                                    || code == NexusException.PERMISSION && client != SERVER.admin()
                                    || code == NexusException.EXISTS && name.equals("mkdir"),
                            name + " " + path + ": " + code);
                });
            }
            assertNotEquals(0, code(() -> client.rmdir(acme.path(".audit"), true)));
            assertNotEquals(0, code(() -> client.rename(acme.path(".audit"), acme.path("old"))));
            assertNotEquals(0, code(() -> client.append(log, "not json\n".getBytes(StandardCharsets.UTF_8))));
        }
        assertEquals(before, SERVER.admin().readText(record));
        assertEquals("a", acme.owner().readText(acme.path("a.txt")));
        // A line of the application cannot pass for one of the server's.
        acme.owner()
                .append(
                        log,
                        "{\"kind\":\"change\",\"user\":\"user:admin\",\"seq\":1}\n".getBytes(StandardCharsets.UTF_8));
        String last = acme.owner()
                .readText(log)
                .lines()
                .filter(line -> line.contains("\"detail\":{\"kind\""))
                .findFirst()
                .orElseThrow();
        assertEquals("application", Json.object(Json.read(last)).get("kind"));
        assertEquals("user:alice", Json.object(Json.read(last)).get("user"));
    }
}
