package nexus.store;

import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import nexus.kernel.ContentHash;
import nexus.kernel.Must;
import nexus.kernel.Ulid;

/**
 * What the name of a place says: which content it is, and when it was uploaded. Every store of ours names its places so, and
 * contents can be copied from one store to another.
 *
 * @param upload its time is the upload's
 */
public record BlobName(ContentHash hash, UUID upload) {
    private static final Pattern SHAPE = Pattern.compile("[0-9a-f]{64}-[0-9a-z]{26}");
    private static final int HASH_LENGTH = 64;

    /** The name that a text is, if it is one. */
    public static Optional<BlobName> parse(String text) {
        if (!SHAPE.matcher(text).matches() || !Ulid.isValid(text.substring(HASH_LENGTH + 1))) {
            return Optional.empty();
        }
        return Optional.of(new BlobName(
                new ContentHash(text.substring(0, HASH_LENGTH)), Ulid.parse(text.substring(HASH_LENGTH + 1))));
    }

    /** The name of a place; a place that no store of ours made is a bug of the caller. */
    public static BlobName of(BlobPlace place) {
        Optional<BlobName> name = parse(place.value());
        Must.hold(name.isPresent(), "a place that a store made", place);
        return name.orElseThrow();
    }

    /** The place that has this name. */
    public BlobPlace place() {
        return new BlobPlace(hash + "-" + Ulid.print(upload));
    }

    /** The first two digits of the hash: what directories of contents are called, so that none becomes too large. */
    public String fanOut() {
        return hash.hex().substring(0, 2);
    }

    /** Whether the upload began before a time. */
    public boolean isOlderThan(Instant until) {
        return isOlderThan(upload, until);
    }

    /** Whether an upload began before a time. */
    public static boolean isOlderThan(UUID upload, Instant until) {
        return upload.getMostSignificantBits() >>> 16 < until.toEpochMilli();
    }

    @Override
    public String toString() {
        return place().value();
    }
}
