package nexus.sim;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;
import nexus.kernel.ContentHash;
import nexus.kernel.Epoch;
import nexus.kernel.FileId;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.rebac.tuple.RelationTuple;
import nexus.sim.SimDatabase.Loss;
import nexus.store.AuditEntry;
import nexus.store.BlobPlace;
import nexus.store.Content;
import nexus.store.FileEntry;
import nexus.store.FileVersion;
import nexus.store.Group;
import nexus.store.KeyedReply;
import nexus.store.TenantSnapshot;
import nexus.store.TenantStore;
import nexus.store.TupleRow;
import nexus.tenant.MemoryTenant;
import org.jspecify.annotations.Nullable;

/** The tenants' rows as one process sees them: through the network to the {@link SimDatabase}. */
final class SimStore implements TenantStore {
    /** Tuples that come in one piece; between the pieces the loop does other things. */
    private static final int PIECE = 3;

    private final SimDatabase database;
    private final SimVertx process;
    private final Supplier<List<NodeId>> dead;

    /** @param dead the nodes that this one has watched to be dead */
    SimStore(SimDatabase database, SimVertx process, Supplier<List<NodeId>> dead) {
        this.database = database;
        this.process = process;
        this.dead = dead;
    }

    private <T> Future<T> read(TenantId tenant, String what, Function<MemoryTenant, T> query) {
        return database.call(
                process, what + " " + tenant, null, Loss.FAILURE, () -> query.apply(database.tenant(tenant)));
    }

    // ---- ownership
    // --------------------------------------------------------------------------------------------------

    private record Tuple(RelationTuple tuple, @Nullable Instant expiresAt) {}

    private record Loading(TenantSnapshot snapshot, Deque<Tuple> tuples) {}

    /** Two round trips, as the real one: the take, then what is loaded in one snapshot. */
    @Override
    public Future<TenantSnapshot> take(
            TenantId tenant, NodeId node, BiConsumer<RelationTuple, @Nullable Instant> tuples) {
        ContextInternal caller = ContextInternal.current();
        List<NodeId> watched = dead.get();
        return database.call(
                        process, "take " + tenant, tenant, Loss.FAILURE, () -> database.take(tenant, node, watched))
                .compose(epoch -> read(tenant, "load", rows -> load(rows, node, epoch)))
                .compose(loading -> {
                    Promise<TenantSnapshot> promise = Promise.promise();
                    caller.runOnContext(v -> feed(caller, loading, tuples, promise));
                    return promise.future();
                });
    }

    private Loading load(MemoryTenant rows, NodeId node, Epoch epoch) {
        Deque<Tuple> tuples = new ArrayDeque<>();
        TenantSnapshot snapshot =
                rows.load(node, epoch, database.clock(), (tuple, expiresAt) -> tuples.add(new Tuple(tuple, expiresAt)));
        return new Loading(snapshot, tuples);
    }

    private static void feed(
            ContextInternal caller,
            Loading loading,
            BiConsumer<RelationTuple, @Nullable Instant> into,
            Promise<TenantSnapshot> promise) {
        for (int i = 0; i < PIECE && !loading.tuples.isEmpty(); i++) {
            Tuple tuple = loading.tuples.remove();
            into.accept(tuple.tuple, tuple.expiresAt);
        }
        if (loading.tuples.isEmpty()) {
            promise.complete(loading.snapshot);
        } else {
            caller.runOnContext(v -> feed(caller, loading, into, promise));
        }
    }

    @Override
    public Future<Void> release(TenantId tenant, NodeId node, Epoch epoch, Instant at) {
        return database.call(process, "release " + tenant, tenant, Loss.FAILURE, () -> {
            database.tenant(tenant).release(node, epoch, at);
            return null;
        });
    }

    @Override
    public Future<Void> commit(Group group) {
        return database.call(
                process,
                "commit " + group.tenant() + " " + group.epoch() + "/" + group.revision(),
                group.tenant(),
                Loss.UNKNOWN,
                () -> database.commit(group));
    }

    // ---- reading
    // ----------------------------------------------------------------------------------------------------

    @Override
    public Future<List<FileEntry>> entries(TenantId tenant, List<String> paths) {
        List<String> asked = List.copyOf(paths);
        return read(tenant, "entries", rows -> rows.entries(asked));
    }

    @Override
    public Future<FolderTotals> folderTotals(TenantId tenant, String folder) {
        return read(tenant, "totals", rows -> rows.folderTotals(folder));
    }

    @Override
    public Future<Optional<Content>> content(TenantId tenant, ContentHash hash) {
        return read(tenant, "content", rows -> rows.content(hash));
    }

    @Override
    public Future<List<Content>> contents(TenantId tenant, List<ContentHash> hashes) {
        List<ContentHash> asked = List.copyOf(hashes);
        return read(tenant, "contents", rows -> rows.contents(asked));
    }

    @Override
    public Future<List<FileEntry>> list(TenantId tenant, FileRange range) {
        return read(tenant, "list", rows -> rows.list(range));
    }

    @Override
    public Future<List<FileVersion>> versions(TenantId tenant, FileId file) {
        return read(tenant, "versions", rows -> rows.versions(file));
    }

    @Override
    public Future<Optional<TupleRow>> tuple(TenantId tenant, UUID id) {
        return read(tenant, "tuple", rows -> rows.tuple(id));
    }

    @Override
    public Future<Optional<KeyedReply>> keyedReply(TenantId tenant, UUID key) {
        return read(tenant, "keyed reply", rows -> rows.keyedReply(key));
    }

    @Override
    public Future<List<TupleRow>> tuples(TenantId tenant, TupleQuery query) {
        return read(tenant, "tuples", rows -> rows.tuples(query));
    }

    @Override
    public Future<List<AuditEntry>> audit(TenantId tenant, AuditRange range) {
        return read(tenant, "audit", rows -> rows.audit(range));
    }

    @Override
    public Future<Long> auditSince(TenantId tenant, Instant since, long last) {
        return read(tenant, "audit since", rows -> rows.auditSince(since, last));
    }

    @Override
    public Future<AuditLinks> auditLinks(TenantId tenant, long after, int limit) {
        return read(tenant, "audit links", rows -> rows.auditLinks(after, limit));
    }

    // ---- what no group does
    // -----------------------------------------------------------------------------------------

    @Override
    public Future<Void> touchKeys(TenantId tenant, List<UUID> keys, Instant at) {
        List<UUID> used = new ArrayList<>(keys);
        return database.call(process, "touch keys " + tenant, null, Loss.UNKNOWN, () -> {
            database.tenant(tenant).touchKeys(used, at);
            return null;
        });
    }

    @Override
    public Future<List<BlobPlace>> collectBlobs(TenantId tenant, NodeId node, Epoch epoch, Instant until) {
        return database.call(
                process,
                "collect " + tenant,
                tenant,
                Loss.UNKNOWN,
                () -> database.tenant(tenant).collectBlobs(node, epoch, until));
    }

    @Override
    public Future<List<BlobPlace>> knownBlobs(TenantId tenant, List<BlobPlace> places) {
        List<BlobPlace> asked = List.copyOf(places);
        return read(tenant, "known blobs", rows -> rows.knownBlobs(asked));
    }

    @Override
    public Future<Boolean> purge(TenantId tenant, int limit) {
        return database.call(process, "purge " + tenant, null, Loss.UNKNOWN, () -> {
            database.tenant(tenant).purge();
            return true;
        });
    }
}
