package nexus.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DataDirectoryTest {

    private static final InstantSource CLOCK = InstantSource.fixed(Instant.parse("2026-11-23T08:40:00Z"));

    @TempDir
    Path parent;

    @Test
    void createsTheDirectoryForItsOwnerOnly() throws IOException {
        Path path = parent.resolve("deep/data");
        try (DataDirectory directory = DataDirectory.open(path, CLOCK)) {
            for (Path made : new Path[] {directory.path(), directory.postgres(), directory.blobs(), directory.tmp()}) {
                assertEquals("rwx------", mode(made), made::toString);
            }
            assertEquals("rw-------", mode(directory.path().resolve("lock")));
        }
    }

    @Test
    void isReleasedByClose() {
        DataDirectory.open(parent, CLOCK).close();
        DataDirectory again = DataDirectory.open(parent, CLOCK);
        again.close();
        again.close();
    }

    @Test
    void refusesASecondOpeningInThisProcessAndKeepsTheFirst() throws Exception {
        try (DataDirectory first = DataDirectory.open(parent, CLOCK)) {
            EmbeddedException refused = assertThrows(
                    EmbeddedException.class,
                    () -> DataDirectory.open(parent.resolve("../" + parent.getFileName()), CLOCK));
            assertTrue(refused.toString().contains("in use by this process"), refused::toString);
            // A refused opening that touched the lock file would have dropped the lock.
            assertEquals(parent.toRealPath(), first.path());
            String other = openElsewhere();
            assertTrue(
                    other.contains(
                            "in use by process " + ProcessHandle.current().pid()),
                    other);
        }
    }

    @Test
    void saysWhichProcessHoldsIt() throws Exception {
        try (ServerProcess server = ServerProcess.start(parent)) {
            server.awaitReady();
            EmbeddedException refused = assertThrows(EmbeddedException.class, () -> DataDirectory.open(parent, CLOCK));
            assertTrue(
                    refused.toString().contains("in use by process " + server.pid())
                            && refused.toString().contains("bin/java"),
                    refused::toString);
        }
    }

    @Test
    void isFreeAfterAKill() throws Exception {
        try (ServerProcess server = ServerProcess.start(parent)) {
            server.awaitReady();
            server.kill();
            DataDirectory.open(parent, CLOCK).close();
            PostgresProcesses.of(parent.resolve("postgres/data")).forEach(ProcessHandle::destroyForcibly);
        }
    }

    @Test
    void refusesAFile() throws IOException {
        Path file = Files.createFile(parent.resolve("file"));
        EmbeddedException refused = assertThrows(EmbeddedException.class, () -> DataDirectory.open(file, CLOCK));
        assertTrue(refused.toString().contains("is a file, not a directory"), refused::toString);
        EmbeddedException below =
                assertThrows(EmbeddedException.class, () -> DataDirectory.open(file.resolve("data"), CLOCK));
        assertTrue(below.toString().contains("cannot be used"), below::toString);
    }

    @Test
    void refusesADirectoryThatIsNotWritable() throws IOException {
        Files.setPosixFilePermissions(parent, PosixFilePermissions.fromString("r-x------"));
        try {
            assumeFalse(Files.isWritable(parent), "root may write everywhere");
            EmbeddedException refused = assertThrows(EmbeddedException.class, () -> DataDirectory.open(parent, CLOCK));
            assertTrue(refused.toString().contains("is not writable"), refused::toString);
        } finally {
            Files.setPosixFilePermissions(parent, PosixFilePermissions.fromString("rwx------"));
        }
    }

    @Test
    void keepsTheAdminKeyFromOthers() throws IOException {
        try (DataDirectory directory = DataDirectory.open(parent, CLOCK)) {
            assertEquals(Optional.empty(), directory.readAdminKey());
            directory.writeAdminKey("first");
            directory.writeAdminKey("second");
            assertEquals(Optional.of("second"), directory.readAdminKey());
            assertEquals("rw-------", mode(directory.adminKeyFile()));
            assertFalse(Files.exists(parent.resolve("admin.key.new")), "the temporary file is left");
        }
    }

    private String openElsewhere() throws Exception {
        try (ServerProcess server = ServerProcess.start(parent)) {
            AssertionError ended = assertThrows(AssertionError.class, server::awaitReady);
            return String.valueOf(ended.getMessage());
        }
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
