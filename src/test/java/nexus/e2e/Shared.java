package nexus.e2e;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The documents that lie beside the repository. A test that needs one is skipped where they are missing. */
final class Shared {
    private Shared() {}

    /** The text of a document. */
    static String text(String relative) {
        Path file = Path.of("..", "shared", relative);
        assumeTrue(Files.exists(file), "skipped: " + file + " is not beside this repository");
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
