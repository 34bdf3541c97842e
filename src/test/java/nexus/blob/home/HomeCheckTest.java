package nexus.blob.home;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import nexus.blob.file.FileBlobOptions;
import nexus.blob.file.FileBlobStore;
import nexus.kernel.Ids;
import nexus.kernel.TenantId;
import nexus.store.BlobHome;
import nexus.store.BlobHome.Kind;
import nexus.store.BlobHomes;
import nexus.store.MarkedBlobStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The decision carried out, on real directories. */
class HomeCheckTest {
    private final Vertx vertx = Vertx.vertx();
    private final Ids ids = new Ids(InstantSource.system(), new Random(7));
    private final List<FileBlobStore> stores = new ArrayList<>();
    private final Database database = new Database(new UUID(1, 1));

    @TempDir
    Path root;

    @AfterEach
    void close() {
        stores.forEach(store -> await(store.close()));
        await(vertx.close());
    }

    private static <T> T await(Future<T> future) {
        try {
            return future.await(10, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("no answer in 10 s", e);
        }
    }

    /** A database, as far as it knows of places. */
    private static final class Database implements BlobHomes {
        private final UUID id;
        private BlobHome home;
        private Optional<Named> content = Optional.empty();

        Database(UUID id) {
            this.id = id;
        }

        @Override
        public synchronized Future<Known> known() {
            return Future.succeededFuture(new Known(id, home));
        }

        @Override
        public synchronized Future<Void> record(BlobHome offered) {
            home = home == null ? offered : home;
            return Future.succeededFuture();
        }

        @Override
        public synchronized Future<Optional<Named>> anyContent() {
            return Future.succeededFuture(content);
        }
    }

    private FileBlobStore directory(String name) {
        FileBlobStore store = await(FileBlobStore.open(vertx, FileBlobOptions.of(root.resolve(name)), ids));
        stores.add(store);
        return store;
    }

    private Future<Void> prove(Database of, FileBlobStore store, String name) {
        return new HomeCheck(of, ids, store, Kind.DIRECTORY, "directory:/" + name).prove();
    }

    private String refusal(Database of, FileBlobStore store, String name) {
        return String.valueOf(assertThrows(IllegalStateException.class, () -> await(prove(of, store, name)))
                .getMessage());
    }

    private String markerOf(String name) throws IOException {
        return Files.readString(root.resolve(name).resolve("nexus-blobs.json"));
    }

    @Test
    void everyServerAfterTheFirstFindsTheSamePlace() throws IOException {
        FileBlobStore shared = directory("shared");
        await(prove(database, shared, "shared"));
        BlobHome home = database.home;
        assertEquals(new Marker(database.id, home.id()).text(), markerOf("shared"));
        assertEquals(new BlobHome(Kind.DIRECTORY, home.id(), "directory:/shared"), home);
        await(prove(database, directory("shared"), "mounted-elsewhere"));
        assertEquals(home, database.home);
    }

    @Test
    void aPrivateDirectoryIsRefusedAndStaysAsItWas() {
        await(prove(database, directory("shared"), "shared"));
        String refusal = refusal(database, directory("private"), "private");
        assertTrue(refusal.contains("Is the directory private to this machine, or not mounted?"), refusal);
        assertFalse(Files.exists(root.resolve("private").resolve(MarkedBlobStore.MARKER)));
    }

    @Test
    void aPlaceServesOneDatabase() throws IOException {
        await(prove(database, directory("shared"), "shared"));
        String marker = markerOf("shared");
        Database other = new Database(new UUID(1, 2));
        assertTrue(refusal(other, directory("shared"), "shared").contains("of another database"));
        assertEquals(marker, markerOf("shared"));
        assertEquals(null, other.home);
    }

    @Test
    void twoThatStartAtOnceOnOneDirectoryBothServe() {
        for (int round = 0; round < 20; round++) {
            Database fresh = new Database(new UUID(2, round));
            String name = "shared-" + round;
            List<Future<Void>> starts = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                starts.add(prove(fresh, directory(name), name));
            }
            await(Future.join(starts));
        }
    }

    @Test
    void twoThatStartAtOnceOnPrivateDirectoriesAreToldApart() {
        for (int round = 0; round < 20; round++) {
            Database fresh = new Database(new UUID(2, round));
            Future<Void> one = prove(fresh, directory("one-" + round), "one");
            Future<Void> two = prove(fresh, directory("two-" + round), "two");
            await(Future.join(one, two).otherwiseEmpty());
            assertTrue(one.succeeded() != two.succeeded(), one + " " + two);
        }
    }

    @Test
    void aStartThatCrashedAfterTheMarkerIsRepeated() throws IOException {
        await(prove(database, directory("shared"), "shared"));
        String marker = markerOf("shared");
        database.home = null;
        await(prove(database, directory("shared"), "shared"));
        assertEquals(marker, markerOf("shared"));
        // Another machine came first: the marker of the crashed start does not count any more.
        database.home = null;
        await(prove(database, directory("other"), "other"));
        assertTrue(refusal(database, directory("shared"), "shared").contains("expected is one with the id"));
    }

    @Test
    void adoptsThePlaceThatHasTheContentsAndNoOther() {
        FileBlobStore used = directory("used");
        TenantId tenant = new TenantId(ids.next());
        database.content = Optional.of(new BlobHomes.Named(
                tenant,
                await(used.put(tenant, Buffer.buffer("before homes were recorded")))
                        .place()));
        String refusal = refusal(database, directory("empty"), "empty");
        assertEquals(
                "this database names large contents that are not in directory:/empty: start it once with the place that they"
                        + " are in",
                refusal);
        assertFalse(Files.exists(root.resolve("empty").resolve(MarkedBlobStore.MARKER)));
        await(prove(database, used, "used"));
        assertEquals("directory:/used", database.home.description());
    }

    @Test
    void aPlaceThatCannotBeReadIsNamed() throws IOException {
        FileBlobStore broken = directory("broken");
        Files.createDirectory(root.resolve("broken").resolve(MarkedBlobStore.MARKER));
        String refusal = refusal(database, broken, "broken");
        assertTrue(refusal.startsWith("the place of the large contents, directory:/broken, cannot be used: "), refusal);
    }
}
