package nexus.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import nexus.http.client.HttpReply;
import nexus.http.client.Json;
import nexus.http.client.NexusClient;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Sends what the original's own clients sent, in their order, and compares the answers with what those clients accepted: by
 * their shape, that is names of members and types of values, not by values. Where ours differs on purpose the table below
 * says how and why.
 */
@Tag("server")
@Timeout(120)
class WireCaptureTest {
    @RegisterExtension
    static final SharedServer SERVER = new SharedServer();

    private static final String API = "design/nexus-api.md";
    private static final String ISOLATION = "design/isolation.md";

    /** In each error that has none in the original: the kind in one word, and the path. */
    private static final Deviation EVERY_ERROR = new Deviation(
            API, "send a bare message and the path in `data.path`", "/error/data: more", "/error/data/reason: more");

    private static final String REFUSED = "/error: more";
    private static final String NO_RESULT = "/result: missing";

    /**
     * Why an answer differs.
     *
     * @param document that says so
     * @param rule a part of it, word for word
     * @param differences all of them, and no other
     */
    private record Deviation(String document, String rule, String... differences) {}

    private static final Map<Integer, Deviation> DEVIATIONS = new TreeMap<>();

    private static void deviation(List<Integer> captures, String document, String rule, String... differences) {
        captures.forEach(capture -> DEVIATIONS.put(capture, new Deviation(document, rule, differences)));
    }

    static {
        // mkdir /tenants
        deviation(List.of(1, 62), API, "`/tenants` exists from the start", REFUSED, NO_RESULT);
        // rebac_list_tuples
        deviation(
                List.of(16, 77), API, "subject_relation is not returned — add it", "/result[]/subject_relation: more");
        // list
        deviation(List.of(21, 23, 24), API, "so entries are always objects", "/result/files[]: string -> object");
        deviation(
                List.of(22, 83),
                API,
                "so entries are always objects with at least",
                "/result/files[]/created_at: null -> datetime",
                "/result/files[]/created_by: more",
                "/result/files[]/mime_type: null -> string",
                "/result/files[]/modified_at: null -> datetime",
                "/result/files[]/name: more",
                "/result/files[]/version: more");
        deviation(
                List.of(82, 84, 85),
                API,
                "with at least `path`, `name`, `is_directory`, `size`, `etag`, `modified_at`",
                "/result/files[]/created_at: missing",
                "/result/files[]/mime_type: missing",
                "/result/files[]/modified_at: null -> datetime",
                "/result/files[]/name: more");
        // stat: a member more than needed
        deviation(List.of(31, 92), API, "| stat | path | `{\"size\",\"etag\",\"version\"", "/result/path: more");
        // get_metadata: the recorded server left out most
        deviation(
                List.of(35),
                API,
                "`{\"metadata\":{\"path\",\"size\",\"mime_type\",\"created_at\",\"modified_at\",\"is_directory\"",
                "/result/metadata/created_at: more",
                "/result/metadata/mime_type: more",
                "/result/metadata/modified_at: more",
                "/result/metadata/size: more");
        // list_versions: the recorded server knew no types
        deviation(List.of(42), API, "\"content_hash\",\"size\",\"mime_type\"", "/result[]/mime_type: null -> string");
        // diff_versions: the recorded server left out most
        deviation(
                List.of(45),
                API,
                "\"content_hash_v1\",\"content_hash_v2\",\"content_changed\",\"size_v1\",\"size_v2\",\"size_delta\"",
                "/result/content_hash_v1: more",
                "/result/content_hash_v2: more",
                "/result/created_at_v1: more",
                "/result/created_at_v2: more",
                "/result/path: more",
                "/result/size_delta: more",
                "/result/size_v1: more",
                "/result/size_v2: more",
                "/result/v1: more",
                "/result/v2: more");
        // rebac_expand of /x
        deviation(List.of(48, 109), ISOLATION, "nothing else exists at the top", "/result[]: 1 -> 0 items");
        // rebac_explain: must be served, and is not yet
        deviation(List.of(49, 110), API, "Serve every method of the tables above.", REFUSED, NO_RESULT);
        // share_with_user, share_with_group of /x
        deviation(List.of(50, 51, 111, 112), ISOLATION, "nothing else exists at the top", REFUSED, NO_RESULT);
        // admin_list_keys: the recorded server had forgotten the key that it had made
        deviation(List.of(54, 115), API, "`{\"keys\":[{key_id,user_id", "/result/keys[]: 0 -> 1 items");
        // no_such_method
        deviation(
                List.of(56, 117),
                API,
                "parse / invalid request / unknown method / bad parameters / our fault",
                "/error/code: -32602 -> -32601");
        // rmdir of what is not empty
        deviation(
                List.of(57, 118),
                API,
                "semantic refusal: rmdir of a non-empty directory",
                "/error/code: -32603 -> -32005");
        // a missing parameter, where the original failed in odd ways
        deviation(
                List.of(96, 104, 108, 114),
                API,
                "bad parameters / our fault (no internals in the message",
                "/error/code: -32603 -> -32602");
        // a missing parameter, where the recorded server did not look at it
        deviation(
                List.of(103, 105, 106),
                API,
                "every parameter is optional except where the table says otherwise",
                REFUSED,
                NO_RESULT);
    }

    @Test
    void clientThatSendsAllDefaultsIsAnsweredAsItExpects() {
        replay("all-defaults");
    }

    @Test
    void clientThatSendsOnlyWhatWasGivenIsAnsweredAsItExpects() {
        replay("given-only");
    }

    @Test
    void everyDeviationHasItsReasonInTheDocuments() {
        List<Deviation> all = new ArrayList<>(DEVIATIONS.values());
        all.add(EVERY_ERROR);
        for (Deviation deviation : all) {
            assertTrue(
                    Shared.text(deviation.document()).contains(deviation.rule()),
                    deviation.document() + " does not say: " + deviation.rule());
        }
    }

    private static void replay(String dialect) {
        String[] lines = Shared.text("contract/nexus-wire-captures.jsonl").split("\n");
        NexusClient admin = SERVER.admin();
        for (String zone : admin.paths("/tenants", false)) {
            admin.rmdir(zone, true);
        }
        Map<String, String> keys = new LinkedHashMap<>();
        keys.put("admin_key_here", SERVER.process().adminKey());
        Map<String, String> expected = new LinkedHashMap<>();
        Map<String, String> actual = new LinkedHashMap<>();
        int replayed = 0;
        for (int i = 0; i < lines.length; i++) {
            Map<String, @Nullable Object> capture = Json.object(Json.read(lines[i]));
            if (!dialect.equals(capture.get("client"))) {
                continue;
            }
            replayed++;
            String name = "capture " + i + " " + capture.get("path");
            Deviation deviation = DEVIATIONS.get(i);
            expected.put(
                    name, deviation == null ? "" : String.join("\n", new TreeSet<>(List.of(deviation.differences()))));
            actual.put(name, String.join("\n", exchange(capture, keys)));
        }
        assertEquals(61, replayed, "exchanges of this dialect");
        expected.entrySet().removeIf(entry -> entry.getValue().equals(actual.get(entry.getKey())));
        actual.keySet().retainAll(expected.keySet());
        assertEquals(text(expected), text(actual), "differences, declared and found");
    }

    private static String text(Map<String, String> differences) {
        StringBuilder text = new StringBuilder();
        differences.forEach((name, lines) -> {
            if (!lines.isEmpty()) {
                text.append(name).append('\n').append(lines.indent(4));
            }
        });
        return text.toString();
    }

    private static Set<String> exchange(Map<String, @Nullable Object> capture, Map<String, String> keys) {
        Map<String, @Nullable Object> headers = Json.object(capture.get("headers"));
        String key = String.valueOf(headers.get("Authorization")).substring("Bearer ".length());
        NexusClient client = NexusClient.anonymous(SERVER.process().url())
                .withKey(keys.getOrDefault(key, key))
                .withHeaders(others(headers));
        Object request = capture.get("request");
        HttpReply reply = client.send(
                String.valueOf(capture.get("method")),
                String.valueOf(capture.get("path")),
                request == null ? null : Json.write(request));

        Set<String> differences = new TreeSet<>();
        if (!Long.valueOf(reply.status()).equals(capture.get("status"))) {
            differences.add("status: " + capture.get("status") + " -> " + reply.status());
        }
        Map<String, @Nullable Object> answer = Json.readObject(reply.body());
        Map<String, @Nullable Object> accepted = Json.object(capture.get("response"));
        if (request != null && reply.status() == 200) {
            // The original forgets the id of a request that it refuses.
            assertEquals(Json.object(request).get("id"), answer.remove("id"), "the answer's id");
            accepted.remove("id");
            learnKey(accepted, answer, keys);
        }
        compare("", accepted, answer, differences);
        differences.removeAll(List.of(EVERY_ERROR.differences()));
        return differences;
    }

    private static Map<String, String> others(Map<String, @Nullable Object> headers) {
        Map<String, String> others = new LinkedHashMap<>();
        headers.forEach((name, value) -> {
            // The connection is the client library's own affair, and so are key, content type and encoding.
            if (!Set.of("Connection", "Authorization", "Content-Type", "Accept-Encoding")
                    .contains(name)) {
                others.put(name, String.valueOf(value));
            }
        });
        return others;
    }

    private static void learnKey(
            Map<String, @Nullable Object> accepted, Map<String, @Nullable Object> answer, Map<String, String> keys) {
        if (accepted.get("result") instanceof Map<?, ?> theirs
                && answer.get("result") instanceof Map<?, ?> ours
                && theirs.get("api_key") instanceof String captured
                && ours.get("api_key") instanceof String real) {
            keys.put(captured, real);
        }
    }

    // ---- shapes -----------------------------------------------------------------------------------------------------

    /** Items of an array must all have the shape of the original's first one. */
    private static void compare(String at, @Nullable Object theirs, @Nullable Object ours, Set<String> differences) {
        if (!type(theirs).equals(type(ours))) {
            differences.add(at + ": " + type(theirs) + " -> " + type(ours));
        } else if (theirs instanceof Map<?, ?> expected && ours instanceof Map<?, ?> actual) {
            if (at.endsWith("/error")) {
                Object code = expected.get("code");
                if (code != null && !code.equals(actual.get("code"))) {
                    differences.add(at + "/code: " + code + " -> " + actual.get("code"));
                }
            }
            Set<Object> names = new TreeSet<>(expected.keySet());
            names.addAll(actual.keySet());
            for (Object name : names) {
                String member = at + "/" + name;
                if (!actual.containsKey(name)) {
                    differences.add(member + ": missing");
                } else if (!expected.containsKey(name)) {
                    differences.add(member + ": more");
                } else {
                    compare(member, expected.get(name), actual.get(name), differences);
                }
            }
        } else if (theirs instanceof List<?> expected && ours instanceof List<?> actual) {
            if (expected.isEmpty() != actual.isEmpty()) {
                differences.add(at + "[]: " + expected.size() + " -> " + actual.size() + " items");
            }
            if (!expected.isEmpty()) {
                List<Object> items = new ArrayList<>(actual);
                items.forEach(item -> compare(at + "[]", shapeOf(expected, item), item, differences));
            }
        }
    }

    /** Files and directories differ: an item is compared with the first of its own kind. */
    private static @Nullable Object shapeOf(List<?> expected, @Nullable Object item) {
        if (item instanceof Map<?, ?> ours) {
            for (Object other : expected) {
                if (other instanceof Map<?, ?> theirs
                        && java.util.Objects.equals(theirs.get("is_directory"), ours.get("is_directory"))) {
                    return theirs;
                }
            }
        }
        return expected.get(0);
    }

    private static String type(@Nullable Object value) {
        if (value == null) {
            return "null";
        }
        if (value instanceof Map<?, ?> map) {
            return map.get("__type__") instanceof String special ? special : "object";
        }
        if (value instanceof List<?>) {
            return "array";
        }
        if (value instanceof Long || value instanceof BigDecimal) {
            return "number";
        }
        return value instanceof Boolean ? "boolean" : "string";
    }
}
