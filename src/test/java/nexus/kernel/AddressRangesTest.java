package nexus.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AddressRangesTest {
    private static boolean contains(String ranges, String address) {
        return AddressRanges.parse(ranges)
                .orElseThrow()
                .contains(AddressRanges.address(address).orElseThrow());
    }

    @Test
    void aRangeEndsAtItsBits() {
        assertTrue(contains("10.0.0.0/8", "10.255.255.255"));
        assertFalse(contains("10.0.0.0/8", "11.0.0.0"));
        assertTrue(contains("192.0.2.128/25", "192.0.2.128"));
        assertFalse(contains("192.0.2.128/25", "192.0.2.127"));
        assertTrue(contains("192.0.2.7", "192.0.2.7"));
        assertFalse(contains("192.0.2.7", "192.0.2.6"));
        assertTrue(contains("0.0.0.0/0", "203.0.113.1"));
        assertFalse(contains("0.0.0.0/0", "::2"), "the other family is another range");
        assertTrue(contains("2001:db8::/33", "2001:db8:7fff::1"));
        assertFalse(contains("2001:db8::/33", "2001:db8:8000::1"));
        assertTrue(contains("192.0.2.0/24", "::ffff:192.0.2.9"), "an IPv4 address in IPv6 clothes");
        assertFalse(
                AddressRanges.NONE.contains(AddressRanges.address("127.0.0.1").orElseThrow()));
    }

    @Test
    void onlyNumbersAreAddresses() {
        for (String wrong : List.of(
                "",
                "localhost",
                "dead.beef",
                "proxy",
                "10.0.0",
                "256.1.1.1",
                "10.0.0.0/33",
                "10.0.0.0/-1",
                "::1/129",
                "10.0.0.0/",
                "10.0.0.0/8/8",
                "1.2.3.4:80",
                ":::",
                "10.0.0.1,",
                "0x7f.1")) {
            assertEquals(Optional.empty(), AddressRanges.parse(wrong), wrong);
        }
    }
}
