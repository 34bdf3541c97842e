package nexus.http;

import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import nexus.http.json.JsonReader;
import nexus.http.rpc.MemoryBlobs;
import nexus.http.rpc.ScriptedGateway;
import nexus.kernel.Ids;
import nexus.kernel.KeyId;
import nexus.kernel.TenantId;
import nexus.placement.Nodes;
import nexus.tenant.ApiKeys;
import nexus.tenant.Telemetry;
import org.jspecify.annotations.Nullable;

/** A server on a free port with a scripted tenant behind it, and a client to it. */
public final class TestServer implements AutoCloseable {
    public static final TenantId ACME = new TenantId(new UUID(7, 1));
    public static final TenantId BETA = new TenantId(new UUID(7, 2));
    public static final Instant NOW = Instant.parse("2026-11-23T10:00:00Z");

    /** For {@link #post}: a body without an envelope around it. */
    private static final String PATH = "/api/nfs/";

    private final Vertx vertx = Vertx.vertx();
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();
    private final HttpAdapter adapter;
    private final int port;
    public final ScriptedGateway gateway = new ScriptedGateway();
    public final MemoryBlobs blobs = new MemoryBlobs();
    public final ApiKeys keys = new ApiKeys(List.of(new ApiKeys.ChecksumSecret(1, new byte[32])));
    public final String aliceKey;
    public final String systemKey;
    public volatile boolean ready = true;
    public final Nodes leases = new Nodes();

    public TestServer(HttpOptions options) {
        SecureRandom random = new SecureRandom();
        Ids ids = new Ids(Clock.systemUTC(), random);
        aliceKey = keys.mint(ACME, new KeyId(new UUID(9, 1)), random).text();
        systemKey =
                keys.mint(TenantId.SYSTEM, new KeyId(new UUID(9, 2)), random).text();
        gateway.tenant("acme", ACME);
        gateway.tenant("beta", BETA);
        adapter = new HttpAdapter(
                vertx,
                options.withAddress("127.0.0.1", 0),
                new HttpServices(
                        gateway,
                        leases,
                        blobs,
                        keys,
                        Telemetry.NONE,
                        ids,
                        random,
                        InstantSource.fixed(NOW),
                        System::nanoTime,
                        () -> ready,
                        () -> "# HELP x y\nx 1\n"));
        port = await(adapter.start(2));
    }

    public static <T> T await(io.vertx.core.Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    public HttpAdapter adapter() {
        return adapter;
    }

    public Vertx vertx() {
        return vertx;
    }

    public int port() {
        return port;
    }

    public HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(Duration.ofSeconds(20));
    }

    public HttpResponse<byte[]> send(HttpRequest request) {
        try {
            return client.send(request, HttpResponse.BodyHandlers.ofByteArray());
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    public HttpResponse<byte[]> get(String path, String... headers) {
        HttpRequest.Builder builder = request(path).GET();
        return send((headers.length == 0 ? builder : builder.headers(headers)).build());
    }

    /** Posts a whole body. */
    public HttpResponse<byte[]> post(String method, String key, byte[] body, String... headers) {
        HttpRequest.Builder builder = request(PATH + method)
                .header("Authorization", "Bearer " + key)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
        return send((headers.length == 0 ? builder : builder.headers(headers)).build());
    }

    /** Calls a method with these parameters; the answer as text. */
    public String call(String method, String key, @Nullable String params, String... headers) {
        String body = params == null
                ? "{\"jsonrpc\":\"2.0\",\"method\":\"" + method + "\",\"id\":\"i\"}"
                : "{\"jsonrpc\":\"2.0\",\"method\":\"" + method + "\",\"id\":\"i\",\"params\":" + params + "}";
        HttpResponse<byte[]> response = post(method, key, body.getBytes(StandardCharsets.UTF_8), headers);
        if (response.statusCode() != 200) {
            throw new AssertionError(response.statusCode() + " " + new String(response.body(), StandardCharsets.UTF_8));
        }
        return new String(response.body(), StandardCharsets.UTF_8);
    }

    /** The result of a call by Alice, as JSON text; an error fails the test. */
    public String result(String method, @Nullable String params) {
        return result(method, aliceKey, params);
    }

    public String result(String method, String key, @Nullable String params, String... headers) {
        String answer = call(method, key, params, headers);
        String prefix = "{\"jsonrpc\":\"2.0\",\"id\":\"i\",\"result\":";
        if (!answer.startsWith(prefix)) {
            throw new AssertionError(answer);
        }
        return answer.substring(prefix.length(), answer.length() - 1);
    }

    /** The error of a call, as its members. */
    public Map<?, ?> error(String method, String key, @Nullable String params, String... headers) {
        String answer = call(method, key, params, headers);
        Map<?, ?> members = (Map<?, ?>) JsonReader.read(answer.getBytes(StandardCharsets.UTF_8));
        if (members == null || !(members.get("error") instanceof Map<?, ?> error)) {
            throw new AssertionError(answer);
        }
        return error;
    }

    /** As {@code -32602 message}. */
    public String errorText(String method, String key, @Nullable String params, String... headers) {
        Map<?, ?> error = error(method, key, params, headers);
        return error.get("code") + " " + error.get("message");
    }

    @Override
    public void close() {
        await(adapter.stop());
        await(vertx.close());
    }
}
