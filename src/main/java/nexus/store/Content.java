package nexus.store;

import nexus.kernel.ContentHash;
import nexus.kernel.Limits;

/** The bytes of a file on their way in or out: small ones in hand, large ones by their place in the blob store. */
public sealed interface Content {
    /** SHA-256 of the bytes. */
    ContentHash hash();

    /** Number of bytes. */
    long size();

    /** Bytes that this content adds to a message or a group. */
    int inlineBytes();

    /**
     * The bytes themselves; the array must not be changed after. What is written this way has at most
     * {@link Limits#INLINE_CONTENT_BYTES}; only the server's own files are read this way when they are larger.
     */
    record Inline(ContentHash hash, byte[] bytes) implements Content {
        /** Hashes and wraps the bytes. */
        public static Inline of(byte[] bytes) {
            return new Inline(ContentHash.of(bytes), bytes);
        }

        @Override
        public long size() {
            return bytes.length;
        }

        @Override
        public int inlineBytes() {
            return bytes.length;
        }
    }

    /** A content that is durable in the blob store already. */
    record Stored(ContentHash hash, long size, BlobPlace place) implements Content {
        @Override
        public int inlineBytes() {
            return 0;
        }
    }
}
