package nexus.sim;

import java.util.ArrayDeque;
import java.util.Deque;

/** What has happened, for whoever has to understand a failure: the last events in words, and a fingerprint of all. */
final class Trace {
    private final int kept;
    private final Deque<Line> last = new ArrayDeque<>();
    private long count;
    private long fingerprint;

    private record Line(long nanos, String who, String what) {
        @Override
        public String toString() {
            return String.format("%12.3f %s: %s", nanos / 1e6, who, what);
        }
    }

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
        last.addLast(new Line(nanos, who, what));
    }

    /** Two runs of the same seed must have the same. */
    long fingerprint() {
        return fingerprint;
    }

    long count() {
        return count;
    }

    /** The last events, a line each, at most so many. */
    String text(int lines) {
        int told = Math.min(lines, last.size());
        StringBuilder text = new StringBuilder();
        if (count > told) {
            text.append("... ").append(count - told).append(" events before\n");
        }
        last.stream().skip(last.size() - told).forEach(line -> text.append(line).append('\n'));
        return text.toString();
    }
}
