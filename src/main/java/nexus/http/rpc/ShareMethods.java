package nexus.http.rpc;

import io.vertx.core.Future;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;

/**
 * Methods about shares: of a file or folder with a user or a group, of this tenant or of another one. Within a tenant they are
 * grants in words of their own.
 */
final class ShareMethods {
    private static final Set<String> RELATIONS = Set.of("viewer", "editor", "owner");
    /** What these methods call a relation is stored with this before it, as the original does. */
    private static final String SHARED = "shared-";

    private static final String CURSOR = "o";
    private static final int PAGE = 100;

    void register(MethodTable table) {
        table.command(
                "share_with_user",
                call -> share(call, "user", "user_id", "user_zone_id"),
                "resource",
                "user_id",
                "relation",
                "zone_id",
                "user_zone_id",
                "expires_at");
        table.command(
                "share_with_group",
                call -> share(call, "group", "group_id", "group_zone_id"),
                "resource",
                "group_id",
                "relation",
                "zone_id",
                "group_zone_id",
                "expires_at");
        table.command("revoke_share", ShareMethods::revoke, "resource", "user_id", "zone_id");
        table.command("revoke_share_by_id", ShareMethods::revokeById, "share_id", "zone_id");
        table.query(
                "list_outgoing_shares", ShareMethods::listOutgoing, "resource", "zone_id", "limit", "offset", "cursor");
    }

    private static Future<Result> share(Call call, String subjectType, String subjectName, String zoneName) {
        WorkspacePath path = resource(call.params().required("resource"));
        String subject = call.params().identifier(subjectName);
        String relation = call.params().choice("relation", "viewer", RELATIONS);
        String zoneId = call.params().optionalString("zone_id");
        ZoneName target = targetZone(call.params().optionalString(zoneName), zoneName);
        Instant expiresAt = call.params().optionalTime("expires_at");
        return call.ask(
                        call.zone(zoneId, path),
                        new TenantRequest.CreateShare(path, SHARED + relation, target, subjectType, subject, expiresAt))
                .map(RebacMethods::granted);
    }

    private static @Nullable ZoneName targetZone(@Nullable String text, String name) {
        if (text == null) {
            return null;
        }
        if (!ZoneName.isValid(text)) {
            throw Problem.refused("parameter '" + name + "': there is no such tenant", null)
                    .exception();
        }
        return new ZoneName(text);
    }

    private static WorkspacePath resource(@Nullable Object value) {
        WorkspacePath path = RebacMethods.target(value, "parameter 'resource'").path();
        if (path == null) {
            throw Problem.refused("parameter 'resource': only files and folders are shared, as [\"file\", path]", null)
                    .exception();
        }
        return path;
    }

    private static Future<Result> revoke(Call call) {
        WorkspacePath path = resource(call.params().required("resource"));
        String user = call.params().identifier("user_id");
        return call.ask(
                        call.zone(call.params().optionalString("zone_id"), path),
                        new TenantRequest.RevokeShares(path, user))
                .map(reply -> Replies.as(Reply.Flag.class, reply).value())
                .map(any -> Result.json(out -> out.value(any)));
    }

    private static Future<Result> revokeById(Call call) {
        return RebacMethods.deleteById(
                call, call.params().string("share_id"), call.params().optionalString("zone_id"));
    }

    private static Future<Result> listOutgoing(Call call) {
        Object value = call.params().optional("resource");
        WorkspacePath path = value == null ? null : resource(value);
        ZoneName zone = call.zone(call.params().optionalString("zone_id"), path);
        int limit = call.params().integer("limit", PAGE, 1, Limits.PAGE_ITEMS);
        int offset = offset(call);
        Future<Page> page = call.isSystem() && zone == null
                ? everywhere(call, limit, offset)
                : call.ask(zone, new TenantRequest.ListShares(path, limit, offset))
                        .map(reply -> Page.of(Replies.as(Reply.Shares.class, reply)));
        return page.map(found -> rendered(found, offset));
    }

    /** Some of the shares of one tenant, or of all. */
    private record Page(List<Reply.Share> shares, int total) {
        static Page of(Reply.Shares shares) {
            return new Page(shares.shares(), shares.total());
        }
    }

    /** A system key that names no tenant asks them all: each for as many as could be on the page. */
    private static Future<Page> everywhere(Call call, int limit, int offset) {
        TenantRequest first = new TenantRequest.ListShares(null, Math.min(offset + limit, Limits.UNPAGED_ITEMS), 0);
        return Tenants.all(call, RpcOptions.SWEEP_TENANTS)
                .compose(tenants -> Fanout.each(
                        tenants,
                        RpcOptions.SWEEP_FAN_OUT,
                        tenant -> call.ask(Tenants.nameIn(tenant.path()), first)
                                .map(reply -> Page.of(Replies.as(Reply.Shares.class, reply)))))
                .map(pages -> {
                    List<Reply.Share> all = new ArrayList<>();
                    int total = 0;
                    for (Page page : pages) {
                        all.addAll(page.shares());
                        total += page.total();
                    }
                    all.sort(Comparator.comparing(Reply.Share::createdAt)
                            .thenComparing(Reply.Share::id)
                            .reversed());
                    int from = Math.min(offset, all.size());
                    return new Page(all.subList(from, Math.min(from + limit, all.size())), total);
                });
    }

    private static Result rendered(Page page, int offset) {
        return Result.json(page.shares().size(), out -> {
            int next = offset + page.shares().size();
            boolean more = next < page.total();
            out.object().name("items").list();
            for (Reply.Share share : page.shares()) {
                out.object()
                        .put("share_id", share.id())
                        .put("resource_type", "file")
                        .put("resource_id", share.resource())
                        .put("recipient_id", share.recipientId())
                        .put("recipient_type", share.recipientType())
                        .put("recipient_zone_id", share.zone().value())
                        .put("permission_level", level(share.permission()))
                        .put("created_at", share.createdAt().toString());
                Instant expiresAt = share.expiresAt();
                out.put("expires_at", expiresAt == null ? null : expiresAt.toString())
                        .endObject();
            }
            out.endList()
                    .put("next_cursor", more ? CURSOR + next : null)
                    .put("total_count", page.total())
                    .put("has_more", more)
                    .endObject();
        });
    }

    /** A cursor is a place in the list; who has one gives no offset. */
    private static int offset(Call call) {
        int offset = call.params().integer("offset", 0, 0, Limits.UNPAGED_ITEMS);
        String cursor = call.params().optionalString("cursor");
        if (cursor == null) {
            return offset;
        }
        if (offset != 0 || !cursor.matches(CURSOR + "[0-9]{1,6}")) {
            throw Problem.invalid("parameter 'cursor' is not one of a list of shares, or comes with an 'offset'")
                    .exception();
        }
        return Integer.parseInt(cursor.substring(CURSOR.length()));
    }

    private static String level(String relation) {
        return relation.startsWith(SHARED) ? relation.substring(SHARED.length()) : relation;
    }
}
