package nexus.kernel;

import java.util.Arrays;

/** Checks of our own invariants, on in production too: a failure is a bug of ours, never the caller's mistake. */
public final class Must {
    private Must() {}

    /** Throws when the condition does not hold; the message names the invariant, the values what was seen. */
    public static void hold(boolean condition, String message) {
        if (!condition) {
            throw new IllegalStateException("BUG: " + message);
        }
    }

    /** As {@link #hold(boolean, String)}, with the value that was seen. */
    public static void hold(boolean condition, String message, long value) {
        if (!condition) {
            throw new IllegalStateException("BUG: " + message + ": " + value);
        }
    }

    /** As {@link #hold(boolean, String)}, with the values that were seen. */
    public static void hold(boolean condition, String message, Object... values) {
        if (!condition) {
            throw new IllegalStateException("BUG: " + message + ": " + Arrays.toString(values));
        }
    }
}
