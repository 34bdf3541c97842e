package nexus.kernel;

import java.util.UUID;

/**
 * The text form of our 128-bit ids: 26 characters of Crockford's base 32 in lower case, sorted by the time of creation.
 *
 * <p>Ids are carried as {@link UUID} because PostgreSQL stores them so, in 16 bytes. Only the lower-case form parses:
 * an id is compared byte for byte and must have one spelling.
 *
 * <p>Source: the ULID specification (48 bits of milliseconds, 80 bits of randomness).
 */
public final class Ulid {
    /** Length of the text form, in characters. */
    public static final int LENGTH = 26;

    private static final char[] ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz".toCharArray();
    private static final byte[] VALUES = new byte[128];

    static {
        java.util.Arrays.fill(VALUES, (byte) -1);
        for (byte i = 0; i < ALPHABET.length; i++) {
            VALUES[ALPHABET[i]] = i;
        }
    }

    private Ulid() {}

    /** The id made of a time and 80 random bits: 16 in {@code randomHigh}, 64 in {@code randomLow}. */
    public static UUID of(long epochMillis, int randomHigh, long randomLow) {
        Must.hold(epochMillis >= 0 && epochMillis < 1L << 48, "time does not fit in 48 bits", epochMillis);
        return new UUID(epochMillis << 16 | randomHigh & 0xffff, randomLow);
    }

    /** The 26 characters of an id. */
    public static String print(UUID id) {
        char[] text = new char[LENGTH];
        long high = id.getMostSignificantBits();
        long low = id.getLeastSignificantBits();
        for (int i = LENGTH - 1; i >= 0; i--) {
            text[i] = ALPHABET[(int) (low & 31)];
            low = low >>> 5 | high << 59;
            high >>>= 5;
        }
        return new String(text);
    }

    /** Whether {@link #parse} accepts this text. */
    public static boolean isValid(CharSequence text) {
        if (text.length() != LENGTH || text.charAt(0) > '7') {
            return false;
        }
        for (int i = 0; i < LENGTH; i++) {
            char c = text.charAt(i);
            if (c >= 128 || VALUES[c] < 0) {
                return false;
            }
        }
        return true;
    }

    /** The id of a text; a text that {@link #isValid} refuses is a bug of the caller. */
    public static UUID parse(CharSequence text) {
        Must.hold(isValid(text), "not a ULID");
        long high = 0;
        long low = 0;
        for (int i = 0; i < LENGTH; i++) {
            high = high << 5 | low >>> 59;
            low = low << 5 | VALUES[text.charAt(i)];
        }
        return new UUID(high, low);
    }
}
