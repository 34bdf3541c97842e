package nexus.embedded;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The directory that holds everything a server keeps, locked for this process until it is closed. The kernel drops the
 * lock with the process, so a crash leaves nothing to clean up.
 *
 * <p>The lock is a POSIX record lock, with its old trap: <em>any</em> descriptor of the lock file that this process
 * closes drops the lock. Therefore nothing else in this process may open the file, and a second opening of the same
 * directory is refused from memory, before the file is touched. Methods may be called from any thread.
 */
public final class DataDirectory implements AutoCloseable {

    private static final String LOCK = "lock";
    private static final String ADMIN_KEY = "admin.key";
    private static final Set<Path> OPEN_HERE = ConcurrentHashMap.newKeySet();

    private final Path root;
    private final FileChannel channel;
    private final FileLock lock;

    private DataDirectory(Path root, FileChannel channel, FileLock lock) {
        this.root = root;
        this.channel = channel;
        this.lock = lock;
    }

    /**
     * Creates the directory where it is missing, and locks it.
     *
     * @throws EmbeddedException when it cannot be used; if another process holds it, the message names that process
     */
    public static DataDirectory open(Path path, InstantSource clock) {
        Path root;
        try {
            root = create(path);
        } catch (IOException e) {
            throw unusable(path, e);
        }
        if (!OPEN_HERE.add(root)) {
            throw new EmbeddedException(
                    "data directory " + root + " is in use by this process (pid " + pid() + ") already");
        }
        try {
            return lock(root, clock);
        } catch (IOException e) {
            OPEN_HERE.remove(root);
            throw unusable(root, e);
        } catch (RuntimeException e) {
            OPEN_HERE.remove(root);
            throw e;
        }
    }

    public Path path() {
        return root;
    }

    /** Where {@link EmbeddedDatabase} lives. */
    public Path postgres() {
        return root.resolve("postgres");
    }

    public Path blobs() {
        return root.resolve("blobs");
    }

    /** On the same file system as {@link #blobs()}: a file can be renamed from here to there. */
    public Path tmp() {
        return root.resolve("tmp");
    }

    public Path adminKeyFile() {
        return root.resolve(ADMIN_KEY);
    }

    /** Replaces {@code admin.key}: after a power cut it holds the old key or the new one, never half of one. */
    public void writeAdminKey(String key) {
        try {
            DurableFiles.write(adminKeyFile(), key + "\n");
        } catch (IOException e) {
            throw new EmbeddedException("cannot write " + adminKeyFile() + ": " + reason(e), e);
        }
    }

    /** Removes {@code admin.key}, whose key did not come to be. */
    public void removeAdminKey() {
        try {
            Files.deleteIfExists(adminKeyFile());
        } catch (IOException e) {
            throw new EmbeddedException("cannot remove " + adminKeyFile() + ": " + reason(e), e);
        }
    }

    public Optional<String> readAdminKey() {
        try {
            return Optional.of(Files.readString(adminKeyFile()).strip());
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new EmbeddedException("cannot read " + adminKeyFile() + ": " + reason(e), e);
        }
    }

    @Override
    public synchronized void close() {
        if (!lock.isValid()) {
            return;
        }
        try {
            lock.release();
            channel.close();
        } catch (IOException e) {
            throw new EmbeddedException("cannot unlock " + root + ": " + reason(e), e);
        } finally {
            OPEN_HERE.remove(root);
        }
    }

    private static Path create(Path path) throws IOException {
        if (Files.exists(path) && !Files.isDirectory(path)) {
            throw new EmbeddedException("data directory " + path + " is a file, not a directory");
        }
        if (!Files.exists(path)) {
            // Missing parents get the same mode: whoever may not look into the directory may not look around it.
            Files.createDirectories(path, PosixFilePermissions.asFileAttribute(DurableFiles.OWNER_ONLY_DIRECTORY));
        }
        Path root = path.toRealPath();
        if (!Files.isWritable(root)) {
            throw new EmbeddedException("data directory " + root + " is not writable by this user ("
                    + System.getProperty("user.name") + ")");
        }
        return root;
    }

    private static DataDirectory lock(Path root, InstantSource clock) throws IOException {
        Path file = root.resolve(LOCK);
        FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(DurableFiles.OWNER_ONLY_FILE));
        boolean locked = false;
        try {
            FileLock lock = channel.tryLock();
            if (lock == null) {
                throw new EmbeddedException("data directory " + root + " is in use by " + holder(channel));
            }
            ByteBuffer owner = StandardCharsets.UTF_8.encode("pid=" + pid() + "\nstarted=" + clock.instant() + "\n");
            channel.truncate(0);
            channel.write(owner, 0);
            DataDirectory directory = new DataDirectory(root, channel, lock);
            for (Path part : List.of(directory.postgres(), directory.blobs(), directory.tmp())) {
                DurableFiles.createDirectory(part);
            }
            locked = true;
            return directory;
        } finally {
            if (!locked) {
                channel.close();
            }
        }
    }

    /** Only the program of the holder is shown, not its arguments: a database URL among them holds a password. */
    private static String holder(FileChannel channel) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(256);
        channel.read(bytes, 0);
        String text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
        String pid = value(text, "pid");
        if (!pid.matches("[0-9]{1,18}")) {
            return "another process";
        }
        String command = ProcessHandle.of(Long.parseLong(pid))
                .flatMap(handle -> handle.info().command())
                .orElse("not visible from here, perhaps in another container");
        return "process " + pid + " (" + command + "), started " + value(text, "started");
    }

    private static String value(String text, String key) {
        return text.lines()
                .filter(line -> line.startsWith(key + "="))
                .map(line -> line.substring(key.length() + 1))
                .findFirst()
                .orElse("unknown");
    }

    private static long pid() {
        return ProcessHandle.current().pid();
    }

    private static EmbeddedException unusable(Path path, IOException e) {
        return new EmbeddedException("data directory " + path + " cannot be used: " + reason(e), e);
    }

    /** The messages of file system exceptions are often the path alone; their class says what went wrong. */
    private static String reason(IOException e) {
        return e.getClass().getSimpleName() + (e.getMessage() == null ? "" : " " + e.getMessage());
    }
}
