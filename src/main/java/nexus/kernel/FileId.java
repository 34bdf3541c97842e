package nexus.kernel;

import java.util.UUID;

/** The id of a file or directory through all its renames. */
public record FileId(UUID value) {
    /** The id as 26 characters, see {@link Ulid}. */
    @Override
    public String toString() {
        return Ulid.print(value);
    }
}
