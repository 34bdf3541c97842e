package nexus.http.rpc;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The memory that request bodies and collected contents of the whole server may take at the same time. What does not fit is
 * refused, never waited for. Thread-safe.
 */
public final class BodyMemory {
    private final AtomicLong used = new AtomicLong();
    private final long limit;

    /** Up to this many bytes. */
    public BodyMemory(long limit) {
        this.limit = limit;
    }

    /** Takes bytes, or says false and takes nothing. */
    public boolean reserve(long bytes) {
        if (used.addAndGet(bytes) > limit) {
            used.addAndGet(-bytes);
            return false;
        }
        return true;
    }

    /** Gives back what was taken. */
    public void release(long bytes) {
        used.addAndGet(-bytes);
    }

    /** What is taken at the moment. */
    public long used() {
        return used.get();
    }
}
