package nexus.store;

import nexus.kernel.Must;

/**
 * Where the blob store keeps one content: a name of its own for every upload, so that collecting an old copy can never take
 * a new upload of the same content with it.
 */
public record BlobPlace(String value) {
    /** A place, as {@code <hash>-<upload id>}. */
    public BlobPlace {
        Must.hold(!value.isEmpty() && value.indexOf('/') < 0 && !value.startsWith("."), "a plain name", value);
    }

    @Override
    public String toString() {
        return value;
    }
}
