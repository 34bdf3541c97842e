package nexus.http.rpc;

import java.util.ArrayList;
import java.util.List;
import nexus.kernel.Limits;
import nexus.kernel.Problem;

/**
 * A pattern for paths: {@code *} any characters but a slash, {@code ?} one of them, {@code [a-z]} and {@code [!a-z]} one of
 * a set, {@code **} as a whole component any number of components, none among them.
 *
 * <p>A pattern without a slash is one for names, at any depth. One with a slash is matched against the whole path below the
 * folder; a leading slash only says so. Case counts. There is no escape: a bracket stands for itself in brackets.
 *
 * <p>No pattern makes it slow: a component is matched by walking back to the last star at the most, components likewise to
 * the last double star, so the time is bounded by the product of both lengths.
 */
final class Glob {
    private static final int[] NO_RANGES = {};

    private final boolean nameOnly;
    private final List<Segment> segments;

    /** One component of a pattern; no parts at all for a double star. */
    private record Segment(boolean doubleStar, List<Part> parts) {}

    /**
     * One element of a component.
     *
     * @param ranges pairs of code points, of a set
     */
    @SuppressWarnings("ArrayRecordComponent")
    private record Part(Kind kind, int[] ranges) {
        boolean matches(int c) {
            return switch (kind) {
                case STAR, ANY -> true;
                case SET -> isIn(c);
                case NOT_SET -> !isIn(c);
            };
        }

        private boolean isIn(int c) {
            for (int i = 0; i < ranges.length; i += 2) {
                if (ranges[i] <= c && c <= ranges[i + 1]) {
                    return true;
                }
            }
            return false;
        }
    }

    private enum Kind {
        STAR,
        ANY,
        SET,
        NOT_SET
    }

    private Glob(boolean nameOnly, List<Segment> segments) {
        this.nameOnly = nameOnly;
        this.segments = segments;
    }

    /** The pattern of a text. */
    static Glob parse(String text, String field) {
        if (text.isEmpty() || text.length() > Limits.PATTERN_CHARS) {
            throw Problem.invalid(field + " must have 1 to " + Limits.PATTERN_CHARS + " characters")
                    .exception();
        }
        List<Segment> segments = new ArrayList<>();
        for (String part : text.split("/", -1)) {
            if (!part.isEmpty()) {
                boolean doubleStar = part.equals("**");
                boolean repeated = doubleStar
                        && !segments.isEmpty()
                        && segments.get(segments.size() - 1).doubleStar();
                if (!repeated) {
                    segments.add(new Segment(doubleStar, doubleStar ? List.of() : parts(part)));
                }
            }
        }
        if (segments.isEmpty()) {
            throw Problem.invalid(field + " must name something").exception();
        }
        return new Glob(text.indexOf('/') < 0 && !segments.get(0).doubleStar(), segments);
    }

    private static List<Part> parts(String text) {
        int[] chars = text.codePoints().toArray();
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < chars.length; i++) {
            int c = chars[i];
            if (c == '*') {
                if (parts.isEmpty() || parts.get(parts.size() - 1).kind() != Kind.STAR) {
                    parts.add(new Part(Kind.STAR, NO_RANGES));
                }
            } else if (c == '?') {
                parts.add(new Part(Kind.ANY, NO_RANGES));
            } else if (c == '[' && closing(chars, i) > 0) {
                int end = closing(chars, i);
                parts.add(set(chars, i + 1, end));
                i = end;
            } else {
                parts.add(new Part(Kind.SET, new int[] {c, c}));
            }
        }
        return parts;
    }

    /** The bracket that closes a set; -1 if none does, then the opening one stands for itself. */
    private static int closing(int[] chars, int open) {
        int i = open + 1;
        if (i < chars.length && chars[i] == '!') {
            i++;
        }
        // A bracket that comes first is a member.
        for (i++; i < chars.length; i++) {
            if (chars[i] == ']') {
                return i;
            }
        }
        return -1;
    }

    private static Part set(int[] chars, int start, int end) {
        boolean not = chars[start] == '!';
        List<Integer> ranges = new ArrayList<>();
        for (int i = not ? start + 1 : start; i < end; i++) {
            boolean range = i + 2 < end && chars[i + 1] == '-';
            ranges.add(chars[i]);
            ranges.add(range ? chars[i + 2] : chars[i]);
            i += range ? 2 : 0;
        }
        return new Part(
                not ? Kind.NOT_SET : Kind.SET,
                ranges.stream().mapToInt(Integer::intValue).toArray());
    }

    /** Whether it matches a path, given relative to the folder and without a leading slash. */
    boolean matches(String relative) {
        if (nameOnly) {
            return matches(segments.get(0).parts(), relative.substring(relative.lastIndexOf('/') + 1));
        }
        String[] names = relative.split("/", -1);
        int segment = 0;
        int name = 0;
        int starSegment = -1;
        int starName = 0;
        while (name < names.length) {
            if (segment < segments.size() && segments.get(segment).doubleStar()) {
                starSegment = segment++;
                starName = name;
            } else if (segment < segments.size()
                    && matches(segments.get(segment).parts(), names[name])) {
                segment++;
                name++;
            } else if (starSegment >= 0) {
                segment = starSegment + 1;
                name = ++starName;
            } else {
                return false;
            }
        }
        while (segment < segments.size() && segments.get(segment).doubleStar()) {
            segment++;
        }
        return segment == segments.size();
    }

    private static boolean matches(List<Part> parts, String text) {
        int part = 0;
        int at = 0;
        int star = -1;
        int starAt = 0;
        while (at < text.length()) {
            int c = text.codePointAt(at);
            if (part < parts.size() && parts.get(part).kind() == Kind.STAR) {
                star = part++;
                starAt = at;
            } else if (part < parts.size() && parts.get(part).matches(c)) {
                part++;
                at += Character.charCount(c);
            } else if (star >= 0) {
                part = star + 1;
                starAt += Character.charCount(text.codePointAt(starAt));
                at = starAt;
            } else {
                return false;
            }
        }
        while (part < parts.size() && parts.get(part).kind() == Kind.STAR) {
            part++;
        }
        return part == parts.size();
    }
}
