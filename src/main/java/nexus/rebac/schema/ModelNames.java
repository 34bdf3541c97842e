package nexus.rebac.schema;

/** The alphabet of type and relation names: an ASCII letter or underscore, then letters, digits and {@code _ - . /}. */
public final class ModelNames {
    private ModelNames() {}

    public static boolean isName(String text) {
        return isName(text, 0, text.length());
    }

    /** Whether the given part of a text is a name. */
    public static boolean isName(String text, int start, int end) {
        if (start >= end || !isFirst(text.charAt(start))) {
            return false;
        }
        for (int i = start + 1; i < end; i++) {
            if (!isPart(text.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    /** Whether the character may stand in a name, though perhaps not first. */
    public static boolean isPart(char c) {
        return isFirst(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '/';
    }

    private static boolean isFirst(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    }
}
