package nexus.tenant;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import nexus.kernel.JsonText;
import nexus.kernel.KeyId;
import nexus.kernel.Problem;
import nexus.kernel.WorkspacePath;
import nexus.quota.UsageDelta;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.RelationTuple;
import nexus.rebac.tuple.StoredTuple;
import nexus.rebac.tuple.SubjectRef;
import nexus.store.FileEntry;
import nexus.store.KeyRecord;
import nexus.store.TenantStore;
import nexus.store.TupleRow;
import nexus.store.UserRecord;
import org.jspecify.annotations.Nullable;

/**
 * Giving a user all that he needs, and taking all of it from him again; each is one command, so it is done as a whole or not
 * at all. Only a system administrator may give them.
 *
 * <p>A provisioned user owns his directory and nothing else: whoever is to see more is granted more. What is his when it is
 * taken away follows from his name: the subject {@code user:alice} and the registered {@code agent:alice,...}, the keys that
 * are made for him or prove one of these, the grants to these, the directory {@code /users/alice}. So whoever is called alice
 * after him inherits nothing.
 */
final class UserCommands {
    /** Leaves room in an identifier for the names of the standard agents and for the name of the first key. */
    static final int USER_ID_BYTES = 200;

    /** The longest address that mail knows, in bytes. */
    static final int EMAIL_BYTES = 254;

    private final TenantState state;
    private final Permissions permissions;
    private final FileCommands files;

    UserCommands(TenantState state, Permissions permissions, FileCommands files) {
        this.state = state;
        this.permissions = permissions;
        this.files = files;
    }

    // ---- giving
    // ------------------------------------------------------------------------------------------------------

    Reply provision(Ask ask, TenantRequest.ProvisionUser command, Principal principal, Draft draft) {
        KeyCommands.requireSystem(principal);
        refuseSystemZone();
        requireUserId(command);
        String home = UserPlaces.requireHome(command.userId());
        requireProfile(command);
        Map<String, FileEntry> folders = new LinkedHashMap<>();
        for (String path : UserPlaces.of(command.userId(), command.agents())) {
            files.missingFolders(path, principal, draft).forEach(folder -> folders.putIfAbsent(folder.path(), folder));
        }
        RelationTuple grant = new RelationTuple(
                new ObjectRef(Permissions.FILE, home), Permissions.OWNER, SubjectRef.of("user", command.userId()));
        UUID grantId = TupleIds.of(grant);
        TupleCommands.requireRoom(grantId, grant, draft);
        KeyRecord key = firstKey(command, draft);
        UsageDelta seat = key == null ? UsageDelta.NONE : KeyCommands.seatOf(command.userId(), draft);
        if (key != null) {
            KeyCommands.requireRoom(seat, draft);
        }

        // Nothing refuses from here on.
        folders.values().forEach(draft::createEntry);
        boolean granted = !draft.isGrantedForGood(grantId, grant);
        if (granted) {
            draft.putTuple(new TupleRow(grantId, grant, draft.now, null));
        }
        if (key != null) {
            draft.charge(seat);
            draft.putKey(key);
        }
        UserRecord before = draft.user(KeyCommands.userOf(command.userId()));
        UserRecord user = registered(command, before, draft.now);
        boolean changed = !user.equals(before);
        if (changed) {
            draft.putUser(user);
        }
        List<String> agents = command.agents() ? registerAgents(command.userId(), draft) : List.of();
        if (!folders.isEmpty() || granted || key != null || changed || !agents.isEmpty()) {
            JsonText detail = new JsonText().put("user_id", command.userId());
            if (key != null) {
                detail.put("key_id", key.id().toString());
            }
            draft.audit(AuditLine.of("change", ask, principal, command.operation(), home)
                    .withDetail(detail.end()));
        }
        return new Reply.Provisioned(
                state.id,
                state.zone,
                command.userId(),
                user.email(),
                user.displayName(),
                before == null,
                key == null ? null : key.id(),
                wire(home),
                folders.keySet().stream().map(this::wire).toList(),
                agents,
                command.agents()
                        ? UserPlaces.STANDARD_AGENTS.stream()
                                .map(name -> wire(UserPlaces.ofAgent(home, name)))
                                .toList()
                        : List.of());
    }

    private static void requireUserId(TenantRequest.ProvisionUser command) {
        String userId = command.userId();
        KeyCommands.requireIdentifier("user_id", userId);
        int bytes = userId.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > USER_ID_BYTES) {
            throw Problem.invalid("user_id has " + bytes + " bytes, the limit for a user with a directory is "
                            + USER_ID_BYTES)
                    .exception();
        }
        if (UserPlaces.isAmbiguous(userId)) {
            throw Problem.invalid("user_id must not contain a comma: it separates a user from his agents")
                    .exception();
        }
    }

    private static void requireProfile(TenantRequest.ProvisionUser command) {
        if (command.displayName() != null) {
            KeyCommands.requireIdentifier("display_name", command.displayName());
        }
        String email = command.email();
        if (email == null) {
            return;
        }
        KeyCommands.requireIdentifier("email", email);
        int at = email.indexOf('@');
        boolean oneAt = at > 0 && at == email.lastIndexOf('@') && at < email.length() - 1;
        if (!oneAt
                || email.chars().anyMatch(Character::isWhitespace)
                || email.getBytes(StandardCharsets.UTF_8).length > EMAIL_BYTES) {
            throw Problem.invalid("email must be an address as alice@example.com, of up to " + EMAIL_BYTES + " bytes")
                    .exception();
        }
    }

    /** The key that the command brings, or null if none is wanted or he has one that opens. */
    private static @Nullable KeyRecord firstKey(TenantRequest.ProvisionUser command, Draft draft) {
        KeyId id = command.key();
        if (id == null || hasOwnKey(command.userId(), draft)) {
            return null;
        }
        return new KeyRecord(
                id,
                command.secretHash(),
                "Primary key for " + command.userId(),
                command.userId(),
                "user",
                command.userId(),
                false,
                false,
                draft.now,
                null,
                null,
                null);
    }

    private static boolean hasOwnKey(String userId, Draft draft) {
        if (draft.liveKeysOf(userId) == 0) {
            // As most who are provisioned: nobody goes through all keys of the tenant for them.
            return false;
        }
        String subject = KeyCommands.userOf(userId);
        for (KeyRecord key : draft.keys()) {
            if (key.userId().equals(userId) && key.subject().equals(subject) && key.isLive(draft.now)) {
                return true;
            }
        }
        return false;
    }

    private static UserRecord registered(
            TenantRequest.ProvisionUser command, @Nullable UserRecord before, Instant now) {
        return new UserRecord(
                KeyCommands.userOf(command.userId()),
                true,
                before == null ? now : before.createdAt(),
                command.email() == null && before != null ? before.email() : command.email(),
                command.displayName() == null && before != null ? before.displayName() : command.displayName());
    }

    /** The names of those that were not there, or were disabled. */
    private static List<String> registerAgents(String userId, Draft draft) {
        List<String> made = new ArrayList<>();
        for (String name : UserPlaces.STANDARD_AGENTS) {
            String subject = "agent:" + UserPlaces.agentId(userId, name);
            UserRecord before = draft.user(subject);
            if (before == null || !before.enabled()) {
                draft.putUser(new UserRecord(subject, true, before == null ? draft.now : before.createdAt()));
                made.add(name);
            }
        }
        return made;
    }

    // ---- taking
    // ------------------------------------------------------------------------------------------------------

    Reply deprovision(Ask ask, TenantRequest.DeprovisionUser command, Principal principal, Draft draft) {
        KeyCommands.requireSystem(principal);
        refuseSystemZone();
        KeyCommands.requireIdentifier("user_id", command.userId());
        String self = KeyCommands.userOf(command.userId());
        if (!command.force() && isAdministrator(command.userId(), draft.now)) {
            throw Problem.refused("'" + self + "' is an administrator of the tenant: force must be true", null)
                    .exception();
        }

        // Nothing refuses from here on.
        Set<String> subjects = subjects(command.userId(), self);
        String folder = folderOf(command.userId(), draft);
        int permissionsEnded = removeGrants(subjects, draft);
        if (folder != null) {
            files.removeFolder(folder, draft);
        }
        int keysEnded = revokeKeys(command.userId(), subjects, draft);
        boolean known = draft.user(self) != null;
        int entities = unregister(subjects, command.deleteRecord(), draft);
        if (folder != null || permissionsEnded + keysEnded + entities > 0) {
            TenantStore.FolderTotals totals =
                    folder == null ? null : draft.loaded().totals(folder);
            draft.audit(AuditLine.of("change", ask, principal, command.operation(), folder)
                    .withDetail(new JsonText()
                            .put("user_id", command.userId())
                            .put("files", totals == null ? 0 : totals.files())
                            .put("bytes", totals == null ? 0 : totals.bytes())
                            .put("keys", keysEnded)
                            .put("permissions", permissionsEnded)
                            .put("entities", entities)
                            .put("record_deleted", command.deleteRecord() && known)
                            .end()));
        }
        return new Reply.Deprovisioned(
                state.zone,
                command.userId(),
                folder == null ? null : wire(folder),
                keysEnded,
                permissionsEnded,
                entities,
                command.deleteRecord() && known);
    }

    /** The path of his directory if there is one; a file in its place is not his. */
    private static @Nullable String folderOf(String userId, Draft draft) {
        String home = UserPlaces.home(userId);
        FileEntry entry = home == null ? null : draft.entry(home);
        return entry != null && entry.directory() ? home : null;
    }

    private static int revokeKeys(String userId, Set<String> subjects, Draft draft) {
        int revoked = 0;
        for (KeyRecord key : draft.keys()) {
            if (key.revokedAt() == null && (key.userId().equals(userId) || subjects.contains(key.subject()))) {
                KeyCommands.end(key, draft);
                revoked++;
            }
        }
        return revoked;
    }

    private boolean isAdministrator(String userId, Instant now) {
        return permissions.holds(
                SubjectRef.of("user", userId),
                Permissions.OWNER,
                new ObjectRef(Permissions.FILE, WorkspacePath.ROOT),
                now);
    }

    /** The user and his registered agents. */
    private Set<String> subjects(String userId, String self) {
        Set<String> subjects = new LinkedHashSet<>();
        subjects.add(self);
        for (UserRecord user : state.users()) {
            if (UserPlaces.isAgentOf(userId, user.subject())) {
                subjects.add(user.subject());
            }
        }
        return subjects;
    }

    private int removeGrants(Set<String> subjects, Draft draft) {
        int removed = 0;
        for (String subject : subjects) {
            int colon = subject.indexOf(':');
            SubjectRef named = SubjectRef.of(subject.substring(0, colon), subject.substring(colon + 1));
            for (StoredTuple stored : state.tuples.bySubject(named)) {
                draft.removeTuple(TupleIds.of(stored.tuple()), stored.tuple());
                removed++;
            }
        }
        return removed;
    }

    private static int unregister(Set<String> subjects, boolean delete, Draft draft) {
        int ended = 0;
        for (String subject : subjects) {
            UserRecord user = draft.user(subject);
            if (user != null && (delete || user.enabled())) {
                ended++;
                if (delete) {
                    draft.removeUser(subject);
                } else {
                    draft.putUser(user.disabled());
                }
            }
        }
        return ended;
    }

    // ---- both
    // --------------------------------------------------------------------------------------------------------

    private void refuseSystemZone() {
        if (state.isSystem()) {
            throw Problem.refused("the zone 'system' holds system keys only: it has no users with directories", null)
                    .exception();
        }
    }

    private String wire(String relative) {
        return WorkspacePath.wire(state.zone, relative);
    }
}
