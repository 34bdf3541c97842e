package nexus.http.rpc;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import nexus.http.json.JsonReader;
import nexus.kernel.ContentHash;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import org.jspecify.annotations.Nullable;

/**
 * Where the next page of a listing begins. Opaque on the wire; it holds a digest of the filters, so that a cursor under
 * other filters is refused instead of giving a page of something else. It opens nothing: each page is judged anew.
 */
public final class ListCursor {
    private static final int DIGEST_BYTES = 8;
    private static final int TEXT_CHARS = 4 * Limits.PATH_BYTES;

    private ListCursor() {}

    /** The cursor of the page behind a key. */
    public static String print(String after, String filters) {
        byte[] path = JsonReader.utf8(after);
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(ByteBuffer.allocate(DIGEST_BYTES + path.length)
                        .put(digest(filters))
                        .put(path)
                        .array());
    }

    /** The place behind which the page begins, or null without a cursor. */
    public static @Nullable String parse(@Nullable String cursor, String filters) {
        if (cursor == null) {
            return null;
        }
        byte[] bytes;
        try {
            bytes = cursor.length() > TEXT_CHARS
                    ? new byte[0]
                    : Base64.getUrlDecoder().decode(cursor);
        } catch (IllegalArgumentException e) {
            throw refused();
        }
        if (bytes.length <= DIGEST_BYTES || !Arrays.equals(bytes, 0, DIGEST_BYTES, digest(filters), 0, DIGEST_BYTES)) {
            throw refused();
        }
        return new String(bytes, DIGEST_BYTES, bytes.length - DIGEST_BYTES, StandardCharsets.UTF_8);
    }

    private static byte[] digest(String filters) {
        return Arrays.copyOf(ContentHash.newDigest().digest(JsonReader.utf8(filters)), DIGEST_BYTES);
    }

    private static RuntimeException refused() {
        return Problem.invalid("parameter 'cursor' is not one of a listing with these filters")
                .exception();
    }
}
