package nexus.store;

import java.time.Instant;
import java.util.UUID;
import nexus.rebac.tuple.RelationTuple;
import org.jspecify.annotations.Nullable;

/**
 * A stored tuple with what listings show of it.
 *
 * @param id derived from the tuple itself, so that granting twice names the same tuple
 */
public record TupleRow(
        UUID id,
        RelationTuple tuple,
        Instant createdAt,
        @Nullable Instant expiresAt) {}
