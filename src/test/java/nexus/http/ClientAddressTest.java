package nexus.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import nexus.kernel.AddressRanges;
import org.junit.jupiter.api.Test;

/** Whose word is taken for the address of a client, and whose is not. */
class ClientAddressTest {
    private static final AddressRanges PROXIES =
            AddressRanges.parse("10.0.0.0/8, 192.0.2.7, fd00::/8").orElseThrow();

    private static String of(String peer, String... forwardedFor) {
        return ClientAddress.of(peer, List.of(forwardedFor), PROXIES);
    }

    @Test
    void aStrangerIsWhoHeIsWhateverHeSays() {
        assertEquals("203.0.113.9", of("203.0.113.9"));
        assertEquals("203.0.113.9", of("203.0.113.9", "198.51.100.1"));
        assertEquals("203.0.113.9", of("203.0.113.9", "10.0.0.1"));
        assertEquals("11.0.0.1", of("11.0.0.1", "198.51.100.1"));
    }

    @Test
    void theRightmostAddressThatIsNoProxyCounts() {
        assertEquals("198.51.100.1", of("10.1.2.3", "198.51.100.1"));
        assertEquals("198.51.100.1", of("10.1.2.3", "198.51.100.1, 10.9.9.9,192.0.2.7"));
        assertEquals("198.51.100.1", of("192.0.2.7", "198.51.100.1", "10.9.9.9"), "two headers are one list");
        assertEquals("2001:db8:0:0:0:0:0:1", of("fd00:0:0:0:0:0:0:5%eth0", "2001:db8::1"));
    }

    /** What the client sent along stands to the left of what the proxy has added. */
    @Test
    void aClientCannotPretend() {
        assertEquals("198.51.100.1", of("10.1.2.3", "1.1.1.1, 198.51.100.1"));
        assertEquals("198.51.100.1", of("10.1.2.3", "10.0.0.1", "198.51.100.1"));
        assertEquals("198.51.100.1", of("10.1.2.3", "1.1.1.1, 198.51.100.1, 10.9.9.9"));
    }

    @Test
    void whatIsNoAddressEndsTheSearchAtTheLastProxy() {
        assertEquals("10.1.2.3", of("10.1.2.3"));
        assertEquals("10.1.2.3", of("10.1.2.3", ""));
        assertEquals("10.1.2.3", of("10.1.2.3", "198.51.100.1, unknown"));
        assertEquals("10.9.9.9", of("10.1.2.3", "localhost, 10.9.9.9"));
        assertEquals("10.9.9.9", of("10.1.2.3", "1.2.3.4.5, 10.9.9.9"));
        assertEquals("10.1.2.3", of("10.1.2.3", "300.1.1.1"));
        assertEquals("10.9.9.9", of("10.1.2.3", "10.9.9.9"), "all of them are proxies");
    }
}
