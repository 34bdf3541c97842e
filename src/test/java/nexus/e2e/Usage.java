package nexus.e2e;

import java.util.List;
import java.util.Map;
import nexus.http.client.Json;
import nexus.http.client.NexusClient;
import nexus.http.client.NexusClient.Entry;
import org.jspecify.annotations.Nullable;

/** Usage as the record has it, and counted again from what is there. */
final class Usage {
    private Usage() {}

    /** Users, files, bytes, as {@code .tenant.json} says. */
    static List<Long> of(NexusClient admin, String zone) {
        Map<String, @Nullable Object> usage =
                Json.object(admin.readJson("/tenants/" + zone + "/.tenant.json").get("usage"));
        return List.of(number(usage, "users"), number(usage, "files"), number(usage, "storage_bytes"));
    }

    private static long number(Map<String, @Nullable Object> object, String member) {
        return Long.parseLong(String.valueOf(object.get(member)));
    }

    /** Users, files, bytes, counted: users from unrevoked keys, bytes from all retained versions of all files. */
    static List<Long> recount(NexusClient admin, String zone) {
        Map<String, @Nullable Object> keys = Json.object(
                admin.call("admin_list_keys", Map.of("zone_id", zone, "include_expired", true, "limit", 1000)));
        long users = Json.array(keys.get("keys")).stream()
                .map(key -> String.valueOf(Json.object(key).get("user_id")))
                .distinct()
                .count();
        long files = 0;
        long bytes = 0;
        for (Entry entry : admin.list("/tenants/" + zone, true)) {
            if (!entry.directory() && !isControl(entry.path())) {
                files++;
                for (Object version : Json.array(admin.call("list_versions", Map.of("path", entry.path())))) {
                    bytes += number(Json.object(version), "size");
                }
            }
        }
        return List.of(users, files, bytes);
    }

    static boolean isControl(String path) {
        return path.endsWith("/.tenant.json") || path.endsWith("/.audit/log.jsonl");
    }
}
