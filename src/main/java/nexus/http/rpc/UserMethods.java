package nexus.http.rpc;

import io.vertx.core.Future;
import java.util.List;
import nexus.http.json.JsonWriter;
import nexus.kernel.KeyId;
import nexus.kernel.Problem;
import nexus.tenant.ApiKeys;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import nexus.tenant.WireIds;
import org.jspecify.annotations.Nullable;

/**
 * Giving a user all that he needs and taking it away again, for system administrators. As with keys, it is asked first who is
 * asking.
 *
 * <p>The tenant must be named and must exist: the original took its name from the mail address, and a stranger's address
 * would have opened a tenant of that name.
 */
final class UserMethods {
    private static final byte[] NO_SECRET = new byte[0];

    void register(MethodTable table) {
        table.command(
                "provision_user",
                UserMethods::provision,
                "user_id",
                "email",
                "display_name",
                "zone_id",
                "create_api_key",
                "create_agents",
                "import_skills");
        table.command(
                "deprovision_user", UserMethods::deprovision, "user_id", "zone_id", "delete_user_record", "force");
    }

    private static Future<Result> provision(Call call) {
        String userId = call.params().identifier("user_id");
        String email = call.params().optionalIdentifier("email");
        String displayName = call.params().optionalIdentifier("display_name");
        String zoneId = zoneId(call);
        boolean wantsKey = call.params().flag("create_api_key", true);
        boolean agents = call.params().flag("create_agents", true);
        // All skills that the server comes with are imported: there are none.
        call.params().flag("import_skills", true);
        return tenant(call, "provision_user", zoneId).compose(tenant -> {
            ApiKeys.Minted minted = wantsKey
                    ? call.services()
                            .keys()
                            .mint(
                                    tenant.id(),
                                    call.services().ids().nextKey(),
                                    call.services().secrets())
                    : null;
            TenantRequest request = new TenantRequest.ProvisionUser(
                    userId,
                    email,
                    displayName,
                    minted == null ? null : minted.id(),
                    minted == null ? NO_SECRET : minted.secretHash(),
                    agents);
            return call.ask(tenant.zone(), request)
                    .map(reply -> provisioned(Replies.as(Reply.Provisioned.class, reply), minted));
        });
    }

    private static Result provisioned(Reply.Provisioned user, ApiKeys.@Nullable Minted minted) {
        KeyId key = user.key();
        // A key that was minted in vain opens nothing, and nobody is told of it.
        String text = minted != null && minted.id().equals(key) ? minted.text() : null;
        return Result.json(out -> {
            out.object()
                    .put("user_id", user.userId())
                    .put("zone_id", user.zone().value())
                    .put("email", user.email())
                    .put("display_name", user.displayName())
                    .put("api_key", text)
                    .put("key_id", key == null ? null : WireIds.print(user.tenant(), key.value()))
                    .put("workspace_path", user.workspacePath());
            texts(out, "agent_paths", user.agentPaths());
            texts(out, "skill_paths", List.of());
            out.name("created_resources").object().put("user", user.made()).put("zone", false);
            texts(out, "directories", user.directories());
            out.put("workspace", user.workspacePath());
            texts(out, "agents", user.agents());
            texts(out, "skills", List.of());
            out.endObject().endObject();
        });
    }

    private static Future<Result> deprovision(Call call) {
        String userId = call.params().identifier("user_id");
        String zoneId = zoneId(call);
        boolean deleteRecord = call.params().flag("delete_user_record", false);
        boolean force = call.params().flag("force", false);
        return tenant(call, "deprovision_user", zoneId)
                .compose(tenant ->
                        call.ask(tenant.zone(), new TenantRequest.DeprovisionUser(userId, deleteRecord, force)))
                .map(reply -> deprovisioned(Replies.as(Reply.Deprovisioned.class, reply)));
    }

    private static Result deprovisioned(Reply.Deprovisioned user) {
        String directory = user.directory();
        return Result.json(out -> {
            out.object()
                    .put("user_id", user.userId())
                    .put("zone_id", user.zone().value());
            texts(out, "deleted_directories", directory == null ? List.of() : List.of(directory));
            // There is no other way in than keys here: nothing of OAuth is ever there to be deleted.
            out.put("deleted_api_keys", user.keys())
                    .put("deleted_oauth_api_keys", 0)
                    .put("deleted_oauth_accounts", 0)
                    .put("deleted_permissions", user.permissions())
                    .put("deleted_entities", user.entities())
                    .put("user_record_deleted", user.recordDeleted())
                    .endObject();
        });
    }

    private static void texts(JsonWriter out, String name, List<String> texts) {
        out.name(name).list();
        texts.forEach(out::value);
        out.endList();
    }

    private static String zoneId(Call call) {
        String zoneId = call.params().optionalString("zone_id");
        if (zoneId == null) {
            throw Problem.invalid("parameter 'zone_id' is required: users are per tenant")
                    .exception();
        }
        return zoneId;
    }

    private static Future<Addresses.Tenant> tenant(Call call, String operation, String zoneId) {
        return call.systemAdministrator(operation).compose(identity -> Addresses.tenant(call, zoneId));
    }
}
