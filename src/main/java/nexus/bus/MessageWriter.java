package nexus.bus;

import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import nexus.kernel.Limits;
import nexus.kernel.Must;
import nexus.kernel.Problem;
import org.jspecify.annotations.Nullable;

/**
 * Appends the parts of one message to a buffer; {@link MessageReader} takes them again. Each value has one form only, so two
 * messages are equal when their bytes are.
 */
final class MessageWriter {
    /**
     * The longest message: as long as the longest answer that it may become, whose binary form is the shorter one. More is the
     * same answer as there.
     */
    static final int MESSAGE_BYTES = Limits.REPLY_BYTES;

    /** The longest list: no tenant gives more without paging, and takes less. */
    static final int LIST_ITEMS = Limits.UNPAGED_ITEMS;

    private final Buffer buffer;
    private final int start;
    private final int version;

    /** Appends to what the buffer has already, in the form of one version of the protocol. */
    MessageWriter(Buffer buffer, int version) {
        this.buffer = buffer;
        this.start = buffer.length();
        this.version = version;
    }

    /** The protocol version that the receiver speaks: where versions differ, a form asks for it. */
    int version() {
        return version;
    }

    /** One byte that names a version, a kind or a constant. */
    void code(int code) {
        Must.hold(code > 0 && code <= 0xff, "a code fits into a byte", code);
        buffer.appendByte((byte) code);
    }

    void flag(boolean value) {
        buffer.appendByte((byte) (value ? 1 : 0));
    }

    /** A small number of 0 or more: seven bits a byte, lowest first, the high bit set in all bytes but the last. */
    void count(int count) {
        Must.hold(count >= 0, "a count is not negative", count);
        int rest = count;
        while (rest > 0x7f) {
            buffer.appendByte((byte) (rest & 0x7f | 0x80));
            rest >>>= 7;
        }
        buffer.appendByte((byte) rest);
    }

    void number(int value) {
        buffer.appendInt(value);
    }

    void number(long value) {
        buffer.appendLong(value);
    }

    /** Its length in bytes and its UTF-8; half a surrogate pair has none and would arrive as another text. */
    void text(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                Must.hold(Character.isSurrogatePair(text.charAt(i), at(text, i + 1)), "a text is valid Unicode");
                i++;
            }
        }
        lengthAndBytes(text.getBytes(StandardCharsets.UTF_8));
    }

    private static char at(String text, int index) {
        return index < text.length() ? text.charAt(index) : 0;
    }

    /** Its length and the bytes, at most {@code max} of them. */
    void bytes(byte[] bytes, int max) {
        Must.hold(bytes.length <= max, "more bytes than the other side takes", bytes.length, max);
        lengthAndBytes(bytes);
    }

    private void lengthAndBytes(byte[] bytes) {
        requireRoom(bytes.length);
        count(bytes.length);
        buffer.appendBytes(bytes);
    }

    /** Nothing follows: the message must not be longer than the other side takes. */
    void finish() {
        requireRoom(0);
    }

    private void requireRoom(int bytes) {
        if (bytes > MESSAGE_BYTES - (buffer.length() - start)) {
            throw Problem.tooLarge(
                            "the answer has more than " + MESSAGE_BYTES + " bytes: narrow the request, or page it")
                    .exception();
        }
    }

    /** Bytes whose number both sides know. */
    void raw(byte[] bytes) {
        buffer.appendBytes(bytes);
    }

    void id(UUID id) {
        buffer.appendLong(id.getMostSignificantBits()).appendLong(id.getLeastSignificantBits());
    }

    void time(Instant time) {
        buffer.appendLong(time.getEpochSecond()).appendInt(time.getNano());
    }

    void duration(Duration duration) {
        buffer.appendLong(duration.getSeconds()).appendInt(duration.getNano());
    }

    /** Whether there is a value, and the value. */
    <T> void optional(Form<T> form, @Nullable T value) {
        flag(value != null);
        if (value != null) {
            form.write(this, value);
        }
    }

    <T> void list(Form<T> form, List<T> values) {
        Must.hold(values.size() <= LIST_ITEMS, "a list is longer than the other side takes", values.size());
        count(values.size());
        for (T value : values) {
            form.write(this, value);
        }
    }

    /** Texts by name, in the map's order. */
    void texts(Map<String, String> texts) {
        Must.hold(texts.size() <= LIST_ITEMS, "a map is larger than the other side takes", texts.size());
        count(texts.size());
        texts.forEach((name, text) -> {
            text(name);
            text(text);
        });
    }

    void flags(boolean[] flags) {
        Must.hold(flags.length <= LIST_ITEMS, "a list is longer than the other side takes", flags.length);
        count(flags.length);
        for (boolean flag : flags) {
            flag(flag);
        }
    }
}
