package nexus.kernel;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Ranges of IP addresses, as {@code 10.0.0.0/8,::1}. Only numbers are read: a name is never looked up, because whoever answers
 * for the name would then say what is in the range.
 */
public record AddressRanges(List<Range> ranges) {
    /** No address. */
    public static final AddressRanges NONE = new AddressRanges(List.of());

    private static final Pattern IPV4 = Pattern.compile("[0-9]{1,3}(?:\\.[0-9]{1,3}){3}");
    private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:.]{2,45}");
    private static final Pattern BITS = Pattern.compile("[0-9]{1,3}");

    /** Copied. */
    public AddressRanges {
        ranges = List.copyOf(ranges);
    }

    /**
     * All addresses that begin as one does.
     *
     * @param bytes of an address, 4 or 16
     * @param bits how many of them count
     */
    public record Range(List<Byte> bytes, int bits) {
        /** Copied. */
        public Range {
            bytes = List.copyOf(bytes);
            Must.hold(bytes.size() == 4 || bytes.size() == 16, "an address has 4 or 16 bytes", bytes.size());
            Must.hold(bits >= 0 && bits <= bytes.size() * 8, "bits of an address", bits);
        }

        private boolean contains(byte[] address) {
            if (address.length != bytes.size()) {
                return false;
            }
            for (int bit = 0; bit < bits; bit++) {
                int mask = 0x80 >> (bit & 7);
                if (((address[bit >> 3] ^ bytes.get(bit >> 3)) & mask) != 0) {
                    return false;
                }
            }
            return true;
        }
    }

    /** The ranges of a list; empty if it is none. One address alone is a range too. */
    public static Optional<AddressRanges> parse(String text) {
        List<Range> ranges = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            Optional<Range> range = range(part.strip());
            if (range.isEmpty()) {
                return Optional.empty();
            }
            ranges.add(range.get());
        }
        return Optional.of(new AddressRanges(ranges));
    }

    private static Optional<Range> range(String text) {
        int slash = text.indexOf('/');
        Optional<InetAddress> address = address(slash < 0 ? text : text.substring(0, slash));
        if (address.isEmpty()) {
            return Optional.empty();
        }
        byte[] bytes = address.get().getAddress();
        String bits = slash < 0 ? Integer.toString(bytes.length * 8) : text.substring(slash + 1);
        if (!BITS.matcher(bits).matches() || Integer.parseInt(bits) > bytes.length * 8) {
            return Optional.empty();
        }
        int count = Integer.parseInt(bits);
        List<Byte> boxed = new ArrayList<>(Collections.nCopies(bytes.length, (byte) 0));
        for (int i = 0; i < bytes.length; i++) {
            boxed.set(i, bytes[i]);
        }
        return Optional.of(new Range(boxed, count));
    }

    /** The address that a text writes in numbers; empty if it is none. An IPv4 address in IPv6 clothes is the IPv4 address. */
    public static Optional<InetAddress> address(String text) {
        boolean numbers = IPV4.matcher(text).matches()
                || text.indexOf(':') >= 0 && IPV6.matcher(text).matches();
        if (!numbers) {
            return Optional.empty();
        }
        try {
            return Optional.of(InetAddress.getByName(text));
        } catch (UnknownHostException e) {
            return Optional.empty();
        }
    }

    /** Whether an address is in one of the ranges. */
    public boolean contains(InetAddress address) {
        byte[] bytes = address.getAddress();
        for (Range range : ranges) {
            if (range.contains(bytes)) {
                return true;
            }
        }
        return false;
    }
}
