package nexus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import nexus.config.ServerOption;
import nexus.config.ServerOptions;
import nexus.e2e.Await;
import nexus.http.client.NexusClient;
import nexus.http.client.NexusException;
import nexus.http.json.JsonReader;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The audit log of a whole server, as an auditor sees it from outside: listed, proved, and computed anew with no code of ours. */
class AuditServerTest {
    private static final HttpClient CLIENT =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @TempDir
    static Path directory;

    private static Server server;
    private static String admin = "";

    @BeforeAll
    static void start() throws Exception {
        Map<ServerOption, String> options = Map.of(
                ServerOption.PORT,
                "0",
                ServerOption.DATA_DIR,
                directory.toString(),
                ServerOption.TRUSTED_PROXIES,
                "127.0.0.1");
        server = new Server(ServerOptions.read(options, Map.of(), 2), InstantSource.system());
        server.start();
        admin = Files.readString(directory.resolve("admin.key")).strip();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static Map<?, ?> send(String key, String method, String path, String body) {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .timeout(Duration.ofSeconds(30))
                .header("Authorization", "Bearer " + key)
                .header("X-Forwarded-For", "1.1.1.1, 198.51.100.7")
                .method(
                        method,
                        body.isEmpty()
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body))
                .build();
        try {
            HttpResponse<byte[]> response = CLIENT.send(request, HttpResponse.BodyHandlers.ofByteArray());
            assertTrue(
                    response.statusCode() / 100 == 2,
                    response.statusCode() + " " + new String(response.body(), StandardCharsets.UTF_8));
            return (Map<?, ?>) JsonReader.read(response.body());
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Makes a tenant; the key of its administrator. */
    private static String tenant(String zone) {
        Map<?, ?> made = send(admin, "POST", "/v1/tenants", "{\"zone_id\":\"" + zone + "\",\"name\":\"T\"}");
        return String.valueOf(((Map<?, ?>) made.get("administrator")).get("secret"));
    }

    private static List<?> denials(String key, String zone) {
        return (List<?>) send(key, "GET", "/v1/tenants/" + zone + "/audit?kind=denial", "")
                .get("items");
    }

    @Test
    void aTenantsKeyOnACallForSystemKeysIsADenialFromWhereItCame() {
        String owner = tenant("denied");
        NexusClient client = NexusClient.connect("http://127.0.0.1:" + server.port(), owner);
        assertThrows(
                NexusException.class,
                () -> client.createKey(Map.of("name", "n", "zone_id", "denied", "user_id", "eve")));
        String call =
                "{\"jsonrpc\":\"2.0\",\"method\":\"admin_list_keys\",\"id\":\"1\",\"params\":{\"zone_id\":\"denied\"}}";
        assertTrue(send(owner, "POST", "/api/nfs/admin_list_keys", call).containsKey("error"));
        Await.until(
                "both refusals are in the log",
                Duration.ofSeconds(10),
                () -> denials(owner, "denied").size() == 2,
                () -> denials(owner, "denied").toString());
        Map<?, ?> newest = (Map<?, ?>) denials(owner, "denied").get(0);
        Map<?, ?> oldest = (Map<?, ?>) denials(owner, "denied").get(1);
        assertEquals("list_keys", newest.get("action"));
        assertEquals("user:denied_admin", newest.get("user"));
        assertEquals("198.51.100.7", newest.get("remote"));
        assertEquals("create_key", oldest.get("action"));
        assertEquals("127.0.0.1", oldest.get("remote"));
    }

    /** As the manual says it to auditors, and without anything of {@code nexus.store}. */
    @Test
    void theChainCanBeComputedFromTheFileAlone() throws Exception {
        String owner = tenant("computed");
        NexusClient client = NexusClient.connect("http://127.0.0.1:" + server.port(), owner);
        String log = "/tenants/computed/.audit/log.jsonl";
        client.write("/tenants/computed/ü \"quoted\".txt", "x");
        client.append(log, "{\"a\":\",\\\"hash\\\":\\\"\",\"b\":{\"hash\":\"no\"}}".getBytes(StandardCharsets.UTF_8));
        client.write("/tenants/computed/last.txt", "x");

        Map<?, ?> verdict = send(owner, "GET", "/v1/tenants/computed/audit/verify", "");
        assertEquals(true, verdict.get("intact"), verdict.toString());
        assertEquals(true, verdict.get("complete"), verdict.toString());
        byte[] link = HexFormat.of().parseHex(String.valueOf(verdict.get("start")));
        long number = 0;
        for (String line : client.readText(log).split("\n")) {
            int end = line.lastIndexOf(",\"hash\":\"");
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(link);
            digest.update((line.substring(0, end) + "}").getBytes(StandardCharsets.UTF_8));
            link = digest.digest();
            assertEquals(HexFormat.of().formatHex(link), line.substring(end + 9, line.length() - 2), line);
            number++;
            assertTrue(line.startsWith("{\"seq\":" + number + ","), line);
        }
        assertEquals(verdict.get("last"), number, "the tenant's very first lines are chained too");
        assertEquals(verdict.get("hash"), HexFormat.of().formatHex(link));
    }
}
