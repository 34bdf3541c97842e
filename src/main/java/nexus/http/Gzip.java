package nexus.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/** Compresses answers: at the lowest level, for most of the gain comes with it. */
final class Gzip {
    private static final Pattern ITEM = Pattern.compile("(?:^|,)\\s*gzip\\s*(?:;\\s*q\\s*=\\s*([^,;]*))?(?=[,;]|$)");
    private static final Pattern NONE = Pattern.compile("0(?:\\.0*)?\\s*");

    private Gzip() {}

    /** The stream that has a level. */
    private static final class Stream extends GZIPOutputStream {
        Stream(ByteArrayOutputStream out) throws IOException {
            super(out);
            def.setLevel(Deflater.BEST_SPEED);
        }
    }

    static byte[] compress(byte[] bytes, int size) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(size / 4 + 64);
        try (Stream stream = new Stream(out)) {
            stream.write(bytes, 0, size);
        } catch (IOException e) {
            throw new IllegalStateException("BUG: memory does not fail to write", e);
        }
        return out.toByteArray();
    }

    /** Whether an {@code Accept-Encoding} names gzip, and not with a weight of zero. */
    static boolean isAccepted(@Nullable String header) {
        if (header == null || !header.contains("gzip")) {
            return false;
        }
        Matcher item = ITEM.matcher(header);
        return item.find()
                && (item.group(1) == null || !NONE.matcher(item.group(1)).matches());
    }
}
