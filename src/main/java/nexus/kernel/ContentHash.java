package nexus.kernel;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The SHA-256 of a content as 64 lower-case hexadecimal characters: its etag and, within one tenant, its name. */
public record ContentHash(String hex) {
    /** A hash in its only spelling. */
    public ContentHash {
        Must.hold(hex.length() == 64, "a SHA-256 has 64 characters", hex.length());
    }

    /** The hash of a content. */
    public static ContentHash of(byte[] content) {
        return ofDigest(newDigest().digest(content));
    }

    /** The hash that a finished digest holds. */
    public static ContentHash ofDigest(byte[] digest) {
        Must.hold(digest.length == 32, "a SHA-256 has 32 bytes", digest.length);
        return new ContentHash(HexFormat.of().formatHex(digest));
    }

    /** A digest to feed with a content that comes in pieces. */
    public static MessageDigest newDigest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("BUG: every JDK has SHA-256", e);
        }
    }

    @Override
    public String toString() {
        return hex;
    }
}
