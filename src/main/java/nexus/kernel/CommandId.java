package nexus.kernel;

import java.util.UUID;

/** The id of one command, made by the router: the same id never acts twice. */
public record CommandId(UUID value) {
    /** The id as 26 characters, see {@link Ulid}. */
    @Override
    public String toString() {
        return Ulid.print(value);
    }
}
