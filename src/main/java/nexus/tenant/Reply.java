package nexus.tenant;

import java.time.Instant;
import java.util.List;
import nexus.kernel.ContentHash;
import nexus.kernel.KeyId;
import nexus.kernel.Must;
import nexus.kernel.Problem;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.store.AuditEntry;
import nexus.store.Content;
import nexus.store.FileVersion;
import nexus.store.KeyRecord;
import nexus.store.TupleRow;
import org.jspecify.annotations.Nullable;

/** The successful answers of a tenant; failures are {@link Problem}s. Paths in them are wire paths. */
public sealed interface Reply {
    /** Done; there is nothing more to say. */
    record Done() implements Reply {
        /** The only one. */
        public static final Done DONE = new Done();
    }

    /** Yes or no. */
    record Flag(boolean value) implements Reply {}

    /** Who the caller is. @param zone null for a system key */
    record Identity(
            String subjectType, String subjectId, @Nullable ZoneName zone, boolean systemAdministrator)
            implements Reply {}

    /**
     * A file or directory as the caller sees it.
     *
     * @param path the wire path
     * @param etag null for a directory
     * @param modifiedAt null for directories that have no row of their own
     * @param size of the content in bytes; 0 for a directory
     */
    record FileInfo(
            String path,
            boolean directory,
            long version,
            long size,
            @Nullable String etag,
            @Nullable Instant createdAt,
            @Nullable Instant modifiedAt,
            String createdBy) {}

    /** What became of one path of a batch: exactly one of the two is there. */
    record StatResult(@Nullable FileInfo info, @Nullable Problem problem) {}

    /** In the order of the paths. */
    record Stats(List<StatResult> results) implements Reply {}

    /** A file's metadata and its bytes, or where they are. */
    record FileContent(TenantId tenant, FileInfo info, Content content) implements Reply {}

    /** A page. @param next the cursor of the next page, null if there is none */
    record Listing(List<FileInfo> entries, @Nullable String next) implements Reply {}

    /** Newest first. */
    record Versions(List<FileVersion> versions) implements Reply {}

    /** In the order of the questions. */
    record Checks(boolean[] allowed) implements Reply {}

    /** Each as {@code user:alice}, sorted. */
    record Subjects(List<String> subjects) implements Reply {}

    /** Tuples; object ids of files and tenants are as the wire has them. */
    record Tuples(TenantId tenant, ZoneName zone, List<TupleRow> tuples) implements Reply {}

    /** Keys without secrets. @param total how many there are in all */
    record Keys(TenantId tenant, @Nullable ZoneName zone, List<KeyRecord> keys, int total) implements Reply {}

    /**
     * A user as he is provisioned, and what of it is new.
     *
     * @param key the key that was made; null if none was
     * @param agents names of his agents that were made now
     * @param agentPaths the directories of the agents that were asked for
     * @param directories those that were made now, outermost first
     */
    record Provisioned(
            TenantId tenant,
            ZoneName zone,
            String userId,
            @Nullable String email,
            @Nullable String displayName,
            boolean made,
            @Nullable KeyId key,
            String workspacePath,
            List<String> directories,
            List<String> agents,
            List<String> agentPaths)
            implements Reply {
        /** Copied. */
        public Provisioned {
            directories = List.copyOf(directories);
            agents = List.copyOf(agents);
            agentPaths = List.copyOf(agentPaths);
        }
    }

    /**
     * What was taken from a user.
     *
     * @param directory the path of his directory if it was there; it went with everything below
     * @param keys how many were revoked
     * @param permissions how many grants to him and his agents went
     * @param entities how many of him and his agents are in the register no more, or disabled
     * @param recordDeleted whether his own record was there and is gone
     */
    record Deprovisioned(
            ZoneName zone,
            String userId,
            @Nullable String directory,
            int keys,
            int permissions,
            int entities,
            boolean recordDeleted)
            implements Reply {}

    /**
     * A page of the audit log.
     *
     * @param tenant whose log it is
     * @param next what to give as {@code after} for the next page; null if there is none
     */
    record AuditPage(
            TenantId tenant,
            List<AuditEntry> entries,
            @Nullable Long next) implements Reply {
        /** Copied. */
        public AuditPage {
            entries = List.copyOf(entries);
        }
    }

    /**
     * What a proof of the audit log's chain has found.
     *
     * @param start where the tenant's chain begins
     * @param proved the number of the last entry that is as it was written; the proof may go on from there
     * @param hash its hash
     * @param last the number of the log's last entry
     * @param fault the number of the first entry that is not as it was written; null: none was found
     * @param reason what is wrong with it
     */
    record AuditVerdict(
            TenantId tenant,
            ContentHash start,
            long proved,
            ContentHash hash,
            long last,
            @Nullable Long fault,
            @Nullable String reason)
            implements Reply {}

    /** What was written, in the order of the writes. */
    record Written(List<FileInfo> files) implements Reply {}

    /**
     * A tenant's record.
     *
     * @param document the JSON text of {@code .tenant.json}
     */
    record Tenant(TenantId id, ZoneName zone, long settingsRevision, String document) implements Reply {}

    /** A page of records. @param more whether there are tenants behind the last one */
    record TenantPage(List<Tenant> tenants, boolean more) implements Reply {
        /** Copied. */
        public TenantPage {
            tenants = List.copyOf(tenants);
        }
    }

    /** A tenant that was made. @param key the administrator's */
    record Onboarded(Tenant tenant, String administrator, KeyId key) implements Reply {}

    /** The reply that a command with an idempotency key got when it was done. */
    record Replayed(Reply reply) implements Reply {
        /** Once is enough. */
        public Replayed {
            Must.hold(!(reply instanceof Replayed), "a reply is replayed as it was");
        }
    }

    /** A grant. @param id wire id of the tuple */
    record Granted(String id, long revision) implements Reply {}

    /**
     * One share.
     *
     * @param id wire id of the share, or of the grant within the tenant
     * @param resource wire path of what is shared
     * @param zone the tenant that it is shared with
     * @param recipientType {@code tenant} for everybody of it
     * @param recipientId the name of the tenant for everybody of it
     * @param permission the word that it was granted by
     */
    record Share(
            String id,
            String resource,
            ZoneName zone,
            String recipientType,
            String recipientId,
            String permission,
            Instant createdAt,
            @Nullable Instant expiresAt) {}

    /** A page of shares, the newest first. @param total how many there are in all */
    record Shares(ZoneName zone, List<Share> shares, int total) implements Reply {
        /** Copied. */
        public Shares {
            shares = List.copyOf(shares);
        }
    }
}
