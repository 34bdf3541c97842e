package nexus.http.rest;

import java.math.BigDecimal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import nexus.http.json.JsonWriter;
import nexus.http.json.SpecialValues;
import nexus.kernel.Problem;
import nexus.kernel.ProblemException;
import org.jspecify.annotations.Nullable;

/**
 * The shape of a JSON value, as data: requests are judged by it before a handler sees them, the OpenAPI document shows it, and
 * the tests hold every answer against it. So what is documented is what is done.
 */
public sealed interface Schema {
    /** Fails, naming the place and the rule, unless a parsed value has this shape. */
    void check(@Nullable Object value, String where);

    /** Writes it as JSON Schema, as one value. */
    default void print(JsonWriter out) {
        out.object();
        keywords(out);
        out.endObject();
    }

    /** Writes the members of its JSON Schema. */
    void keywords(JsonWriter out);

    /** The same, or null. */
    default Schema orNull() {
        return new OrNull(this);
    }

    /** A text of so many characters. */
    static Schema text(int charsMin, int charsMax) {
        return new Text(charsMin, charsMax, null);
    }

    /** A text that the server writes, of any length. */
    static Schema text() {
        return new Text(0, Integer.MAX_VALUE, null);
    }

    /** A text that means something of its own, as a name of JSON Schema's formats. */
    static Schema text(int charsMin, int charsMax, String format) {
        return new Text(charsMin, charsMax, format);
    }

    /** One of a few texts. */
    static Schema choice(String... texts) {
        return new Choice(List.of(texts));
    }

    /** A point in time as in RFC 3339; without a zone it is UTC. */
    static Schema time() {
        return new Time();
    }

    /** A whole number. */
    static Schema whole(long min, long max) {
        return new Whole(min, max);
    }

    /** A number of at least this. */
    static Schema number(long min) {
        return new Numeric(min);
    }

    /** True or false. */
    static Schema flag() {
        return new Flag();
    }

    /** A list. */
    static Schema list(Schema items, int max) {
        return new Items(items, max);
    }

    /** An object with these members and no others. */
    static Members members(Member... members) {
        return new Members(List.of(members), false);
    }

    /** An object with these members, and any others besides. */
    static Members open(Member... members) {
        return new Members(List.of(members), true);
    }

    /** A member that must be there. */
    static Member required(String name, Schema schema, String description) {
        return new Member(name, schema, true, description);
    }

    /** A member that may be missing. */
    static Member optional(String name, Schema schema, String description) {
        return new Member(name, schema, false, description);
    }

    private static ProblemException refused(String where, String rule) {
        return Problem.invalid(where + " must be " + rule).exception();
    }

    /** See {@link #text(int, int, String)}. */
    record Text(int charsMin, int charsMax, @Nullable String format) implements Schema {
        @Override
        public void check(@Nullable Object value, String where) {
            if (!(value instanceof String text)) {
                throw refused(where, "a string");
            }
            int chars = text.codePointCount(0, text.length());
            if (chars < charsMin || chars > charsMax) {
                throw refused(where, "a string of " + charsMin + " to " + charsMax + " characters, it has " + chars);
            }
        }

        @Override
        public void keywords(JsonWriter out) {
            out.put("type", "string");
            if (charsMin > 0) {
                out.put("minLength", charsMin);
            }
            if (charsMax < Integer.MAX_VALUE) {
                out.put("maxLength", charsMax);
            }
            if (format != null) {
                out.put("format", format);
            }
        }
    }

    /** See {@link #choice}. */
    record Choice(List<String> texts) implements Schema {
        @Override
        public void check(@Nullable Object value, String where) {
            if (!(value instanceof String text && texts.contains(text))) {
                throw refused(where, "one of " + String.join(", ", texts));
            }
        }

        @Override
        public void keywords(JsonWriter out) {
            out.put("type", "string").name("enum").list();
            texts.forEach(out::value);
            out.endList();
        }
    }

    /** See {@link #time}. */
    record Time() implements Schema {
        @Override
        public void check(@Nullable Object value, String where) {
            if (!(value instanceof String text)) {
                throw refused(where, "a time as 2026-02-14T03:04:05Z");
            }
            SpecialValues.parseTime(text, where);
        }

        @Override
        public void keywords(JsonWriter out) {
            out.put("type", "string").put("format", "date-time");
        }
    }

    /** See {@link #whole}. */
    record Whole(long min, long max) implements Schema {
        @Override
        public void check(@Nullable Object value, String where) {
            if (!(value instanceof Long number && number >= min && number <= max)) {
                throw refused(where, "a whole number from " + min + " to " + max);
            }
        }

        @Override
        public void keywords(JsonWriter out) {
            out.put("type", "integer").put("minimum", min);
            if (max < Long.MAX_VALUE) {
                out.put("maximum", max);
            }
        }
    }

    /** See {@link #number}. */
    record Numeric(long min) implements Schema {
        @Override
        public void check(@Nullable Object value, String where) {
            BigDecimal number = value instanceof Long whole
                    ? BigDecimal.valueOf(whole)
                    : value instanceof BigDecimal decimal ? decimal : null;
            if (number == null || number.compareTo(BigDecimal.valueOf(min)) < 0) {
                throw refused(where, "a number of " + min + " or more");
            }
        }

        @Override
        public void keywords(JsonWriter out) {
            out.put("type", "number").put("minimum", min);
        }
    }

    /** See {@link #flag}. */
    record Flag() implements Schema {
        @Override
        public void check(@Nullable Object value, String where) {
            if (!(value instanceof Boolean)) {
                throw refused(where, "true or false");
            }
        }

        @Override
        public void keywords(JsonWriter out) {
            out.put("type", "boolean");
        }
    }

    /** See {@link #orNull}. */
    record OrNull(Schema other) implements Schema {
        @Override
        public void check(@Nullable Object value, String where) {
            if (value != null) {
                other.check(value, where);
            }
        }

        @Override
        public void keywords(JsonWriter out) {
            out.name("anyOf").list();
            other.print(out);
            out.object().put("type", "null").endObject().endList();
        }
    }

    /** See {@link #list}. */
    record Items(Schema items, int max) implements Schema {
        @Override
        public void check(@Nullable Object value, String where) {
            if (!(value instanceof List<?> list)) {
                throw refused(where, "a list");
            }
            if (list.size() > max) {
                throw refused(where, "a list of at most " + max + " items, it has " + list.size());
            }
            for (int i = 0; i < list.size(); i++) {
                items.check(list.get(i), where + "[" + i + "]");
            }
        }

        @Override
        public void keywords(JsonWriter out) {
            out.put("type", "array");
            if (max < Integer.MAX_VALUE) {
                out.put("maxItems", max);
            }
            out.name("items");
            items.print(out);
        }
    }

    /** A member of an object. */
    record Member(String name, Schema schema, boolean required, String description) {}

    /** See {@link #members} and {@link #open}. */
    record Members(List<Member> members, boolean open) implements Schema {
        private static final int NAME_CHARS = 100;

        /** Copied. */
        public Members {
            members = List.copyOf(members);
        }

        @Override
        public void check(@Nullable Object value, String where) {
            if (!(value instanceof Map<?, ?> object)) {
                throw refused(where, "a JSON object");
            }
            Map<Object, Object> rest = new HashMap<>(object);
            for (Member member : members) {
                String place = "member '" + member.name() + "' of " + where;
                if (!object.containsKey(member.name())) {
                    if (member.required()) {
                        throw Problem.invalid(place + " is required").exception();
                    }
                    continue;
                }
                member.schema().check(rest.remove(member.name()), place);
            }
            if (!open && !rest.isEmpty()) {
                String name = String.valueOf(rest.keySet().iterator().next());
                throw Problem.invalid("unknown member '"
                                + (name.length() <= NAME_CHARS ? name : name.substring(0, NAME_CHARS) + "...") + "' of "
                                + where)
                        .exception();
            }
        }

        @Override
        public void keywords(JsonWriter out) {
            out.put("type", "object").name("properties").object();
            for (Member member : members) {
                out.name(member.name()).object();
                member.schema().keywords(out);
                out.put("description", member.description()).endObject();
            }
            out.endObject();
            List<String> needed =
                    members.stream().filter(Member::required).map(Member::name).toList();
            if (!needed.isEmpty()) {
                out.name("required").list();
                needed.forEach(out::value);
                out.endList();
            }
            if (!open) {
                out.put("additionalProperties", false);
            }
        }
    }
}
