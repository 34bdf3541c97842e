package nexus.store;

import io.vertx.core.Future;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiConsumer;
import nexus.kernel.ContentHash;
import nexus.kernel.Epoch;
import nexus.kernel.FileId;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.rebac.tuple.RelationTuple;
import org.jspecify.annotations.Nullable;

/**
 * The rows of one tenant. Every call runs in a transaction that is bound to that tenant: rows of others do not exist in it.
 *
 * <p>Futures complete on any thread. Failures that the callers must tell apart are {@link StoreException}s.
 */
public interface TenantStore {
    /**
     * Takes the tenant for this node with a new epoch and loads it. Waits for a group of the former owner that is in flight.
     *
     * @param tuples gets every stored tuple with its expiry (null: none), in no order, before the future completes; called on
     *     the calling context
     * @return the snapshot; fails with {@link StoreException.Reason#TENANT_GONE} or {@link StoreException.Reason#OWNED}
     */
    Future<TenantSnapshot> take(TenantId tenant, NodeId node, BiConsumer<RelationTuple, @Nullable Instant> tuples);

    /**
     * Gives the tenant up, if this node still owns it in this epoch; its next owner need not wait.
     *
     * @param at the last time that this owner answered by: the next owner's time does not run back behind it
     */
    Future<Void> release(TenantId tenant, NodeId node, Epoch epoch, Instant at);

    /**
     * Commits a group, all or nothing.
     *
     * @return fails with {@link StoreException.Reason#FENCED} if node and epoch do not own the tenant, with {@code FAILED} if
     *     it is known that nothing was committed, with {@code OUTCOME_UNKNOWN} if that is not known
     */
    Future<Void> commit(Group group);

    /** The entries that exist among these paths, with their retained versions. At most as many as a group has commands. */
    Future<List<FileEntry>> entries(TenantId tenant, List<String> paths);

    /** What is below a folder, itself not counted: in the database's committed state. */
    Future<FolderTotals> folderTotals(TenantId tenant, String folder);

    /**
     * Sums over everything below a folder.
     *
     * @param bytes of all retained versions
     * @param deepest how many levels below the folder the deepest entry is; 0 if there is none
     * @param longest bytes by which the longest path below is longer than the folder's own; 0 if there is none
     */
    record FolderTotals(long entries, long files, long bytes, int deepest, int longest) {}

    /** A content of this tenant. */
    Future<Optional<Content>> content(TenantId tenant, ContentHash hash);

    /** Several small contents at once; those that are in the blob store come as {@link Content.Stored}. */
    Future<List<Content>> contents(TenantId tenant, List<ContentHash> hashes);

    /** One page of a listing, in the order of the paths (bytes); entries come without their retained versions. */
    Future<List<FileEntry>> list(TenantId tenant, FileRange range);

    /**
     * What a listing wants.
     *
     * @param roots only what is within one of these folders (or is one of these files); they do not overlap
     * @param folder only what is below this folder, itself not
     * @param directChildren only the folder's own children
     * @param prefix only paths that start with this; null: all
     * @param after only paths behind this one; null: from the start
     * @param limit the most entries; at least 1
     */
    record FileRange(
            List<String> roots,
            String folder,
            boolean directChildren,
            @Nullable String prefix,
            @Nullable String after,
            int limit) {}

    /** The retained versions of a file, newest first. */
    Future<List<FileVersion>> versions(TenantId tenant, FileId file);

    /** A tuple by its id. */
    Future<Optional<TupleRow>> tuple(TenantId tenant, UUID id);

    /** One page of tuples, expired ones too, in the order of their ids. */
    Future<List<TupleRow>> tuples(TenantId tenant, TupleQuery query);

    /**
     * Which tuples; null: any.
     *
     * @param subjectRelation empty for the subject itself; null: any
     * @param after only ids behind this one
     * @param limit the most tuples
     */
    record TupleQuery(
            @Nullable String objectType,
            @Nullable String objectId,
            List<String> relations,
            @Nullable String subjectType,
            @Nullable String subjectId,
            @Nullable String subjectRelation,
            @Nullable UUID after,
            int limit) {}

    /** The reply that is remembered under an idempotency key, however old it is. */
    Future<Optional<KeyedReply>> keyedReply(TenantId tenant, UUID key);

    /** Audit entries of a range that a filter lets through, at most {@code limit}. */
    Future<List<AuditEntry>> audit(TenantId tenant, AuditRange range);

    /**
     * Which audit entries.
     *
     * @param from the first number
     * @param to the last number
     * @param newestFirst their order, and which are left out if there are more than {@code limit}
     */
    record AuditRange(long from, long to, boolean newestFirst, AuditFilter filter, int limit) {}

    /**
     * What audit entries must say; null: anything.
     *
     * @param kind as the log has it: {@code change}, {@code denial}, {@code access} or {@code application}
     * @param action as the log has it
     * @param user as the log has it: {@code user:alice}
     * @param pathPrefix how the entry's {@code resource} begins
     */
    record AuditFilter(
            @Nullable String kind,
            @Nullable String action,
            @Nullable String user,
            @Nullable String pathPrefix) {
        /** Lets everything through. */
        public static final AuditFilter ALL = new AuditFilter(null, null, null, null);
    }

    /** The number of the first audit entry up to {@code last} that is not older than a time; {@code last + 1} if all are. */
    Future<Long> auditSince(TenantId tenant, Instant since, long last);

    /**
     * The audit entries with numbers above {@code after}, oldest first, at most {@code limit}, as they are stored, and where
     * the chain ends at that moment.
     */
    Future<AuditLinks> auditLinks(TenantId tenant, long after, int limit);

    /**
     * Some entries and the end of the chain, all of one moment.
     *
     * @param last the number of the last entry, as the tenant's row has it
     * @param head its hash, as the tenant's row has it
     */
    record AuditLinks(List<AuditEntry> entries, long last, ContentHash head) {}

    /** Records when keys were last used; best effort, outside of any group. */
    Future<Void> touchKeys(TenantId tenant, List<UUID> keys, Instant at);

    /**
     * Removes the rows of contents that no version names any more since before {@code until}, and returns where they were
     * kept, for the caller to unlink. Must be called by the owner, between groups. At most 1,000 at a time.
     */
    Future<List<BlobPlace>> collectBlobs(TenantId tenant, NodeId node, Epoch epoch, Instant until);

    /** Which of these places a row of the tenant names. */
    Future<List<BlobPlace>> knownBlobs(TenantId tenant, List<BlobPlace> places);

    /** Deletes up to {@code limit} rows of a tenant that is tombstoned; true when nothing is left of it. */
    Future<Boolean> purge(TenantId tenant, int limit);
}
