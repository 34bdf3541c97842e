package nexus.embedded;

import org.jspecify.annotations.Nullable;

/**
 * The data directory or its database cannot be used. The message is written for the operator and is complete without a
 * stack trace.
 */
public final class EmbeddedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    EmbeddedException(String message) {
        super(message);
    }

    EmbeddedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
