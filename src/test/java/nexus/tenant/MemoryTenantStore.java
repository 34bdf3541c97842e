package nexus.tenant;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.BiConsumer;
import nexus.kernel.ContentHash;
import nexus.kernel.Epoch;
import nexus.kernel.FileId;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.quota.Usage;
import nexus.rebac.tuple.RelationTuple;
import nexus.store.AuditEntry;
import nexus.store.BlobPlace;
import nexus.store.Content;
import nexus.store.FileEntry;
import nexus.store.FileVersion;
import nexus.store.Group;
import nexus.store.KeyRecord;
import nexus.store.StoreException;
import nexus.store.StoreException.Reason;
import nexus.store.TenantRecord;
import nexus.store.TenantSnapshot;
import nexus.store.TenantStore;
import nexus.store.TupleRow;
import nexus.store.UserRecord;
import org.jspecify.annotations.Nullable;

/**
 * One tenant's rows in memory with the rules of the contract: epochs, fences, revisions, remembered outcomes. Faults are
 * injected; commits can be held back and let go by the test. Thread-safe by one lock.
 */
final class MemoryTenantStore implements TenantStore {
    /** What is to happen to the next commits, in order; nothing waits: they succeed. */
    enum Fate {
        /** It is committed, as without a fate. */
        COMMITTED,
        /** Nothing is committed, and that is known. */
        FAILS,
        /** Another node has taken the tenant meanwhile. */
        FENCED,
        /** It is committed, but the answer is lost. */
        COMMITTED_UNKNOWN,
        /** Nothing is committed, and the answer is lost. */
        LOST_UNKNOWN
    }

    final Deque<Fate> fates = new ArrayDeque<>();
    final List<Group> committed = new ArrayList<>();
    final List<Runnable> held = new ArrayList<>();
    boolean hold;
    /** Whether no content can be found: as if it had been dropped this very moment. */
    boolean contentsLost;

    int contentsAsked;
    int takes;
    long epoch;

    private TenantRecord record;
    private @Nullable NodeId owner;
    private long revision;
    private Instant lastAt;
    private Usage usage = Usage.NONE;
    private boolean gone;
    final Map<FileId, FileEntry> files = new LinkedHashMap<>();
    final Map<FileId, TreeMap<Long, FileVersion>> versions = new HashMap<>();
    final Map<ContentHash, Content> blobs = new HashMap<>();
    final Map<UUID, TupleRow> tuples = new LinkedHashMap<>();
    private final Map<UUID, KeyRecord> keys = new LinkedHashMap<>();
    private final Map<String, UserRecord> users = new LinkedHashMap<>();
    final List<AuditEntry> audit = new ArrayList<>();
    private final List<TenantSnapshot.RecentGroup> outcomes = new ArrayList<>();

    MemoryTenantStore(TenantRecord record, Instant now) {
        this.record = record;
        this.lastAt = now;
    }

    /** A key that is there from the start. */
    synchronized void seed(KeyRecord key) {
        keys.put(key.id().value(), key);
        users.put(key.subject(), new UserRecord(key.subject(), true, key.createdAt()));
        usage = new Usage(usage.users() + 1, usage.files(), usage.bytes());
    }

    synchronized void seed(TupleRow tuple) {
        tuples.put(tuple.id(), tuple);
    }

    synchronized Usage usage() {
        return usage;
    }

    /** What the rows add up to, counted anew. */
    synchronized Usage recount() {
        long bytes = 0;
        for (TreeMap<Long, FileVersion> history : versions.values()) {
            for (FileVersion version : history.values()) {
                bytes += version.size();
            }
        }
        long regular = files.values().stream().filter(file -> !file.directory()).count();
        long seats = keys.values().stream()
                .filter(key -> key.revokedAt() == null)
                .map(KeyRecord::userId)
                .distinct()
                .count();
        return new Usage(seats, regular, bytes);
    }

    synchronized @Nullable UserRecord user(String subject) {
        return users.get(subject);
    }

    synchronized List<KeyRecord> keysOf(String userId) {
        return keys.values().stream().filter(key -> key.userId().equals(userId)).toList();
    }

    /** Somebody else takes the tenant. */
    synchronized void stolen() {
        epoch++;
        owner = new NodeId(new UUID(7, 7));
    }

    @Override
    public synchronized Future<TenantSnapshot> take(
            TenantId tenant, NodeId node, BiConsumer<RelationTuple, @Nullable Instant> into) {
        takes++;
        if (gone) {
            return Future.failedFuture(new StoreException(Reason.TENANT_GONE, "gone"));
        }
        epoch++;
        owner = node;
        tuples.values().forEach(row -> into.accept(row.tuple(), row.expiresAt()));
        long bytes = audit.stream()
                .mapToLong(entry -> Draft.auditBytes(entry.line()))
                .sum();
        return Future.succeededFuture(new TenantSnapshot(
                record,
                new Epoch(epoch),
                revision,
                lastAt,
                usage,
                audit.size(),
                bytes,
                List.copyOf(keys.values()),
                List.copyOf(users.values()),
                List.copyOf(outcomes)));
    }

    @Override
    public synchronized Future<Void> release(TenantId tenant, NodeId node, Epoch of, Instant at) {
        if (of.value() == epoch) {
            owner = null;
        }
        return Future.succeededFuture();
    }

    @Override
    public synchronized Future<Void> commit(Group group) {
        if (!hold) {
            return now(group);
        }
        Promise<Void> promise = Promise.promise();
        held.add(() -> now(group).onComplete(promise));
        return promise.future();
    }

    private synchronized Future<Void> now(Group group) {
        if (gone || !group.node().equals(owner) || group.epoch().value() != epoch) {
            return Future.failedFuture(new StoreException(Reason.FENCED, "fenced"));
        }
        if (group.revision() != revision + 1) {
            throw new IllegalStateException("revision " + group.revision() + " after " + revision);
        }
        Fate fate = fates.poll();
        if (fate == Fate.FAILS) {
            return Future.failedFuture(new StoreException(Reason.FAILED, "injected"));
        }
        if (fate == Fate.FENCED) {
            stolen();
            return Future.failedFuture(new StoreException(Reason.FENCED, "injected"));
        }
        if (fate != Fate.LOST_UNKNOWN) {
            apply(group);
        }
        return fate == null || fate == Fate.COMMITTED
                ? Future.succeededFuture()
                : Future.failedFuture(new StoreException(Reason.OUTCOME_UNKNOWN, "injected"));
    }

    private void apply(Group group) {
        committed.add(group);
        revision = group.revision();
        lastAt = group.at();
        usage = group.usage();
        if (group.record() != null) {
            record = group.record();
        }
        if (group.folder() != null) {
            change(group.folder());
        }
        for (FileId id : group.filesRemoved()) {
            must(files.remove(id) != null, "a removed file was there");
            versions.remove(id);
        }
        for (FileEntry entry : group.filesPut()) {
            must(
                    files.values().stream()
                            .allMatch(other -> other.id().equals(entry.id())
                                    || !other.path().equals(entry.path())),
                    "one entry a path: " + entry.path());
            files.put(entry.id(), entry);
        }
        for (FileVersion version : group.versionsPut()) {
            versions.computeIfAbsent(version.file(), id -> new TreeMap<>()).put(version.version(), version);
        }
        for (Group.DroppedVersion dropped : group.versionsDropped()) {
            must(versions.get(dropped.file()).remove(dropped.version()) != null, "a dropped version was there");
        }
        group.blobsPut().forEach(content -> blobs.putIfAbsent(content.hash(), content));
        versions.values()
                .forEach(history -> history.values()
                        .forEach(version -> must(blobs.containsKey(version.hash()), "a version has its content")));
        for (UUID id : group.tuplesRemoved()) {
            must(tuples.remove(id) != null, "a removed tuple was there");
        }
        group.tuplesPut().forEach(row -> tuples.put(row.id(), row));
        group.keysPut().forEach(key -> keys.put(key.id().value(), key));
        for (String subject : group.usersRemoved()) {
            must(users.remove(subject) != null, "a removed user was there");
        }
        group.usersPut().forEach(user -> users.put(user.subject(), user));
        for (AuditEntry entry : group.audit()) {
            must(entry.sequence() == audit.size() + 1, "audit numbers have no gap");
            audit.add(entry);
        }
        if (group.outcome() != null) {
            outcomes.add(new TenantSnapshot.RecentGroup(
                    group.revision(), group.at(), group.outcome().replies()));
        }
        gone |= group.tombstone();
    }

    private void change(Group.Folder folder) {
        for (FileEntry entry : List.copyOf(files.values())) {
            if (!WorkspacePath.isWithin(entry.path(), folder.path())) {
                continue;
            }
            if (folder instanceof Group.Folder.Moved moved) {
                String path = moved.to() + entry.path().substring(folder.path().length());
                files.put(
                        entry.id(),
                        new FileEntry(
                                entry.id(),
                                path,
                                entry.directory(),
                                entry.version(),
                                entry.size(),
                                entry.hash(),
                                entry.createdAt(),
                                entry.modifiedAt(),
                                entry.createdBy(),
                                entry.retained()));
            } else {
                files.remove(entry.id());
                versions.remove(entry.id());
            }
        }
    }

    private static void must(boolean condition, String message) {
        if (!condition) {
            throw new IllegalStateException(message);
        }
    }

    @Override
    public synchronized Future<List<FileEntry>> entries(TenantId tenant, List<String> paths) {
        return Future.succeededFuture(files.values().stream()
                .filter(file -> paths.contains(file.path()))
                .toList());
    }

    @Override
    public synchronized Future<FolderTotals> folderTotals(TenantId tenant, String folder) {
        long entries = 0;
        long regular = 0;
        long bytes = 0;
        int deepest = 0;
        int longest = 0;
        for (FileEntry entry : files.values()) {
            if (WorkspacePath.isWithin(entry.path(), folder) && !entry.path().equals(folder)) {
                entries++;
                regular += entry.directory() ? 0 : 1;
                bytes += entry.retainedBytes();
                String below = entry.path().substring(folder.length());
                deepest = Math.max(
                        deepest, (int) below.chars().filter(c -> c == '/').count());
                longest = Math.max(longest, below.length());
            }
        }
        return Future.succeededFuture(new FolderTotals(entries, regular, bytes, deepest, longest));
    }

    @Override
    public synchronized Future<Optional<Content>> content(TenantId tenant, ContentHash hash) {
        contentsAsked++;
        return contentsLost ? Future.succeededFuture(Optional.empty()) : Future.succeededFuture(Optional.ofNullable(blobs.get(hash)));
    }

    @Override
    public synchronized Future<List<Content>> contents(TenantId tenant, List<ContentHash> hashes) {
        return Future.succeededFuture(hashes.stream().map(blobs::get).toList());
    }

    @Override
    public synchronized Future<List<FileEntry>> list(TenantId tenant, FileRange range) {
        return Future.succeededFuture(files.values().stream()
                .filter(file -> range.roots().stream().anyMatch(root -> WorkspacePath.isWithin(file.path(), root)))
                .filter(file -> WorkspacePath.isWithin(file.path(), range.folder())
                        && !file.path().equals(range.folder()))
                .filter(file -> !range.directChildren() || range.folder().equals(WorkspacePath.parentOf(file.path())))
                .filter(file -> range.prefix() == null || file.path().startsWith(range.prefix()))
                .filter(file -> range.after() == null || Queries.BY_BYTES.compare(file.path(), range.after()) > 0)
                .sorted((a, b) -> Queries.BY_BYTES.compare(a.path(), b.path()))
                .limit(range.limit())
                .toList());
    }

    @Override
    public synchronized Future<List<FileVersion>> versions(TenantId tenant, FileId file) {
        return Future.succeededFuture(List.copyOf(
                versions.getOrDefault(file, new TreeMap<>()).descendingMap().values()));
    }

    @Override
    public synchronized Future<Optional<TupleRow>> tuple(TenantId tenant, UUID id) {
        return Future.succeededFuture(Optional.ofNullable(tuples.get(id)));
    }

    @Override
    public synchronized Future<List<TupleRow>> tuples(TenantId tenant, TupleQuery query) {
        return Future.succeededFuture(List.copyOf(tuples.values()));
    }

    @Override
    public synchronized Future<List<AuditEntry>> audit(TenantId tenant, long after, int limit) {
        return Future.succeededFuture(audit.stream()
                .filter(entry -> entry.sequence() > after)
                .limit(limit)
                .toList());
    }

    @Override
    public Future<Void> touchKeys(TenantId tenant, List<UUID> used, Instant at) {
        return Future.succeededFuture();
    }

    @Override
    public Future<List<BlobPlace>> collectBlobs(TenantId tenant, NodeId node, Epoch of, Instant until) {
        return Future.succeededFuture(List.of());
    }

    @Override
    public Future<List<BlobPlace>> knownBlobs(TenantId tenant, List<BlobPlace> places) {
        return Future.succeededFuture(places);
    }

    @Override
    public Future<Boolean> purge(TenantId tenant, int limit) {
        return Future.succeededFuture(true);
    }
}
