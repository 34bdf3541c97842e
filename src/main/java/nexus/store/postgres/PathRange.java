package nexus.store.postgres;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import nexus.kernel.WorkspacePath;
import nexus.store.TenantStore.FileRange;
import org.jspecify.annotations.Nullable;

/**
 * The paths from one on and before another, in the order of their bytes.
 *
 * <p>What is below {@code /a} starts with {@code /a/}, so it lies from {@code /a/} to before {@code /a0}: a zero follows the
 * slash. A path holds no control character, so nothing lies between a path and the same with one behind it.
 */
record PathRange(String from, String to) {
    /** Behind a text, and before everything that is longer. */
    private static final String NEXT = "\u0001";

    /** Behind every path. */
    private static final String END = "0";

    /** Behind every name: no character is greater, and it is no character of a text. */
    private static final String LAST_NAME = Character.toString(Character.MAX_CODE_POINT) + NEXT;

    /** Characters of a path that are in the index. */
    private static final int KEY_CHARS = 512;

    /** UTF-8 keeps the order of code points, and so does this; UTF-16's own order does not. */
    static final Comparator<String> BYTES = PathRange::compareBytes;

    /** Everything below a folder, itself not. */
    static PathRange below(String folder) {
        return folder.equals(WorkspacePath.ROOT)
                ? new PathRange(folder, END)
                : new PathRange(folder + "/", folder + "0");
    }

    /** Where a part of this folder's range begins, among the names of its children. */
    String nameFrom(PathRange part) {
        return part.from.substring(from.length());
    }

    /** Where a part of this folder's range ends, among the names of its children. */
    String nameTo(PathRange part) {
        return part.to.startsWith(from) ? part.to.substring(from.length()) : LAST_NAME;
    }

    /** The start of a path that the index knows. */
    static String key(String path) {
        return path.length() <= KEY_CHARS || path.codePointCount(0, path.length()) <= KEY_CHARS
                ? path
                : path.substring(0, path.offsetByCodePoints(0, KEY_CHARS));
    }

    /** The ranges of a listing: disjoint, in order. */
    static List<PathRange> of(FileRange wanted) {
        PathRange bounds = below(wanted.folder());
        String prefix = wanted.prefix();
        if (prefix != null) {
            bounds = bounds.and(startingWith(prefix));
        }
        String after = wanted.after();
        if (after != null) {
            bounds = bounds.and(new PathRange(after + NEXT, END));
        }
        List<PathRange> ranges = new ArrayList<>();
        for (String root : wanted.roots()) {
            if (!root.equals(WorkspacePath.ROOT)) {
                bounds.and(new PathRange(root, root + NEXT)).addTo(ranges);
            }
            bounds.and(below(root)).addTo(ranges);
        }
        ranges.sort(Comparator.comparing(PathRange::from, BYTES));
        return merged(ranges);
    }

    private static PathRange startingWith(String prefix) {
        String end = following(prefix);
        return new PathRange(prefix, end == null ? END : end);
    }

    /** The least text behind all that start with this one; null if there is none. */
    private static @Nullable String following(String prefix) {
        for (int end = prefix.length(); end > 0; ) {
            int last = prefix.codePointBefore(end);
            end -= Character.charCount(last);
            if (last < Character.MAX_CODE_POINT) {
                int next = last + 1 == Character.MIN_SURROGATE ? Character.MAX_SURROGATE + 1 : last + 1;
                return prefix.substring(0, end) + Character.toString(next);
            }
        }
        return null;
    }

    private PathRange and(PathRange other) {
        return new PathRange(
                compareBytes(from, other.from) >= 0 ? from : other.from,
                compareBytes(to, other.to) <= 0 ? to : other.to);
    }

    private void addTo(List<PathRange> ranges) {
        if (compareBytes(from, to) < 0) {
            ranges.add(this);
        }
    }

    /** Roots should not overlap; if they do, nothing is listed twice. */
    private static List<PathRange> merged(List<PathRange> sorted) {
        List<PathRange> ranges = new ArrayList<>();
        for (PathRange range : sorted) {
            PathRange last = ranges.isEmpty() ? null : ranges.get(ranges.size() - 1);
            if (last != null && compareBytes(range.from, last.to) <= 0) {
                String to = compareBytes(range.to, last.to) > 0 ? range.to : last.to;
                ranges.set(ranges.size() - 1, new PathRange(last.from, to));
            } else {
                ranges.add(range);
            }
        }
        return ranges;
    }

    private static int compareBytes(String a, String b) {
        int length = Math.min(a.length(), b.length());
        for (int i = 0; i < length; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                boolean bothOrNone = Character.isSurrogate(x) == Character.isSurrogate(y);
                return bothOrNone ? Character.compare(x, y) : Character.isSurrogate(x) ? 1 : -1;
            }
        }
        return Integer.compare(a.length(), b.length());
    }
}
