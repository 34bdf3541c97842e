package nexus.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import nexus.kernel.ContentHash;
import nexus.kernel.Ids;
import nexus.kernel.TenantId;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every store of large contents does. What only one of them has is in its own test. */
public abstract class BlobStoreContract {
    protected static final Instant NOW = Instant.parse("2026-11-23T10:00:00Z");
    private static final int KIB = 1024;
    private static final int MIB = 1024 * KIB;

    protected final Vertx vertx = Vertx.vertx();
    protected volatile Instant now = NOW;
    protected final Ids ids = new Ids(() -> now, new SecureRandom());
    protected BlobStore store;
    protected TenantId acme = new TenantId(ids.next());
    protected TenantId beta = new TenantId(ids.next());

    /** An empty store in which both tenants may store. */
    protected abstract BlobStore openStore() throws Exception;

    protected abstract void closeStore() throws Exception;

    /** What is kept for both tenants, counted beneath the store: files, objects, rows. */
    protected abstract long kept() throws Exception;

    @BeforeEach
    void openForTest() throws Exception {
        store = openStore();
    }

    @AfterEach
    void closeAfterTest() throws Exception {
        closeStore();
        await(vertx.close());
    }

    protected static <T> T await(Future<T> future) {
        try {
            return future.await(20, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("no answer in 20 s", e);
        }
    }

    protected static Buffer bytes(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return Buffer.buffer(bytes);
    }

    protected static void failed(Future<?> future) {
        StoreException e = assertThrows(StoreException.class, () -> await(future));
        assertEquals(StoreException.Reason.FAILED, e.reason(), e.toString());
    }

    private Buffer whole(TenantId tenant, Content.Stored stored) {
        return await(store.read(tenant, stored.place(), 0, (int) stored.size()));
    }

    @Test
    void readsBackWhatItStored() {
        for (int length : new int[] {0, 1, 64 * KIB, 1_000_003, MIB, 3 * MIB + 1}) {
            Buffer bytes = bytes(length, length);
            Content.Stored stored = await(store.put(acme, bytes));
            assertEquals(ContentHash.of(bytes.getBytes()), stored.hash());
            assertEquals(length, stored.size());
            assertEquals(stored.hash(), BlobName.of(stored.place()).hash());
            assertEquals(bytes, whole(acme, stored), () -> length + " bytes");
        }
    }

    @Test
    void readsAnyRange() {
        Buffer bytes = bytes(2 * MIB + 777, 1);
        Content.Stored stored = await(store.put(acme, bytes));
        int size = bytes.length();
        // On both sides of every border that a store could have.
        for (int border : new int[] {0, 64 * KIB, 256 * KIB, MIB, 2 * MIB, size}) {
            for (int start : new int[] {border - 1, border, border + 1}) {
                for (int length : new int[] {0, 1, 2, 256 * KIB, MIB + 1}) {
                    if (start >= 0 && start + length <= size) {
                        assertEquals(
                                bytes.getBuffer(start, start + length),
                                await(store.read(acme, stored.place(), start, length)),
                                () -> length + " from " + start);
                    }
                }
            }
        }
    }

    @Test
    void failsInsteadOfReadingLess() {
        Content.Stored stored = await(store.put(acme, bytes(10, 1)));
        failed(store.read(acme, stored.place(), 5, 6));
        failed(store.read(acme, stored.place(), 10, 1));
        failed(store.read(acme, stored.place(), 11, 0));
        failed(store.read(acme, stored.place(), 11, 1));
        Content.Stored large = await(store.put(acme, bytes(MIB, 2)));
        failed(store.read(acme, large.place(), 0, MIB + 1));
        failed(store.read(acme, large.place(), MIB - 1, 2));
    }

    @Test
    void appendsIntoANewPlace() {
        for (int length : new int[] {0, 700_000, 2 * MIB, 2 * MIB + 1}) {
            Buffer base = bytes(length, 2);
            for (int added : new int[] {0, 1, 300_001, MIB}) {
                Buffer more = bytes(added, 3);
                Content.Stored first = await(store.put(acme, base));
                Content.Stored second = await(store.append(acme, first.place(), more));
                Buffer joined = base.copy().appendBuffer(more);
                assertEquals(length + added, second.size());
                assertEquals(ContentHash.of(joined.getBytes()), second.hash());
                assertEquals(joined, whole(acme, second));
                assertNotEquals(first.place(), second.place());
                assertEquals(base, whole(acme, first));
            }
        }
    }

    @Test
    void givesEveryUploadItsOwnPlace() {
        Content.Stored one = await(store.put(acme, bytes(9, 1)));
        Content.Stored two = await(store.put(acme, bytes(9, 1)));
        assertEquals(one.hash(), two.hash());
        assertNotEquals(one.place(), two.place());
        await(store.remove(acme, List.of(one.place())));
        assertEquals(9, whole(acme, two).length());
    }

    @Test
    void servesManyAtOnce() {
        List<Buffer> contents = new ArrayList<>();
        List<Future<Content.Stored>> puts = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            contents.add(bytes(MIB + i, i));
            puts.add(store.put(acme, contents.get(i)));
        }
        await(Future.join(puts));
        List<Future<Buffer>> reads = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            reads.add(store.read(acme, puts.get(i).result().place(), 0, MIB + i));
        }
        await(Future.join(reads));
        for (int i = 0; i < 20; i++) {
            assertEquals(contents.get(i), reads.get(i).result());
        }
    }

    @Test
    void keepsTenantsApart() {
        Content.Stored stored = await(store.put(acme, bytes(9, 1)));
        failed(store.read(beta, stored.place(), 0, 9));
        failed(store.append(beta, stored.place(), bytes(1, 1)));
        await(store.remove(beta, List.of(stored.place())));
        await(store.removeAll(beta));
        assertEquals(9, whole(acme, stored).length());
        assertTrue(await(store.tenants()).contains(acme));
        now = NOW.plusSeconds(60);
        assertEquals(List.of(), await(store.olderThan(beta, now, null, 100)));
    }

    @Test
    void removesContentsAndWholeTenants() throws Exception {
        Content.Stored stored = await(store.put(acme, bytes(2 * MIB, 1)));
        await(store.remove(acme, List.of(stored.place())));
        await(store.remove(acme, List.of(stored.place())));
        failed(store.read(acme, stored.place(), 0, 9));
        assertEquals(0, kept());
        Content.Stored kept = await(store.put(beta, bytes(9, 1)));
        for (int i = 0; i < 3; i++) {
            await(store.put(acme, bytes(MIB, i)));
        }
        await(store.removeAll(acme));
        assertEquals(9, whole(beta, kept).length());
        await(store.removeAll(beta));
        assertEquals(0, kept());
        assertEquals(9, await(store.put(acme, bytes(9, 3))).size());
    }

    @Test
    void findsContentsByTheAgeOfTheirUpload() {
        Set<BlobPlace> old = new HashSet<>();
        for (int i = 0; i < 5; i++) {
            old.add(await(store.put(acme, bytes(9, i))).place());
        }
        now = NOW.plusSeconds(60);
        await(store.put(acme, bytes(9, 99)));
        List<BlobPlace> found = await(store.olderThan(acme, NOW.plusSeconds(1), null, 100));
        assertEquals(old, new HashSet<>(found));
        assertEquals(5, found.size());
        assertEquals(List.of(), await(store.olderThan(acme, NOW, null, 100)));
        assertEquals(List.of(), await(store.olderThan(beta, NOW.plusSeconds(1), null, 100)));
    }

    @Test
    void pagesThroughOldContents() {
        List<BlobPlace> all = new ArrayList<>();
        for (int i = 0; i < 11; i++) {
            now = NOW.plusMillis(i);
            // Some of them are the same: a page may end among them.
            all.add(await(store.put(acme, bytes(9, i % 3))).place());
        }
        List<BlobPlace> found = new ArrayList<>();
        @Nullable BlobPlace last = null;
        for (int left = 11; left > 0; left -= 4) {
            List<BlobPlace> page = await(store.olderThan(acme, NOW.plusSeconds(1), last, 4));
            assertEquals(Math.min(left, 4), page.size());
            found.addAll(page);
            last = page.get(page.size() - 1);
        }
        assertEquals(List.of(), await(store.olderThan(acme, NOW.plusSeconds(1), last, 4)));
        assertEquals(all.size(), found.size());
        assertEquals(new HashSet<>(all), new HashSet<>(found));
    }

    @Test
    void leavesNothingOfAFailedUpload() throws Exception {
        BlobPlace nowhere = new BlobName(ContentHash.of(new byte[] {1}), ids.next()).place();
        failed(store.append(acme, nowhere, bytes(9, 1)));
        assertEquals(0, kept());
    }

    @Test
    void refusesAPlaceThatNoStoreMade() {
        BlobPlace alien = new BlobPlace("x..y");
        assertThrows(IllegalStateException.class, () -> await(store.read(acme, alien, 0, 1)));
        assertThrows(IllegalStateException.class, () -> await(store.remove(acme, List.of(alien))));
        assertThrows(IllegalStateException.class, () -> await(store.append(acme, alien, bytes(1, 1))));
    }

    @Test
    void bearsTheFirstMarkerThatItIsGiven() {
        assumeTrue(store instanceof MarkedBlobStore, "it has no place outside of the database");
        MarkedBlobStore place = (MarkedBlobStore) store;
        assertEquals(Optional.empty(), await(place.marker()));
        List<Future<Void>> marking = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            marking.add(place.mark("{\"number\":" + i + "}\n"));
        }
        await(Future.join(marking));
        String borne = await(place.marker()).orElseThrow();
        assertTrue(borne.matches("\\{\"number\":[0-7]}\n"), borne);
        await(place.mark("{}"));
        assertEquals(Optional.of(borne), await(place.marker()));
        // It is no content, of nobody.
        assertEquals(List.of(), await(place.tenants()));
        await(place.removeAll(acme));
        assertEquals(Optional.of(borne), await(place.marker()));
    }

    @Test
    void readsNoMoreOfAMarkerThanItCanHave() {
        assumeTrue(store instanceof MarkedBlobStore, "it has no place outside of the database");
        MarkedBlobStore place = (MarkedBlobStore) store;
        await(place.mark("x".repeat(2 * MarkedBlobStore.MARKER_BYTES)));
        assertEquals(Optional.of("x".repeat(MarkedBlobStore.MARKER_BYTES)), await(place.marker()));
    }
}
