package nexus.http.json;

import com.fasterxml.jackson.core.Base64Variants;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import nexus.kernel.JsonText;
import org.jspecify.annotations.Nullable;

/**
 * Reads JSON strictly: valid UTF-8 without a byte order mark, one value and nothing behind it, no duplicate member, no
 * comment, no NaN, bounded depth and numbers, no lone surrogate. What it refuses it never repairs.
 *
 * <p>{@link #read} gives a tree of {@code Map}, {@code List}, {@code String}, {@code Long}, {@code BigDecimal},
 * {@code Boolean}, null, and {@code byte[]} for the special value {@code {"__type__":"bytes","data":...}} in that spelling:
 * large contents are decoded straight from the body. Documents that merely pass through are read by {@link #members} and
 * {@link #compact}, which give no meaning to any member.
 */
public final class JsonReader {
    /** The deepest nesting of arrays and objects: more than any request needs, far from the end of the stack. */
    public static final int DEPTH = 64;

    /** The longest number, in characters: a 128-bit integer has 39 digits. */
    public static final int NUMBER_CHARS = 40;

    /** The longest name of a member, in characters. */
    public static final int NAME_CHARS = 1000;

    /** The largest power of ten: a number of twenty characters must not become one of a million digits. */
    private static final int EXPONENT = 400;

    private static final int REASON_CHARS = 200;

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(DEPTH)
                    .maxNumberLength(NUMBER_CHARS)
                    .maxNameLength(NAME_CHARS)
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .build();

    private final byte[] source;
    private final JsonParser parser;

    private JsonReader(byte[] source) throws IOException {
        this.source = source;
        this.parser = FACTORY.createParser(source);
    }

    private interface Reading<T extends @Nullable Object> {
        T from(JsonReader reader) throws IOException;
    }

    /** The value of a text, as a tree. */
    public static @Nullable Object read(byte[] json) {
        return whole(json, reader -> reader.value(reader.first()));
    }

    /** The members of an object in their order, each value as compact JSON text. */
    public static Map<String, String> members(byte[] json) {
        return whole(json, JsonReader::topMembers);
    }

    /** An object on one line, with the order of its members and the spelling of its numbers kept. */
    public static String compact(byte[] json) {
        return whole(json, reader -> {
            JsonToken first = reader.first();
            if (first != JsonToken.START_OBJECT) {
                throw new JsonFormatException("it must be a JSON object");
            }
            StringBuilder out = new StringBuilder(json.length);
            reader.copy(first, out);
            return out.toString();
        });
    }

    private static <T extends @Nullable Object> T whole(byte[] json, Reading<T> reading) {
        checkBytes(json);
        try {
            JsonReader reader = new JsonReader(json);
            try (JsonParser parser = reader.parser) {
                T value = reading.from(reader);
                if (parser.nextToken() != null) {
                    throw reader.fault("there is something behind the value");
                }
                return value;
            } catch (JsonProcessingException e) {
                throw reader.fault(reasonOf(e));
            }
        } catch (IOException e) {
            throw new JsonFormatException("malformed JSON");
        }
    }

    private static void checkBytes(byte[] json) {
        int fault = StrictUtf8.firstFault(json);
        if (fault >= 0) {
            throw new JsonFormatException("invalid UTF-8 at byte " + fault);
        }
        if (json.length >= 3 && json[0] == (byte) 0xef && json[1] == (byte) 0xbb && json[2] == (byte) 0xbf) {
            throw new JsonFormatException("a byte order mark is not allowed");
        }
        // A NUL among the first bytes would make the parser guess UTF-16 or UTF-32.
        for (int i = 0; i < Math.min(4, json.length); i++) {
            if (json[i] == 0) {
                throw new JsonFormatException("unexpected NUL at byte " + i);
            }
        }
    }

    private static String reasonOf(JsonProcessingException e) {
        String reason = String.valueOf(e.getOriginalMessage());
        int line = reason.indexOf('\n');
        reason = line < 0 ? reason : reason.substring(0, line);
        return reason.length() > REASON_CHARS ? reason.substring(0, REASON_CHARS) + "..." : reason;
    }

    private JsonFormatException fault(String reason) {
        return new JsonFormatException(
                "malformed JSON at byte " + Math.max(0, parser.currentLocation().getByteOffset()) + ": " + reason);
    }

    private JsonToken first() throws IOException {
        return next("the text is empty");
    }

    private JsonToken next(String otherwise) throws IOException {
        JsonToken token = parser.nextToken();
        if (token == null) {
            throw fault(otherwise);
        }
        return token;
    }

    private @Nullable Object value(JsonToken token) throws IOException {
        return switch (token) {
            case START_OBJECT -> object();
            case START_ARRAY -> array();
            case VALUE_STRING -> string();
            case VALUE_NUMBER_INT -> integer();
            case VALUE_NUMBER_FLOAT -> decimal();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            default -> throw fault("unexpected " + token);
        };
    }

    private Object object() throws IOException {
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            JsonToken token = next("the object does not end");
            if (token == JsonToken.VALUE_STRING
                    && members.size() == 1
                    && name.equals(SpecialValues.DATA)
                    && SpecialValues.BYTES.equals(members.get(SpecialValues.TYPE))) {
                byte[] bytes = base64();
                if (parser.nextToken() != JsonToken.END_OBJECT) {
                    throw fault("a special value has the members __type__ and data, and no other");
                }
                return bytes;
            }
            int before = members.size();
            members.put(checked(name), value(token));
            if (members.size() == before) {
                throw fault("duplicate member '" + name + "'");
            }
        }
        if (parser.currentToken() != JsonToken.END_OBJECT) {
            throw fault("the object does not end");
        }
        return members;
    }

    private byte[] base64() throws IOException {
        int start = (int) parser.currentTokenLocation().getByteOffset();
        byte[] bytes = parser.getBinaryValue(Base64Variants.MIME_NO_LINEFEEDS);
        int end = (int) parser.currentLocation().getByteOffset();
        // The decoder skips white space, and goes on behind padding; we do neither.
        boolean padding = false;
        for (int i = Math.max(0, start) + 1; i < end - 1; i++) {
            if (source[i] <= ' ' || (padding && source[i] != '=')) {
                throw fault("malformed base64");
            }
            padding |= source[i] == '=';
        }
        return bytes;
    }

    private List<@Nullable Object> array() throws IOException {
        List<@Nullable Object> items = new ArrayList<>();
        for (JsonToken token = next("the array does not end");
                token != JsonToken.END_ARRAY;
                token = next("the array does not end")) {
            items.add(value(token));
        }
        return items;
    }

    private String string() throws IOException {
        return checked(parser.getText());
    }

    private String checked(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c)) {
                if (!Character.isHighSurrogate(c)
                        || i + 1 == text.length()
                        || !Character.isLowSurrogate(text.charAt(i + 1))) {
                    throw fault("a string holds half of a surrogate pair");
                }
                i++;
            }
        }
        return text;
    }

    private Object integer() throws IOException {
        return switch (parser.getNumberType()) {
            case INT, LONG -> parser.getLongValue();
            default -> decimal();
        };
    }

    private BigDecimal decimal() throws IOException {
        BigDecimal value = parsed(number());
        if (Math.abs((long) value.scale()) > EXPONENT) {
            throw fault("a number is out of range");
        }
        return value;
    }

    private BigDecimal parsed(String text) {
        try {
            return new BigDecimal(text);
        } catch (NumberFormatException e) {
            // The form was checked already: only its exponent can be too much.
            throw fault("a number is out of range");
        }
    }

    private String number() throws IOException {
        String text = parser.getText();
        if (text.length() > NUMBER_CHARS) {
            throw fault("a number has " + text.length() + " characters, the limit is " + NUMBER_CHARS);
        }
        return text;
    }

    private Map<String, String> topMembers() throws IOException {
        if (first() != JsonToken.START_OBJECT) {
            throw new JsonFormatException("it must be a JSON object");
        }
        Map<String, String> members = new LinkedHashMap<>();
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            StringBuilder out = new StringBuilder();
            copy(next("the object does not end"), out);
            if (members.put(withoutNul(checked(name)), out.toString()) != null) {
                throw fault("duplicate member '" + name + "'");
            }
        }
        return members;
    }

    private void copy(JsonToken token, StringBuilder out) throws IOException {
        switch (token) {
            case START_OBJECT -> copyObject(out);
            case START_ARRAY -> copyArray(out);
            case VALUE_STRING -> JsonText.quote(out, withoutNul(string()));
            case VALUE_NUMBER_INT -> out.append(number());
            case VALUE_NUMBER_FLOAT -> {
                decimal();
                out.append(parser.getText());
            }
            case VALUE_TRUE -> out.append("true");
            case VALUE_FALSE -> out.append("false");
            case VALUE_NULL -> out.append("null");
            default -> throw fault("unexpected " + token);
        }
    }

    private void copyObject(StringBuilder out) throws IOException {
        out.append('{');
        Set<String> names = new HashSet<>();
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            if (!names.add(name)) {
                throw fault("duplicate member '" + name + "'");
            }
            if (names.size() > 1) {
                out.append(',');
            }
            JsonText.quote(out, withoutNul(checked(name)));
            out.append(':');
            copy(next("the object does not end"), out);
        }
        out.append('}');
    }

    private void copyArray(StringBuilder out) throws IOException {
        out.append('[');
        boolean first = true;
        for (JsonToken token = next("the array does not end");
                token != JsonToken.END_ARRAY;
                token = next("the array does not end")) {
            if (!first) {
                out.append(',');
            }
            first = false;
            copy(token, out);
        }
        out.append(']');
    }

    /** Documents are kept in a database whose texts cannot hold a NUL. */
    private String withoutNul(String text) {
        if (text.indexOf('\0') >= 0) {
            throw fault("a string holds U+0000");
        }
        return text;
    }

    /** The bytes of a JSON text. */
    public static byte[] utf8(String json) {
        return json.getBytes(StandardCharsets.UTF_8);
    }
}
