package nexus.bus;

import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Takes the parts of one message from a buffer, as {@link MessageWriter} appended them. What is cut off, too long or in another
 * form than the only one is refused before anything is made of it: a length is believed only as far as there are bytes.
 */
final class MessageReader {
    /** Room that a list gets before its items are seen: a length alone must not cost much memory. */
    private static final int ITEMS_AT_FIRST = 1024;

    private static final int NANOS = 1_000_000_000;

    private final Buffer buffer;
    private final int start;
    private final int end;
    private final int version;
    private int position;

    /** Reads from a position to the end of the buffer, in the form of one version of the protocol. */
    MessageReader(Buffer buffer, int position, int version) {
        this.buffer = buffer;
        this.start = position;
        this.end = buffer.length();
        this.version = version;
        this.position = position;
        if (end - start > MessageWriter.MESSAGE_BYTES) {
            throw fault("a message of " + (end - start) + " bytes, the limit is " + MessageWriter.MESSAGE_BYTES);
        }
    }

    /** The protocol version that the sender chose: where versions differ, a form asks for it. */
    int version() {
        return version;
    }

    /** The exception that says what is wrong, and where. */
    MessageFormatException fault(String what) {
        return new MessageFormatException("byte " + (position - start) + ": " + what);
    }

    /** As {@link #fault(String)}, for a value that its own type refuses. */
    MessageFormatException fault(RuntimeException refusal) {
        return new MessageFormatException("byte " + (position - start) + ": " + refusal.getMessage(), refusal);
    }

    /** Nothing may be left. */
    void finish() {
        if (position != end) {
            throw fault("the message ends here, but " + (end - position) + " bytes follow");
        }
    }

    /** The position of the next bytes, which are taken. */
    private int take(int bytes) {
        if (bytes > end - position) {
            throw fault("cut off: " + bytes + " bytes are expected, " + (end - position) + " are there");
        }
        int at = position;
        position += bytes;
        return at;
    }

    int code() {
        return buffer.getUnsignedByte(take(1));
    }

    /** The next code, which stays. */
    int peek() {
        int code = code();
        position--;
        return code;
    }

    boolean flag() {
        int value = code();
        if (value > 1) {
            throw fault("a flag is 0 or 1, not " + value);
        }
        return value == 1;
    }

    /** A length or a number of items, each of which has one byte at least, up to {@code max}. */
    private int count(int max) {
        long count = 0;
        int shift = 0;
        int next;
        do {
            if (shift >= Integer.SIZE) {
                throw fault("a length has more than five bytes");
            }
            next = code();
            count |= (long) (next & 0x7f) << shift;
            shift += 7;
            if (count > max) {
                throw fault("a length of " + count + " or more, the limit is " + max);
            }
            if (shift > 7 && next == 0) {
                throw fault("a length is not written in its shortest form");
            }
        } while (next > 0x7f);
        if (count > end - position) {
            throw fault("cut off: a length of " + count + ", but " + (end - position) + " bytes are there");
        }
        return (int) count;
    }

    int integer() {
        return buffer.getInt(take(Integer.BYTES));
    }

    long number() {
        return buffer.getLong(take(Long.BYTES));
    }

    String text() {
        byte[] bytes = bytes(MessageWriter.MESSAGE_BYTES);
        String text = new String(bytes, StandardCharsets.UTF_8);
        // The decoder puts U+FFFD where it does not understand; only then is it worth the while to look closer.
        if (text.indexOf('\ufffd') >= 0 && !Arrays.equals(text.getBytes(StandardCharsets.UTF_8), bytes)) {
            throw fault("a text is not UTF-8");
        }
        return text;
    }

    byte[] bytes(int max) {
        return raw(count(max));
    }

    byte[] raw(int length) {
        int at = take(length);
        return buffer.getBytes(at, at + length);
    }

    UUID id() {
        return new UUID(number(), number());
    }

    Instant time() {
        return Instant.ofEpochSecond(number(), nanos());
    }

    Duration duration() {
        return Duration.ofSeconds(number(), nanos());
    }

    private int nanos() {
        int nanos = integer();
        if (nanos < 0 || nanos >= NANOS) {
            throw fault("a second has no nanosecond " + nanos);
        }
        return nanos;
    }

    <T> @Nullable T optional(Form<T> form) {
        return flag() ? form.read(this) : null;
    }

    <T> List<T> list(Form<T> form) {
        int count = count(MessageWriter.LIST_ITEMS);
        List<T> values = new ArrayList<>(Math.min(count, ITEMS_AT_FIRST));
        for (int i = 0; i < count; i++) {
            values.add(form.read(this));
        }
        return Collections.unmodifiableList(values);
    }

    Map<String, String> texts() {
        int count = count(MessageWriter.LIST_ITEMS);
        Map<String, String> texts = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            String name = text();
            if (texts.put(name, text()) != null) {
                throw fault("the name '" + name + "' comes twice");
            }
        }
        return Collections.unmodifiableMap(texts);
    }

    boolean[] flags() {
        boolean[] flags = new boolean[count(MessageWriter.LIST_ITEMS)];
        for (int i = 0; i < flags.length; i++) {
            flags[i] = flag();
        }
        return flags;
    }
}
