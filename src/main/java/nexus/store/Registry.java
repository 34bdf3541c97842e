package nexus.store;

import io.vertx.core.Future;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.lifecycle.TenantStatus;
import nexus.quota.Plan;
import nexus.quota.Usage;
import org.jspecify.annotations.Nullable;

/** Which tenants there are: the control plane's view, without anything of what is theirs. */
public interface Registry {
    /** The tenant of a name. */
    Future<Optional<TenantId>> find(ZoneName zone);

    /** The name of a tenant; empty for one that is deleted or never was, and for the reserved one. */
    Future<Optional<ZoneName>> nameOf(TenantId tenant);

    /** A page of the tenants in the order of their names; never the reserved one, never one that is deleted. */
    Future<List<Listed>> list(@Nullable ZoneName after, int limit);

    /** One tenant in the list. */
    record Listed(TenantId id, ZoneName zone, Instant createdAt) {}

    /** A page of the tenants in the order of their names, with their records and their usage. */
    Future<List<Registered>> records(Search search);

    /**
     * Which tenants; null: any.
     *
     * @param after only names behind this one
     * @param status as it is at {@code now}: a trial that is over is suspended
     */
    record Search(
            @Nullable ZoneName after,
            @Nullable Plan plan,
            @Nullable TenantStatus status,
            Instant now,
            int limit) {}

    /** One tenant as it is registered. */
    record Registered(TenantRecord record, Usage usage) {}

    /** Tenants to which something happens by itself that is due at an instant, the longest due first. */
    Future<List<TenantId>> due(Instant now, int limit);

    /** Tenants that are deleted but whose rows are not all collected yet. */
    Future<List<TenantId>> tombstones(int limit);

    /** Removes the last trace of a deleted tenant whose rows are all collected. */
    Future<Void> forget(TenantId tenant);

    /** The secrets of the keys' checksums by version; the first call on a fresh database makes version 1 of {@code fresh}. */
    Future<List<ChecksumSecret>> checksumSecrets(byte[] fresh);

    /** One secret; the highest version makes new keys. */
    record ChecksumSecret(int version, byte[] secret) {}
}
