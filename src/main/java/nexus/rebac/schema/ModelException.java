package nexus.rebac.schema;

import static java.util.Objects.requireNonNull;

/** A model that is refused: what is wrong with it and, when it came as text, where. */
public final class ModelException extends RuntimeException {
    private final Position position;

    ModelException(String message, Position position) {
        super(position.isKnown() ? position + ": " + message : message, null, false, false);
        this.position = position;
    }

    @Override
    public String getMessage() {
        return requireNonNull(super.getMessage());
    }

    /** Counted from 1; 0 when the model did not come as text. */
    public int line() {
        return position.line();
    }

    /** Counted from 1 in UTF-16 units; 0 when the model did not come as text. */
    public int column() {
        return position.column();
    }
}
