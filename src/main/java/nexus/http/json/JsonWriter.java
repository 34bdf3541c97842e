package nexus.http.json;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import org.jspecify.annotations.Nullable;

/**
 * Writes one JSON text as UTF-8 into a growing array, up to {@link Limits#REPLY_BYTES}; more is a problem, not a cut.
 *
 * <p>Commas come by themselves; that brackets match and names precede values is the caller's duty.
 */
public final class JsonWriter {
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.ISO_8859_1);
    private static final Base64.Encoder BASE64 = Base64.getEncoder();

    private byte[] buffer;
    private int size;
    private boolean comma;

    /** An empty text with room for this many bytes. */
    public JsonWriter(int room) {
        this.buffer = new byte[room];
    }

    /** Bytes written so far. */
    public int size() {
        return size;
    }

    /** The array that holds the text in its first {@link #size} bytes; it must not be changed. */
    public byte[] array() {
        return buffer;
    }

    /** A copy of the text. */
    public byte[] toBytes() {
        return Arrays.copyOf(buffer, size);
    }

    /** Opens an object. */
    public JsonWriter object() {
        return open('{');
    }

    /** Closes an object. */
    public JsonWriter endObject() {
        return close('}');
    }

    /** Opens an array. */
    public JsonWriter list() {
        return open('[');
    }

    /** Closes an array. */
    public JsonWriter endList() {
        return close(']');
    }

    private JsonWriter open(char bracket) {
        separate();
        put((byte) bracket);
        comma = false;
        return this;
    }

    private JsonWriter close(char bracket) {
        put((byte) bracket);
        comma = true;
        return this;
    }

    /** The name of the next value. */
    public JsonWriter name(String name) {
        separate();
        quoted(name);
        put((byte) ':');
        comma = false;
        return this;
    }

    /** A string, or null. */
    public JsonWriter value(@Nullable String value) {
        if (value == null) {
            return raw("null");
        }
        separate();
        quoted(value);
        comma = true;
        return this;
    }

    /** A whole number. */
    public JsonWriter value(long value) {
        return raw(Long.toString(value));
    }

    /** A boolean. */
    public JsonWriter value(boolean value) {
        return raw(value ? "true" : "false");
    }

    /** A member with a string, or null. */
    public JsonWriter put(String name, @Nullable String value) {
        return name(name).value(value);
    }

    /** A member with a whole number. */
    public JsonWriter put(String name, long value) {
        return name(name).value(value);
    }

    /** A member with a boolean. */
    public JsonWriter put(String name, boolean value) {
        return name(name).value(value);
    }

    /** Text that is JSON already and plain ASCII, as one value. */
    public JsonWriter raw(String json) {
        separate();
        ascii(json);
        comma = true;
        return this;
    }

    /** Text that is JSON already, as one value. */
    public JsonWriter json(String json) {
        separate();
        byte[] text = JsonReader.utf8(json);
        room(text.length);
        System.arraycopy(text, 0, buffer, size, text.length);
        size += text.length;
        comma = true;
        return this;
    }

    /** The special value of bytes. */
    public JsonWriter bytes(byte[] bytes) {
        startBytes();
        byte[] text = BASE64.encode(bytes);
        room(text.length);
        System.arraycopy(text, 0, buffer, size, text.length);
        size += text.length;
        return endBytes();
    }

    /** What precedes the base64 of bytes that are written by somebody else. */
    public JsonWriter startBytes() {
        separate();
        ascii("{\"__type__\":\"bytes\",\"data\":\"");
        return this;
    }

    /** What follows such base64. */
    public JsonWriter endBytes() {
        ascii("\"}");
        comma = true;
        return this;
    }

    /** The special value of a time, or null. */
    public JsonWriter time(@Nullable Instant time) {
        if (time == null) {
            return raw("null");
        }
        separate();
        ascii("{\"__type__\":\"datetime\",\"data\":\"");
        ascii(SpecialValues.isoText(time));
        ascii("\"}");
        comma = true;
        return this;
    }

    /** A time as a plain ISO string, or null. */
    public JsonWriter isoTime(@Nullable Instant time) {
        return value(time == null ? null : SpecialValues.isoText(time));
    }

    /** The special value of a duration. */
    public JsonWriter duration(Duration duration) {
        BigDecimal seconds = BigDecimal.valueOf(duration.getSeconds())
                .add(BigDecimal.valueOf(duration.getNano(), 9))
                .stripTrailingZeros();
        separate();
        ascii("{\"__type__\":\"timedelta\",\"seconds\":");
        ascii(seconds.toPlainString());
        ascii("}");
        comma = true;
        return this;
    }

    private void separate() {
        if (comma) {
            put((byte) ',');
        }
    }

    private void ascii(String text) {
        int length = text.length();
        room(length);
        for (int i = 0; i < length; i++) {
            buffer[size + i] = (byte) text.charAt(i);
        }
        size += length;
    }

    private void quoted(String text) {
        int length = text.length();
        room(length + 2);
        buffer[size++] = '"';
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
                put((byte) c);
            } else if (c < 0x80) {
                escaped(c);
            } else if (c < 0x800) {
                put((byte) (0xc0 | (c >> 6)));
                put((byte) (0x80 | (c & 0x3f)));
            } else if (!Character.isSurrogate(c)) {
                put((byte) (0xe0 | (c >> 12)));
                put((byte) (0x80 | ((c >> 6) & 0x3f)));
                put((byte) (0x80 | (c & 0x3f)));
            } else if (Character.isHighSurrogate(c) && i + 1 < length && Character.isLowSurrogate(text.charAt(i + 1))) {
                int point = Character.toCodePoint(c, text.charAt(++i));
                put((byte) (0xf0 | (point >> 18)));
                put((byte) (0x80 | ((point >> 12) & 0x3f)));
                put((byte) (0x80 | ((point >> 6) & 0x3f)));
                put((byte) (0x80 | (point & 0x3f)));
            } else {
                escaped(c);
            }
        }
        put((byte) '"');
    }

    private void escaped(char c) {
        put((byte) '\\');
        switch (c) {
            case '"', '\\' -> put((byte) c);
            case '\n' -> put((byte) 'n');
            case '\r' -> put((byte) 'r');
            case '\t' -> put((byte) 't');
            default -> {
                put((byte) 'u');
                for (int shift = 12; shift >= 0; shift -= 4) {
                    put(HEX[(c >> shift) & 15]);
                }
            }
        }
    }

    private void put(byte b) {
        if (size == buffer.length) {
            room(1);
        }
        buffer[size++] = b;
    }

    private void room(int more) {
        if (buffer.length - size >= more) {
            return;
        }
        long needed = (long) size + more;
        if (needed > Limits.REPLY_BYTES) {
            throw Problem.tooLarge("the answer has more than " + Limits.REPLY_BYTES
                            + " bytes: ask for less, by pages or with read_range")
                    .exception();
        }
        buffer = Arrays.copyOf(buffer, (int) Math.min(Limits.REPLY_BYTES, Math.max(needed, 2L * buffer.length)));
    }
}
