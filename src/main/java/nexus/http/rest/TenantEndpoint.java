package nexus.http.rest;

import static nexus.http.rest.Schema.optional;
import static nexus.http.rest.Schema.required;

import io.vertx.core.Future;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import nexus.http.json.JsonReader;
import nexus.http.json.Params;
import nexus.http.rpc.RecordDocument;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.lifecycle.TenantStatus;
import nexus.quota.Plan;
import nexus.tenant.ApiKeys;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import nexus.tenant.TenantRequest.RecordPatch;
import nexus.tenant.WireIds;
import org.jspecify.annotations.Nullable;

/**
 * The tenants. What a tenant is here is what its {@code .tenant.json} is, member by member, and what changes it are the same
 * commands, so the rules are the same; its {@code ETag} is its {@code settings_revision}, which the usage does not move.
 */
public final class TenantEndpoint {
    private static final String TENANTS = "/v1/tenants";
    private static final String ONE = TENANTS + "/{zone}";
    private static final String ZONE = "zone";
    private static final int PAGE = 100;
    private static final int PAGE_MAX = 1000;
    private static final int TEXT_CHARS = 1000;

    /** The tenant's own members, and room for the others. */
    private static final int BODY_BYTES = Limits.RECORD_BYTES + 8 * Limits.KIB;

    private static final Schema PLAN =
            Schema.choice(Stream.of(Plan.values()).map(Plan::text).toArray(String[]::new));
    private static final Schema STATUS = Schema.choice(
            Stream.of(TenantStatus.values()).map(TenantStatus::text).toArray(String[]::new));
    private static final Schema COUNT = Schema.whole(0, Long.MAX_VALUE);

    private static final Schema.Members LIMITS = Schema.open(
            optional("max_users", COUNT.orNull(), "The most users; null: unlimited."),
            optional("max_storage_gb", Schema.number(0).orNull(), "The most GiB of all versions; null: unlimited."),
            optional("max_files", COUNT.orNull(), "The most files; null: unlimited."));

    private static final Schema.Members SETTINGS = Schema.open(optional(
            "retained_versions",
            Schema.whole(1, Limits.RETAINED_VERSIONS_CEILING),
            "How many versions of a file are kept."));

    private static final Schema.Members TENANT = Schema.open(
            required("zone_id", Schema.text(), "The name."),
            required("tenant_id", Schema.text(), "The id, which is never used again."),
            required("name", Schema.text(), "What it is called."),
            required("plan", PLAN, "The plan."),
            required("status", STATUS, "The state of the contract, as it is now."),
            optional("suspension_reason", Schema.text(), "Why it is suspended."),
            required("created_at", Schema.time(), "When it was made."),
            optional("trial_ends_at", Schema.time(), "When its trial ends, or ended."),
            optional("deletes_at", Schema.time(), "When what it had is deleted; of a cancelled tenant only."),
            required("limits", LIMITS, "The limits in force, and the administrators' own members."),
            required(
                    "usage",
                    Schema.members(
                            required("users", COUNT, "Users who take a seat."),
                            required("storage_gb", Schema.number(0), "GiB of all versions."),
                            required("storage_bytes", COUNT, "The same, exactly."),
                            required("files", COUNT, "Files.")),
                    "What it uses, as the server counts."),
            optional("settings", SETTINGS, "The administrators' settings."),
            required("settings_revision", Schema.whole(1, Long.MAX_VALUE), "Rises with every change; the ETag."));

    private static final Schema.Members ORDER = Schema.members(
            required("zone_id", Schema.text(1, 63), "The name: a-z, 0-9 and inner '-'; it is never another tenant's."),
            required("name", Schema.text(1, TEXT_CHARS), "What it is called."),
            optional("plan", PLAN, "The plan; free if it is missing."),
            optional("limits", LIMITS, "Limits of its own, which win over the plan's."),
            optional("settings", SETTINGS, "Its settings."),
            optional(
                    "administrator",
                    Schema.members(
                            optional("user_id", Schema.text(1, 200), "Who; `<zone_id>_admin` if it is missing."),
                            optional("email", Schema.text(3, 254).orNull(), "The address."),
                            optional("display_name", Schema.text(1, 256).orNull(), "The name.")),
                    "Who owns everything in it."));

    private static final Schema.Members MADE = Schema.members(
            required("tenant", TENANT, "The tenant."),
            required(
                    "administrator",
                    Schema.members(
                            required("user_id", Schema.text(), "Who owns everything in it."),
                            required("key_id", Schema.text(), "The id of the key."),
                            required(
                                    "secret",
                                    Schema.text().orNull(),
                                    "The key itself: it is told once, and null when the answer is a replay.")),
                    "The administrator and the key."));

    private static final Schema.Members CHANGE = Schema.members(
            optional("name", Schema.text(1, TEXT_CHARS), "What it is called."),
            optional("plan", PLAN, "The plan; limits of its own end with the former, unless they are named again."),
            optional("status", Schema.choice("active"), "Ends the trial for good: `active`."),
            optional("limits", LIMITS, "Limits of its own; the others stay."),
            optional("settings", SETTINGS, "Its settings, as a whole."));

    /** All operations. */
    public List<Route> routes() {
        return List.of(
                Route.of(
                                "POST",
                                TENANTS,
                                "tenant_onboard",
                                "Makes a tenant on a trial of 14 days, with directories, a welcome and an administrator.",
                                TenantEndpoint::onboard)
                        .takes(ORDER, BODY_BYTES)
                        .heeds(RequestHeader.IDEMPOTENCY_KEY)
                        .answers(201, MADE)
                        .tagged()
                        .refuses(409, 422),
                Route.of(
                                "GET",
                                TENANTS,
                                "tenant_list",
                                "Lists the tenants that the key may see, by name: all of them for a system key.",
                                TenantEndpoint::list)
                        .pages(
                                PAGE,
                                PAGE_MAX,
                                Parameter.of("plan", PLAN, "Only those on this plan."),
                                Parameter.of("status", STATUS, "Only those in this state now."))
                        .answers(200, RestReply.pageOf(TENANT, PAGE_MAX)),
                Route.of("GET", ONE, "tenant_get", "Shows a tenant.", TenantEndpoint::get)
                        .answers(200, TENANT)
                        .tagged()
                        .refuses(404),
                Route.of(
                                "PATCH",
                                ONE,
                                "tenant_update",
                                "Changes what is named of a tenant; a plan that is too small for what it uses is refused.",
                                TenantEndpoint::update)
                        .takes(CHANGE, BODY_BYTES)
                        .heeds(RequestHeader.IF_MATCH, RequestHeader.IDEMPOTENCY_KEY)
                        .answers(200, TENANT)
                        .tagged()
                        .refuses(404, 422),
                Route.of(
                                "DELETE",
                                ONE,
                                "tenant_delete",
                                "Deletes a tenant with all that it has, for ever.",
                                TenantEndpoint::delete)
                        .with(
                                Parameter.required(
                                        "confirm",
                                        Schema.text(1, 63),
                                        "The tenant's `zone_id`, or its `tenant_id`, which means this tenant and no later one."))
                        .refuses(404, 422),
                move(
                                "suspend",
                                "Suspends a tenant: its keys open nothing from now on; all that it has stays.",
                                call -> TenantEndpoint.become(
                                        call,
                                        TenantStatus.SUSPENDED,
                                        call.body().string("reason")))
                        .takes(
                                Schema.members(required("reason", Schema.text(1, TEXT_CHARS), "Why; it is shown.")),
                                BODY_BYTES),
                move(
                        "reactivate",
                        "Makes a suspended tenant active again, or ends a trial for good.",
                        call -> TenantEndpoint.become(call, TenantStatus.ACTIVE, null)),
                move(
                        "cancel",
                        "Cancels a tenant: nothing opens it again, and after 90 days it is deleted.",
                        call -> TenantEndpoint.become(call, TenantStatus.CANCELLED, null)));
    }

    private static Route move(String name, String summary, Route.Handler handler) {
        return Route.of("POST", ONE + "/" + name, "tenant_" + name, summary, handler)
                .heeds(RequestHeader.IF_MATCH, RequestHeader.IDEMPOTENCY_KEY)
                .answers(200, TENANT)
                .tagged()
                .refuses(404, 422);
    }

    // ---- what is done -----------------------------------------------------------------------------------------------

    private static Future<RestReply> onboard(RestCall call) {
        Params order = call.body();
        String name = order.string("zone_id");
        if (!ZoneName.isValid(name)) {
            throw Problem.invalid("member 'zone_id' of the body must have 1 to 63 of a-z, 0-9 and inner '-'")
                    .exception();
        }
        ZoneName zone = new ZoneName(name);
        Map<String, String> record = new LinkedHashMap<>(JsonReader.members(call.bodyBytes()));
        record.remove("administrator");
        RecordPatch patch = RecordDocument.parse(record, WorkspacePath.wire(zone, WorkspacePath.RECORD));
        Params administrator =
                Params.ofKnown(order.optional("administrator") instanceof Map<?, ?> members ? members : Map.of());
        String userId = Objects.requireNonNullElse(administrator.optionalIdentifier("user_id"), zone + "_admin");
        TenantId tenant = new TenantId(call.services().ids().next());
        ApiKeys.Minted key = call.services()
                .keys()
                .mint(tenant, call.services().ids().nextKey(), call.services().secrets());
        TenantRequest request = new TenantRequest.OnboardTenant(
                tenant,
                zone,
                patch,
                new TenantRequest.ProvisionUser(
                        userId,
                        administrator.optionalString("email"),
                        administrator.optionalIdentifier("display_name"),
                        key.id(),
                        key.secretHash(),
                        false));
        return call.ask(null, request).map(reply -> made((Reply.Onboarded) reply, key));
    }

    private static RestReply made(Reply.Onboarded made, ApiKeys.Minted key) {
        Reply.Tenant tenant = made.tenant();
        // A replay tells of the key that was made then; the one that was minted now opens nothing.
        String secret = key.id().equals(made.key()) ? key.text() : null;
        return RestReply.of(out -> out.object()
                        .name("tenant")
                        .json(tenant.document())
                        .name("administrator")
                        .object()
                        .put("user_id", made.administrator())
                        .put("key_id", WireIds.print(tenant.id(), made.key().value()))
                        .put("secret", secret)
                        .endObject()
                        .endObject())
                .tagged(Long.toString(tenant.settingsRevision()))
                .with("Location", TENANTS + "/" + tenant.zone());
    }

    private static Future<RestReply> list(RestCall call) {
        String after = call.after();
        if (after != null && !ZoneName.isValid(after)) {
            throw Problem.invalid("parameter 'cursor' is not one of this listing")
                    .exception();
        }
        TenantRequest request = new TenantRequest.SearchTenants(
                after == null ? null : new ZoneName(after),
                Plan.parse(String.valueOf(call.text("plan"))).orElse(null),
                TenantStatus.parse(String.valueOf(call.text("status"))).orElse(null),
                call.whole("limit"));
        return call.ask(null, request).map(reply -> {
            Reply.TenantPage page = (Reply.TenantPage) reply;
            List<Reply.Tenant> items = page.tenants();
            String last = page.more() ? items.get(items.size() - 1).zone().value() : null;
            return RestReply.page(call, items, (out, tenant) -> out.json(tenant.document()), last);
        });
    }

    private static Future<RestReply> get(RestCall call) {
        return tenant(call, new TenantRequest.ShowTenant()).map(TenantEndpoint::shown);
    }

    private static Future<RestReply> update(RestCall call) {
        Map<String, String> members = JsonReader.members(call.bodyBytes());
        RecordPatch patch = RecordDocument.parse(members, WorkspacePath.wire(call.zone(ZONE), WorkspacePath.RECORD));
        return tenant(call, new TenantRequest.ChangeTenant(patch, call.ifMatch()))
                .map(TenantEndpoint::shown);
    }

    private static Future<RestReply> become(RestCall call, TenantStatus status, @Nullable String reason) {
        RecordPatch patch =
                new RecordPatch(null, null, null, null, status, reason, null, null, Map.of(), null, Map.of());
        return tenant(call, new TenantRequest.ChangeTenant(patch, call.ifMatch()))
                .map(TenantEndpoint::shown);
    }

    private static Future<RestReply> delete(RestCall call) {
        String confirmation = Objects.requireNonNull(call.text("confirm"));
        return tenant(call, new TenantRequest.DeleteTenant(confirmation)).map(done -> RestReply.empty());
    }

    /** Asks the tenant that the path names. What the gateway calls a missing file is a missing tenant here. */
    private static Future<Reply> tenant(RestCall call, TenantRequest request) {
        return call.ask(call.zone(ZONE), request).recover(failure -> {
            boolean missing =
                    failure instanceof ProblemException e && e.problem().code() == ProblemCode.NOT_FOUND;
            return Future.failedFuture(
                    missing
                            ? Problem.notFound("there is no tenant of this name", null)
                                    .exception()
                            : failure);
        });
    }

    private static RestReply shown(Reply reply) {
        Reply.Tenant tenant = (Reply.Tenant) reply;
        return RestReply.of(out -> out.json(tenant.document())).tagged(Long.toString(tenant.settingsRevision()));
    }
}
