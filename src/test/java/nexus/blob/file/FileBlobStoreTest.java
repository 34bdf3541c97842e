package nexus.blob.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import nexus.kernel.ContentHash;
import nexus.kernel.Ids;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.kernel.TenantId;
import nexus.kernel.Ulid;
import nexus.store.BlobPlace;
import nexus.store.Content;
import nexus.store.StoreException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileBlobStoreTest {
    private static final Instant NOW = Instant.parse("2026-11-23T10:00:00Z");
    private static final TenantId ACME = new TenantId(new UUID(1, 1));
    private static final TenantId BETA = new TenantId(new UUID(1, 2));

    private final Vertx vertx = Vertx.vertx();
    private volatile Instant now = NOW;
    private final Ids ids = new Ids(() -> now, new SecureRandom());

    @TempDir
    Path root;

    private FileBlobStore store;

    @BeforeEach
    void open() {
        store = await(FileBlobStore.open(vertx, FileBlobOptions.of(root.resolve("blobs")), ids));
    }

    @AfterEach
    void close() {
        await(store.close());
        await(vertx.close());
    }

    private static <T> T await(Future<T> future) {
        try {
            return future.await(10, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("no answer in 10 s", e);
        }
    }

    private static Buffer bytes(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return Buffer.buffer(bytes);
    }

    private long filesBelow(Path directory) throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            return all.filter(path -> !Files.isDirectory(path)).count();
        }
    }

    @Test
    void readsBackWhatItStored() {
        Buffer bytes = bytes(1_000_003, 1);
        Content.Stored stored = await(store.put(ACME, bytes));
        assertEquals(ContentHash.of(bytes.getBytes()), stored.hash());
        assertEquals(bytes.length(), stored.size());
        assertTrue(stored.place().value().startsWith(stored.hash().hex() + "-"));
        assertEquals(bytes, await(store.read(ACME, stored.place(), 0, bytes.length())));
        assertEquals(bytes.getBuffer(500, 600), await(store.read(ACME, stored.place(), 500, 100)));
        assertEquals(
                0, await(store.read(ACME, stored.place(), bytes.length(), 0)).length());
    }

    @Test
    void failsInsteadOfReadingLess() {
        Content.Stored stored = await(store.put(ACME, bytes(10, 1)));
        assertThrows(StoreException.class, () -> await(store.read(ACME, stored.place(), 5, 6)));
        assertThrows(StoreException.class, () -> await(store.read(ACME, stored.place(), 11, 0)));
    }

    @Test
    void appendsIntoANewPlace() {
        Buffer base = bytes(700_000, 2);
        Buffer more = bytes(300_001, 3);
        Content.Stored first = await(store.put(ACME, base));
        Content.Stored second = await(store.append(ACME, first.place(), more));
        Buffer whole = base.copy().appendBuffer(more);
        assertEquals(whole.length(), second.size());
        assertArrayEquals(
                whole.getBytes(),
                await(store.read(ACME, second.place(), 0, whole.length())).getBytes());
        assertEquals(ContentHash.of(whole.getBytes()), second.hash());
        assertEquals(base, await(store.read(ACME, first.place(), 0, base.length())));
    }

    @Test
    void givesEveryUploadItsOwnPlace() {
        Content.Stored one = await(store.put(ACME, bytes(9, 1)));
        Content.Stored two = await(store.put(ACME, bytes(9, 1)));
        assertEquals(one.hash(), two.hash());
        assertNotEquals(one.place(), two.place());
        await(store.remove(ACME, List.of(one.place())));
        assertEquals(9, await(store.read(ACME, two.place(), 0, 9)).length());
    }

    @Test
    void keepsTenantsApart() {
        Content.Stored stored = await(store.put(ACME, bytes(9, 1)));
        assertThrows(StoreException.class, () -> await(store.read(BETA, stored.place(), 0, 9)));
        await(store.remove(BETA, List.of(stored.place())));
        await(store.removeAll(BETA));
        assertEquals(9, await(store.read(ACME, stored.place(), 0, 9)).length());
        assertEquals(List.of(ACME), await(store.tenants()));
    }

    @Test
    void removesContentsAndWholeTenants() throws IOException {
        Content.Stored stored = await(store.put(ACME, bytes(9, 1)));
        await(store.remove(ACME, List.of(stored.place())));
        await(store.remove(ACME, List.of(stored.place())));
        assertThrows(StoreException.class, () -> await(store.read(ACME, stored.place(), 0, 9)));
        await(store.put(ACME, bytes(9, 2)));
        await(store.removeAll(ACME));
        assertEquals(List.of(), await(store.tenants()));
        assertEquals(0, filesBelow(root));
        assertEquals(9, await(store.put(ACME, bytes(9, 3))).size());
    }

    @Test
    void findsContentsByTheAgeOfTheirUpload() {
        List<BlobPlace> old = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            old.add(await(store.put(ACME, bytes(9, i))).place());
        }
        now = NOW.plusSeconds(60);
        await(store.put(ACME, bytes(9, 99)));
        List<BlobPlace> found = await(store.olderThan(ACME, NOW.plusSeconds(1), 100));
        assertEquals(
                old.stream().map(BlobPlace::value).sorted().toList(),
                found.stream().map(BlobPlace::value).toList());
        assertEquals(2, await(store.olderThan(ACME, NOW.plusSeconds(1), 2)).size());
        assertEquals(List.of(), await(store.olderThan(ACME, NOW, 100)));
        assertEquals(List.of(), await(store.olderThan(BETA, NOW.plusSeconds(1), 100)));
    }

    @Test
    void sweepsWhatACrashLeft() throws IOException {
        await(store.put(ACME, bytes(9, 1)));
        Path unfinished = root.resolve("blobs").resolve(ACME.toString()).resolve("new");
        Path old = Files.writeString(unfinished.resolve(Ulid.print(ids.next())), "half");
        now = NOW.plusSeconds(60);
        Path young = Files.writeString(unfinished.resolve(Ulid.print(ids.next())), "on its way");
        await(store.olderThan(ACME, NOW.plusSeconds(1), 100));
        assertFalse(Files.exists(old));
        assertTrue(Files.exists(young));
    }

    @Test
    void leavesNothingOfAFailedUpload() throws IOException {
        BlobPlace nowhere = new BlobPlace("ab".repeat(32) + "-" + Ulid.print(ids.next()));
        assertThrows(StoreException.class, () -> await(store.append(ACME, nowhere, bytes(9, 1))));
        assertEquals(0, filesBelow(root));
    }

    @Test
    void followsNoLink() throws IOException {
        Path outside = Files.createDirectory(root.resolve("outside"));
        Content.Stored stored = await(store.put(ACME, bytes(9, 1)));
        Path tenant = root.resolve("blobs").resolve(ACME.toString());
        Path fanOut = tenant.resolve(stored.place().value().substring(0, 2));
        Path secret = Files.writeString(outside.resolve(stored.place().value()), "elsewhere");

        Path link = fanOut.resolve(stored.place().value());
        Files.delete(link);
        Files.createSymbolicLink(link, secret);
        assertThrows(StoreException.class, () -> await(store.read(ACME, stored.place(), 0, 9)));
        assertThrows(StoreException.class, () -> await(store.append(ACME, stored.place(), bytes(1, 1))));

        Files.delete(link);
        Files.delete(fanOut);
        Files.createSymbolicLink(fanOut, outside);
        assertThrows(StoreException.class, () -> await(store.read(ACME, stored.place(), 0, 9)));
        assertThrows(StoreException.class, () -> await(store.put(ACME, bytes(9, 1))));
        await(store.remove(ACME, List.of(stored.place())));
        await(store.removeAll(ACME));
        assertTrue(Files.exists(secret));
    }

    @Test
    void refusesAPlaceThatIsNotItsOwn() {
        assertThrows(IllegalStateException.class, () -> await(store.read(ACME, new BlobPlace("x..y"), 0, 1)));
    }

    @Test
    void refusesMoreThanItCanTake() {
        FileBlobStore narrow = await(FileBlobStore.open(vertx, new FileBlobOptions(root.resolve("narrow"), 1, 1), ids));
        List<Future<Content.Stored>> puts = new ArrayList<>();
        Buffer large = bytes(4_000_000, 1);
        for (int i = 0; i < 20; i++) {
            puts.add(narrow.put(ACME, large));
        }
        int refused = 0;
        for (Future<Content.Stored> put : puts) {
            try {
                await(put);
            } catch (ProblemException e) {
                assertEquals(ProblemCode.OVERLOADED, e.problem().code());
                refused++;
            }
        }
        assertTrue(refused > 0, "refused " + refused);
        assertEquals(9, await(narrow.put(ACME, bytes(9, 1))).size());
    }
}
