package nexus.store.postgres;

import static java.util.concurrent.TimeUnit.SECONDS;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import nexus.kernel.ContentHash;
import nexus.kernel.Epoch;
import nexus.kernel.FileId;
import nexus.kernel.Ids;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.RelationTuple;
import nexus.rebac.tuple.SubjectRef;
import nexus.store.Content;
import nexus.store.FileEntry;
import nexus.store.FileVersion;
import nexus.store.Group;
import nexus.store.Leases;
import nexus.store.StoreException;
import nexus.store.TenantRecord;
import nexus.store.TenantSnapshot;
import nexus.store.TupleRow;
import org.junit.jupiter.api.Assertions;

/** A database of its own with one node in it. */
final class StoreFixture implements AutoCloseable {
    static final Instant T0 = Instant.parse("2026-01-23T10:00:00Z");
    static final Duration TERM = Duration.ofSeconds(60);

    final Vertx vertx = Vertx.vertx();
    final String url;
    final Random random = new Random(7);
    final Ids ids = new Ids(InstantSource.system(), random);
    final NodeId node = new NodeId(ids.next());
    final PgDatabase database;
    final PgTenantStore store;
    final PgRegistry registry;
    final PgLeases leases;
    final PgBlobStore blobs;
    private final Map<TenantId, Long> revisions =
            new TreeMap<>((a, b) -> a.value().compareTo(b.value()));

    StoreFixture() {
        this(TestServer.freshDatabase());
    }

    StoreFixture(String url) {
        this.url = url;
        this.database = await(PgDatabase.open(vertx, PgOptions.of(url), node));
        this.store = new PgTenantStore(database);
        this.registry = new PgRegistry(database);
        this.leases = new PgLeases(database);
        this.blobs = new PgBlobStore(vertx, database, ids);
        Assertions.assertEquals(List.of(), await(leases.join(node, "test", Leases.Mode.CLUSTER, TERM)));
    }

    static <T> T await(Future<T> future) {
        try {
            return future.await(20, SECONDS);
        } catch (java.util.concurrent.TimeoutException e) {
            throw new AssertionError("no answer in 20 s", e);
        }
    }

    static StoreException.Reason reason(Future<?> future) {
        StoreException e = Assertions.assertThrows(StoreException.class, () -> await(future));
        return e.reason();
    }

    TenantSnapshot take(TenantId tenant) {
        TenantSnapshot snapshot = await(store.take(tenant, node, (tuple, expiry) -> {}));
        revisions.put(tenant, snapshot.revision());
        return snapshot;
    }

    /** A new tenant that this node has taken; the reserved tenant must be taken for that. */
    Owned tenant(String zone) {
        Epoch system = take(TenantId.SYSTEM).epoch();
        TenantId tenant = new TenantId(ids.next());
        GroupBuilder group = next(TenantId.SYSTEM, system);
        group.tenantsMade.add(new Group.Founding(TenantRecord.created(tenant, new ZoneName(zone), T0), null));
        await(store.commit(group.build()));
        return new Owned(tenant, take(tenant).epoch());
    }

    GroupBuilder next(TenantId tenant, Epoch epoch) {
        long revision = revisions.merge(tenant, 1L, Long::sum);
        return new GroupBuilder(tenant, node, epoch, revision);
    }

    /** The next group will have this revision plus one. */
    void rewind(TenantId tenant, long revision) {
        revisions.put(tenant, revision);
    }

    /** A tenant that the fixture's node owns. */
    final class Owned {
        final TenantId id;
        final Epoch epoch;

        Owned(TenantId id, Epoch epoch) {
            this.id = id;
            this.epoch = epoch;
        }

        GroupBuilder next() {
            return StoreFixture.this.next(id, epoch);
        }

        void commit(GroupBuilder group) {
            await(store.commit(group.build()));
        }

        StoreException.Reason refused(GroupBuilder group) {
            StoreException.Reason reason = reason(store.commit(group.build()));
            rewind(id, group.revision - 1);
            return reason;
        }
    }

    FileEntry file(String path, Content content) {
        return file(new FileId(ids.next()), path, 1, content);
    }

    static FileEntry file(FileId id, String path, long version, Content content) {
        return new FileEntry(id, path, false, version, content.size(), content.hash(), T0, T0, "user:alice", List.of());
    }

    FileEntry directory(String path) {
        return FileEntry.directory(new FileId(ids.next()), path, T0, "user:alice");
    }

    static FileVersion version(FileEntry file) {
        return new FileVersion(
                file.id(), file.version(), file.size(), file.contentHash(), T0, "user:alice", "original", null);
    }

    static Content.Inline content(String text) {
        return Content.Inline.of(text.getBytes(StandardCharsets.UTF_8));
    }

    static TupleRow tuple(String objectId, String relation, String subjectId) {
        RelationTuple tuple =
                new RelationTuple(new ObjectRef("file", objectId), relation, new SubjectRef("user", subjectId, ""));
        String text = objectId + "#" + relation + "@" + subjectId;
        UUID id = UUID.nameUUIDFromBytes(
                ContentHash.of(text.getBytes(StandardCharsets.UTF_8)).hex().getBytes(StandardCharsets.UTF_8));
        return new TupleRow(id, tuple, T0, null);
    }

    List<String> rows(String sql) {
        return TestServer.rows(url, sql);
    }

    void execute(String sql) {
        TestServer.execute(url.substring(url.lastIndexOf('/') + 1), sql);
    }

    @Override
    public void close() {
        await(blobs.close());
        await(database.close());
        await(vertx.close());
    }
}
