package nexus.rebac.schema;

import java.util.IdentityHashMap;

/**
 * Where the parts of a model stand in its text. Kept beside the model and by identity, so that equal rules in different
 * places are equal values.
 */
final class Positions {
    static final Positions NONE = new Positions();

    private final IdentityHashMap<Object, Position> positions = new IdentityHashMap<>();

    <T> T put(T part, Position position) {
        positions.put(part, position);
        return part;
    }

    Position of(Object part) {
        return positions.getOrDefault(part, Position.UNKNOWN);
    }
}
