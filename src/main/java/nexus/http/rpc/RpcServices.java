package nexus.http.rpc;

import io.vertx.core.Future;
import io.vertx.core.WorkerExecutor;
import java.time.InstantSource;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import nexus.kernel.Ids;
import nexus.store.BlobStore;
import nexus.tenant.ApiKeys;
import nexus.tenant.TenantGateway;

/**
 * What the methods work with.
 *
 * @param ids makes command ids and key ids; from a cryptographic source
 * @param secrets the cryptographic source of new keys
 * @param ticker elapsed time in nanoseconds, as {@code System.nanoTime}
 * @param memory what bodies and collected contents may take
 * @param worker for work that would hold an event loop too long
 */
public record RpcServices(
        TenantGateway gateway,
        BlobStore blobs,
        ApiKeys keys,
        Ids ids,
        RandomGenerator secrets,
        InstantSource clock,
        LongSupplier ticker,
        BodyMemory memory,
        WorkerExecutor worker,
        RpcOptions options) {
    /** Does work that would hold an event loop too long; the future completes on the caller's. */
    <T> Future<T> offLoop(Callable<T> work) {
        return worker.executeBlocking(work, false).map(Objects::requireNonNull);
    }
}
