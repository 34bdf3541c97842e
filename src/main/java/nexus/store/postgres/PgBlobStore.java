package nexus.store.postgres;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.io.EOFException;
import java.io.IOException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import nexus.kernel.ContentHash;
import nexus.kernel.Ids;
import nexus.kernel.Limits;
import nexus.kernel.Must;
import nexus.kernel.Problem;
import nexus.kernel.TenantId;
import nexus.kernel.Ulid;
import nexus.store.BlobName;
import nexus.store.BlobPlace;
import nexus.store.BlobStore;
import nexus.store.Content;
import nexus.store.StoreException;
import nexus.store.StoreException.Reason;
import org.jspecify.annotations.Nullable;

/**
 * Contents as rows: chunks that are found by the upload and their position in it.
 *
 * <p><b>Durable.</b> A content is written window by window, each a transaction of its own, so that none is long whatever the
 * content's size. The last chunk carries the hash, and a content without that chunk is none: it cannot be read, and it goes
 * when its age is asked for, see {@link #olderThan}. Nobody knows the place of an upload before its last commit.
 *
 * <p><b>Bounded.</b> A window is what a call has in memory besides what its caller hands over or asks for. The connections
 * are the contents' own ({@link PgDatabase#contentBatch}), and calls are refused when too many wait for them.
 *
 * <p><b>Hashing</b> a large content takes longer than an event loop may be held up: it happens on threads of its own.
 */
public final class PgBlobStore implements BlobStore {
    /** Bytes in a row. Between 64 KiB and 1 MiB no size was faster than another. */
    static final int CHUNK = 256 * Limits.KIB;

    /**
     * Bytes in a transaction: what is in flight to or from the database for one call. A quarter of it halves the speed of
     * writing, because every commit is a disk's flush; four times as much gains nothing.
     */
    static final int WINDOW = Limits.MIB;

    /** Chunks that one transaction deletes, 64 MiB: half a second of the ten that a statement has. */
    static final int DELETED_CHUNKS = 256;

    /** Unfinished uploads that one search removes: more than a crash leaves; the next search finds the rest. */
    private static final int UNFINISHED = 1000;

    /** Calls that are under way or wait for a connection; one more is refused. */
    static final int CALLS = 256;

    private static final int HASHING_THREADS = 2;

    private final PgDatabase database;
    private final Ids ids;
    private final WorkerExecutor hashing;
    private final AtomicInteger calls = new AtomicInteger();

    /** The store in an open database. The ids are used by several threads. */
    public PgBlobStore(Vertx vertx, PgDatabase database, Ids ids) {
        this.database = database;
        this.ids = ids;
        this.hashing = vertx.createSharedWorkerExecutor("nexus-blob-hash", HASHING_THREADS);
    }

    /** Ends the threads; the database stays open. */
    public Future<Void> close() {
        return hashing.close();
    }

    // -------------------------------------------------------------------------------------------------------- writing

    private static final String INSERT = """
            INSERT INTO blob_chunk (tenant_id, upload, position, content, hash) VALUES ($1, $2, $3, $4, $5)""";

    @Override
    public Future<Content.Stored> put(TenantId tenant, Buffer bytes) {
        return run(() -> write(tenant, new Joined(tenant, null, 0, bytes)));
    }

    @Override
    public Future<Content.Stored> append(TenantId tenant, BlobPlace base, Buffer more) {
        return run(() -> {
            BlobName name = BlobName.of(base);
            return size(tenant, name).compose(size -> write(tenant, new Joined(tenant, name, size, more)));
        });
    }

    /** What is to be written: a stored content, if there is one, and more bytes behind it. */
    private final class Joined {
        private final TenantId tenant;
        private final @Nullable BlobName base;
        private final long baseSize;
        private final Buffer more;

        Joined(TenantId tenant, @Nullable BlobName base, long baseSize, Buffer more) {
            this.tenant = tenant;
            this.base = base;
            this.baseSize = baseSize;
            this.more = more;
        }

        long size() {
            return baseSize + more.length();
        }

        Future<Buffer> window(long start, int length) {
            if (base == null || start >= baseSize) {
                return Future.succeededFuture(tail(start, length));
            }
            int stored = (int) Math.min(length, baseSize - start);
            return window(base, start, stored)
                    .map(bytes -> stored == length ? bytes : bytes.appendBuffer(tail(baseSize, length - stored)));
        }

        private Future<Buffer> window(BlobName name, long start, int length) {
            return PgBlobStore.this.window(tenant, name, start, length);
        }

        private Buffer tail(long start, int length) {
            int from = (int) (start - baseSize);
            return more.slice(from, from + length);
        }
    }

    private Future<Content.Stored> write(TenantId tenant, Joined content) {
        UUID upload = ids.next();
        MessageDigest digest = ContentHash.newDigest();
        return writeFrom(0, tenant, upload, digest, content)
                .map(hash -> new Content.Stored(hash, content.size(), new BlobName(hash, upload).place()))
                .recover(e -> deleteAll(tenant, DELETE_UPLOADS, (Object) new UUID[] {upload})
                        .transform(deleted -> Future.failedFuture(e)));
    }

    private Future<ContentHash> writeFrom(
            long start, TenantId tenant, UUID upload, MessageDigest digest, Joined content) {
        int length = (int) Math.min(WINDOW, content.size() - start);
        boolean last = start + length == content.size();
        return content.window(start, length)
                .compose(bytes -> hashed(digest, bytes, last)
                        .compose(hash -> database.contentBatch(tenant, chunks(tenant, upload, start, bytes, hash))
                                .compose(written -> hash == null
                                        ? writeFrom(start + length, tenant, upload, digest, content)
                                        : Future.succeededFuture(hash))));
    }

    /** The hash, once the last bytes have gone into it. */
    @SuppressWarnings("NullAway") // Vert.x cannot say that a blocking call gives back what the work returns.
    private Future<@Nullable ContentHash> hashed(MessageDigest digest, Buffer bytes, boolean last) {
        return hashing.executeBlocking(
                () -> {
                    digest.update(bytes.getBytes());
                    return last ? ContentHash.ofDigest(digest.digest()) : null;
                },
                false);
    }

    private static List<Step> chunks(
            TenantId tenant, UUID upload, long start, Buffer bytes, @Nullable ContentHash hash) {
        List<Step> steps = new ArrayList<>(WINDOW / CHUNK);
        int at = 0;
        do {
            int end = Math.min(at + CHUNK, bytes.length());
            Buffer mark = hash != null && end == bytes.length() ? Rows.bytes(hash) : null;
            steps.add(Step.of(INSERT, tenant.value(), upload, start + at, bytes.slice(at, end), mark));
            at = end;
        } while (at < bytes.length());
        return steps;
    }

    // -------------------------------------------------------------------------------------------------------- reading

    private static final String SIZE = """
            SELECT position + octet_length(content) AS size
            FROM blob_chunk
            WHERE tenant_id = $1 AND upload = $2 AND hash = $3""";

    private static final String WINDOW_FROM = """
            SELECT substring(c.content FROM greatest($4 - c.position, 0)::integer + 1
                             FOR least($5 - greatest(c.position, $4), octet_length(c.content))::integer) AS part
            FROM blob_chunk c
            WHERE c.tenant_id = $1
              AND c.upload = $2
              AND c.position < $5
              AND c.position >= (
                SELECT b.position FROM blob_chunk b
                WHERE b.tenant_id = $1 AND b.upload = $2 AND b.position <= $4
                ORDER BY b.position DESC
                LIMIT 1)
              AND EXISTS (SELECT FROM blob_chunk e WHERE e.tenant_id = $1 AND e.upload = $2 AND e.hash = $3)
            ORDER BY c.position""";

    @Override
    public Future<Buffer> read(TenantId tenant, BlobPlace place, long start, int length) {
        return run(() -> {
            BlobName name = BlobName.of(place);
            Must.hold(start >= 0 && length >= 0, "a range of a content", start, length);
            return length == 0
                    ? readNothing(tenant, name, start)
                    : readOn(tenant, name, start, length, Buffer.buffer(length));
        });
    }

    private Future<Buffer> readNothing(TenantId tenant, BlobName name, long start) {
        return size(tenant, name)
                .compose(size -> start <= size
                        ? Future.succeededFuture(Buffer.buffer())
                        : Future.failedFuture(shorter(name, start, 0)));
    }

    private Future<Buffer> readOn(TenantId tenant, BlobName name, long start, int length, Buffer read) {
        int wanted = Math.min(WINDOW, length - read.length());
        return window(tenant, name, start + read.length(), wanted).compose(bytes -> {
            read.appendBuffer(bytes);
            return read.length() == length ? Future.succeededFuture(read) : readOn(tenant, name, start, length, read);
        });
    }

    /** Exactly so many bytes of a content that is whole. */
    private Future<Buffer> window(TenantId tenant, BlobName name, long start, int length) {
        return database.contentQuery(
                        tenant,
                        Step.of(
                                WINDOW_FROM,
                                tenant.value(),
                                name.upload(),
                                Rows.bytes(name.hash()),
                                start,
                                start + length))
                .compose(rows -> {
                    Buffer bytes = Buffer.buffer(length);
                    rows.forEach(row -> bytes.appendBuffer(row.getBuffer("part")));
                    return bytes.length() == length
                            ? Future.succeededFuture(bytes)
                            : Future.failedFuture(shorter(name, start, length));
                });
    }

    private Future<Long> size(TenantId tenant, BlobName name) {
        return database.contentQuery(tenant, Step.of(SIZE, tenant.value(), name.upload(), Rows.bytes(name.hash())))
                .compose(rows -> {
                    for (Row row : rows) {
                        return Future.succeededFuture(row.getLong("size"));
                    }
                    return Future.failedFuture(new EOFException("there is no content " + name));
                });
    }

    private static EOFException shorter(BlobName name, long start, int length) {
        return new EOFException("content " + name + " has no " + length + " bytes from " + start);
    }

    // ------------------------------------------------------------------------------------------------------- removing

    /**
     * The first chunk goes last: what a crash leaves of a content is an upload without an end, and is found by its
     * beginning.
     */
    static final String DELETE_UPLOADS = """
            DELETE FROM blob_chunk
            WHERE tenant_id = $1
              AND ctid = ANY (ARRAY (
                SELECT c.place
                FROM unnest($3::uuid[]) AS doomed (upload)
                CROSS JOIN LATERAL (
                    SELECT b.ctid AS place FROM blob_chunk b
                    WHERE b.tenant_id = $1 AND b.upload = doomed.upload
                    ORDER BY b.position DESC) AS c
                LIMIT $2))""";

    private static final String DELETE_ALL = """
            DELETE FROM blob_chunk
            WHERE tenant_id = $1
              AND ctid = ANY (ARRAY (SELECT ctid FROM blob_chunk WHERE tenant_id = $1 LIMIT $2))""";

    @Override
    public Future<Void> remove(TenantId tenant, List<BlobPlace> places) {
        return run(() -> deleteAll(tenant, DELETE_UPLOADS, (Object) uploads(places)));
    }

    private static UUID[] uploads(List<BlobPlace> places) {
        return places.stream().map(place -> BlobName.of(place).upload()).toArray(UUID[]::new);
    }

    @Override
    public Future<Void> removeAll(TenantId tenant) {
        return run(() -> deleteAll(tenant, DELETE_ALL));
    }

    /** Deletes slice by slice. */
    private Future<Void> deleteAll(TenantId tenant, String sql, Object... which) {
        Tuple args = Tuple.of(tenant.value(), (long) DELETED_CHUNKS);
        for (Object one : which) {
            args.addValue(one);
        }
        return database.contentBatch(tenant, List.of(new Step(sql, args)))
                .compose(answers -> answers.get(0).rowCount() < DELETED_CHUNKS
                        ? Future.succeededFuture()
                        : deleteAll(tenant, sql, which));
    }

    // -------------------------------------------------------------------------------------------------------- finding

    private static final String OLDER = """
            SELECT upload, hash
            FROM blob_chunk
            WHERE tenant_id = $1 AND hash IS NOT NULL AND upload < $2 AND ($3::uuid IS NULL OR upload > $3)
            ORDER BY upload
            LIMIT $4""";

    private static final String UNFINISHED_OLDER = """
            SELECT c.upload
            FROM blob_chunk c
            WHERE c.tenant_id = $1
              AND c.upload < $2
              AND c.position = 0
              AND NOT EXISTS (
                SELECT FROM blob_chunk e WHERE e.tenant_id = $1 AND e.upload = c.upload AND e.hash IS NOT NULL)
            LIMIT $3""";

    private static final String TENANTS = """
            SELECT id FROM tenant ORDER BY id""";

    /** {@inheritDoc} The age is that of the upload's id, and so is the order. */
    @Override
    public Future<List<BlobPlace>> olderThan(TenantId tenant, Instant until, @Nullable BlobPlace after, int limit) {
        UUID youngest = Ulid.of(until.toEpochMilli(), 0, 0);
        return run(() -> {
            UUID behind = after == null ? null : BlobName.of(after).upload();
            Future<Void> swept = behind == null ? removeUnfinished(tenant, youngest) : Future.succeededFuture();
            return swept.compose(v -> database.contentQuery(
                            tenant, Step.of(OLDER, tenant.value(), youngest, behind, (long) limit)))
                    .map(PgBlobStore::places);
        });
    }

    private Future<Void> removeUnfinished(TenantId tenant, UUID youngest) {
        return database.contentQuery(tenant, Step.of(UNFINISHED_OLDER, tenant.value(), youngest, (long) UNFINISHED))
                .compose(rows -> rows.size() == 0
                        ? Future.succeededFuture()
                        : deleteAll(tenant, DELETE_UPLOADS, (Object) uploads(rows)));
    }

    private static UUID[] uploads(RowSet<Row> rows) {
        List<UUID> uploads = new ArrayList<>(rows.size());
        rows.forEach(row -> uploads.add(row.getUUID("upload")));
        return uploads.toArray(UUID[]::new);
    }

    private static List<BlobPlace> places(RowSet<Row> rows) {
        List<BlobPlace> places = new ArrayList<>(rows.size());
        rows.forEach(row -> places.add(
                new BlobName(ContentHash.ofDigest(row.getBuffer("hash").getBytes()), row.getUUID("upload")).place()));
        return List.copyOf(places);
    }

    /** {@inheritDoc} All tenants: which of them have chunks, row security shows to themselves only. */
    @Override
    public Future<List<TenantId>> tenants() {
        return run(() -> database.control()
                .query(TENANTS)
                .execute()
                .recover(e -> Future.failedFuture(PgFailures.of(e)))
                .map(rows -> {
                    List<TenantId> tenants = new ArrayList<>(rows.size());
                    rows.forEach(row -> tenants.add(new TenantId(row.getUUID("id"))));
                    return List.copyOf(tenants);
                }));
    }

    // -------------------------------------------------------------------------------------------------------- waiting

    private <T> Future<T> run(Supplier<Future<T>> call) {
        if (calls.incrementAndGet() > CALLS) {
            calls.decrementAndGet();
            return Future.failedFuture(Problem.overloaded("the blob store has " + CALLS + " calls under way")
                    .exception());
        }
        return Future.<Void>succeededFuture()
                .compose(v -> call.get())
                .onComplete(done -> calls.decrementAndGet())
                .recover(PgBlobStore::failure);
    }

    /** An unknown outcome is a failure here: nobody names an upload whose place was not given out. */
    private static <T> Future<T> failure(Throwable e) {
        return Future.failedFuture(
                e instanceof IOException || e instanceof StoreException
                        ? new StoreException(Reason.FAILED, "the blob store failed", e)
                        : e);
    }
}
