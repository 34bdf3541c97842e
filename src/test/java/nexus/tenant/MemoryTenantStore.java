package nexus.tenant;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import nexus.kernel.ContentHash;
import nexus.kernel.Epoch;
import nexus.kernel.FileId;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.quota.Usage;
import nexus.rebac.tuple.RelationTuple;
import nexus.store.AuditEntry;
import nexus.store.BlobPlace;
import nexus.store.Content;
import nexus.store.FileEntry;
import nexus.store.FileVersion;
import nexus.store.Group;
import nexus.store.KeyRecord;
import nexus.store.KeyedReply;
import nexus.store.StoreException;
import nexus.store.StoreException.Reason;
import nexus.store.TenantRecord;
import nexus.store.TenantSnapshot;
import nexus.store.TenantStore;
import nexus.store.TupleRow;
import nexus.store.UserRecord;
import org.jspecify.annotations.Nullable;

/**
 * The store of one tenant in memory, whoever takes it owns it. Faults are injected; commits can be held back and let go by the
 * test. Thread-safe by one lock.
 */
final class MemoryTenantStore implements TenantStore {
    /** What is to happen to the next commits, in order; nothing waits: they succeed. */
    enum Fate {
        /** It is committed, and that is known. */
        SUCCEEDS,
        /** Nothing is committed, and that is known. */
        FAILS,
        /** It is committed, but the answer is lost. */
        COMMITTED_UNKNOWN,
        /** Nothing is committed, and the answer is lost. */
        LOST_UNKNOWN
    }

    final Deque<Fate> fates = new ArrayDeque<>();
    final List<Group> committed = new ArrayList<>();
    final List<Runnable> held = new ArrayList<>();
    boolean hold;
    boolean holdTouches;
    boolean refusesTakes;
    /** What somebody with access to the database makes of the audit log. */
    UnaryOperator<AuditLinks> meddled = links -> links;

    /** Whether no content can be found: as if it had been dropped this very moment. */
    boolean contentsLost;

    int contentsAsked;
    int takes;
    int commits;

    private final Promise<Void> touches = Promise.promise();
    private final MemoryTenant rows;
    final Map<FileId, FileEntry> files;
    final Map<UUID, TupleRow> tuples;
    final List<AuditEntry> audit;

    MemoryTenantStore(TenantRecord record, Instant now) {
        this.rows = new MemoryTenant(record, now);
        this.files = rows.files;
        this.tuples = rows.tuples;
        this.audit = rows.audit;
    }

    /** A key that is there from the start. */
    synchronized void seed(KeyRecord key) {
        rows.seed(key);
    }

    synchronized void seed(TupleRow tuple) {
        rows.seed(tuple);
    }

    synchronized Usage usage() {
        return rows.usage();
    }

    /** What the rows add up to, counted anew. */
    synchronized Usage recount() {
        return rows.recount();
    }

    synchronized @Nullable UserRecord user(String subject) {
        return rows.users().get(subject);
    }

    synchronized List<KeyRecord> keysOf(String userId) {
        return rows.keys().values().stream()
                .filter(key -> key.userId().equals(userId))
                .toList();
    }

    /** Somebody else takes the tenant. */
    synchronized void stolen() {
        rows.take(new NodeId(new UUID(7, 7)));
    }

    @Override
    public synchronized Future<TenantSnapshot> take(
            TenantId tenant, NodeId node, BiConsumer<RelationTuple, @Nullable Instant> into) {
        takes++;
        if (refusesTakes) {
            return Future.failedFuture(new StoreException(Reason.FAILED, "injected"));
        }
        return answer(() -> rows.load(node, rows.take(node), Instant.MAX, into));
    }

    @Override
    public synchronized Future<Void> release(TenantId tenant, NodeId node, Epoch of, Instant at) {
        rows.release(node, of, at);
        return Future.succeededFuture();
    }

    @Override
    public synchronized Future<Void> commit(Group group) {
        commits++;
        if (!hold) {
            return now(group);
        }
        Promise<Void> promise = Promise.promise();
        held.add(() -> now(group).onComplete(promise));
        return promise.future();
    }

    private synchronized Future<Void> now(Group group) {
        Fate fate = fates.peek();
        if (fate == Fate.FAILS) {
            fates.remove();
            return Future.failedFuture(new StoreException(Reason.FAILED, "injected"));
        }
        if (fate != Fate.LOST_UNKNOWN) {
            Future<Void> done = answer(() -> {
                rows.commit(group);
                committed.add(group);
                return null;
            });
            if (done.failed()) {
                return done;
            }
        }
        fates.poll();
        return fate == null || fate == Fate.SUCCEEDS
                ? Future.succeededFuture()
                : Future.failedFuture(new StoreException(Reason.OUTCOME_UNKNOWN, "injected"));
    }

    /** Also a bug of the actor is an answer, as the database gives one: whoever waits for the group does not wait for ever. */
    private static <T extends @Nullable Object> Future<T> answer(Supplier<T> transaction) {
        try {
            return Future.succeededFuture(transaction.get());
        } catch (StoreException | IllegalStateException e) {
            return Future.failedFuture(e);
        }
    }

    @Override
    public synchronized Future<List<FileEntry>> entries(TenantId tenant, List<String> paths) {
        return Future.succeededFuture(rows.entries(paths));
    }

    @Override
    public synchronized Future<FolderTotals> folderTotals(TenantId tenant, String folder) {
        return Future.succeededFuture(rows.folderTotals(folder));
    }

    @Override
    public synchronized Future<Optional<Content>> content(TenantId tenant, ContentHash hash) {
        contentsAsked++;
        return Future.succeededFuture(contentsLost ? Optional.empty() : rows.content(hash));
    }

    @Override
    public synchronized Future<List<Content>> contents(TenantId tenant, List<ContentHash> hashes) {
        return Future.succeededFuture(rows.contents(hashes));
    }

    @Override
    public synchronized Future<List<FileEntry>> list(TenantId tenant, FileRange range) {
        return Future.succeededFuture(rows.list(range));
    }

    @Override
    public synchronized Future<List<FileVersion>> versions(TenantId tenant, FileId file) {
        return Future.succeededFuture(rows.versions(file));
    }

    @Override
    public synchronized Future<Optional<TupleRow>> tuple(TenantId tenant, UUID id) {
        return Future.succeededFuture(rows.tuple(id));
    }

    @Override
    public synchronized Future<Optional<KeyedReply>> keyedReply(TenantId tenant, UUID key) {
        return Future.succeededFuture(rows.keyedReply(key));
    }

    @Override
    public synchronized Future<List<TupleRow>> tuples(TenantId tenant, TupleQuery query) {
        return Future.succeededFuture(rows.tuples(query));
    }

    @Override
    public synchronized Future<List<AuditEntry>> audit(TenantId tenant, AuditRange range) {
        return Future.succeededFuture(rows.audit(range));
    }

    @Override
    public synchronized Future<Long> auditSince(TenantId tenant, Instant since, long last) {
        return Future.succeededFuture(rows.auditSince(since, last));
    }

    @Override
    public synchronized Future<AuditLinks> auditLinks(TenantId tenant, long after, int limit) {
        return Future.succeededFuture(meddled.apply(rows.auditLinks(after, limit)));
    }

    @Override
    public synchronized Future<Void> touchKeys(TenantId tenant, List<UUID> used, Instant at) {
        rows.touchKeys(used, at);
        return holdTouches ? touches.future() : Future.succeededFuture();
    }

    void letTouchesGo() {
        touches.complete();
    }

    @Override
    public synchronized Future<List<BlobPlace>> collectBlobs(TenantId tenant, NodeId node, Epoch of, Instant until) {
        return answer(() -> rows.collectBlobs(node, of, until));
    }

    @Override
    public synchronized Future<List<BlobPlace>> knownBlobs(TenantId tenant, List<BlobPlace> places) {
        return Future.succeededFuture(rows.knownBlobs(places));
    }

    @Override
    public synchronized Future<Boolean> purge(TenantId tenant, int limit) {
        rows.purge();
        return Future.succeededFuture(true);
    }
}
