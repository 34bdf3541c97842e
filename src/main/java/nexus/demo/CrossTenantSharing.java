package nexus.demo;

import static nexus.demo.TenantManager.root;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nexus.http.client.Json;
import nexus.http.client.NexusClient;
import org.jspecify.annotations.Nullable;

/** The tutorial's {@code CrossTenantSharing}, call by call; what it leaves to a stub is done by the share methods. */
final class CrossTenantSharing {
    private final NexusClient admin;
    private final Script script;

    CrossTenantSharing(NexusClient admin, Script script) {
        this.admin = admin;
        this.script = script;
    }

    /** What is shared with whom. */
    record Order(String zone, String path, String target, String permission, int days) {
        String folder() {
            return root(target) + "/shared/from-" + zone;
        }

        /** Where the target finds it. */
        String sharedPath() {
            return folder() + path.substring(path.lastIndexOf('/'));
        }
    }

    /** Shares as the tutorial does, and returns the id by which the share is revoked. */
    String createSharedLink(Order order, Instant now) {
        String label = "share_" + now.getEpochSecond() + ".0";
        Instant expires = now.plus(Duration.ofDays(order.days()));
        Map<String, @Nullable Object> metadata = new LinkedHashMap<>();
        metadata.put("share_id", label);
        metadata.put("source_tenant", order.zone());
        metadata.put("target_tenant", order.target());
        metadata.put("file_path", order.path());
        metadata.put("permission", order.permission());
        metadata.put("created_at", now.toString());
        metadata.put("expires_at", expires.toString());
        metadata.put("status", "active");
        admin.mkdir(order.folder());
        String id = admin.rebacCreate(
                new NexusClient.Ref("tenant", order.target()),
                order.permission(),
                NexusClient.Ref.file(order.sharedPath()),
                order.zone());
        String note = order.folder() + "/.share-" + label + ".json";
        admin.write(note, Json.write(metadata));
        script.expect(
                "Created cross-tenant share: " + label,
                List.of(label, order.path(), "active"),
                TenantManager.members(admin.readJson(note), "share_id", "file_path", "status"));
        script.say("   " + order.zone() + " → " + order.target());
        script.say("   File: " + order.path());
        script.say("   Permission: " + order.permission());
        script.say("   Expires: " + expires.atOffset(ZoneOffset.UTC).toLocalDate());
        return id;
    }

    void revokeShare(String id) {
        script.expect("Revoked share", true, admin.call("revoke_share_by_id", Map.of("share_id", id)));
    }

    /** What a tenant shares: each as the path and who has it. */
    List<String> listActiveShares(String zone) {
        List<String> shares = new ArrayList<>();
        Map<String, @Nullable Object> page = Json.object(admin.call("list_outgoing_shares", Map.of("zone_id", zone)));
        for (Object item : Json.array(page.get("items"))) {
            Map<String, @Nullable Object> share = Json.object(item);
            shares.add(share.get("resource_id") + " → " + share.get("recipient_id") + " ("
                    + share.get("permission_level") + ")");
        }
        return shares;
    }
}
