package nexus.kernel;

import org.jspecify.annotations.Nullable;

/**
 * Writes one JSON object as text: for the audit log's lines and the tenant's record, whose bytes have a hash and a size that
 * the pure core must know. It only writes; parsing is the adapters' work.
 */
public final class JsonText {
    private final StringBuilder text = new StringBuilder("{");
    private boolean first = true;

    /** Adds a member with a string, or null. */
    public JsonText put(String name, @Nullable String value) {
        if (value == null) {
            return putRaw(name, "null");
        }
        StringBuilder out = name(name);
        quote(out, value);
        return this;
    }

    /** Adds a member with a whole number. */
    public JsonText put(String name, long value) {
        return putRaw(name, Long.toString(value));
    }

    /** Adds a member with a boolean. */
    public JsonText put(String name, boolean value) {
        return putRaw(name, Boolean.toString(value));
    }

    /** Adds a member whose value is JSON already. */
    public JsonText putRaw(String name, String json) {
        name(name).append(json);
        return this;
    }

    /** The finished object; the builder must not be used again. */
    public String end() {
        return text.append('}').toString();
    }

    private StringBuilder name(String name) {
        if (!first) {
            text.append(',');
        }
        first = false;
        quote(text, name);
        return text.append(':');
    }

    /** Appends a JSON string: quotes, backslashes, control characters and lone surrogates escaped. */
    public static void quote(StringBuilder out, String value) {
        out.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c < 0x20 || c == 0x7f || c == 0x2028 || c == 0x2029 || isLoneSurrogate(value, i)) {
                        out.append("\\u");
                        for (int shift = 12; shift >= 0; shift -= 4) {
                            out.append(Character.forDigit(c >> shift & 15, 16));
                        }
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    private static boolean isLoneSurrogate(String value, int i) {
        char c = value.charAt(i);
        if (Character.isHighSurrogate(c)) {
            return i + 1 == value.length() || !Character.isLowSurrogate(value.charAt(i + 1));
        }
        return Character.isLowSurrogate(c) && (i == 0 || !Character.isHighSurrogate(value.charAt(i - 1)));
    }
}
