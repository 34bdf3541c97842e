package nexus.http.rest;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A parameter of the query string: typed, within limits, and with a meaning of its own when it is missing.
 *
 * @param required whether it must be there
 * @param otherwise its value when it is missing; null for none
 */
public record Parameter(
        String name,
        Schema schema,
        boolean required,
        @Nullable Object otherwise,
        String description) {
    private static final Pattern WHOLE_NUMBER = Pattern.compile("-?[0-9]{1,18}");

    /** The parameter that asks for the next page; {@link RestCall#after} reads it. */
    static final Parameter CURSOR = new Parameter(
            "cursor",
            Schema.text(1, 8192),
            false,
            null,
            "Where the page begins: `next_cursor` of the page before, with the same filters.");

    /** A text, or one of a few. */
    public static Parameter of(String name, Schema schema, String description) {
        return new Parameter(name, schema, false, null, description);
    }

    /** One that must be there. */
    public static Parameter required(String name, Schema schema, String description) {
        return new Parameter(name, schema, true, null, description);
    }

    /** How many items a page has at most. */
    public static Parameter limit(int otherwise, int max) {
        return new Parameter(
                "limit", Schema.whole(1, max), false, (long) otherwise, "How many items the page has at most.");
    }

    /** The value that a text stands for, judged. */
    Object parse(String text) {
        Object value = text;
        if (schema instanceof Schema.Whole && WHOLE_NUMBER.matcher(text).matches()) {
            value = Long.valueOf(text);
        } else if (schema instanceof Schema.Flag && (text.equals("true") || text.equals("false"))) {
            value = Boolean.valueOf(text);
        }
        schema.check(value, "parameter '" + name + "'");
        return value;
    }
}
