package nexus.http.rpc;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import nexus.kernel.ContentHash;
import nexus.kernel.TenantId;
import nexus.store.BlobPlace;
import nexus.store.BlobStore;
import nexus.store.Content;
import org.jspecify.annotations.Nullable;

/** Blobs in a map, and how often each of its methods was called. */
public final class MemoryBlobs implements BlobStore {
    private final ConcurrentMap<String, byte[]> blobs = new ConcurrentHashMap<>();
    private final AtomicInteger serial = new AtomicInteger();
    private final AtomicInteger largestRead = new AtomicInteger();

    private static String key(TenantId tenant, BlobPlace place) {
        return tenant + "/" + place;
    }

    public int count() {
        return blobs.size();
    }

    /** The largest piece that was ever read at once. */
    public int largestRead() {
        return largestRead.get();
    }

    public Content.Stored store(TenantId tenant, byte[] bytes) {
        ContentHash hash = ContentHash.of(bytes);
        BlobPlace place = new BlobPlace(hash.hex() + "-" + serial.incrementAndGet());
        blobs.put(key(tenant, place), bytes);
        return new Content.Stored(hash, bytes.length, place);
    }

    @Override
    public Future<Content.Stored> put(TenantId tenant, Buffer bytes) {
        return Future.succeededFuture(store(tenant, bytes.getBytes()));
    }

    @Override
    public Future<Content.Stored> append(TenantId tenant, BlobPlace base, Buffer more) {
        return Future.failedFuture(new UnsupportedOperationException());
    }

    @Override
    public Future<Buffer> read(TenantId tenant, BlobPlace place, long start, int length) {
        largestRead.accumulateAndGet(length, Math::max);
        byte[] bytes = blobs.get(key(tenant, place));
        return bytes == null
                ? Future.failedFuture(new IllegalStateException("no such blob"))
                : Future.succeededFuture(Buffer.buffer(bytes).getBuffer((int) start, (int) start + length));
    }

    @Override
    public Future<Void> remove(TenantId tenant, List<BlobPlace> places) {
        places.forEach(place -> blobs.remove(key(tenant, place)));
        return Future.succeededFuture();
    }

    @Override
    public Future<List<BlobPlace>> olderThan(TenantId tenant, Instant until, @Nullable BlobPlace after, int limit) {
        return Future.failedFuture(new UnsupportedOperationException());
    }

    @Override
    public Future<List<TenantId>> tenants() {
        return Future.failedFuture(new UnsupportedOperationException());
    }

    @Override
    public Future<Void> removeAll(TenantId tenant) {
        return Future.failedFuture(new UnsupportedOperationException());
    }
}
