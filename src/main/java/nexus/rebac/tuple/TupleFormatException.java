package nexus.rebac.tuple;

/** What was to become a tuple or a part of one is not well formed; the message says why. */
public final class TupleFormatException extends IllegalArgumentException {
    TupleFormatException(String message) {
        super(message);
    }
}
