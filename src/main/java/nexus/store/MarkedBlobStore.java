package nexus.store;

import io.vertx.core.Future;
import java.util.Optional;

/** Large contents in a place outside of the database, which bears a marker that says whose place it is. */
public interface MarkedBlobStore extends BlobStore {
    /** What the marker is called in the place. */
    String MARKER = "nexus-blobs.json";

    /** The most bytes of a marker that are read: several times what one has. */
    int MARKER_BYTES = 1024;

    /** The text of the marker, if the place bears one. */
    Future<Optional<String>> marker();

    /** Puts a marker, durably, unless the place bears one already: that one stays. */
    Future<Void> mark(String text);
}
