package nexus.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import nexus.http.json.JsonReader;
import nexus.kernel.AddressRanges;
import nexus.kernel.ContentHash;
import nexus.kernel.ZoneName;
import nexus.store.AuditChain;
import nexus.store.AuditEntry;
import nexus.store.TenantStore.AuditFilter;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** {@code /v1/tenants/{zone}/audit} before a gateway that answers by script: what is asked, and how it is told. */
class AuditEndpointTest {
    private static final String AUDIT = "/v1/tenants/acme/audit";
    private static final ZoneName ACME = new ZoneName("acme");
    private static final ContentHash START = AuditChain.start(TestServer.ACME);
    private static final AuditEntry ENTRY = AuditEntry.following(
            START, 7, TestServer.NOW, "{\"seq\":7,\"kind\":\"change\",\"detail\":{\"a\":[1,\"\u00fc\"]}}");

    private static TestServer server;

    @BeforeAll
    static void start() {
        server = new TestServer(HttpOptions.DEFAULTS.withTrustedProxies(
                AddressRanges.parse("127.0.0.0/8").orElseThrow()));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static HttpResponse<byte[]> get(String path, String key) {
        return server.get(path, "Authorization", "Bearer " + key);
    }

    private static Map<?, ?> ok(String path) {
        HttpResponse<byte[]> response = get(path, server.aliceKey);
        String text = new String(response.body(), StandardCharsets.UTF_8);
        assertEquals(200, response.statusCode(), text);
        return (Map<?, ?>) JsonReader.read(response.body());
    }

    private static int refused(String path) {
        return get(path, server.aliceKey).statusCode();
    }

    private static TenantRequest asked() {
        assertEquals(ACME, server.gateway.only().zone());
        return server.gateway.only().request();
    }

    @Test
    void asksForTheNewestAndShowsTheLinesAsTheyAre() {
        server.gateway.script(ask -> new Reply.AuditPage(TestServer.ACME, List.of(ENTRY), null));
        HttpResponse<byte[]> response = get(AUDIT, server.aliceKey);
        assertEquals(
                "{\"items\":[" + ENTRY.rendered() + "],\"next_cursor\":null}",
                new String(response.body(), StandardCharsets.UTF_8));
        assertEquals(new TenantRequest.ListAudit(AuditFilter.ALL, null, null, true, null, 100), asked());
    }

    @Test
    void everyFilterReachesTheTenantAndTheCursorGoesOn() {
        server.gateway.script(ask -> new Reply.AuditPage(TestServer.ACME, List.of(), 41L));
        String filtered = AUDIT + "?kind=denial&action=read&user=user%3Aalice&path_prefix=%2Fa%20b&order=oldest_first"
                + "&from=2026-11-24T10:00:00Z&to=2026-11-25T00:00:00%2B01:00&limit=5";
        Object cursor = ok(filtered).get("next_cursor");
        AuditFilter filter = new AuditFilter("denial", "read", "user:alice", "/a b");
        Instant from = Instant.parse("2026-11-24T10:00:00Z");
        Instant to = Instant.parse("2026-11-24T23:00:00Z");
        assertEquals(new TenantRequest.ListAudit(filter, from, to, false, null, 5), asked());

        server.gateway.script(ask -> new Reply.AuditPage(TestServer.ACME, List.of(), null));
        assertNull(ok(filtered + "&cursor=" + cursor).get("next_cursor"));
        assertEquals(new TenantRequest.ListAudit(filter, from, to, false, 41L, 5), asked());
        assertEquals(400, refused(AUDIT + "?cursor=" + cursor), "a cursor of other filters");
    }

    @Test
    void badFiltersAreRefusedBeforeAnybodyIsAsked() {
        server.gateway.script(ask -> new Reply.AuditPage(TestServer.ACME, List.of(), null));
        for (String query : List.of(
                "kind=odd",
                "limit=0",
                "limit=1001",
                "order=up",
                "from=yesterday",
                "user=",
                "cursor=x",
                "what=x",
                "kind=change&kind=denial")) {
            assertEquals(400, refused(AUDIT + "?" + query), query);
        }
        for (String query : List.of("after=-1", "after=x", "hash=abc", "hash=" + "Z".repeat(64), "what=x")) {
            assertEquals(400, refused(AUDIT + "/verify?" + query), query);
        }
        assertEquals(List.of(), server.gateway.requests());
    }

    @Test
    void tellsWhatAProofHasFound() {
        server.gateway.script(ask -> new Reply.AuditVerdict(
                TestServer.ACME, START, 7, ENTRY.hash() == null ? START : ENTRY.hash(), 7, null, null));
        Map<?, ?> verdict = ok(AUDIT + "/verify");
        assertEquals(new TenantRequest.VerifyAudit(0, null), asked());
        assertEquals(true, verdict.get("intact"));
        assertEquals(true, verdict.get("complete"));
        assertNull(verdict.get("fault"));
        assertEquals(START.hex(), verdict.get("start"));
        assertNotEquals(START.hex(), verdict.get("hash"));

        server.gateway.script(ask -> new Reply.AuditVerdict(TestServer.ACME, START, 7, START, 9, null, null));
        verdict = ok(AUDIT + "/verify?after=3&hash=" + START.hex());
        assertEquals(new TenantRequest.VerifyAudit(3, START), asked());
        assertEquals(true, verdict.get("intact"));
        assertEquals(false, verdict.get("complete"), "there is more");

        server.gateway.script(
                ask -> new Reply.AuditVerdict(TestServer.ACME, START, 7, START, 9, 8L, "the entry is missing"));
        verdict = ok(AUDIT + "/verify");
        assertEquals(false, verdict.get("intact"));
        assertEquals(Map.of("seq", 8L, "reason", "the entry is missing"), verdict.get("fault"));
    }

    @Test
    void theControlPlanesLogIsASystemKeysOwn() {
        server.gateway.script(ask -> new Reply.AuditPage(TestServer.ACME, List.of(), null));
        assertEquals(200, get("/v1/tenants/system/audit", server.systemKey).statusCode());
        assertNull(server.gateway.only().zone());
        server.gateway.script(ask -> new Reply.AuditPage(TestServer.ACME, List.of(), null));
        assertEquals(403, refused("/v1/tenants/system/audit"));
        assertEquals(List.of(), server.gateway.requests());
    }

    /** The client of these tests is on this machine, where the options trust whoever it says that it speaks for. */
    @Test
    void theTenantIsToldTheClientsAddressBehindATrustedProxy() {
        server.gateway.script(ask -> new Reply.AuditPage(TestServer.ACME, List.of(), null));
        server.get(AUDIT, "Authorization", "Bearer " + server.aliceKey, "X-Forwarded-For", "1.1.1.1, 198.51.100.1");
        assertEquals("198.51.100.1", server.gateway.only().remote());
        server.gateway.script(ask -> new Reply.AuditPage(TestServer.ACME, List.of(), null));
        get(AUDIT, server.aliceKey);
        assertEquals("127.0.0.1", server.gateway.only().remote());
        try (TestServer careful = new TestServer(HttpOptions.DEFAULTS)) {
            careful.gateway.script(ask -> new Reply.AuditPage(TestServer.ACME, List.of(), null));
            careful.get(AUDIT, "Authorization", "Bearer " + careful.aliceKey, "X-Forwarded-For", "198.51.100.1");
            assertEquals("127.0.0.1", careful.gateway.only().remote(), "nobody is trusted unless the operator says so");
        }
    }
}
