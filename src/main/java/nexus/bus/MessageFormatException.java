package nexus.bus;

/** The bytes of a message from another node are none that this version of the protocol knows; the message says why. */
public final class MessageFormatException extends RuntimeException {
    MessageFormatException(String message) {
        super(message);
    }

    MessageFormatException(String message, Throwable cause) {
        super(message, cause);
    }
}
