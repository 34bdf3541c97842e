package nexus.tenant;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import nexus.kernel.ContentHash;
import nexus.kernel.KeyId;
import nexus.kernel.Limits;
import nexus.kernel.Must;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.lifecycle.TenantStatus;
import nexus.quota.Plan;
import nexus.quota.QuotaOverrides;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.SubjectRef;
import nexus.store.Content;
import nexus.store.TenantStore;
import org.jspecify.annotations.Nullable;

/**
 * What can be asked of a tenant: typed, parsed, bounded; nothing untyped goes further in than the adapters. The reply of each
 * is named in its comment.
 *
 * <p>Object ids of type {@code file} and all paths are {@link WorkspacePath}s: the actor refuses those of another tenant.
 * This is one file on purpose: the vocabulary of the actor.
 */
public sealed interface TenantRequest {
    /** A stable name for logs, the audit and metrics. */
    String operation();

    /** A request that changes nothing. */
    sealed interface Query extends TenantRequest {}

    /** A request that may change the tenant; it is taken into a group. */
    sealed interface Command extends TenantRequest {
        /** Bytes that the command brings into its group. */
        default int payloadBytes() {
            return 256;
        }
    }

    /** Who is asking? Reply: {@link Reply.Identity}. Answered for live keys of suspended tenants too. */
    record WhoAmI() implements Query {
        @Override
        public String operation() {
            return "whoami";
        }
    }

    /** Metadata of several paths. Reply: {@link Reply.Stats}; fails as a whole only for faults that are not about one path. */
    record Stat(List<WorkspacePath> paths) implements Query {
        /** Bounded. */
        public Stat {
            paths = List.copyOf(paths);
        }

        @Override
        public String operation() {
            return "stat";
        }
    }

    /** The content of a file, or of one of its retained versions. Reply: {@link Reply.FileContent}. */
    record ReadFile(WorkspacePath path, @Nullable Long version) implements Query {
        @Override
        public String operation() {
            return "read";
        }
    }

    /**
     * The entries below a folder that the caller may read, in the order of their paths. Reply: {@link Reply.Listing}.
     *
     * @param prefix only entries whose wire path starts with this
     * @param after only wire paths behind this one: the cursor
     * @param limit the most entries of a page; null for all of them, which fails above {@link Limits#UNPAGED_ITEMS}
     */
    record ListFiles(
            WorkspacePath folder,
            boolean recursive,
            @Nullable String prefix,
            @Nullable String after,
            @Nullable Integer limit)
            implements Query {
        @Override
        public String operation() {
            return "list";
        }
    }

    /** The tenants that the caller may see: all for a system key. Reply: {@link Reply.Listing}. */
    record ListTenants(@Nullable ZoneName after, int limit) implements Query {
        @Override
        public String operation() {
            return "list_tenants";
        }
    }

    /** The tenant's record, to those who may read {@code .tenant.json}. Reply: {@link Reply.Tenant}. */
    record ShowTenant() implements Query {
        @Override
        public String operation() {
            return "show_tenant";
        }
    }

    /**
     * The records of the tenants that the caller may see, in the order of their names: all for a system key, asked of the
     * reserved tenant. Reply: {@link Reply.TenantPage}.
     *
     * @param plan only those on it; null: any
     * @param status only those in it, as it is now; null: any
     */
    record SearchTenants(
            @Nullable ZoneName after,
            @Nullable Plan plan,
            @Nullable TenantStatus status,
            int limit) implements Query {
        @Override
        public String operation() {
            return "search_tenants";
        }
    }

    /** The retained versions of a file, newest first. Reply: {@link Reply.Versions}. */
    record ListVersions(WorkspacePath path) implements Query {
        @Override
        public String operation() {
            return "list_versions";
        }
    }

    /**
     * Whether the caller may write these paths and whether there is room, before large contents are stored. Nothing is
     * reserved: the write is judged again. Reply: {@link Reply.Done}.
     */
    record PrepareWrite(WorkspacePath path, long size) implements Query {
        @Override
        public String operation() {
            return "prepare_write";
        }
    }

    /** One question of a check; a path of another tenant or an unknown type is simply not allowed. */
    record CheckItem(SubjectRef subject, String permission, ObjectRef object) {}

    /** Who may do what. Needs {@code read} on each object, or asks about the caller himself. Reply: {@link Reply.Checks}. */
    record Check(List<CheckItem> items) implements Query {
        /** Bounded. */
        public Check {
            items = List.copyOf(items);
        }

        @Override
        public String operation() {
            return "check";
        }
    }

    /** All who have a permission on an object. Needs {@code owner} on it. Reply: {@link Reply.Subjects}. */
    record Expand(String permission, ObjectRef object) implements Query {
        @Override
        public String operation() {
            return "expand";
        }
    }

    /**
     * Stored tuples. A tenant administrator and a system key see all; another caller those of one object that he owns, or
     * those whose subject he is himself. Reply: {@link Reply.Tuples}.
     *
     * @param relations any of these; empty: every relation
     */
    record ListTuples(
            @Nullable SubjectRef subject,
            List<String> relations,
            @Nullable ObjectRef object) implements Query {
        /** Bounded. */
        public ListTuples {
            relations = List.copyOf(relations);
        }

        @Override
        public String operation() {
            return "list_tuples";
        }
    }

    /** The keys of this tenant; system keys only may ask. Reply: {@link Reply.Keys}. */
    record ListKeys(
            @Nullable String userId,
            @Nullable Boolean systemAdministrator,
            boolean includeRevoked,
            boolean includeExpired,
            int limit,
            int offset)
            implements Query {
        @Override
        public String operation() {
            return "list_keys";
        }
    }

    /** One key; system keys only may ask. Reply: {@link Reply.Keys} with one. */
    record GetKey(KeyId key) implements Query {
        @Override
        public String operation() {
            return "get_key";
        }
    }

    /**
     * What this tenant shares: with other tenants, and within itself by the words of the share methods. Needs {@code owner} on
     * the resource, or on the root if none is named. Reply: {@link Reply.Shares}.
     *
     * @param resource only what is shared of exactly this path; null: of any
     */
    record ListShares(@Nullable WorkspacePath resource, int limit, int offset) implements Query {
        @Override
        public String operation() {
            return "list_shares";
        }
    }

    /**
     * Entries of the audit log, a page. Needs {@code read} on {@code .audit/log.jsonl}. Reply: {@link Reply.AuditPage}.
     *
     * @param from only entries of this time and later; null: from the first on
     * @param to only entries before this time; null: up to the last one
     * @param newestFirst the order of the pages and in them
     * @param after the number of the entry that the page before ended with; null for the first page
     * @param limit the most entries of a page
     */
    record ListAudit(
            TenantStore.AuditFilter filter,
            @Nullable Instant from,
            @Nullable Instant to,
            boolean newestFirst,
            @Nullable Long after,
            int limit)
            implements Query {
        @Override
        public String operation() {
            return "list_audit";
        }
    }

    /**
     * Proves the audit log's hash chain from a place on whose hash is known: the chain's beginning, or an entry. At most
     * {@link Limits#AUDIT_PROVED} entries at a time. Needs {@code read} on {@code .audit/log.jsonl}. Reply:
     * {@link Reply.AuditVerdict}.
     *
     * @param after the number of that entry; 0: the beginning
     * @param hash its hash; null for the beginning only
     */
    record VerifyAudit(long after, @Nullable ContentHash hash) implements Query {
        @Override
        public String operation() {
            return "verify_audit";
        }
    }

    /**
     * Asks whether the caller is a system administrator, for an operation that is not any one tenant's; a refusal is noted as a
     * denial of that operation. Reply: {@link Reply.Identity}.
     *
     * @param operation one of the server's own names
     */
    record RequireSystem(String operation) implements Query {}

    /** Makes a directory; of a tenant's root by a system key: the tenant. Reply: {@link Reply.Done}. */
    record MakeDirectory(WorkspacePath path, boolean parents, boolean existOk) implements Command {
        @Override
        public String operation() {
            return "mkdir";
        }
    }

    /** Removes a directory; of a tenant's root by a system key: the tenant. Reply: {@link Reply.Done}. */
    record RemoveDirectory(WorkspacePath path, boolean recursive) implements Command {
        @Override
        public String operation() {
            return "rmdir";
        }
    }

    /**
     * One file to write.
     *
     * @param ifMatch only if the present etag is this one
     * @param ifNoneMatch only if there is no such file
     */
    record FileWrite(
            WorkspacePath path, Content content, @Nullable String ifMatch, boolean ifNoneMatch) {}

    /** Writes files, all or none. Reply: {@link Reply.Written}. */
    record WriteFiles(List<FileWrite> writes) implements Command {
        /** Bounded. */
        public WriteFiles {
            writes = List.copyOf(writes);
        }

        @Override
        public String operation() {
            return "write";
        }

        @Override
        public int payloadBytes() {
            int sum = 0;
            for (FileWrite write : writes) {
                sum += 256 + write.content().inlineBytes();
            }
            return sum;
        }
    }

    /** Adds to the end of a file, making it if need be; atomic. Reply: {@link Reply.Written}. */
    record AppendFile(
            WorkspacePath path, byte[] bytes, @Nullable String ifMatch) implements Command {
        @Override
        public String operation() {
            return "append";
        }

        @Override
        public int payloadBytes() {
            return 256 + bytes.length;
        }
    }

    /** Deletes a file with its versions and the grants on it. Reply: {@link Reply.Done}. */
    record DeleteFile(WorkspacePath path) implements Command {
        @Override
        public String operation() {
            return "delete";
        }
    }

    /** Moves a file or a directory within the tenant; its grants go along. Reply: {@link Reply.Done}. */
    record Rename(WorkspacePath from, WorkspacePath to) implements Command {
        @Override
        public String operation() {
            return "rename";
        }
    }

    /** Copies a file within the tenant; without its versions and grants. Reply: {@link Reply.Written}. */
    record CopyFile(WorkspacePath from, WorkspacePath to) implements Command {
        @Override
        public String operation() {
            return "copy";
        }
    }

    /** Makes an old version the newest one. Reply: {@link Reply.Written}. */
    record Rollback(WorkspacePath path, long version) implements Command {
        @Override
        public String operation() {
            return "rollback";
        }
    }

    /** Grants, or changes the expiry of a grant. Needs {@code owner} on the object. Reply: {@link Reply.Granted}. */
    record CreateTuple(
            ObjectRef object,
            String relation,
            SubjectRef subject,
            @Nullable Instant expiresAt) implements Command {
        @Override
        public String operation() {
            return "rebac_create";
        }
    }

    /** Revokes. Needs {@code owner} on the object. Reply: {@link Reply.Flag}, false if there is no such tuple. */
    record DeleteTuple(UUID tuple) implements Command {
        @Override
        public String operation() {
            return "rebac_delete";
        }
    }

    /**
     * Makes a key, and its user on first use. System keys only. Reply: {@link Reply.Keys} with one; the secret never comes
     * here, only its hash.
     */
    record CreateKey(
            KeyId key,
            byte[] secretHash,
            String name,
            String userId,
            String subjectType,
            String subjectId,
            boolean systemAdministrator,
            @Nullable Instant expiresAt)
            implements Command {
        @Override
        public String operation() {
            return "create_key";
        }
    }

    /**
     * Makes the key that the operator chose the only chosen one; null: none is. The server's own, never asked by a caller.
     * Reply: {@link Reply.Done}.
     */
    record SetChosenKey(@Nullable KeyId key, byte[] secretHash) implements Command {
        @Override
        public String operation() {
            return "set_chosen_key";
        }
    }

    /** Revokes a key. System keys only. Reply: {@link Reply.Keys} with one. */
    record RevokeKey(KeyId key) implements Command {
        @Override
        public String operation() {
            return "revoke_key";
        }
    }

    /**
     * Changes a key. System keys only. Reply: {@link Reply.Keys} with one.
     *
     * @param name null: unchanged
     * @param expiresAt null: unchanged
     * @param systemAdministrator null: unchanged; another value than the key has is refused
     */
    record UpdateKey(
            KeyId key,
            @Nullable String name,
            @Nullable Instant expiresAt,
            @Nullable Boolean systemAdministrator) implements Command {
        @Override
        public String operation() {
            return "update_key";
        }
    }

    /**
     * Makes a node give its tenants away and take no more, or ends that; a node that is gone needs no draining. Asked of the
     * reserved tenant; system keys only. Reply: {@link Reply.Done}.
     */
    record DrainNode(NodeId node, boolean draining) implements Command {
        @Override
        public String operation() {
            return "drain_node";
        }
    }

    /**
     * Pins a tenant to the node of a name, which has it while it is there; null: unpins. Asked of the reserved tenant; system
     * keys only. Reply: {@link Reply.Done}.
     */
    record PinTenant(ZoneName zone, @Nullable String node) implements Command {
        @Override
        public String operation() {
            return "pin_tenant";
        }
    }

    /**
     * Makes a user with a directory of his own, or makes whole what is missing of one; enables him if he was disabled. System
     * keys only. Reply: {@link Reply.Provisioned}.
     *
     * @param email null: as it is
     * @param displayName null: as it is
     * @param key the id of the key that he gets unless he has one that opens; null: he gets none
     * @param secretHash of that key; the secret never comes here
     * @param agents whether his two standard agents are wanted
     */
    record ProvisionUser(
            String userId,
            @Nullable String email,
            @Nullable String displayName,
            @Nullable KeyId key,
            byte[] secretHash,
            boolean agents)
            implements Command {
        @Override
        public String operation() {
            return "provision_user";
        }
    }

    /**
     * Takes everything from a user: keys, grants, his directory with all that is in it, his place in the register, and the
     * same of his agents. System keys only. Reply: {@link Reply.Deprovisioned}.
     *
     * @param deleteRecord whether his record goes; else it stays, disabled
     * @param force whether he may be an administrator of the tenant
     */
    record DeprovisionUser(String userId, boolean deleteRecord, boolean force) implements Command {
        @Override
        public String operation() {
            return "deprovision_user";
        }
    }

    /** Writes {@code .tenant.json}. System keys only. Reply: {@link Reply.Written} with one. */
    record UpdateRecord(RecordPatch patch, @Nullable String ifMatch, boolean ifNoneMatch) implements Command {
        @Override
        public String operation() {
            return "update_tenant";
        }

        @Override
        public int payloadBytes() {
            return 256 + Limits.RECORD_BYTES;
        }
    }

    /**
     * Another command, done once for its key: when it comes again with the same digest within
     * {@link Limits#IDEMPOTENCY_MEMORY}, it is not done again but gets the reply of the first, as {@link Reply.Replayed}.
     *
     * @param key made of the caller's own key and his credential
     * @param digest of the whole request: the same key with another one is refused
     */
    record Idempotent(UUID key, ContentHash digest, Command command) implements Command {
        /** Once is enough; and an append, whose content may be made outside of its group, is never asked for like this. */
        public Idempotent {
            Must.hold(isPossible(command), "a command that can be asked for with a key", command.operation());
        }

        /** Whether a command can be asked for with a key. */
        public static boolean isPossible(Command command) {
            return !(command instanceof Idempotent) && !(command instanceof AppendFile);
        }

        @Override
        public String operation() {
            return command.operation();
        }

        @Override
        public int payloadBytes() {
            return 256 + command.payloadBytes();
        }
    }

    /**
     * Makes a tenant with all that it begins with, on a trial. Asked of the reserved tenant; system keys only. Reply:
     * {@link Reply.Onboarded}.
     *
     * @param tenant its id, made by whoever made the administrator's key, which names it
     * @param patch the first write of its record
     * @param administrator who owns its root folder; with a key
     */
    record OnboardTenant(TenantId tenant, ZoneName zone, RecordPatch patch, ProvisionUser administrator)
            implements Command {
        @Override
        public String operation() {
            return "onboard_tenant";
        }

        @Override
        public int payloadBytes() {
            // Not its bytes but its statements, some fifteen: so that a group has about a hundred of them at the most.
            return 256 + Limits.RECORD_BYTES / 2;
        }
    }

    /**
     * Changes the tenant's record. System keys only. Reply: {@link Reply.Tenant}.
     *
     * @param ifMatch only if the record's present settings revision is this one; null: whatever it is
     */
    record ChangeTenant(RecordPatch patch, @Nullable String ifMatch) implements Command {
        @Override
        public String operation() {
            return "change_tenant";
        }

        @Override
        public int payloadBytes() {
            return 256 + Limits.RECORD_BYTES;
        }
    }

    /**
     * Deletes the tenant with all that it has. System keys only. Reply: {@link Reply.Done}.
     *
     * @param confirmation the tenant's name, or its id, which is no other tenant's ever
     */
    record DeleteTenant(String confirmation) implements Command {
        @Override
        public String operation() {
            return "delete_tenant";
        }
    }

    /**
     * Does what is due by itself, see {@link nexus.lifecycle.Lifecycle}. The server's own, never asked by a caller. Reply:
     * {@link Reply.Done}.
     */
    record AdvanceLifecycle() implements Command {
        @Override
        public String operation() {
            return "advance_lifecycle";
        }
    }

    /**
     * A written record; null members: unchanged.
     *
     * @param settingsRevision the one that was read, if the writer brings one
     * @param zone must be the tenant's own name
     * @param overrides the limits that the write names; see {@code named...} for which
     * @param members all own members, in order; they replace the former ones
     */
    record RecordPatch(
            @Nullable Long settingsRevision,
            @Nullable String zone,
            @Nullable String displayName,
            @Nullable Plan plan,
            @Nullable TenantStatus status,
            @Nullable String suspensionReason,
            @Nullable Instant trialEndsAt,
            @Nullable QuotaOverrides overrides,
            Map<String, String> limitMembers,
            @Nullable Integer retainedVersions,
            Map<String, String> members) {}

    /** Adds application entries, JSON objects on one line each, to the audit log. Reply: {@link Reply.Written} with one. */
    record AppendAudit(List<String> lines) implements Command {
        /** Bounded. */
        public AppendAudit {
            lines = List.copyOf(lines);
        }

        @Override
        public String operation() {
            return "append_audit";
        }

        @Override
        public int payloadBytes() {
            int sum = 256;
            for (String line : lines) {
                sum += 3 * line.length();
            }
            return sum;
        }
    }

    /**
     * Shares a file or folder with another tenant, a group or somebody of it, or renews such a share; with this tenant itself
     * it is a grant. Needs {@code owner} on the path. Reply: {@link Reply.Granted}.
     *
     * @param target null for this tenant itself
     * @param subjectType {@code tenant} for everybody of the target, else a type of subject
     * @param subjectId empty for everybody
     */
    record CreateShare(
            WorkspacePath path,
            String relation,
            @Nullable ZoneName target,
            String subjectType,
            String subjectId,
            @Nullable Instant expiresAt)
            implements Command {
        @Override
        public String operation() {
            return "create_share";
        }
    }

    /**
     * Announces a share with everybody of a tenant, by the name that it will have there: the first half of what the tutorial
     * does. It permits nothing until it is bound. System keys only. Reply: {@link Reply.Granted}.
     */
    record OfferShare(
            ZoneName target,
            String name,
            String relation,
            @Nullable Instant expiresAt) implements Command {
        @Override
        public String operation() {
            return "offer_share";
        }
    }

    /**
     * Makes an announced share a live one of this path: the second half. System keys only. Reply: {@link Reply.Written} with
     * the note of the share.
     *
     * @param label the id that its maker gave it
     */
    record BindShare(
            ZoneName target,
            String label,
            WorkspacePath path,
            String relation,
            @Nullable Instant expiresAt) implements Command {
        @Override
        public String operation() {
            return "bind_share";
        }
    }

    /**
     * Ends what is shared of exactly this path with the users of an id, of this tenant by the words of the share methods, and
     * of all others. Needs {@code owner} on the path. Reply: {@link Reply.Flag}, false if there was nothing.
     */
    record RevokeShares(WorkspacePath path, String userId) implements Command {
        @Override
        public String operation() {
            return "revoke_share";
        }
    }
}
