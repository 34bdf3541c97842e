package nexus.http.json;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of one call, typed as they are read. Null equals absent; an unknown name, a wrong type or a value out of
 * range is a {@link Problem} that names the parameter and the rule.
 */
public final class Params {
    private static final int NAME_CHARS = 100;

    private final Map<?, ?> values;

    /** These values, of which each must have one of the known names. */
    public Params(Map<?, ?> values, Set<String> known) {
        this.values = values;
        for (Object name : values.keySet()) {
            if (!known.contains(name)) {
                throw Problem.invalid("unknown parameter '" + cut(String.valueOf(name)) + "'")
                        .exception();
            }
        }
    }

    /** Values whose names were judged already. */
    public static Params ofKnown(Map<?, ?> values) {
        return new Params(values);
    }

    private Params(Map<?, ?> values) {
        this.values = values;
    }

    private static String cut(String name) {
        return name.length() <= NAME_CHARS ? name : name.substring(0, NAME_CHARS) + "...";
    }

    /** Whether there is a value that is not null. */
    public boolean has(String name) {
        return values.get(name) != null;
    }

    /** The value as it was parsed; null if absent. */
    public @Nullable Object optional(String name) {
        return values.get(name);
    }

    /** The value as it was parsed. */
    public Object required(String name) {
        Object value = values.get(name);
        if (value == null) {
            throw Problem.invalid("parameter '" + name + "' is required").exception();
        }
        return value;
    }

    /** A string. */
    public String string(String name) {
        return asString(required(name), name);
    }

    /** A string, or null. */
    public @Nullable String optionalString(String name) {
        Object value = values.get(name);
        return value == null ? null : asString(value, name);
    }

    private static String asString(Object value, String name) {
        if (value instanceof String text) {
            return text;
        }
        throw Problem.invalid("parameter '" + name + "' must be a string").exception();
    }

    /** A name or an id: not empty, bounded, on one line. */
    public String identifier(String name) {
        return identifier(required(name), "parameter '" + name + "'");
    }

    /** A name or an id, or null. */
    public @Nullable String optionalIdentifier(String name) {
        Object value = values.get(name);
        return value == null ? null : identifier(value, "parameter '" + name + "'");
    }

    /** The identifier that a value is. */
    public static String identifier(@Nullable Object value, String field) {
        if (!(value instanceof String text)) {
            throw Problem.invalid(field + " must be a string").exception();
        }
        return identifier(text, field);
    }

    private static String identifier(String text, String field) {
        if (text.isBlank()) {
            throw Problem.invalid(field + " must not be empty").exception();
        }
        int bytes =
                text.length() > Limits.IDENTIFIER_BYTES ? text.length() : text.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > Limits.IDENTIFIER_BYTES) {
            throw Problem.invalid(field + " has " + bytes + " bytes, the limit is " + Limits.IDENTIFIER_BYTES)
                    .exception();
        }
        for (int i = 0; i < text.length(); i++) {
            if (Character.isISOControl(text.charAt(i))) {
                throw Problem.invalid(field + " must not contain control characters")
                        .exception();
            }
        }
        return text;
    }

    /** True or false, or the default. */
    public boolean flag(String name, boolean otherwise) {
        Boolean value = optionalFlag(name);
        return value == null ? otherwise : value;
    }

    /** True or false, or null. */
    public @Nullable Boolean optionalFlag(String name) {
        Object value = values.get(name);
        if (value == null || value instanceof Boolean) {
            return (Boolean) value;
        }
        throw Problem.invalid("parameter '" + name + "' must be true or false").exception();
    }

    /** A whole number within bounds. */
    public long integer(String name, long min, long max) {
        return asInteger(required(name), name, min, max);
    }

    /** A whole number within bounds, or the default. */
    public int integer(String name, int otherwise, int min, int max) {
        Object value = values.get(name);
        return value == null ? otherwise : (int) asInteger(value, name, min, max);
    }

    /** A whole number within bounds, or null. */
    public @Nullable Integer optionalInteger(String name, int min, int max) {
        Object value = values.get(name);
        return value == null ? null : Integer.valueOf((int) asInteger(value, name, min, max));
    }

    private static long asInteger(Object value, String name, long min, long max) {
        if (value instanceof Long number && number >= min && number <= max) {
            return number;
        }
        throw Problem.invalid("parameter '" + name + "' must be a whole number from " + min + " to " + max)
                .exception();
    }

    /** A number above zero and up to a bound, or null. */
    public @Nullable BigDecimal optionalPositive(String name, long max) {
        Object value = values.get(name);
        if (value == null) {
            return null;
        }
        BigDecimal number = value instanceof Long whole
                ? BigDecimal.valueOf(whole)
                : value instanceof BigDecimal decimal ? decimal : BigDecimal.ZERO;
        if (number.signum() <= 0 || number.compareTo(BigDecimal.valueOf(max)) > 0) {
            throw Problem.invalid("parameter '" + name + "' must be a number above 0 and up to " + max)
                    .exception();
        }
        return number;
    }

    /** Bytes, or a string that stands for its UTF-8. */
    public byte[] bytes(String name) {
        return SpecialValues.bytes(required(name), "parameter '" + name + "'");
    }

    /** A time, or null. */
    public @Nullable Instant optionalTime(String name) {
        Object value = values.get(name);
        return value == null ? null : SpecialValues.time(value, "parameter '" + name + "'");
    }

    /** A list of at most {@code max} items. */
    public List<?> list(String name, int max) {
        if (!(required(name) instanceof List<?> items)) {
            throw Problem.invalid("parameter '" + name + "' must be a list").exception();
        }
        if (items.size() > max) {
            throw Problem.invalid("parameter '" + name + "' has " + items.size() + " items, the limit is " + max)
                    .exception();
        }
        return items;
    }

    /** One of a few texts, or the default. */
    public String choice(String name, String otherwise, Set<String> choices) {
        Object value = values.get(name);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof String text && choices.contains(text)) {
            return text;
        }
        throw Problem.invalid("parameter '" + name + "' must be one of "
                        + String.join(", ", choices.stream().sorted().toList()))
                .exception();
    }

    /** Accepts a parameter whose feature is not served, as long as it asks for nothing. */
    public void notServed(String... names) {
        for (String name : names) {
            Object value = values.get(name);
            if (value != null && !Boolean.FALSE.equals(value)) {
                throw Problem.refused("parameter '" + name + "' is not served yet", null)
                        .exception();
            }
        }
    }
}
