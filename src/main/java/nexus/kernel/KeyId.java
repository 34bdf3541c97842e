package nexus.kernel;

import java.util.UUID;

/** The id of an API key. */
public record KeyId(UUID value) {
    /** The id as 26 characters, see {@link Ulid}. */
    @Override
    public String toString() {
        return Ulid.print(value);
    }
}
