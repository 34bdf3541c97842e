package nexus.embedded;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** The end of a wait for something that sends no event: a file of PostgreSQL, or a process that is not our child. */
final class Deadline {

    private static final Duration LOOK_EVERY = Duration.ofMillis(3);

    private final long end;

    private Deadline(long end) {
        this.end = end;
    }

    static Deadline in(Duration time) {
        return new Deadline(System.nanoTime() + time.toNanos());
    }

    boolean isPassed() {
        return System.nanoTime() - end >= 0;
    }

    /** Returns a little later, or at once on an interrupted thread: who loops decides what an interrupt means. */
    void pause() {
        LockSupport.parkNanos(LOOK_EVERY.toNanos());
    }

    /** Waits until the condition holds, and says whether it did. An interrupt does not end the wait. */
    boolean await(BooleanSupplier condition) {
        boolean interrupted = false;
        boolean held = condition.getAsBoolean();
        while (!held && !isPassed()) {
            pause();
            interrupted |= Thread.interrupted();
            held = condition.getAsBoolean();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return held;
    }
}
