package nexus.http.client;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A client of the Nexus JSON-RPC wire in the manner of the original: it asks who it is when it connects, and then sends only
 * the parameters that it was given. Blocking; may be used by many threads.
 *
 * <p>A refused call is a {@link NexusException}, another HTTP status than 200 a {@link HttpStatusException}; when the
 * connection breaks or the time is over it is an {@link UncheckedIOException}, and then it is not known what became of the
 * call. Nothing is repeated.
 */
public final class NexusClient {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration READ_TIMEOUT = Duration.ofSeconds(30);

    private final HttpClient http;
    private final URI server;
    private final @Nullable String key;
    private final Map<String, String> headers;
    private final AtomicLong ids;

    private NexusClient(
            HttpClient http, URI server, @Nullable String key, Map<String, String> headers, AtomicLong ids) {
        this.http = http;
        this.server = server;
        this.key = key;
        this.headers = Map.copyOf(headers);
        this.ids = ids;
    }

    /** Who the key proves. @param zone null for a system key */
    public record Identity(
            boolean authenticated,
            @Nullable String subjectType,
            @Nullable String subjectId,
            @Nullable String zone,
            boolean admin) {}

    /** A file after a change. */
    public record Written(String etag, long version, long size) {}

    /** An entry of a listing. */
    public record Entry(
            String path,
            boolean directory,
            long size,
            @Nullable String etag) {}

    /** A key that was just made. */
    public record Key(
            String id, String text, String userId, @Nullable String zone) {}

    /** A subject or an object of a tuple. */
    public record Ref(String type, String id) {
        /** A file or directory. */
        public static Ref file(String path) {
            return new Ref("file", path);
        }

        /** A user. */
        public static Ref user(String id) {
            return new Ref("user", id);
        }

        private List<String> parts() {
            return List.of(type, id);
        }
    }

    /** A client that sends no key and has asked nothing. */
    public static NexusClient anonymous(String url) {
        HttpClient http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(CONNECT_TIMEOUT)
                .build();
        return new NexusClient(http, URI.create(url), null, Map.of(), new AtomicLong());
    }

    /** Connects with a key and asks who that is; a key that proves nothing is an exception. */
    public static NexusClient connect(String url, String key) {
        return anonymous(url).as(key);
    }

    /** Another principal over the same connections. */
    public NexusClient as(String otherKey) {
        NexusClient client = withKey(otherKey);
        Identity identity = client.whoami();
        if (!identity.authenticated()) {
            throw new HttpStatusException("whoami", 401, "the key is not valid");
        }
        Map<String, String> identified = new LinkedHashMap<>();
        if (identity.zone() != null) {
            identified.put("X-Nexus-Zone-ID", identity.zone());
        }
        if ("agent".equals(identity.subjectType()) && identity.subjectId() != null) {
            identified.put("X-Agent-ID", identity.subjectId());
        }
        return client.withHeaders(identified);
    }

    /** The same with another key, or none, and without asking who that is. */
    public NexusClient withKey(@Nullable String otherKey) {
        return new NexusClient(http, server, otherKey, Map.of(), ids);
    }

    /** The same with these headers beside the key, in place of its own. */
    public NexusClient withHeaders(Map<String, String> others) {
        return new NexusClient(http, server, key, others, ids);
    }

    /** Where the server is. */
    public URI server() {
        return server;
    }

    // ---- the wire ---------------------------------------------------------------------------------------------------

    /** Sends a request as it is and returns whatever comes back. @param body null for none */
    public HttpReply send(String httpMethod, String path, byte @Nullable [] body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(server.resolve(path))
                .timeout(READ_TIMEOUT)
                .header("Accept-Encoding", "gzip")
                .method(
                        httpMethod,
                        body == null
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofByteArray(body));
        if (body != null) {
            request.header("Content-Type", "application/json");
        }
        if (key != null) {
            request.header("Authorization", "Bearer " + key);
        }
        headers.forEach(request::header);
        try {
            HttpResponse<byte[]> response = http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            return new HttpReply(response.statusCode(), response.version().name(), response.headers(), plain(response));
        } catch (IOException e) {
            throw new UncheckedIOException(httpMethod + " " + path + ": " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted in " + path, e);
        }
    }

    private static byte[] plain(HttpResponse<byte[]> response) throws IOException {
        boolean gzip = response.headers()
                .firstValue("Content-Encoding")
                .filter("gzip"::equals)
                .isPresent();
        if (!gzip) {
            return response.body();
        }
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(response.body()))) {
            return in.readAllBytes();
        }
    }

    /** The answer of a page that is a JSON object. */
    public Map<String, @Nullable Object> get(String path) {
        HttpReply reply = send("GET", path, null);
        if (reply.status() != 200) {
            throw new HttpStatusException("GET " + path, reply.status(), reply.text());
        }
        return Json.readObject(reply.body());
    }

    /** Calls a method. The result's special values are decoded: bytes, times, durations. */
    public @Nullable Object call(String method, Map<String, ? extends @Nullable Object> params) {
        return Json.decode(callRaw(method, params));
    }

    /** Calls a method; the result's special values are left as they are spelled. */
    public @Nullable Object callRaw(String method, Map<String, ? extends @Nullable Object> params) {
        Map<String, @Nullable Object> request = new LinkedHashMap<>();
        request.put("jsonrpc", "2.0");
        request.put("method", method);
        String id = "c" + ids.incrementAndGet();
        request.put("id", id);
        if (!params.isEmpty()) {
            request.put("params", params);
        }
        HttpReply reply = send("POST", "/api/nfs/" + method, Json.write(request));
        if (reply.status() != 200) {
            throw new HttpStatusException(method, reply.status(), reply.text());
        }
        return resultOf(method, id, Json.readObject(reply.body()));
    }

    private static @Nullable Object resultOf(String method, String id, Map<String, @Nullable Object> answer) {
        if (!"2.0".equals(answer.get("jsonrpc")) || !id.equals(answer.get("id"))) {
            throw new IllegalStateException(method + ": the answer belongs to another call: " + answer.get("id"));
        }
        if (answer.containsKey("error")) {
            Map<String, @Nullable Object> error = Json.object(answer.get("error"));
            Object data = error.get("data");
            throw new NexusException(
                    method,
                    (int) number(error, "code"),
                    String.valueOf(error.get("message")),
                    data == null ? Map.of() : Json.object(Json.decode(data)));
        }
        if (!answer.containsKey("result")) {
            throw new IllegalStateException(method + ": neither result nor error: " + answer.keySet());
        }
        return answer.get("result");
    }

    private Map<String, @Nullable Object> callObject(String method, Map<String, ? extends @Nullable Object> params) {
        return Json.object(call(method, params));
    }

    private static long number(Map<String, @Nullable Object> object, String member) {
        if (object.get(member) instanceof Long number) {
            return number;
        }
        throw new IllegalStateException("'" + member + "' is no whole number in " + object);
    }

    private static String string(Map<String, @Nullable Object> object, String member) {
        if (object.get(member) instanceof String text) {
            return text;
        }
        throw new IllegalStateException("'" + member + "' is no string in " + object);
    }

    private static @Nullable String stringOrNull(Map<String, @Nullable Object> object, String member) {
        return object.get(member) == null ? null : string(object, member);
    }

    private static boolean flag(Map<String, @Nullable Object> object, String member) {
        if (object.get(member) instanceof Boolean flag) {
            return flag;
        }
        throw new IllegalStateException("'" + member + "' is no boolean in " + object);
    }

    /** Who this is. A bad key is not an exception here. */
    public Identity whoami() {
        Map<String, @Nullable Object> answer = get("/api/auth/whoami");
        return new Identity(
                flag(answer, "authenticated"),
                stringOrNull(answer, "subject_type"),
                stringOrNull(answer, "subject_id"),
                stringOrNull(answer, "zone_id"),
                flag(answer, "is_admin"));
    }

    // ---- files ------------------------------------------------------------------------------------------------------

    /** Makes a directory; of a tenant's root: the tenant. */
    public void mkdir(String path) {
        call("mkdir", Map.of("path", path));
    }

    /** Makes a directory and what is missing above it, unless it is there. */
    public void mkdirs(String path) {
        call("mkdir", Map.of("path", path, "parents", true, "exist_ok", true));
    }

    /** Removes a directory; of a tenant's root: the tenant. */
    public void rmdir(String path, boolean recursive) {
        call("rmdir", Map.of("path", path, "recursive", recursive));
    }

    /** Writes a file. */
    public Written write(String path, byte[] content) {
        return written(Json.object(
                callObject("write", Map.of("path", path, "content", content)).get("bytes_written")));
    }

    /** Writes a text file. */
    public Written write(String path, String content) {
        return write(path, content.getBytes(StandardCharsets.UTF_8));
    }

    /** Adds to the end of a file. */
    public Written append(String path, byte[] content) {
        return written(callObject("append", Map.of("path", path, "content", content)));
    }

    private static Written written(Map<String, @Nullable Object> file) {
        return new Written(string(file, "etag"), number(file, "version"), number(file, "size"));
    }

    /** The content of a file. */
    public byte[] read(String path) {
        if (call("read", Map.of("path", path)) instanceof byte[] bytes) {
            return bytes;
        }
        throw new IllegalStateException("read gave no bytes");
    }

    /** The content of a text file. */
    public String readText(String path) {
        return new String(read(path), StandardCharsets.UTF_8);
    }

    /** The content of a JSON file. */
    public Map<String, @Nullable Object> readJson(String path) {
        return Json.readObject(read(path));
    }

    /** Deletes a file. */
    public void delete(String path) {
        call("delete", Map.of("path", path));
    }

    /** Moves a file or directory. */
    public void rename(String from, String to) {
        call("rename", Map.of("old_path", from, "new_path", to));
    }

    /** Whether there is something that the caller may see. */
    public boolean exists(String path) {
        return flag(callObject("exists", Map.of("path", path)), "exists");
    }

    /** The entries of a directory that the caller may see. */
    public List<Entry> list(String path, boolean recursive) {
        Map<String, @Nullable Object> page = callObject("list", Map.of("path", path, "recursive", recursive));
        if (flag(page, "has_more")) {
            throw new IllegalStateException("a page, but the whole was asked for");
        }
        List<Entry> entries = new ArrayList<>();
        for (Object item : Json.array(page.get("files"))) {
            Map<String, @Nullable Object> entry = Json.object(item);
            entries.add(new Entry(
                    string(entry, "path"),
                    flag(entry, "is_directory"),
                    number(entry, "size"),
                    stringOrNull(entry, "etag")));
        }
        return entries;
    }

    /** The paths of {@link #list}. */
    public List<String> paths(String path, boolean recursive) {
        return list(path, recursive).stream().map(Entry::path).toList();
    }

    // ---- permissions ------------------------------------------------------------------------------------------------

    /** Grants, and returns the tuple's id. */
    public String rebacCreate(Ref subject, String relation, Ref object, @Nullable String zone) {
        return rebacCreate(subject, relation, object, zone, null);
    }

    /** Grants until a time, and returns the tuple's id. */
    public String rebacCreate(
            Ref subject, String relation, Ref object, @Nullable String zone, @Nullable Instant expiresAt) {
        Map<String, @Nullable Object> params = new LinkedHashMap<>();
        params.put("subject", subject.parts());
        params.put("relation", relation);
        params.put("object", object.parts());
        if (zone != null) {
            params.put("zone_id", zone);
        }
        if (expiresAt != null) {
            params.put("expires_at", expiresAt);
        }
        return string(callObject("rebac_create", params), "tuple_id");
    }

    /** Revokes a grant; false if there is none. */
    public boolean rebacDelete(String tupleId) {
        return Boolean.TRUE.equals(call("rebac_delete", Map.of("tuple_id", tupleId)));
    }

    /** Whether a subject has a permission. */
    public boolean rebacCheck(Ref subject, String permission, Ref object) {
        Object allowed = call(
                "rebac_check", Map.of("subject", subject.parts(), "permission", permission, "object", object.parts()));
        if (allowed instanceof Boolean flag) {
            return flag;
        }
        throw new IllegalStateException("rebac_check gave no boolean: " + allowed);
    }

    /** The tuples of a subject, an object, or both; null for any. */
    public List<Map<String, @Nullable Object>> rebacListTuples(@Nullable Ref subject, @Nullable Ref object) {
        Map<String, @Nullable Object> params = new LinkedHashMap<>();
        if (subject != null) {
            params.put("subject", subject.parts());
        }
        if (object != null) {
            params.put("object", object.parts());
        }
        List<Map<String, @Nullable Object>> tuples = new ArrayList<>();
        Json.array(call("rebac_list_tuples", params)).forEach(tuple -> tuples.add(Json.object(tuple)));
        return tuples;
    }

    // ---- keys -------------------------------------------------------------------------------------------------------

    /** Makes a key of a tenant, and its user on first use. */
    public Key createKey(String zone, String user, String name) {
        return createKey(
                Map.of("zone_id", zone, "user_id", user, "name", name, "subject_type", "user", "is_admin", false));
    }

    /** Makes a key with parameters of one's own. */
    public Key createKey(Map<String, ? extends @Nullable Object> params) {
        Map<String, @Nullable Object> key = callObject("admin_create_key", params);
        return new Key(
                string(key, "key_id"), string(key, "api_key"), string(key, "user_id"), stringOrNull(key, "zone_id"));
    }

    /** Makes a key that expires after a part of a day. */
    public Key createKey(String zone, String user, String name, Duration life) {
        return createKey(Map.of(
                "zone_id",
                zone,
                "user_id",
                user,
                "name",
                name,
                "expires_days",
                BigDecimal.valueOf(life.toMillis())
                        .divide(
                                BigDecimal.valueOf(Duration.ofDays(1).toMillis()),
                                12,
                                java.math.RoundingMode.CEILING)));
    }

    /** Revokes a key. */
    public void revokeKey(String keyId) {
        call("admin_revoke_key", Map.of("key_id", keyId));
    }
}
