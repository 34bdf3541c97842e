package nexus.http.client;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * JSON as trees of {@code Map}, {@code List}, {@code String}, {@code Long}, {@code BigDecimal}, {@code Boolean} and null,
 * and Nexus' special values. It shares no code with the server's own reader and writer, so that a mistake in those is seen
 * rather than repeated.
 */
public final class Json {
    private static final String TYPE = "__type__";
    private static final String DATA = "data";

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSSxxx", Locale.ROOT);

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .build();

    private Json() {}

    /** The tree of a text, special values left as they are spelled. */
    public static @Nullable Object read(byte[] json) {
        try (JsonParser parser = FACTORY.createParser(json)) {
            JsonToken first = parser.nextToken();
            if (first == null) {
                throw new IOException("the text is empty");
            }
            Object value = value(parser, first);
            if (parser.nextToken() != null) {
                throw new IOException("there is something behind the value");
            }
            return value;
        } catch (IOException e) {
            throw new UncheckedIOException("not JSON: " + e.getMessage(), e);
        }
    }

    /** The tree of a text, special values left as they are spelled. */
    public static @Nullable Object read(String json) {
        return read(json.getBytes(StandardCharsets.UTF_8));
    }

    /** The members of an object. */
    public static Map<String, @Nullable Object> readObject(byte[] json) {
        return object(read(json));
    }

    /** A tree that must be an object. */
    @SuppressWarnings("unchecked")
    public static Map<String, @Nullable Object> object(@Nullable Object tree) {
        if (tree instanceof Map<?, ?> members) {
            return (Map<String, @Nullable Object>) members;
        }
        throw new IllegalArgumentException("not an object: " + tree);
    }

    /** A tree that must be an array. */
    @SuppressWarnings("unchecked")
    public static List<@Nullable Object> array(@Nullable Object tree) {
        if (tree instanceof List<?> items) {
            return (List<@Nullable Object>) items;
        }
        throw new IllegalArgumentException("not an array: " + tree);
    }

    private static @Nullable Object value(JsonParser parser, JsonToken token) throws IOException {
        return switch (token) {
            case START_OBJECT -> members(parser);
            case START_ARRAY -> items(parser);
            case VALUE_STRING -> parser.getText();
            case VALUE_NUMBER_INT -> number(parser.getBigIntegerValue());
            case VALUE_NUMBER_FLOAT -> parser.getDecimalValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            default -> throw new IOException("unexpected " + token);
        };
    }

    private static Object number(BigInteger value) {
        return value.bitLength() < Long.SIZE ? value.longValue() : new BigDecimal(value);
    }

    private static Object members(JsonParser parser) throws IOException {
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            members.put(name, value(parser, parser.nextToken()));
        }
        return members;
    }

    private static Object items(JsonParser parser) throws IOException {
        List<@Nullable Object> items = new ArrayList<>();
        for (JsonToken token = parser.nextToken(); token != JsonToken.END_ARRAY; token = parser.nextToken()) {
            items.add(value(parser, token));
        }
        return items;
    }

    /** The tree with special values replaced by {@code byte[]}, {@link Instant} and {@link Duration}, at any depth. */
    public static @Nullable Object decode(@Nullable Object tree) {
        if (tree instanceof List<?> list) {
            List<@Nullable Object> items = new ArrayList<>(list.size());
            list.forEach(item -> items.add(decode(item)));
            return items;
        }
        if (!(tree instanceof Map<?, ?> map)) {
            return tree;
        }
        if (map.get(TYPE) instanceof String type) {
            Object special = special(type, map);
            if (special != null) {
                return special;
            }
        }
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        map.forEach((name, value) -> members.put(String.valueOf(name), decode(value)));
        return members;
    }

    private static @Nullable Object special(String type, Map<?, ?> map) {
        if (type.equals("bytes") && map.get(DATA) instanceof String data) {
            return Base64.getDecoder().decode(data);
        }
        if (type.equals("datetime") && map.get(DATA) instanceof String data) {
            return OffsetDateTime.parse(data).toInstant();
        }
        if (type.equals("timedelta") && map.get("seconds") instanceof Number seconds) {
            return Duration.ofNanos(
                    new BigDecimal(seconds.toString()).movePointRight(9).longValue());
        }
        return null;
    }

    /** The text of a tree; {@code byte[]}, {@link Instant} and {@link Duration} become special values, at any depth. */
    public static byte[] write(@Nullable Object tree) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(256);
        try (JsonGenerator generator = FACTORY.createGenerator(out)) {
            write(generator, tree);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    /** The text of a tree, as a string. */
    public static String text(@Nullable Object tree) {
        return new String(write(tree), StandardCharsets.UTF_8);
    }

    private static void write(JsonGenerator out, @Nullable Object value) throws IOException {
        if (value == null) {
            out.writeNull();
        } else if (value instanceof Map<?, ?> members) {
            out.writeStartObject();
            for (Map.Entry<?, ?> member : members.entrySet()) {
                out.writeFieldName(String.valueOf(member.getKey()));
                write(out, member.getValue());
            }
            out.writeEndObject();
        } else if (value instanceof Iterable<?> items) {
            out.writeStartArray();
            for (Object item : items) {
                write(out, item);
            }
            out.writeEndArray();
        } else if (value instanceof byte[] bytes) {
            out.writeStartObject();
            out.writeStringField(TYPE, "bytes");
            out.writeStringField(DATA, Base64.getEncoder().encodeToString(bytes));
            out.writeEndObject();
        } else if (value instanceof Instant time) {
            out.writeStartObject();
            out.writeStringField(TYPE, "datetime");
            out.writeStringField(DATA, TIME.format(time.atOffset(ZoneOffset.UTC)));
            out.writeEndObject();
        } else if (value instanceof Duration duration) {
            out.writeStartObject();
            out.writeStringField(TYPE, "timedelta");
            out.writeNumberField("seconds", BigDecimal.valueOf(duration.toNanos(), 9));
            out.writeEndObject();
        } else {
            writeSimple(out, value);
        }
    }

    private static void writeSimple(JsonGenerator out, Object value) throws IOException {
        if (value instanceof String text) {
            out.writeString(text);
        } else if (value instanceof Boolean flag) {
            out.writeBoolean(flag);
        } else if (value instanceof Long || value instanceof Integer) {
            out.writeNumber(((Number) value).longValue());
        } else if (value instanceof BigDecimal number) {
            out.writeNumber(number);
        } else if (value instanceof Double number) {
            out.writeNumber(number);
        } else {
            throw new IllegalArgumentException("no JSON for " + value.getClass().getName());
        }
    }
}
