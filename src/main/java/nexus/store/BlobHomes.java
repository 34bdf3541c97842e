package nexus.store;

import io.vertx.core.Future;
import java.util.Optional;
import java.util.UUID;
import nexus.kernel.TenantId;
import org.jspecify.annotations.Nullable;

/** What a database knows about the place of its large contents. */
public interface BlobHomes {
    /**
     * Whose contents, and where.
     *
     * @param database the id that the database has from its birth on
     * @param home null until the first server has recorded it
     */
    record Known(UUID database, @Nullable BlobHome home) {}

    /** A content that a row names. */
    record Named(TenantId tenant, BlobPlace place) {}

    /** What is known. */
    Future<Known> known();

    /** Records a home unless one is recorded already: that one stays. */
    Future<Void> record(BlobHome home);

    /** Some content that a row names, if any does: for the first server that records a home. Asks every tenant in turn. */
    Future<Optional<Named>> anyContent();
}
