package nexus.benchmarks;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiConsumer;
import nexus.kernel.ContentHash;
import nexus.kernel.Epoch;
import nexus.kernel.FileId;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.quota.Usage;
import nexus.rebac.tuple.RelationTuple;
import nexus.store.AuditChain;
import nexus.store.AuditEntry;
import nexus.store.BlobPlace;
import nexus.store.Content;
import nexus.store.FileEntry;
import nexus.store.FileVersion;
import nexus.store.Group;
import nexus.store.KeyedReply;
import nexus.store.KeyRecord;
import nexus.store.TenantRecord;
import nexus.store.TenantSnapshot;
import nexus.store.TenantStore;
import nexus.store.TupleRow;
import nexus.store.UserRecord;

/**
 * A store that keeps nothing but the directories and commits at once: in the next turn of the caller's event loop, so that
 * commands that come together make a group, as with a real one.
 */
final class InstantStore implements TenantStore {
    private final TenantRecord record;
    private final List<KeyRecord> keys;
    private final List<RelationTuple> tuples;
    private final Map<String, FileEntry> directories = new HashMap<>();
    private volatile long groups;
    private volatile Thread thread;

    InstantStore(TenantRecord record, List<KeyRecord> keys, List<RelationTuple> tuples) {
        this.record = record;
        this.keys = keys;
        this.tuples = tuples;
    }

    /** Groups that were committed. */
    long groups() {
        return groups;
    }

    /** Where the tenant runs. */
    Thread thread() {
        return thread;
    }

    @Override
    public Future<TenantSnapshot> take(TenantId tenant, NodeId node, BiConsumer<RelationTuple, Instant> into) {
        thread = Thread.currentThread();
        tuples.forEach(tuple -> into.accept(tuple, null));
        List<UserRecord> users = keys.stream()
                .map(key -> new UserRecord(key.subject(), true, key.createdAt()))
                .toList();
        return Future.succeededFuture(new TenantSnapshot(
                record,
                new Epoch(1),
                0,
                record.createdAt(),
                new Usage(keys.size(), 0, 0),
                0,
                0,
                AuditChain.start(record.id()),
                keys,
                users,
                List.of(),
                List.of()));
    }

    @Override
    public Future<Void> commit(Group group) {
        groups = groups + 1;
        for (FileEntry entry : group.filesPut()) {
            if (entry.directory()) {
                directories.put(entry.path(), entry);
            }
        }
        Context context = Vertx.currentContext();
        Promise<Void> committed = Promise.promise();
        context.runOnContext(v -> committed.complete());
        return committed.future();
    }

    @Override
    public Future<List<FileEntry>> entries(TenantId tenant, List<String> paths) {
        return Future.succeededFuture(
                paths.stream().map(directories::get).filter(Objects::nonNull).toList());
    }

    @Override
    public Future<Void> release(TenantId tenant, NodeId node, Epoch epoch, Instant at) {
        return Future.succeededFuture();
    }

    @Override
    public Future<Void> touchKeys(TenantId tenant, List<UUID> used, Instant at) {
        return Future.succeededFuture();
    }

    // ---- what the benchmark never asks for
    // ---------------------------------------------------------------------------

    private static <T> Future<T> notAsked() {
        return Future.failedFuture(new UnsupportedOperationException("the benchmark does not need it"));
    }

    @Override
    public Future<FolderTotals> folderTotals(TenantId tenant, String folder) {
        return notAsked();
    }

    @Override
    public Future<Optional<Content>> content(TenantId tenant, ContentHash hash) {
        return notAsked();
    }

    @Override
    public Future<List<Content>> contents(TenantId tenant, List<ContentHash> hashes) {
        return notAsked();
    }

    @Override
    public Future<List<FileEntry>> list(TenantId tenant, FileRange range) {
        return notAsked();
    }

    @Override
    public Future<List<FileVersion>> versions(TenantId tenant, FileId file) {
        return notAsked();
    }

    @Override
    public Future<Optional<TupleRow>> tuple(TenantId tenant, UUID id) {
        return notAsked();
    }

    @Override
    public Future<Optional<KeyedReply>> keyedReply(TenantId tenant, UUID key) {
        return notAsked();
    }

    @Override
    public Future<List<TupleRow>> tuples(TenantId tenant, TupleQuery query) {
        return notAsked();
    }

    @Override
    public Future<List<AuditEntry>> audit(TenantId tenant, AuditRange range) {
        return notAsked();
    }

    @Override
    public Future<Long> auditSince(TenantId tenant, Instant since, long last) {
        return notAsked();
    }

    @Override
    public Future<AuditLinks> auditLinks(TenantId tenant, long after, int limit) {
        return notAsked();
    }

    @Override
    public Future<List<BlobPlace>> collectBlobs(TenantId tenant, NodeId node, Epoch epoch, Instant until) {
        return notAsked();
    }

    @Override
    public Future<List<BlobPlace>> knownBlobs(TenantId tenant, List<BlobPlace> places) {
        return notAsked();
    }

    @Override
    public Future<Boolean> purge(TenantId tenant, int limit) {
        return notAsked();
    }
}
