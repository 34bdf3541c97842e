package nexus.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class UlidTest {
    @Test
    void printsAndParsesEveryId() {
        Random random = new Random(1);
        for (int i = 0; i < 10_000; i++) {
            UUID id = new UUID(random.nextLong(), random.nextLong());
            assertEquals(id, Ulid.parse(Ulid.print(id)));
        }
        assertEquals("0".repeat(26), Ulid.print(new UUID(0, 0)));
        assertEquals("7" + "z".repeat(25), Ulid.print(new UUID(-1, -1)));
    }

    @Test
    void sortsByTime() {
        assertTrue(Ulid.print(Ulid.of(1000, -1, -1)).compareTo(Ulid.print(Ulid.of(1001, 0, 0))) < 0);
    }

    @Test
    void hasOneSpelling() {
        assertFalse(Ulid.isValid("0".repeat(25)));
        assertFalse(Ulid.isValid("8" + "0".repeat(25)), "129 bits");
        assertFalse(Ulid.isValid("0".repeat(25) + "Z"));
        assertFalse(Ulid.isValid("0".repeat(25) + "i"));
        assertFalse(Ulid.isValid("0".repeat(25) + "\u0660"));
    }
}
