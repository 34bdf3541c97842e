package nexus.demo;

import static nexus.http.client.NexusClient.Ref.file;
import static nexus.http.client.NexusClient.Ref.user;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nexus.http.client.Json;
import nexus.http.client.NexusClient;
import org.jspecify.annotations.Nullable;

/** The tutorial's {@code TenantManager}, call by call: it knows nothing but the wire. */
final class TenantManager {
    /** What the tutorial's client claims; the server has its own clock. */
    static final String CLAIMED_TIME = "2026-02-14T03:04:05.123456";

    private static final List<String> DIRECTORIES = List.of("users", "shared", "uploads", "exports");

    private final NexusClient admin;
    private final Script script;

    TenantManager(NexusClient admin, Script script) {
        this.admin = admin;
        this.script = script;
    }

    /** A tenant to be made. */
    record Order(String zone, String name, String plan, long maxUsers, long maxStorageGb) {}

    void createTenant(Order order) {
        admin.mkdir(root(order.zone()));
        Map<String, @Nullable Object> limits = new LinkedHashMap<>();
        limits.put("max_users", order.maxUsers());
        limits.put("max_storage_gb", order.maxStorageGb());
        limits.put("max_files", order.plan().equals("free") ? 10_000L : null);
        Map<String, @Nullable Object> metadata = new LinkedHashMap<>();
        metadata.put("zone_id", order.zone());
        metadata.put("name", order.name());
        metadata.put("plan", order.plan());
        metadata.put("created_at", CLAIMED_TIME);
        metadata.put("status", "active");
        metadata.put("limits", limits);
        metadata.put("usage", Map.of("users", 0L, "storage_gb", 0L, "files", 0L));
        save(order.zone(), metadata);
        for (String directory : DIRECTORIES) {
            admin.mkdir(root(order.zone()) + "/" + directory);
        }
        script.expect(
                "Created tenant: " + order.name() + " (" + order.zone() + ")",
                List.of(order.name(), order.plan(), "active"),
                members(info(order.zone()), "name", "plan", "status"));
        script.say("   Plan: " + order.plan() + ", Max Users: " + order.maxUsers() + ", Storage: "
                + order.maxStorageGb() + "GB");
    }

    String createTenantAdmin(String zone, String username, String email) {
        String key =
                admin.createKey(zone, username, username + " (Tenant Admin)").text();
        admin.rebacCreate(user(username), "owner", file(root(zone)), zone);
        script.expect("Created tenant admin: " + username, zone, identity(key));
        script.say("   Tenant: " + zone + ", Email: " + email);
        return key;
    }

    String addTenantUser(String zone, String username, String role) {
        String key = admin.createKey(zone, username, username).text();
        String relation = switch (role) {
            case "admin" -> "owner";
            case "editor" -> "can_write";
            default -> "can_read";
        };
        admin.rebacCreate(user(username), relation, file(root(zone) + "/shared"), zone);
        String folder = root(zone) + "/users/" + username;
        admin.mkdir(folder);
        admin.rebacCreate(user(username), "owner", file(folder), zone);
        script.expect("Added user: " + username + " (role: " + role + ")", zone, identity(key));
        updateUsage(zone);
        return key;
    }

    private @Nullable String identity(String key) {
        return admin.withKey(key).whoami().zone();
    }

    /** As the tutorial: reads, counts one user up, writes back. The server has counted by itself and ignores the number. */
    private void updateUsage(String zone) {
        Map<String, @Nullable Object> metadata = info(zone);
        Map<String, @Nullable Object> usage = Json.object(metadata.get("usage"));
        usage.put("users", number(usage, "users").longValueExact() + 1);
        save(zone, metadata);
    }

    Map<String, @Nullable Object> info(String zone) {
        return admin.readJson(record(zone));
    }

    void save(String zone, Map<String, @Nullable Object> metadata) {
        admin.write(record(zone), Json.write(metadata));
    }

    List<Map<String, @Nullable Object>> listTenants() {
        List<Map<String, @Nullable Object>> tenants = new ArrayList<>();
        for (String path : admin.paths("/tenants", false)) {
            tenants.add(info(path.substring(path.lastIndexOf('/') + 1)));
        }
        return tenants;
    }

    /** As the tutorial's: users, storage_gb or files; a missing or null limit of the files is none. */
    boolean checkQuota(String zone, String resource, long amount) {
        Map<String, @Nullable Object> info = info(zone);
        Map<String, @Nullable Object> limits = Json.object(info.get("limits"));
        String limit = "max_" + resource;
        if (limits.get(limit) == null) {
            return true;
        }
        return number(Json.object(info.get("usage")), resource)
                        .add(BigDecimal.valueOf(amount))
                        .compareTo(number(limits, limit))
                <= 0;
    }

    static BigDecimal number(Map<String, @Nullable Object> object, String member) {
        return new BigDecimal(String.valueOf(object.get(member)));
    }

    static List<@Nullable Object> members(Map<String, @Nullable Object> object, String... names) {
        List<@Nullable Object> values = new ArrayList<>();
        for (String name : names) {
            values.add(object.get(name));
        }
        return values;
    }

    static String root(String zone) {
        return "/tenants/" + zone;
    }

    static String record(String zone) {
        return root(zone) + "/.tenant.json";
    }
}
