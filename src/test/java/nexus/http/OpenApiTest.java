package nexus.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import nexus.http.json.JsonReader;
import nexus.http.rest.AuditEndpoint;
import nexus.http.rest.ClusterEndpoint;
import nexus.http.rest.Route;
import nexus.http.rest.TenantEndpoint;
import nexus.placement.Nodes;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The document and the page of {@code /v1}: they show what is routed, all of it and nothing else, to everybody. */
class OpenApiTest {
    private static TestServer server;

    @BeforeAll
    static void start() {
        server = new TestServer(HttpOptions.DEFAULTS);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static Set<String> routed() {
        Set<String> all = new TreeSet<>();
        for (Route route : new TenantEndpoint().routes()) {
            all.add(route.method() + " " + route.path() + " " + route.operation());
        }
        for (Route route : new ClusterEndpoint(new Nodes()).routes()) {
            all.add(route.method() + " " + route.path() + " " + route.operation());
        }
        for (Route route : new AuditEndpoint().routes()) {
            all.add(route.method() + " " + route.path() + " " + route.operation());
        }
        return all;
    }

    private static Map<?, ?> document() {
        HttpResponse<byte[]> response = server.get("/v1/openapi.json");
        assertEquals(200, response.statusCode());
        return (Map<?, ?>) JsonReader.read(response.body());
    }

    @Test
    void theDocumentAndTheRoutesAreTheSameSet() {
        Set<String> documented = new TreeSet<>();
        ((Map<?, ?>) document().get("paths"))
                .forEach((path, methods) -> ((Map<?, ?>) methods)
                        .forEach(
                                (method, of) -> documented.add(method.toString().toUpperCase(Locale.ROOT) + " " + path
                                        + " " + ((Map<?, ?>) of).get("operationId"))));
        assertEquals(routed(), documented);
    }

    @Test
    void whatIsDocumentedIsServedAtItsPathWithItsMethods() {
        ((Map<?, ?>) document().get("paths")).forEach((path, methods) -> {
            HttpRequest options = server.request(path.toString().replaceAll("\\{[a-z]+}", "x"))
                    .method("OPTIONS", HttpRequest.BodyPublishers.noBody())
                    .build();
            Set<String> allowed = new TreeSet<>();
            ((Map<?, ?>) methods)
                    .keySet()
                    .forEach(method -> allowed.add(method.toString().toUpperCase(Locale.ROOT)));
            allowed.add("OPTIONS");
            String header = server.send(options).headers().firstValue("allow").orElse("");
            assertEquals(allowed, new TreeSet<>(Set.of(header.split(", ", -1))), path.toString());
        });
    }

    @Test
    void isOpenApiThreeOneAndNamesItsSchemas() {
        Map<?, ?> document = document();
        assertEquals("3.1.0", document.get("openapi"));
        Map<?, ?> components = (Map<?, ?>) document.get("components");
        assertTrue(((Map<?, ?>) components.get("schemas")).containsKey("Problem"));
        assertTrue(((Map<?, ?>) components.get("securitySchemes")).containsKey("key"));
    }

    @Test
    void thePageShowsEveryOperationAndNeedsNothingFromElsewhere() {
        HttpResponse<byte[]> response = server.get("/v1/docs");
        assertEquals(200, response.statusCode());
        assertEquals(
                "text/html; charset=utf-8",
                response.headers().firstValue("content-type").orElse(""));
        String page = new String(response.body(), StandardCharsets.UTF_8);
        routed().forEach(route -> assertTrue(page.contains("id=\"" + route.split(" ", -1)[2] + "\""), route));
        for (String outside : new String[] {"http://", "https://", "<script", "<link", "<img", "@import", "url("}) {
            assertFalse(page.contains(outside), outside);
        }
    }
}
