package nexus.kernel;

import java.util.UUID;

/** The id of one incarnation of a server process, never reused. */
public record NodeId(UUID value) {
    /** The id as 26 characters, see {@link Ulid}. */
    @Override
    public String toString() {
        return Ulid.print(value);
    }
}
