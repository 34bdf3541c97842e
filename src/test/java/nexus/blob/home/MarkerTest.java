package nexus.blob.home;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class MarkerTest {
    private static final Marker MARKER = new Marker(
            UUID.fromString("0123abcd-0000-0000-0000-000000000001"),
            UUID.fromString("0123abcd-0000-0000-0000-000000000002"));
    private static final String TEXT = "{\"database\":\"0123abcd-0000-0000-0000-000000000001\","
            + "\"id\":\"0123abcd-0000-0000-0000-000000000002\"}\n";

    @Test
    void isReadAsItIsWritten() {
        assertEquals(TEXT, MARKER.text());
        assertEquals(Optional.of(MARKER), Marker.parse(TEXT));
        assertEquals(
                Optional.of(MARKER),
                Marker.parse(TEXT.replace(":", ": ")
                        .replace(",", " ,\n  ")
                        .replace("{", "{ ")
                        .strip()));
    }

    @Test
    void nothingElseIsOne() {
        for (String wrong : new String[] {
            "", "{}", TEXT.replace("id", "ID"), TEXT.replace("}", ",\"more\":1}"), TEXT + TEXT, TEXT.substring(0, 60)
        }) {
            assertEquals(Optional.empty(), Marker.parse(wrong), wrong);
        }
    }
}
