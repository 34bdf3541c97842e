package nexus.store;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.time.Instant;
import java.util.List;
import nexus.kernel.TenantId;

/** Large contents, one tenant's apart from another's. What {@link #put} returned is durable. */
public interface BlobStore {
    /** Stores a content and hashes it; when the future completes it survives a crash. */
    Future<Content.Stored> put(TenantId tenant, Buffer bytes);

    /** A content made of a stored one and more bytes behind it. */
    Future<Content.Stored> append(TenantId tenant, BlobPlace base, Buffer more);

    /** {@code length} bytes from {@code start}; fails if the content is shorter. */
    Future<Buffer> read(TenantId tenant, BlobPlace place, long start, int length);

    /** Removes contents; those that are gone already do not matter. */
    Future<Void> remove(TenantId tenant, List<BlobPlace> places);

    /** Contents of a tenant that were stored before {@code until}, at most {@code limit}, for the search for orphans. */
    Future<List<BlobPlace>> olderThan(TenantId tenant, Instant until, int limit);

    /** The tenants that have anything stored. */
    Future<List<TenantId>> tenants();

    /** Removes everything of a tenant. */
    Future<Void> removeAll(TenantId tenant);
}
