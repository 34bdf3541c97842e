package nexus.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import nexus.http.json.JsonReader;
import nexus.kernel.Problem;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.placement.Nodes;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code /v1/cluster} before a gateway that answers by script: who is asked what, and how it is told. */
class ClusterEndpointTest {
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
    void aClusterOfTwo() {
        server.leases.rows.clear();
        server.leases.pinned.clear();
        server.leases.rows.add(Nodes.node(1, "node-1"));
        server.leases.rows.add(Nodes.node(2, "node-2", 41, Duration.ofSeconds(2), true));
        server.leases.rows.add(Nodes.node(3, "node-3", 7, Duration.ofSeconds(-9), false));
        server.gateway.script(ask -> ask.request() instanceof TenantRequest.RequireSystem
                ? new Reply.Identity("user", "root", null, true)
                : Reply.Done.DONE);
    }

    private static HttpResponse<byte[]> send(String method, String path, String key, String body) {
        HttpRequest.BodyPublisher publisher =
                body.isEmpty() ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
        return server.send(server.request("/v1/cluster" + path)
                .header("Authorization", "Bearer " + key)
                .method(method, publisher)
                .build());
    }

    private static HttpResponse<byte[]> send(String method, String path, String body) {
        return send(method, path, server.systemKey, body);
    }

    private static Map<?, ?> json(HttpResponse<byte[]> response) {
        return (Map<?, ?>) JsonReader.read(response.body());
    }

    private static void assertProblem(int status, String type, HttpResponse<byte[]> response) {
        String text = new String(response.body(), StandardCharsets.UTF_8);
        assertEquals(status, response.statusCode(), text);
        assertEquals(
                "application/problem+json",
                response.headers().firstValue("content-type").orElse(""),
                text);
        if (!type.isEmpty()) {
            assertEquals(type, json(response).get("type"), text);
            assertEquals((long) status, ((Number) json(response).get("status")).longValue(), text);
        }
        assertTrue(json(response).get("detail") instanceof String, text);
    }

    @Test
    void showsNodesLeasesAndPins() {
        server.leases.pin(new TenantId(Nodes.id(9).value()), "node-2");
        HttpResponse<byte[]> response = send("GET", "", "");
        assertEquals(200, response.statusCode());
        Map<?, ?> shown = json(response);
        List<?> nodes = (List<?>) shown.get("nodes");
        assertEquals(3, nodes.size());
        Map<?, ?> second = (Map<?, ?>) nodes.get(1);
        assertEquals("node-2", second.get("name"));
        assertEquals(true, second.get("draining"));
        assertEquals(true, second.get("live"));
        assertEquals("41", String.valueOf(((Map<?, ?>) second.get("lease")).get("renewals")));
        assertEquals(false, ((Map<?, ?>) nodes.get(2)).get("live"));
        assertEquals(List.of(Map.of("zone", "pinned", "node", "node-2")), shown.get("pins"));
        assertEquals("0", String.valueOf(shown.get("moves_in_progress")));
    }

    @Test
    void drainsANodeByItsIdOrName() {
        for (String wanted : List.of(Nodes.id(1).toString(), "node-1")) {
            HttpResponse<byte[]> drained = send("POST", "/nodes/" + wanted + "/drain", "");
            assertEquals(200, drained.statusCode(), wanted);
            assertEquals(true, json(drained).get("draining"));
            assertTrue(server.gateway.requests().contains(new TenantRequest.DrainNode(Nodes.id(1), true)));
        }
        assertEquals(false, json(send("DELETE", "/nodes/node-1/drain", "")).get("draining"));
        assertTrue(server.gateway.requests().contains(new TenantRequest.DrainNode(Nodes.id(1), false)));
    }

    @Test
    void pinsATenantAndLetsItGo() {
        HttpResponse<byte[]> pinned = send("PUT", "/tenants/acme/node", "{\"node\":\"" + Nodes.id(2) + "\"}");
        assertEquals(Map.of("zone", "acme", "node", "node-2"), json(pinned));
        assertTrue(server.gateway.requests().contains(new TenantRequest.PinTenant(new ZoneName("acme"), "node-2")));
        assertEquals(200, send("DELETE", "/tenants/acme/node", "").statusCode());
        assertTrue(server.gateway.requests().contains(new TenantRequest.PinTenant(new ZoneName("acme"), null)));
    }

    @Test
    void whatIsNotThereIsNotFound() {
        assertProblem(404, "not_found", send("POST", "/nodes/node-9/drain", ""));
        assertProblem(404, "not_found", send("POST", "/nodes/node-3/drain", ""));
        assertProblem(404, "not_found", send("PUT", "/tenants/acme/node", "{\"node\":\"node-3\"}"));
        assertProblem(404, "not_found", send("PUT", "/tenants/No%20Zone/node", "{\"node\":\"node-1\"}"));
        assertProblem(404, "", send("GET", "/nodes", ""));
        assertProblem(404, "", send("GET", "/nodes//drain", ""));
        assertProblem(404, "", send("GET", "/nodes/a/b/drain", ""));
    }

    @Test
    void onlyASystemAdministratorMayAndOthersLearnNothing() {
        server.gateway.script(ask -> {
            throw Problem.forbidden("Admin privileges required for this operation", null)
                    .exception();
        });
        for (String[] call : new String[][] {
            {"GET", "", ""},
            {"POST", "/nodes/node-1/drain", ""},
            {"POST", "/nodes/no-such-node/drain", ""},
            {"DELETE", "/nodes/node-1/drain", ""},
            {"PUT", "/tenants/acme/node", "{\"node\":\"node-1\"}"},
            {"PUT", "/tenants/nobody/node", "{\"node\":\"no-such-node\"}"},
            {"DELETE", "/tenants/acme/node", ""}
        }) {
            assertProblem(403, "forbidden", send(call[0], call[1], server.aliceKey, call[2]));
            assertTrue(server.gateway.requests().stream().allMatch(TenantRequest.RequireSystem.class::isInstance));
        }
    }

    @Test
    void aBadKeyIsRefusedBeforeAnything() {
        assertProblem(401, "", send("GET", "", "sk-nonsense", ""));
        server.gateway.script(ask -> {
            throw Problem.unauthenticated().exception();
        });
        assertProblem(401, "unauthenticated", send("GET", "", ""));
    }

    @Test
    void badInputNamesTheRule() {
        assertProblem(400, "invalid_request", send("PUT", "/tenants/acme/node", "{\"node\":7}"));
        assertProblem(400, "invalid_request", send("PUT", "/tenants/acme/node", "{}"));
        assertProblem(400, "invalid_request", send("PUT", "/tenants/acme/node", "{\"node\":\"node-1\",\"x\":1}"));
        assertProblem(400, "invalid_request", send("PUT", "/tenants/acme/node", "{\"node\":\"a\",\"node\":\"b\"}"));
        assertProblem(400, "invalid_request", send("PUT", "/tenants/acme/node", "[]"));
        assertProblem(400, "invalid_request", send("PUT", "/tenants/acme/node", "{\"node\":"));
        assertProblem(400, "invalid_request", send("POST", "/nodes/node-1/drain", "{}"));
        assertProblem(400, "invalid_request", send("GET", "?x=1", ""));
        assertProblem(413, "", send("PUT", "/tenants/acme/node", "{\"node\":\"" + "x".repeat(5000) + "\"}"));
        assertProblem(405, "", send("PUT", "", ""));
    }

    @Test
    void tellsWhenToComeBack() {
        server.gateway.script(ask -> {
            throw Problem.unavailable("the tenant is moving").exception();
        });
        HttpResponse<byte[]> response = send("GET", "", "");
        assertProblem(503, "unavailable", response);
        assertEquals("1", response.headers().firstValue("retry-after").orElse(""));
    }
}
