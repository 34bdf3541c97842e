package nexus.store;

import java.time.Instant;
import java.util.List;
import java.util.UUID;
import nexus.kernel.ContentHash;
import nexus.kernel.Epoch;
import nexus.kernel.FileId;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.quota.Usage;
import org.jspecify.annotations.Nullable;

/**
 * What one transaction of a tenant changes, all or nothing: the effects of the commands that were taken together.
 *
 * <p>Lists are applied in the order of the components. A {@link Folder} change is alone in its group but for the tuples,
 * audit lines and outcomes that belong to it.
 *
 * @param revision the revision that this group makes: the tenant's present one plus one
 * @param at the actor's time of the group; the tenant's time never runs back behind it
 * @param usage the usage after the group
 * @param record the tenant's record, if it changed
 * @param folder a change of a whole folder, if the group is one
 * @param filesRemoved files and directories that go, with all their versions
 * @param filesPut files and directories that come or change, by id
 * @param versionsPut new versions
 * @param versionsDropped versions that are not retained any more
 * @param blobsPut contents that the new versions need; one that the tenant has already is not stored again
 * @param tuplesRemoved ids of tuples that go
 * @param tuplesPut tuples that come, or whose expiry changes
 * @param usersRemoved subjects whose records go
 * @param outcome what to answer if the commands come again; null if there were none
 * @param tenantsMade tenants to register; only the reserved tenant's groups have any
 * @param controls changes of the control plane; only the reserved tenant's groups have any
 * @param tombstone the tenant ends with this group: its name becomes free, its rows are collected later
 */
public record Group(
        TenantId tenant,
        NodeId node,
        Epoch epoch,
        long revision,
        Instant at,
        Usage usage,
        @Nullable TenantRecord record,
        @Nullable Folder folder,
        List<FileId> filesRemoved,
        List<FileEntry> filesPut,
        List<FileVersion> versionsPut,
        List<DroppedVersion> versionsDropped,
        List<Content> blobsPut,
        List<UUID> tuplesRemoved,
        List<TupleRow> tuplesPut,
        List<KeyRecord> keysPut,
        List<String> usersRemoved,
        List<UserRecord> usersPut,
        List<AuditEntry> audit,
        @Nullable Outcome outcome,
        List<Founding> tenantsMade,
        List<Control> controls,
        boolean tombstone) {
    /** A version that is dropped; the hash tells whose last reference may have gone. */
    public record DroppedVersion(FileId file, long version, ContentHash hash) {}

    /** A change of a folder with everything below it, done in the database by path. */
    public sealed interface Folder {
        /** The folder's path before the change. */
        String path();

        /** The folder and all below it go, with their versions. */
        record Removed(String path) implements Folder {}

        /** The folder and all below it get new paths. */
        record Moved(String path, String to) implements Folder {}
    }

    /** A change of what the control plane says of nodes. */
    public sealed interface Control {
        /** A node gives its tenants away and takes no more, or that ends. Without effect on a node that is gone. */
        record NodeDraining(NodeId node, boolean draining) implements Control {}

        /** A tenant should be on the node of this name; null: wherever the hash says. */
        record TenantPinned(ZoneName zone, @Nullable String node) implements Control {}
    }

    /**
     * The replies of the group's commands as bytes, so that a repeated command gets the answer of the first.
     *
     * @param replies versioned, see {@code ReplyCodec}
     * @param keyed those that are remembered much longer, under a key that the caller chose
     */
    public record Outcome(byte[] replies, List<KeyedReply> keyed) {
        /** Copied. */
        public Outcome {
            keyed = List.copyOf(keyed);
        }

        /** Replies that nobody gave a key to. */
        public Outcome(byte[] replies) {
            this(replies, List.of());
        }
    }

    /**
     * A tenant that comes to be, with all that it has from the beginning, in one transaction with its registration.
     *
     * @param first its first group, whose record is this one; null if it begins empty. The fence is not for it: nobody can own
     *     what is not there yet
     */
    public record Founding(TenantRecord record, @Nullable Group first) {}
}
