package nexus.blob.file;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.buffer.Buffer;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import nexus.kernel.ContentHash;
import nexus.kernel.Ids;
import nexus.kernel.Must;
import nexus.kernel.Problem;
import nexus.kernel.TenantId;
import nexus.kernel.Ulid;
import nexus.store.BlobName;
import nexus.store.BlobPlace;
import nexus.store.Content;
import nexus.store.MarkedBlobStore;
import nexus.store.StoreException;
import nexus.store.StoreException.Reason;
import org.jspecify.annotations.Nullable;

/**
 * Contents as files: {@code root/<tenant>/<two digits of the hash>/<hash>-<upload>}.
 *
 * <p><b>Durable.</b> A content is written beside its place ({@code root/<tenant>/new/<upload>}), synchronised, renamed, and
 * the directories are synchronised: after a crash it is there as a whole or not at all. What a crash leaves in
 * {@code new} goes when its age is asked for, see {@link #olderThan}.
 *
 * <p><b>Bounded.</b> All waiting happens on a pool of its own that refuses what it cannot take. An append streams; only
 * what a caller hands over or asks for is in memory.
 *
 * <p><b>Inside.</b> Names come from ids and hashes only, and no symbolic link is followed below the root.
 */
public final class FileBlobStore implements MarkedBlobStore {
    private static final int CHUNK = 256 * 1024;
    private static final String NEW = "new";
    private static final Pattern FAN_OUT = Pattern.compile("[0-9a-f]{2}");

    /** Directories that are remembered as durable; more are forgotten and synchronised again. */
    private static final int KNOWN_DIRECTORIES = 10_000;

    private final Path root;
    private final Ids ids;
    private final WorkerExecutor workers;
    private final int room;
    private final AtomicInteger taken = new AtomicInteger();
    private final Set<Path> durable = ConcurrentHashMap.newKeySet();

    private FileBlobStore(Vertx vertx, FileBlobOptions options, Ids ids) {
        this.root = options.root().toAbsolutePath().normalize();
        this.ids = ids;
        this.workers = vertx.createSharedWorkerExecutor("nexus-blob-files", options.threads());
        this.room = options.threads() + options.waiting();
    }

    /** The store in a directory, which is made if need be. The ids are used by several threads. */
    public static Future<FileBlobStore> open(Vertx vertx, FileBlobOptions options, Ids ids) {
        FileBlobStore store = new FileBlobStore(vertx, options, ids);
        return store.run(() -> {
            Files.createDirectories(store.root);
            return store;
        });
    }

    /** Ends the threads. */
    public Future<Void> close() {
        return workers.close();
    }

    @Override
    public Future<Content.Stored> put(TenantId tenant, Buffer bytes) {
        return run(() -> write(tenant, out -> out.write(bytes)));
    }

    @Override
    public Future<Content.Stored> append(TenantId tenant, BlobPlace base, Buffer more) {
        return run(() -> write(tenant, out -> {
            out.copy(file(tenant, base));
            out.write(more);
        }));
    }

    @Override
    public Future<Buffer> read(TenantId tenant, BlobPlace place, long start, int length) {
        return run(() -> {
            Must.hold(start >= 0 && length >= 0, "a range of a content", start, length);
            try (FileChannel in = FileChannel.open(file(tenant, place), Set.of(READ, NOFOLLOW_LINKS))) {
                if (in.size() - start < length) {
                    throw new EOFException("a content of " + in.size() + " bytes has no " + length + " from " + start);
                }
                ByteBuffer bytes = ByteBuffer.allocate(length);
                while (bytes.hasRemaining()) {
                    if (in.read(bytes, start + bytes.position()) < 0) {
                        throw new EOFException("a content became shorter");
                    }
                }
                return Buffer.buffer(bytes.array());
            }
        });
    }

    @Override
    public Future<Void> remove(TenantId tenant, List<BlobPlace> places) {
        return run(() -> {
            for (BlobPlace place : places) {
                Path file = place(tenant, place);
                if (isInside(file)) {
                    Files.deleteIfExists(file);
                }
            }
            return null;
        });
    }

    /** {@inheritDoc} The age is that of the upload's id, the order that of the names. */
    @Override
    public Future<List<BlobPlace>> olderThan(TenantId tenant, Instant until, @Nullable BlobPlace after, int limit) {
        return run(() -> {
            List<BlobPlace> found = new ArrayList<>();
            String behind = after == null ? "" : after.value();
            for (Path directory : entries(directory(tenant))) {
                String name = directory.getFileName().toString();
                if (name.equals(NEW)) {
                    sweep(directory, until);
                } else if (isFanOutFrom(name, behind) && found.size() < limit) {
                    collect(directory, until, behind, limit, found);
                }
            }
            return List.copyOf(found);
        });
    }

    @Override
    public Future<List<TenantId>> tenants() {
        return run(() -> entries(root).stream()
                .map(path -> path.getFileName().toString())
                .filter(Ulid::isValid)
                .map(name -> new TenantId(Ulid.parse(name)))
                .toList());
    }

    @Override
    public Future<Void> removeAll(TenantId tenant) {
        return run(() -> {
            Path directory = directory(tenant);
            durable.removeIf(path -> path.startsWith(directory));
            if (Files.isDirectory(directory, NOFOLLOW_LINKS)) {
                Files.walkFileTree(directory, new Deletion());
            }
            return null;
        });
    }

    // -------------------------------------------------------------------------------------------------------- writing

    /** What writes a content. */
    private interface Source {
        void writeTo(Upload out) throws IOException;
    }

    /** A content on its way: hashed while it is written. */
    private static final class Upload {
        private final FileChannel out;
        private final MessageDigest digest = ContentHash.newDigest();
        private long size;

        Upload(FileChannel out) {
            this.out = out;
        }

        void write(Buffer bytes) throws IOException {
            write(ByteBuffer.wrap(bytes.getBytes()));
        }

        void copy(Path file) throws IOException {
            ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
            try (FileChannel in = FileChannel.open(file, Set.of(READ, NOFOLLOW_LINKS))) {
                while (in.read(chunk) >= 0) {
                    write(chunk.flip());
                    chunk.clear();
                }
            }
        }

        private void write(ByteBuffer bytes) throws IOException {
            digest.update(bytes.duplicate());
            size += bytes.remaining();
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
        }
    }

    private Content.Stored write(TenantId tenant, Source source) throws IOException {
        UUID upload = ids.next();
        Path unfinished = durable(directory(tenant).resolve(NEW)).resolve(Ulid.print(upload));
        try {
            Upload written;
            try (FileChannel out = FileChannel.open(unfinished, Set.of(CREATE_NEW, WRITE, NOFOLLOW_LINKS))) {
                written = new Upload(out);
                source.writeTo(written);
                out.force(true);
            }
            ContentHash hash = ContentHash.ofDigest(written.digest.digest());
            BlobPlace place = new BlobName(hash, upload).place();
            Path file = place(tenant, place);
            Path directory = durable(parent(file));
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
            synchronise(directory);
            return new Content.Stored(hash, written.size, place);
        } finally {
            Files.deleteIfExists(unfinished);
        }
    }

    /** A directory that is there and stays there; others may make it at the same time. */
    private Path durable(Path directory) throws IOException {
        if (!durable.contains(directory) || !Files.isDirectory(directory, NOFOLLOW_LINKS)) {
            Path parent = parent(directory);
            if (!parent.equals(root)) {
                durable(parent);
            }
            try {
                Files.createDirectory(directory);
            } catch (FileAlreadyExistsException e) {
                requireDirectory(directory, e);
            }
            synchronise(parent);
            if (durable.size() >= KNOWN_DIRECTORIES) {
                durable.clear();
            }
            durable.add(directory);
        }
        return directory;
    }

    private static void requireDirectory(Path directory, IOException otherwise) throws IOException {
        if (!Files.isDirectory(directory, NOFOLLOW_LINKS)) {
            throw otherwise;
        }
    }

    private static void synchronise(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, READ)) {
            channel.force(true);
        }
    }

    // -------------------------------------------------------------------------------------------------------- finding

    private Path directory(TenantId tenant) {
        return root.resolve(tenant.toString());
    }

    private Path place(TenantId tenant, BlobPlace place) {
        return directory(tenant).resolve(BlobName.of(place).fanOut()).resolve(place.value());
    }

    private Path file(TenantId tenant, BlobPlace place) throws IOException {
        Path file = place(tenant, place);
        if (!isInside(file)) {
            throw new NoSuchFileException(place.value());
        }
        return file;
    }

    /** Whether the directories above a file are directories, and no links to elsewhere. */
    private static boolean isInside(Path file) {
        Path fanOut = parent(file);
        return Files.isDirectory(parent(fanOut), NOFOLLOW_LINKS) && Files.isDirectory(fanOut, NOFOLLOW_LINKS);
    }

    private static Path parent(Path path) {
        Path parent = path.getParent();
        if (parent == null) {
            throw new IllegalStateException("BUG: the root of the file system is no place");
        }
        return parent;
    }

    private static List<Path> entries(Path directory) throws IOException {
        List<Path> entries = new ArrayList<>();
        if (Files.isDirectory(directory, NOFOLLOW_LINKS)) {
            try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
                stream.forEach(entries::add);
            }
        }
        entries.sort(null);
        return entries;
    }

    private static boolean isFanOutFrom(String name, String behind) {
        return FAN_OUT.matcher(name).matches() && (behind.isEmpty() || name.compareTo(behind.substring(0, 2)) >= 0);
    }

    private static void collect(Path directory, Instant until, String behind, int limit, List<BlobPlace> found)
            throws IOException {
        for (Path file : entries(directory)) {
            String text = file.getFileName().toString();
            BlobName name = BlobName.parse(text).orElse(null);
            if (found.size() < limit && name != null && name.isOlderThan(until) && text.compareTo(behind) > 0) {
                found.add(name.place());
            }
        }
    }

    private static void sweep(Path directory, Instant until) throws IOException {
        for (Path file : entries(directory)) {
            String upload = file.getFileName().toString();
            if (Ulid.isValid(upload) && BlobName.isOlderThan(Ulid.parse(upload), until)) {
                Files.deleteIfExists(file);
            }
        }
    }

    /** Deletes a directory with everything in it; of a link, the link. */
    private static final class Deletion extends SimpleFileVisitor<Path> {
        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure) throws IOException {
            if (failure != null) {
                throw failure;
            }
            Files.deleteIfExists(directory);
            return FileVisitResult.CONTINUE;
        }
    }

    // ----------------------------------------------------------------------------------------------------- the marker

    @Override
    public Future<Optional<String>> marker() {
        return run(() -> {
            try (FileChannel in = FileChannel.open(root.resolve(MARKER), Set.of(READ, NOFOLLOW_LINKS))) {
                ByteBuffer bytes = ByteBuffer.allocate(MARKER_BYTES);
                int read = 0;
                while (read >= 0 && bytes.hasRemaining()) {
                    read = in.read(bytes);
                }
                return Optional.of(StandardCharsets.UTF_8.decode(bytes.flip()).toString());
            } catch (NoSuchFileException e) {
                return Optional.empty();
            }
        });
    }

    /** {@inheritDoc} Written beside its place and linked there: a link never replaces, and never shows half a file. */
    @Override
    public Future<Void> mark(String text) {
        return run(() -> {
            Path written = root.resolve(MARKER + "." + Ulid.print(ids.next()));
            try {
                try (FileChannel out = FileChannel.open(written, Set.of(CREATE_NEW, WRITE, NOFOLLOW_LINKS))) {
                    ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
                    while (bytes.hasRemaining()) {
                        out.write(bytes);
                    }
                    out.force(true);
                }
                Files.createLink(root.resolve(MARKER), written);
            } catch (FileAlreadyExistsException e) {
                return null;
            } finally {
                Files.deleteIfExists(written);
            }
            synchronise(root);
            return null;
        });
    }

    // -------------------------------------------------------------------------------------------------------- waiting

    @SuppressWarnings("NullAway") // Vert.x cannot say that a blocking call gives back what the work returns.
    private <T> Future<T> run(Callable<T> work) {
        if (taken.incrementAndGet() > room) {
            taken.decrementAndGet();
            return Future.failedFuture(Problem.overloaded("the blob store has " + room + " calls waiting")
                    .exception());
        }
        return workers.executeBlocking(work, false)
                .onComplete(done -> taken.decrementAndGet())
                .recover(FileBlobStore::failure);
    }

    private static <T> Future<T> failure(Throwable e) {
        return Future.failedFuture(
                e instanceof IOException ? new StoreException(Reason.FAILED, "the blob store failed", e) : e);
    }
}
