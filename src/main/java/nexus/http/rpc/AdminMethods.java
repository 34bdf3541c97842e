package nexus.http.rpc;

import io.vertx.core.Future;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import nexus.http.json.JsonWriter;
import nexus.kernel.KeyId;
import nexus.kernel.Problem;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.store.KeyRecord;
import nexus.tenant.ApiKeys;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import nexus.tenant.WireIds;
import org.jspecify.annotations.Nullable;

/**
 * Methods about keys, for system administrators; {@link RestEndpoint} serves some of them in another dress. Each first asks
 * who is asking, so that a stranger learns nothing about tenants and keys from the answer; that he may do it is judged again
 * where it is done.
 */
final class AdminMethods {
    private static final Set<String> SUBJECT_TYPES = Set.of("user", "agent", "service");
    private static final BigDecimal DAY_MILLIS =
            BigDecimal.valueOf(Duration.ofDays(1).toMillis());
    private static final int USER_ID_BYTES = 6;

    void register(MethodTable table) {
        table.command(
                "admin_create_key",
                AdminMethods::create,
                "name",
                "zone_id",
                "user_id",
                "is_admin",
                "expires_days",
                "subject_type",
                "subject_id");
        table.query(
                "admin_list_keys",
                AdminMethods::list,
                "user_id",
                "zone_id",
                "is_admin",
                "include_revoked",
                "include_expired",
                "limit",
                "offset");
        table.query("admin_get_key", AdminMethods::get, "key_id", "zone_id");
        table.command("admin_revoke_key", AdminMethods::revoke, "key_id", "zone_id");
        table.command(
                "admin_update_key", AdminMethods::update, "key_id", "expires_days", "is_admin", "name", "zone_id");
    }

    /**
     * The tenant that gets a key.
     *
     * @param zone null for the reserved one
     */
    private record Home(TenantId tenant, @Nullable ZoneName zone) {}

    private static Future<Result> create(Call call) {
        return make(call).map(AdminMethods::created);
    }

    /**
     * A key that was made.
     *
     * @param zone null for a system key
     * @param text the key itself, to be shown this once
     */
    record Made(TenantId tenant, @Nullable ZoneName zone, KeyRecord key, String text) {
        String keyId() {
            return WireIds.print(tenant, key.id().value());
        }
    }

    static Future<Made> make(Call call) {
        String name = call.params().identifier("name");
        String zoneId = call.params().optionalString("zone_id");
        String givenUser = call.params().optionalIdentifier("user_id");
        boolean admin = call.params().flag("is_admin", false);
        String subjectType = call.params().choice("subject_type", "user", SUBJECT_TYPES);
        String subjectId = call.params().optionalIdentifier("subject_id");
        Instant expiresAt = expiry(call);
        String userId = givenUser == null ? newUserId(call) : givenUser;
        return call.systemAdministrator("create_key")
                .compose(identity -> home(call, zoneId, admin))
                .compose(home -> {
                    ApiKeys.Minted minted = call.services()
                            .keys()
                            .mint(
                                    home.tenant(),
                                    call.services().ids().nextKey(),
                                    call.services().secrets());
                    TenantRequest request = new TenantRequest.CreateKey(
                            minted.id(),
                            minted.secretHash(),
                            name,
                            userId,
                            subjectType,
                            subjectId == null ? userId : subjectId,
                            admin,
                            expiresAt);
                    return call.ask(home.zone(), request)
                            .map(reply -> new Made(
                                    home.tenant(),
                                    home.zone(),
                                    only(Replies.as(Reply.Keys.class, reply)),
                                    minted.text()));
                });
    }

    private static Result created(Made made) {
        KeyRecord key = made.key();
        ZoneName zone = made.zone();
        return Result.json(out -> out.object()
                .put("key_id", made.keyId())
                .put("api_key", made.text())
                .put("user_id", key.userId())
                .put("name", key.name())
                .put("subject_type", key.subjectType())
                .put("subject_id", key.subjectId())
                .put("zone_id", zone == null ? null : zone.value())
                .put("is_admin", key.systemAdministrator())
                .name("expires_at")
                .isoTime(key.expiresAt())
                .endObject());
    }

    private static String newUserId(Call call) {
        byte[] random = new byte[USER_ID_BYTES];
        call.services().secrets().nextBytes(random);
        return "user_" + HexFormat.of().formatHex(random);
    }

    private static @Nullable Instant expiry(Call call) {
        BigDecimal days = call.params().optionalPositive("expires_days", RpcOptions.KEY_DAYS);
        return days == null
                ? null
                : call.services()
                        .clock()
                        .instant()
                        .plusMillis(days.multiply(DAY_MILLIS)
                                .setScale(0, RoundingMode.CEILING)
                                .longValueExact());
    }

    private static Future<Home> home(Call call, @Nullable String zoneId, boolean admin) {
        boolean system = zoneId == null || zoneId.equals(Call.SYSTEM_ZONE);
        if (admin) {
            return system
                    ? Future.succeededFuture(new Home(TenantId.SYSTEM, null))
                    : Future.failedFuture(Problem.refused(
                                    "is_admin makes a system key: it belongs to the zone 'system', not to a tenant",
                                    null)
                            .exception());
        }
        if (zoneId == null) {
            return Future.failedFuture(Problem.invalid("parameter 'zone_id' is required unless is_admin is true")
                    .exception());
        }
        if (system) {
            return Future.failedFuture(
                    Problem.refused("the zone 'system' holds system keys only: is_admin must be true", null)
                            .exception());
        }
        return Addresses.tenant(call, zoneId).map(tenant -> new Home(tenant.id(), tenant.zone()));
    }

    private static KeyRecord only(Reply.Keys keys) {
        if (keys.keys().size() != 1) {
            throw new IllegalStateException(
                    "BUG: one key was promised, there came " + keys.keys().size());
        }
        return keys.keys().get(0);
    }

    /** A key, and where it was found. */
    private record Found(TenantId tenant, @Nullable ZoneName zone, KeyRecord key) {}

    static Future<Result> list(Call call) {
        String userId = call.params().optionalIdentifier("user_id");
        String zoneId = call.params().optionalString("zone_id");
        Boolean admin = call.params().optionalFlag("is_admin");
        boolean revoked = call.params().flag("include_revoked", false);
        boolean expired = call.params().flag("include_expired", false);
        int limit = call.params().integer("limit", 100, 1, RpcOptions.KEY_PAGE);
        int offset = call.params().integer("offset", 0, 0, RpcOptions.KEY_OFFSET);
        return call.systemAdministrator("list_keys").compose(identity -> {
            ZoneName zone = call.zone(zoneId, null);
            if (zone != null || zoneId != null) {
                return call.ask(zone, new TenantRequest.ListKeys(userId, admin, revoked, expired, limit, offset))
                        .map(reply -> Replies.as(Reply.Keys.class, reply))
                        .map(keys -> listed(found(keys), keys.total()));
            }
            // Of each tenant as many as could come into the page; then the page is cut out of all.
            TenantRequest request = new TenantRequest.ListKeys(userId, admin, revoked, expired, offset + limit, 0);
            return everywhere(call, request).map(all -> page(all, limit, offset));
        });
    }

    private static Future<List<Reply.Keys>> everywhere(Call call, TenantRequest request) {
        return Tenants.all(call, RpcOptions.SWEEP_TENANTS).compose(tenants -> {
            List<Optional<ZoneName>> zones = new ArrayList<>();
            zones.add(Optional.empty());
            tenants.forEach(tenant -> zones.add(Optional.of(Tenants.nameIn(tenant.path()))));
            return Fanout.each(
                    zones,
                    RpcOptions.SWEEP_FAN_OUT,
                    zone -> call.ask(zone.orElse(null), request).map(reply -> Replies.as(Reply.Keys.class, reply)));
        });
    }

    private static Result page(List<Reply.Keys> all, int limit, int offset) {
        List<Found> found = new ArrayList<>();
        int total = 0;
        for (Reply.Keys keys : all) {
            found.addAll(found(keys));
            total += keys.total();
        }
        found.sort(Comparator.comparing((Found f) -> f.key().createdAt())
                .thenComparing(f -> f.key().id().value())
                .reversed());
        return listed(found.subList(Math.min(offset, found.size()), Math.min(offset + limit, found.size())), total);
    }

    private static List<Found> found(Reply.Keys keys) {
        List<Found> found = new ArrayList<>();
        for (KeyRecord key : keys.keys()) {
            found.add(new Found(keys.tenant(), keys.zone(), key));
        }
        return found;
    }

    private static Result listed(List<Found> keys, int total) {
        return Result.json(keys.size(), out -> {
            out.object().name("keys").list();
            keys.forEach(key -> key(out, key));
            out.endList().put("total", total).endObject();
        });
    }

    private static void key(JsonWriter out, Found found) {
        KeyRecord key = found.key();
        ZoneName zone = found.zone();
        out.object()
                .put("key_id", WireIds.print(found.tenant(), key.id().value()))
                .put("user_id", key.userId())
                .put("subject_type", key.subjectType())
                .put("subject_id", key.subjectId())
                .put("name", key.name())
                .put("zone_id", zone == null ? null : zone.value())
                .put("is_admin", key.systemAdministrator())
                .name("created_at")
                .isoTime(key.createdAt())
                .name("expires_at")
                .isoTime(key.expiresAt())
                .put("revoked", key.revokedAt() != null)
                .name("revoked_at")
                .isoTime(key.revokedAt())
                .name("last_used_at")
                .isoTime(key.lastUsedAt())
                .endObject();
    }

    /** What is to be asked about a key, once its id is known. */
    private interface KeyRequest {
        TenantRequest of(KeyId key);
    }

    private static Future<Found> one(Call call, String operation, KeyRequest request) {
        String keyId = call.params().string("key_id");
        String zoneId = call.params().optionalString("zone_id");
        return call.systemAdministrator(operation).compose(identity -> {
            WireIds id = WireIds.parse(keyId).orElseThrow(() -> noSuchKey(keyId));
            return Addresses.of(call, zoneId, id.tenant())
                    .compose(address -> call.ask(
                            address.orElseThrow(() -> noSuchKey(keyId)).zone(), request.of(new KeyId(id.id()))))
                    .map(reply -> found(Replies.as(Reply.Keys.class, reply)).get(0));
        });
    }

    private static RuntimeException noSuchKey(String keyId) {
        return Problem.notFound("there is no such key", keyId.length() > 100 ? null : keyId)
                .exception();
    }

    static Future<Result> get(Call call) {
        return one(call, "get_key", TenantRequest.GetKey::new).map(found -> Result.json(out -> key(out, found)));
    }

    static Future<Result> revoke(Call call) {
        return one(call, "revoke_key", TenantRequest.RevokeKey::new)
                .map(found -> Result.json(out -> out.object()
                        .put("success", true)
                        .put(
                                "key_id",
                                WireIds.print(found.tenant(), found.key().id().value()))
                        .endObject()));
    }

    private static Future<Result> update(Call call) {
        String name = call.params().optionalIdentifier("name");
        Boolean admin = call.params().optionalFlag("is_admin");
        Instant expiresAt = expiry(call);
        return one(call, "update_key", key -> new TenantRequest.UpdateKey(key, name, expiresAt, admin))
                .map(found -> Result.json(out -> out.object()
                        .put("success", true)
                        .put(
                                "key_id",
                                WireIds.print(found.tenant(), found.key().id().value()))
                        .put("name", found.key().name())
                        .put("is_admin", found.key().systemAdministrator())
                        .name("expires_at")
                        .isoTime(found.key().expiresAt())
                        .endObject()));
    }
}
