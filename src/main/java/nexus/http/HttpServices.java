package nexus.http;

import java.time.InstantSource;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import nexus.kernel.Ids;
import nexus.store.BlobStore;
import nexus.store.Leases;
import nexus.tenant.ApiKeys;
import nexus.tenant.Telemetry;
import nexus.tenant.TenantGateway;

/**
 * What the HTTP server works with. All must be usable from any event loop.
 *
 * @param ids makes command, key and error ids; from a cryptographic source
 * @param secrets the cryptographic source of new keys
 * @param ticker elapsed time in nanoseconds, as {@code System.nanoTime}
 * @param leases of the nodes, for {@code /v1/cluster}
 * @param ready whether {@code /ready} says yes
 * @param metrics the text of {@code /metrics}, in the format of Prometheus
 */
public record HttpServices(
        TenantGateway gateway,
        Leases leases,
        BlobStore blobs,
        ApiKeys keys,
        Telemetry telemetry,
        Ids ids,
        RandomGenerator secrets,
        InstantSource clock,
        LongSupplier ticker,
        BooleanSupplier ready,
        Supplier<String> metrics) {}
