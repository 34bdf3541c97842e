package nexus.http.rpc;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.LongSupplier;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import org.jspecify.annotations.Nullable;

/**
 * Finds the lines of a content in which a pattern matches. Patterns are RE2's: matching takes time linear in the text, never
 * exponential, and stops at a deadline. Literal patterns skip the machine. Immutable; for any thread.
 */
final class LineSearch {
    /** The most repetitions that counted quantifiers may multiply to: each is a copy of what it repeats. */
    private static final int REPEATS = 1000;

    private static final String SPECIAL = "\\^$.|?*+()[]{}";
    private static final int CHECK_EVERY = 4096;

    private final @Nullable String literal;
    private final @Nullable Pattern pattern;
    private final LongSupplier ticker;
    private final long deadline;

    /**
     * A line that matches.
     *
     * @param line from 1
     */
    record Hit(int line, String content, String match) {}

    /**
     * The pattern of a text.
     *
     * @param deadline on the ticker's scale
     */
    LineSearch(String text, boolean ignoreCase, LongSupplier ticker, long deadline) {
        if (text.isEmpty() || text.length() > Limits.PATTERN_CHARS) {
            throw Problem.invalid("parameter 'pattern' must have 1 to " + Limits.PATTERN_CHARS + " characters")
                    .exception();
        }
        this.ticker = ticker;
        this.deadline = deadline;
        boolean plain = !ignoreCase && text.chars().noneMatch(c -> SPECIAL.indexOf(c) >= 0);
        this.literal = plain ? text : null;
        this.pattern = plain ? null : compile(text, ignoreCase);
    }

    private static Pattern compile(String text, boolean ignoreCase) {
        long repeats = 1;
        for (int open = text.indexOf('{'); open >= 0; open = text.indexOf('{', open + 1)) {
            repeats *= Math.max(1, largestCount(text, open + 1));
            if (repeats > REPEATS) {
                throw Problem.invalid("parameter 'pattern' repeats more than " + REPEATS + " times by its counts")
                        .exception();
            }
        }
        try {
            return Pattern.compile(text, ignoreCase ? Pattern.CASE_INSENSITIVE : 0);
        } catch (PatternSyntaxException e) {
            throw Problem.invalid("parameter 'pattern' is no regular expression: " + e.getDescription())
                    .exception();
        }
    }

    private static int largestCount(String text, int start) {
        int largest = 0;
        int number = 0;
        for (int i = start; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= '0' && c <= '9') {
                number = Math.min(REPEATS + 1, number * 10 + (c - '0'));
                largest = Math.max(largest, number);
            } else if (c == ',') {
                number = 0;
            } else {
                break;
            }
        }
        return largest;
    }

    /** Adds the hits of a content until there are {@code max}; contents with a NUL are no text and have none. */
    void search(byte[] content, int max, List<Hit> hits) {
        if (UnifiedDiff.isBinary(content)) {
            return;
        }
        String text = new String(content, StandardCharsets.UTF_8);
        int number = 0;
        for (int start = 0; start < text.length() && hits.size() < max; ) {
            int end = text.indexOf('\n', start);
            end = end < 0 ? text.length() : end;
            number++;
            int stop = end > start && text.charAt(end - 1) == '\r' ? end - 1 : end;
            Hit hit = hit(text.substring(start, stop), number);
            if (hit != null) {
                hits.add(hit);
            }
            if (number % CHECK_EVERY == 0) {
                checkTime();
            }
            start = end + 1;
        }
    }

    private @Nullable Hit hit(String line, int number) {
        if (literal != null) {
            return line.contains(literal) ? new Hit(number, line, literal) : null;
        }
        if (pattern == null) {
            throw new IllegalStateException("BUG: a search has a literal or a pattern");
        }
        Matcher matcher = pattern.matcher(new Timed(line));
        return matcher.find() ? new Hit(number, line, line.substring(matcher.start(), matcher.end())) : null;
    }

    private void checkTime() {
        if (ticker.getAsLong() - deadline > 0) {
            throw Problem.tooLarge("the search took longer than the request may: narrow the path, the file pattern or"
                            + " the pattern")
                    .exception();
        }
    }

    /** A text that looks at the time now and then while it is read. */
    private final class Timed implements CharSequence {
        private final String text;
        private int reads;

        Timed(String text) {
            this.text = text;
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public char charAt(int index) {
            if (++reads % CHECK_EVERY == 0) {
                checkTime();
            }
            return text.charAt(index);
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.substring(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
