package nexus.sim;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import nexus.kernel.ContentHash;
import nexus.kernel.TenantId;
import nexus.store.BlobPlace;
import nexus.store.BlobStore;
import nexus.store.Content;
import org.jspecify.annotations.Nullable;

/** The blob store of a simulation, which all processes share; what is stored survives them. */
final class SimBlobs {
    /** One in so many calls fails. */
    private static final int FAILURE_EVERY = 100;

    private final Scheduler scheduler;
    private final SplittableRandom chance;
    private final Map<TenantId, Map<BlobPlace, Stored>> stored = new LinkedHashMap<>();
    private long uploads;

    private record Stored(Buffer bytes, Instant at) {}

    SimBlobs(Scheduler scheduler) {
        this.scheduler = scheduler;
        this.chance = scheduler.chance();
    }

    /** The bytes at a place, or null. */
    @Nullable
    Buffer bytes(TenantId tenant, BlobPlace place) {
        Stored found = of(tenant).get(place);
        return found == null ? null : found.bytes;
    }

    private Map<BlobPlace, Stored> of(TenantId tenant) {
        return stored.computeIfAbsent(tenant, id -> new LinkedHashMap<>());
    }

    private Buffer present(TenantId tenant, BlobPlace place) throws IOException {
        Buffer bytes = bytes(tenant, place);
        if (bytes == null) {
            throw new IOException("nothing is at " + place);
        }
        return bytes;
    }

    private Content.Stored put(TenantId tenant, Buffer bytes) {
        ContentHash hash = ContentHash.of(bytes.getBytes());
        BlobPlace place = new BlobPlace(hash + "-" + ++uploads);
        of(tenant).put(place, new Stored(bytes, SimVertx.BEGINNING.plusNanos(scheduler.now())));
        return new Content.Stored(hash, bytes.length(), place);
    }

    /** The blob store as one process sees it. */
    BlobStore of(SimVertx process) {
        return new BlobStore() {
            private <T extends @Nullable Object> Future<T> call(Callable<T> work) {
                Promise<T> promise = Promise.promise();
                Duration there = Duration.ofNanos(200_000 + chance.nextInt(3_000_000));
                scheduler.after(there, () -> {
                    if (chance.nextInt(FAILURE_EVERY) == 0) {
                        process.run(() -> promise.fail(new IOException("the disk does not answer")));
                        return;
                    }
                    try {
                        T result = work.call();
                        process.run(() -> promise.complete(result));
                    } catch (Exception e) {
                        process.run(() -> promise.fail(e));
                    }
                });
                return promise.future();
            }

            @Override
            public Future<Content.Stored> put(TenantId tenant, Buffer bytes) {
                return call(() -> SimBlobs.this.put(tenant, bytes.copy()));
            }

            @Override
            public Future<Content.Stored> append(TenantId tenant, BlobPlace base, Buffer more) {
                return call(() -> SimBlobs.this.put(
                        tenant,
                        Buffer.buffer().appendBuffer(present(tenant, base)).appendBuffer(more)));
            }

            @Override
            public Future<Buffer> read(TenantId tenant, BlobPlace place, long start, int length) {
                return call(() -> present(tenant, place).getBuffer((int) start, (int) start + length));
            }

            @Override
            public Future<Void> remove(TenantId tenant, List<BlobPlace> places) {
                return call(() -> {
                    places.forEach(SimBlobs.this.of(tenant)::remove);
                    return null;
                });
            }

            @Override
            public Future<List<BlobPlace>> olderThan(
                    TenantId tenant, Instant until, @Nullable BlobPlace after, int limit) {
                return call(() -> {
                    List<BlobPlace> old = new ArrayList<>();
                    boolean[] behind = {after == null};
                    SimBlobs.this.of(tenant).forEach((place, content) -> {
                        if (behind[0] && content.at.isBefore(until) && old.size() < limit) {
                            old.add(place);
                        }
                        behind[0] |= place.equals(after);
                    });
                    return old;
                });
            }

            @Override
            public Future<List<TenantId>> tenants() {
                return call(() -> List.copyOf(stored.keySet()));
            }

            @Override
            public Future<Void> removeAll(TenantId tenant) {
                return call(() -> {
                    stored.remove(tenant);
                    return null;
                });
            }
        };
    }
}
