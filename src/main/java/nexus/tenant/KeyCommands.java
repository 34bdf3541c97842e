package nexus.tenant;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import nexus.kernel.JsonText;
import nexus.kernel.KeyId;
import nexus.kernel.Limits;
import nexus.kernel.Must;
import nexus.kernel.Problem;
import nexus.kernel.ZoneName;
import nexus.quota.UsageDelta;
import nexus.store.KeyRecord;
import nexus.store.UserRecord;
import org.jspecify.annotations.Nullable;

/**
 * The commands on keys and, through them, on users and their seats. Only a system administrator may give them.
 *
 * <p>A user takes a seat while he holds an unrevoked key, expired or not: so a sleeping tenant's usage does not change with
 * the clock.
 */
final class KeyCommands {
    /** Whom the first system keys belong to. */
    static final String ADMINISTRATOR = "admin";

    private static final Set<String> SUBJECT_TYPES = Set.of("user", "agent", "service");

    private final TenantState state;

    KeyCommands(TenantState state) {
        this.state = state;
    }

    Reply create(Ask ask, TenantRequest.CreateKey command, Principal principal, Draft draft) {
        requireSystem(principal);
        requireIdentifier("name", command.name());
        requireIdentifier("user_id", command.userId());
        requireIdentifier("subject_id", command.subjectId());
        if (!SUBJECT_TYPES.contains(command.subjectType())) {
            throw Problem.invalid("subject_type must be one of user, agent, service")
                    .exception();
        }
        if (command.systemAdministrator() != state.isSystem()) {
            throw Problem.refused(
                            state.isSystem()
                                    ? "a key of the zone 'system' is a system administrator's: is_admin must be true"
                                    : "is_admin is for keys without a zone: a tenant's administrator is an owner of its root folder",
                            null)
                    .exception();
        }
        if (command.expiresAt() != null && !command.expiresAt().isAfter(draft.now)) {
            throw Problem.invalid("the key would be expired already").exception();
        }
        for (String subject : List.of(userOf(command.userId()), command.subjectType() + ":" + command.subjectId())) {
            UserRecord user = draft.user(subject);
            if (user != null && !user.enabled()) {
                // A key that opens nothing but takes a seat would be no favour.
                throw Problem.refused("'" + subject + "' is disabled: provision_user brings a user back", null)
                        .exception();
            }
        }
        // Nodes that start at once on a fresh database make one first key between them.
        if (state.isSystem()
                && principal.equals(Principal.SERVER)
                && draft.anyKey(key -> !key.external() && key.isLive(draft.now))) {
            throw Problem.refused("there is a system administrator's key already", null)
                    .exception();
        }
        UsageDelta delta = seatOf(command.userId(), draft);
        requireRoom(delta, draft);
        KeyRecord key = new KeyRecord(
                command.key(),
                command.secretHash(),
                command.name(),
                command.userId(),
                command.subjectType(),
                command.subjectId(),
                command.systemAdministrator(),
                false,
                draft.now,
                command.expiresAt(),
                null,
                null);
        draft.charge(delta);
        draft.putKey(key);
        for (String subject : List.of(userOf(command.userId()), key.subject())) {
            if (draft.user(subject) == null) {
                draft.putUser(new UserRecord(subject, true, draft.now));
            }
        }
        audit(ask, principal, draft, "create_key", key);
        return one(key);
    }

    /** The subject that a user id names. */
    static String userOf(String userId) {
        return "user:" + userId;
    }

    /** What one more key of this user takes. */
    static UsageDelta seatOf(String userId, Draft draft) {
        return draft.liveKeysOf(userId) == 0 ? UsageDelta.users(1) : UsageDelta.NONE;
    }

    /** Fails unless there is room for one more key that takes this. */
    static void requireRoom(UsageDelta delta, Draft draft) {
        if (draft.keyCount() >= Limits.KEYS) {
            throw Problem.refused("the tenant has " + draft.keyCount() + " keys, the limit is " + Limits.KEYS, null)
                    .exception();
        }
        draft.requireRoom(delta);
    }

    /** Revokes a key that is not revoked, and gives the seat back if it was its user's last one. */
    static KeyRecord end(KeyRecord key, Draft draft) {
        KeyRecord revoked = key.revoked(draft.now);
        if (draft.liveKeysOf(key.userId()) == 1) {
            draft.charge(UsageDelta.users(-1));
        }
        draft.putKey(revoked);
        return revoked;
    }

    /** The operator's own key: known by its hash, the only one of its kind; a changed one ends the former. */
    Reply setChosen(Ask ask, TenantRequest.SetChosenKey command, Principal principal, Draft draft) {
        Must.hold(principal.equals(Principal.SERVER) && state.isSystem(), "only the server itself sets the chosen key");
        for (KeyRecord key : state.keys()) {
            if (key.external() && key.revokedAt() == null && !key.id().equals(command.key())) {
                KeyRecord revoked = key.revoked(draft.now);
                draft.putKey(revoked);
                audit(ask, principal, draft, "revoke_key", revoked);
            }
        }
        KeyId id = command.key();
        KeyRecord present = id == null ? null : draft.key(id);
        if (id != null && (present == null || present.revokedAt() != null)) {
            KeyRecord key = new KeyRecord(
                    id,
                    command.secretHash(),
                    "NEXUS_ADMIN_KEY",
                    ADMINISTRATOR,
                    "user",
                    ADMINISTRATOR,
                    true,
                    true,
                    draft.now,
                    null,
                    null,
                    null);
            draft.putKey(key);
            audit(ask, principal, draft, "create_key", key);
        }
        return Reply.Done.DONE;
    }

    Reply revoke(Ask ask, TenantRequest.RevokeKey command, Principal principal, Draft draft) {
        requireSystem(principal);
        KeyRecord key = require(draft.key(command.key()));
        if (key.revokedAt() != null) {
            return one(key);
        }
        if (state.isSystem() && isLastSystemKey(key, draft)) {
            throw Problem.refused("the last system administrator's key cannot be revoked", null)
                    .exception();
        }
        KeyRecord revoked = end(key, draft);
        audit(ask, principal, draft, "revoke_key", revoked);
        return one(revoked);
    }

    Reply update(Ask ask, TenantRequest.UpdateKey command, Principal principal, Draft draft) {
        requireSystem(principal);
        KeyRecord key = require(draft.key(command.key()));
        if (command.systemAdministrator() != null && command.systemAdministrator() != key.systemAdministrator()) {
            throw Problem.refused(
                            key.systemAdministrator() && isLastSystemKey(key, draft)
                                    ? "the last system administrator's key cannot be demoted"
                                    : "is_admin of a key cannot be changed: make a key of the other kind",
                            null)
                    .exception();
        }
        if (key.revokedAt() != null) {
            throw Problem.refused("the key is revoked", null).exception();
        }
        if (command.name() != null) {
            requireIdentifier("name", command.name());
        }
        if (command.expiresAt() != null && !command.expiresAt().isAfter(draft.now)) {
            throw Problem.invalid("the key would be expired already").exception();
        }
        KeyRecord updated = key.updated(
                command.name() == null ? key.name() : command.name(),
                command.expiresAt() == null ? key.expiresAt() : command.expiresAt());
        draft.putKey(updated);
        audit(ask, principal, draft, "update_key", updated);
        return one(updated);
    }

    /** The keys that a query asks for, newest first. */
    Reply list(TenantRequest.ListKeys query, Principal principal, Instant now) {
        requireSystem(principal);
        List<KeyRecord> found = new ArrayList<>();
        for (KeyRecord key : state.keys()) {
            if ((query.userId() == null || query.userId().equals(key.userId()))
                    && (query.systemAdministrator() == null || query.systemAdministrator() == key.systemAdministrator())
                    && (query.includeRevoked() || key.revokedAt() == null)
                    && (query.includeExpired() || !key.isExpired(now))) {
                found.add(key);
            }
        }
        found.sort((a, b) -> {
            int byTime = b.createdAt().compareTo(a.createdAt());
            return byTime != 0 ? byTime : b.id().toString().compareTo(a.id().toString());
        });
        int from = Math.min(query.offset(), found.size());
        int to = Math.min(found.size(), from + query.limit());
        return new Reply.Keys(state.id, zone(), found.subList(from, to), found.size());
    }

    Reply get(TenantRequest.GetKey query, Principal principal) {
        requireSystem(principal);
        return one(require(state.key(query.key())));
    }

    private static boolean isLastSystemKey(KeyRecord key, Draft draft) {
        return !draft.anyKey(other -> !other.id().equals(key.id()) && other.isLive(draft.now));
    }

    private Reply one(KeyRecord key) {
        return new Reply.Keys(state.id, zone(), List.of(key), 1);
    }

    private @Nullable ZoneName zone() {
        return state.isSystem() ? null : state.zone;
    }

    private static KeyRecord require(@Nullable KeyRecord key) {
        if (key == null) {
            throw Problem.notFound("API key not found", null).exception();
        }
        return key;
    }

    static void requireSystem(Principal principal) {
        if (!principal.systemAdministrator()) {
            throw Problem.forbidden("Admin privileges required for this operation", null)
                    .exception();
        }
    }

    static void requireIdentifier(String field, String value) {
        int bytes = value.getBytes(StandardCharsets.UTF_8).length;
        if (value.isBlank() || bytes > Limits.IDENTIFIER_BYTES) {
            throw Problem.invalid(field + " must have 1 to " + Limits.IDENTIFIER_BYTES + " bytes, it has " + bytes)
                    .exception();
        }
        for (int i = 0; i < value.length(); i++) {
            if (Character.isISOControl(value.charAt(i))) {
                throw Problem.invalid(field + " must not contain control characters")
                        .exception();
            }
        }
    }

    private static void audit(Ask ask, Principal principal, Draft draft, String operation, KeyRecord key) {
        KeyId id = key.id();
        draft.audit(AuditLine.of("change", ask, principal, operation, null)
                .withDetail(new JsonText()
                        .put("key_id", id.toString())
                        .put("subject", key.subject())
                        .put("user_id", key.userId())
                        .end()));
    }
}
