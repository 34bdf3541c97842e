package nexus.http.json;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Whether bytes are UTF-8 in the strict sense of RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
 *
 * <p>The JSON parser decodes leniently, so everything from outside passes here first. Runs of ASCII are skipped eight bytes
 * at a time.
 */
final class StrictUtf8 {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());
    private static final long HIGH_BITS = 0x8080808080808080L;

    private StrictUtf8() {}

    /** The index of the first byte that is not part of valid UTF-8; -1 if all is valid. */
    static int firstFault(byte[] bytes) {
        int i = 0;
        int end = bytes.length;
        while (i < end) {
            while (i + 8 <= end && ((long) LONGS.get(bytes, i) & HIGH_BITS) == 0) {
                i += 8;
            }
            if (i == end) {
                return -1;
            }
            int length = sequenceLength(bytes, i);
            if (length == 0) {
                return i;
            }
            i += length;
        }
        return -1;
    }

    private static int sequenceLength(byte[] bytes, int i) {
        int lead = bytes[i] & 0xff;
        if (lead < 0x80) {
            return 1;
        }
        if (lead < 0xc2 || lead > 0xf4) {
            return 0;
        }
        if (lead < 0xe0) {
            return isContinuation(bytes, i + 1) ? 2 : 0;
        }
        if (!isContinuation(bytes, i + 1) || !isContinuation(bytes, i + 2)) {
            return 0;
        }
        int second = bytes[i + 1] & 0xff;
        if (lead < 0xf0) {
            boolean overlong = lead == 0xe0 && second < 0xa0;
            boolean surrogate = lead == 0xed && second > 0x9f;
            return overlong || surrogate ? 0 : 3;
        }
        boolean overlong = lead == 0xf0 && second < 0x90;
        boolean beyond = lead == 0xf4 && second > 0x8f;
        return overlong || beyond || !isContinuation(bytes, i + 3) ? 0 : 4;
    }

    private static boolean isContinuation(byte[] bytes, int i) {
        return i < bytes.length && (bytes[i] & 0xc0) == 0x80;
    }
}
