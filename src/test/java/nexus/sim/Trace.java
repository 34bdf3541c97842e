package nexus.sim;

import java.util.ArrayDeque;
import java.util.Deque;

/** What has happened, for whoever has to understand a failure: the last events in words, and a fingerprint of all. */
final class Trace {
    private final int kept;
    private final Deque<String> last = new ArrayDeque<>();
    private long count;
    private long fingerprint;

    /**
     * Nothing has happened.
     *
     * @param kept how many of the last events are kept
     */
    Trace(int kept) {
        this.kept = kept;
    }

    void note(long nanos, String who, String what) {
        count++;
        fingerprint = (fingerprint * 31 + nanos) * 31 + what.hashCode() * 31L + who.hashCode();
        if (last.size() == kept) {
            last.removeFirst();
        }
        last.addLast(millis(nanos) + " " + who + ": " + what);
    }

    /** Two runs of the same seed must have the same. */
    long fingerprint() {
        return fingerprint;
    }

    long count() {
        return count;
    }

    /** The last events, a line each. */
    String text() {
        StringBuilder text = new StringBuilder();
        if (count > last.size()) {
            text.append("... ").append(count - last.size()).append(" events before\n");
        }
        last.forEach(line -> text.append(line).append('\n'));
        return text.toString();
    }

    private static String millis(long nanos) {
        return String.format("%12.3f", nanos / 1e6);
    }
}
