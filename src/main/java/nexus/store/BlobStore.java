package nexus.store;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.time.Instant;
import java.util.List;
import nexus.kernel.TenantId;
import org.jspecify.annotations.Nullable;

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

    /**
     * Contents of a tenant that were stored before {@code until}, for the search for orphans: at most {@code limit}, in the
     * store's own order. Uploads of that age that never ended are removed on the way.
     *
     * @param after the last content of the page before; null for the first page
     */
    Future<List<BlobPlace>> olderThan(TenantId tenant, Instant until, @Nullable BlobPlace after, int limit);

    /** The tenants that have anything stored; there may be others among them. */
    Future<List<TenantId>> tenants();

    /** Removes everything of a tenant. */
    Future<Void> removeAll(TenantId tenant);
}
