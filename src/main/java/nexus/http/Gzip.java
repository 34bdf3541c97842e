package nexus.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/** Compresses answers: at the lowest level, for most of the gain comes with it. */
final class Gzip {
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
        for (String item : header.split(",")) {
            String[] parts = item.strip().split(";");
            if (parts[0].strip().equalsIgnoreCase("gzip")) {
                return parts.length == 1 || !parts[1].replace(" ", "").matches("q=0(\\.0*)?");
            }
        }
        return false;
    }
}
