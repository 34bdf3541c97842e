package nexus.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.Optional;
import nexus.kernel.ContentHash;
import nexus.kernel.Ulid;
import org.junit.jupiter.api.Test;

class BlobNameTest {
    private static final Instant AT = Instant.parse("2026-11-23T10:00:00Z");
    private static final BlobName NAME =
            new BlobName(new ContentHash("ab".repeat(32)), Ulid.of(AT.toEpochMilli(), 1, 2));

    @Test
    void isReadAsItIsWritten() {
        assertEquals(Optional.of(NAME), BlobName.parse(NAME.toString()));
        assertEquals(NAME, BlobName.of(NAME.place()));
        assertEquals("ab", NAME.fanOut());
    }

    @Test
    void isOlderThanEverythingAfterItsMillisecond() {
        assertFalse(NAME.isOlderThan(AT));
        assertTrue(NAME.isOlderThan(AT.plusMillis(1)));
    }

    @Test
    void hasOneShape() {
        String text = NAME.toString();
        for (String wrong : new String[] {
            "",
            "x..y",
            text + "0",
            text.substring(1),
            text.toUpperCase(),
            text.replace('-', '/'),
            text.substring(0, 90) + "u"
        }) {
            assertEquals(Optional.empty(), BlobName.parse(wrong), wrong);
        }
        assertThrows(IllegalStateException.class, () -> BlobName.of(new BlobPlace("x..y")));
    }
}
