package nexus.http.json;

/** A text that is not the JSON it must be; the message says where and why, for the one who sent it. No stack trace. */
public final class JsonFormatException extends RuntimeException {
    /** Says why. */
    public JsonFormatException(String message) {
        super(message, null, false, false);
    }
}
