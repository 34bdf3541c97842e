package nexus.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ZoneNameTest {
    private static final Pattern FORM = Pattern.compile("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?");

    /** The ends of each range, their neighbours, and what only looks like a letter or a digit. */
    private static final char[] ALPHABET = "az09-`{/:AZ_. \n\u00e9\u0660".toCharArray();

    @Test
    void isThePatternOnEveryShortText() {
        every("", 4);
    }

    private static void every(String text, int more) {
        assertEquals(FORM.matcher(text).matches(), ZoneName.isValid(text), () -> "'" + text + "'");
        for (int i = 0; more > 0 && i < ALPHABET.length; i++) {
            every(text + ALPHABET[i], more - 1);
        }
    }

    @Test
    void hasAtMost63Characters() {
        assertTrue(ZoneName.isValid("a".repeat(63)));
        assertTrue(ZoneName.isValid("a" + "-".repeat(61) + "a"));
        assertFalse(ZoneName.isValid("a".repeat(64)));
        assertThrows(IllegalStateException.class, () -> new ZoneName("a".repeat(64)));
    }
}
