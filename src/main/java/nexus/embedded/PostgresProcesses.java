package nexus.embedded;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds the PostgreSQL processes of one data directory, however they came to be. A pid in a file proves nothing: pids
 * are used again, in containers soon. Every process of PostgreSQL works in its data directory, and on Linux that can be
 * seen; elsewhere only the first of them shows the directory, in its command line. Zombies are not found.
 */
final class PostgresProcesses {

    private static final Path PROC = Path.of("/proc");

    private PostgresProcesses() {}

    static List<ProcessHandle> of(Path data) {
        return Files.isDirectory(PROC.resolve("self")) ? byWorkingDirectory(data) : byCommandLine(data);
    }

    private static List<ProcessHandle> byWorkingDirectory(Path data) {
        List<ProcessHandle> found = new ArrayList<>();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path process : processes) {
                if (isPostgres(process) && isSame(process.resolve("cwd"), data)) {
                    ProcessHandle.of(Long.parseLong(process.getFileName().toString()))
                            .ifPresent(found::add);
                }
            }
        } catch (IOException e) {
            throw new EmbeddedException("cannot list the processes: " + e, e);
        }
        return found;
    }

    private static boolean isPostgres(Path process) {
        try {
            return Files.readString(process.resolve("comm")).strip().equals("postgres");
        } catch (IOException e) {
            return false; // It has ended, or is none of ours to see.
        }
    }

    private static boolean isSame(Path left, Path right) {
        try {
            return Files.isSameFile(left, right);
        } catch (IOException e) {
            return false; // As above.
        }
    }

    private static List<ProcessHandle> byCommandLine(Path data) {
        return ProcessHandle.allProcesses()
                .filter(handle -> handle.info()
                        .commandLine()
                        .filter(line -> line.contains("postgres") && line.contains(" " + data))
                        .isPresent())
                .toList();
    }
}
