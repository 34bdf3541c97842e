package nexus.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class DemoOptionsTest {

    @Test
    void takesATemporaryDirectory() {
        assertNull(new DemoOptions(0, null).dataDir());
    }

    @Test
    void keepsItsValues() {
        DemoOptions options = new DemoOptions(8080, Path.of("kept"));
        assertEquals(8080, options.port());
        assertEquals(Path.of("kept"), options.dataDir());
    }

    @Test
    void refusesAPortThatIsNone() {
        assertEquals(
                List.of("--port is 65536, allowed is 0 to 65535"),
                assertThrows(OptionsException.class, () -> new DemoOptions(65_536, null))
                        .errors());
    }
}
