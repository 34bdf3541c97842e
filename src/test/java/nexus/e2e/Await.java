package nexus.e2e;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waits for a named condition until a deadline. */
public final class Await {
    private static final Duration LOOK_EVERY = Duration.ofMillis(10);

    private Await() {}

    /** Returns when the condition holds; fails with what was seen instead when the time is over. */
    public static void until(String what, Duration atMost, BooleanSupplier condition, Supplier<String> seen) {
        if (!happens(atMost, condition)) {
            throw new AssertionError("not within " + atMost.toMillis() + " ms: " + what + "; seen: " + seen.get());
        }
    }

    /** Whether the condition holds before the time is over. */
    public static boolean happens(Duration atMost, BooleanSupplier condition) {
        long end = System.nanoTime() + atMost.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                return false;
            }
            LockSupport.parkNanos(LOOK_EVERY.toNanos());
        }
        return true;
    }
}
