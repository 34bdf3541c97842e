package nexus.rebac.tuple;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A tuple as the index holds it.
 *
 * @param expiresAt from this instant on the tuple is dead; null: it lives until it is removed
 */
public record StoredTuple(RelationTuple tuple, @Nullable Instant expiresAt) {

    public boolean isAliveAt(Instant now) {
        return expiresAt == null || now.isBefore(expiresAt);
    }
}
