package nexus.rebac.tuple;

/**
 * A hash of ids that can be shortened: from the hash of {@code /a/b/c} that of {@code /a/b} follows by looking at the two
 * characters that go, so a walk to the root of a path reads the path once, not once for each folder.
 *
 * <p>It is the polynomial of {@link String#hashCode()} over 64 bits, with an odd base, which therefore has an inverse. The
 * base comes from a secret seed: with a known one, a tenant could choose many ids of one hash and slow down the thread that it
 * shares with others. (The strings that collide under every base are too long for more than a handful to fit into an id.)
 */
final class IdHash {
    private final long base;
    private final long inverse;

    IdHash(long seed) {
        this.base = (mix(seed) & ~7L) | 5L;
        this.inverse = inverse(base);
    }

    /** The hash of the first {@code length} characters. */
    long of(String text, int length) {
        long hash = 1;
        for (int i = 0; i < length; i++) {
            hash = hash * base + text.charAt(i);
        }
        return hash;
    }

    /** The hash of the first {@code to} characters, given that of the first {@code from}. */
    long shorten(long hash, String text, int from, int to) {
        long shorter = hash;
        for (int i = from - 1; i >= to; i--) {
            shorter = (shorter - text.charAt(i)) * inverse;
        }
        return shorter;
    }

    /** Spreads a value over all bits: the finalizer of SplitMix64. */
    static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /** Newton's iteration doubles the number of right bits, beginning with the three that an odd number's square gives. */
    private static long inverse(long odd) {
        long inverse = odd;
        for (int bits = 3; bits < 64; bits *= 2) {
            inverse *= 2 - odd * inverse;
        }
        return inverse;
    }
}
