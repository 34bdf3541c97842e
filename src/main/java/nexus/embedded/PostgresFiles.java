package nexus.embedded;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What lies in {@code <data-dir>/postgres}, and who writes it. */
record PostgresFiles(Path home) {

    /** The address structure of Unix sockets has room for 108 bytes, the last of which is zero. */
    private static final int SOCKET_PATH_BYTES_MAX = 107;

    private static final int LOG_BYTES_MAX = 8 << 20;
    private static final int LOG_TAIL_BYTES = 2_000;

    /** The line of postmaster.pid that says how far the server is. */
    private static final int STATUS_LINE = 7;

    /** PostgreSQL's own directory. It appears whole, by a rename of {@link #unfinishedData()}. */
    Path data() {
        return home.resolve("data");
    }

    Path unfinishedData() {
        return home.resolve("data.new");
    }

    Path password() {
        return home.resolve("password");
    }

    Path port() {
        return home.resolve("port");
    }

    Path socket() {
        return home.resolve("socket");
    }

    Path log() {
        return home.resolve("log");
    }

    Path binaries() {
        return home.resolve("binaries");
    }

    Path postmasterPid() {
        return data().resolve("postmaster.pid");
    }

    /** Null where a path would be too long, or needs more quoting than PostgreSQL's list of directories offers. */
    @Nullable
    Path usableSocket() {
        String longest = socket().resolve(".s.PGSQL.65535").toString();
        boolean fits = longest.getBytes(StandardCharsets.UTF_8).length <= SOCKET_PATH_BYTES_MAX;
        return fits && !longest.contains(",") && !longest.contains("\"") ? socket() : null;
    }

    /** The lines of postmaster.pid, or none while it is missing. */
    List<String> postmasterLines() {
        try {
            return Files.readString(postmasterPid(), StandardCharsets.ISO_8859_1)
                    .lines()
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    /** The process that postmaster.pid names, or -1. */
    long postmaster() {
        List<String> lines = postmasterLines();
        boolean number = !lines.isEmpty() && lines.get(0).strip().matches("[0-9]{1,18}");
        return number ? Long.parseLong(lines.get(0).strip()) : -1;
    }

    boolean isReady(long pid) {
        List<String> lines = postmasterLines();
        return lines.size() > STATUS_LINE
                && lines.get(0).strip().equals(Long.toString(pid))
                && lines.get(STATUS_LINE).strip().equals("ready");
    }

    /** PostgreSQL writes few lines: at a bounded size the file becomes log.1, which replaces the previous one. */
    void rotateLog() throws IOException {
        if (Files.exists(log()) && Files.size(log()) > LOG_BYTES_MAX) {
            Files.move(log(), home.resolve("log.1"), StandardCopyOption.REPLACE_EXISTING);
        }
        if (!Files.exists(log())) {
            Files.createFile(log(), PosixFilePermissions.asFileAttribute(DurableFiles.OWNER_ONLY_FILE));
        }
    }

    long logSize() {
        try {
            return Files.size(log());
        } catch (IOException e) {
            return 0;
        }
    }

    /** What was logged after the given position, at most the last lines of it. */
    String logSince(long position) {
        try (RandomAccessFile file = new RandomAccessFile(log().toFile(), "r")) {
            long from = Math.max(position, file.length() - LOG_TAIL_BYTES);
            byte[] bytes = new byte[(int) Math.max(0, file.length() - from)];
            file.seek(from);
            file.readFully(bytes);
            return new String(bytes, StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            return "(no log: " + e + ")";
        }
    }
}
