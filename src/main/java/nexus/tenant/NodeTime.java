package nexus.tenant;

import java.time.Instant;

/** The node's view of time and of its own right to act. Thread-safe. */
public interface NodeTime {
    /** The database's time, as well as this node knows it; microseconds. */
    Instant now();

    /** Nanoseconds of a clock that only moves forward, for measuring. */
    long nanoTime();

    /** Whether the node's lease surely still holds: past that nothing is answered. */
    boolean isTrusted();
}
