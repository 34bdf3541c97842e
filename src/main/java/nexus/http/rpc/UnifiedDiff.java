package nexus.http.rpc;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The difference of two texts in unified format, by Myers' algorithm with a bound.
 *
 * <p>Equal lines at both ends are set aside first. If what remains differs in more than {@link #EDITS} lines it is shown as
 * replaced as a whole: a correct difference, only not the shortest, for time and memory grow with the square.
 */
final class UnifiedDiff {
    /** Deleted plus inserted lines up to which the shortest difference is searched: some 4 MB of memory. */
    static final int EDITS = 1000;

    private static final int CONTEXT = 3;

    private final List<String> before;
    private final List<String> after;

    private UnifiedDiff(List<String> before, List<String> after) {
        this.before = before;
        this.after = after;
    }

    /** Lines {@code [fromStart, fromEnd)} become {@code [toStart, toEnd)}. */
    private record Change(int fromStart, int fromEnd, int toStart, int toEnd) {}

    /** The difference between two versions of a file; empty if there is none. */
    static String of(String path, long v1, long v2, byte[] first, byte[] second) {
        String from = path + " (v" + v1 + ")";
        String to = path + " (v" + v2 + ")";
        if (isBinary(first) || isBinary(second)) {
            return java.util.Arrays.equals(first, second) ? "" : "Binary files " + from + " and " + to + " differ\n";
        }
        UnifiedDiff diff = new UnifiedDiff(lines(first), lines(second));
        List<Change> changes = diff.changes();
        if (changes.isEmpty()) {
            return "";
        }
        StringBuilder out = new StringBuilder("--- " + from + "\n+++ " + to + "\n");
        diff.print(changes, out);
        return out.toString();
    }

    static boolean isBinary(byte[] bytes) {
        for (byte b : bytes) {
            if (b == 0) {
                return true;
            }
        }
        return false;
    }

    /** The lines with their ends, so that a missing last line end is a difference. */
    private static List<String> lines(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        List<String> lines = new ArrayList<>();
        for (int start = 0; start < text.length(); ) {
            int end = text.indexOf('\n', start);
            int next = end < 0 ? text.length() : end + 1;
            lines.add(text.substring(start, next));
            start = next;
        }
        return lines;
    }

    private List<Change> changes() {
        int head = 0;
        int shorter = Math.min(before.size(), after.size());
        while (head < shorter && before.get(head).equals(after.get(head))) {
            head++;
        }
        int fromEnd = before.size();
        int toEnd = after.size();
        while (fromEnd > head && toEnd > head && before.get(fromEnd - 1).equals(after.get(toEnd - 1))) {
            fromEnd--;
            toEnd--;
        }
        return fromEnd == head && toEnd == head ? List.of() : myers(head, fromEnd, toEnd);
    }

    private List<Change> myers(int head, int fromEnd, int toEnd) {
        int n = fromEnd - head;
        int m = toEnd - head;
        int max = Math.min(EDITS, n + m);
        List<int[]> trace = new ArrayList<>();
        int[] furthest = new int[2 * max + 3];
        int middle = max + 1;
        for (int edits = 0; edits <= max; edits++) {
            // What is kept is only what this round can have changed.
            trace.add(java.util.Arrays.copyOfRange(furthest, middle - edits - 1, middle + edits + 2));
            for (int k = -edits; k <= edits; k += 2) {
                boolean down = k == -edits || (k != edits && furthest[middle + k - 1] < furthest[middle + k + 1]);
                int x = down ? furthest[middle + k + 1] : furthest[middle + k - 1] + 1;
                int y = x - k;
                while (x < n && y < m && before.get(head + x).equals(after.get(head + y))) {
                    x++;
                    y++;
                }
                furthest[middle + k] = x;
                if (x >= n && y >= m) {
                    return walkBack(trace, head, n, m, edits);
                }
            }
        }
        return List.of(new Change(head, fromEnd, head, toEnd));
    }

    private static List<Change> walkBack(List<int[]> trace, int head, int n, int m, int edits) {
        List<Change> changes = new ArrayList<>();
        int x = n;
        int y = m;
        for (int d = edits; d > 0; d--) {
            int[] furthest = trace.get(d);
            int middle = d + 1;
            int k = x - y;
            boolean down = k == -d || (k != d && furthest[middle + k - 1] < furthest[middle + k + 1]);
            int fromK = down ? k + 1 : k - 1;
            int fromX = furthest[middle + fromK];
            int fromY = fromX - fromK;
            int editX = down ? fromX : fromX + 1;
            int editY = down ? fromY + 1 : fromY;
            prepend(changes, new Change(head + fromX, head + editX, head + fromY, head + editY));
            x = fromX;
            y = fromY;
        }
        java.util.Collections.reverse(changes);
        return changes;
    }

    /** Adds an edit before the ones so far (which are in reverse order), joined with its neighbour if they touch. */
    private static void prepend(List<Change> changes, Change edit) {
        if (!changes.isEmpty()) {
            Change next = changes.get(changes.size() - 1);
            if (edit.fromEnd() == next.fromStart() && edit.toEnd() == next.toStart()) {
                changes.set(
                        changes.size() - 1, new Change(edit.fromStart(), next.fromEnd(), edit.toStart(), next.toEnd()));
                return;
            }
        }
        changes.add(edit);
    }

    private void print(List<Change> changes, StringBuilder out) {
        int i = 0;
        while (i < changes.size()) {
            int last = i;
            while (last + 1 < changes.size()
                    && changes.get(last + 1).fromStart() - changes.get(last).fromEnd() <= 2 * CONTEXT) {
                last++;
            }
            hunk(changes.subList(i, last + 1), out);
            i = last + 1;
        }
    }

    private void hunk(List<Change> changes, StringBuilder out) {
        Change first = changes.get(0);
        Change last = changes.get(changes.size() - 1);
        int fromStart = Math.max(0, first.fromStart() - CONTEXT);
        int toStart = first.toStart() - (first.fromStart() - fromStart);
        int fromEnd = Math.min(before.size(), last.fromEnd() + CONTEXT);
        int toEnd = last.toEnd() + (fromEnd - last.fromEnd());
        out.append("@@ -").append(range(fromStart, fromEnd));
        out.append(" +").append(range(toStart, toEnd)).append(" @@\n");
        int at = fromStart;
        for (Change change : changes) {
            lines(before, at, change.fromStart(), ' ', out);
            lines(before, change.fromStart(), change.fromEnd(), '-', out);
            lines(after, change.toStart(), change.toEnd(), '+', out);
            at = change.fromEnd();
        }
        lines(before, at, fromEnd, ' ', out);
    }

    private static String range(int start, int end) {
        int length = end - start;
        // An empty range names the line before it.
        int line = length == 0 ? start : start + 1;
        return length == 1 ? Integer.toString(line) : line + "," + length;
    }

    private static void lines(List<String> lines, int start, int end, char mark, StringBuilder out) {
        for (int i = start; i < end; i++) {
            String line = lines.get(i);
            out.append(mark).append(line);
            if (!line.endsWith("\n")) {
                out.append("\n\\ No newline at end of file\n");
            }
        }
    }
}
