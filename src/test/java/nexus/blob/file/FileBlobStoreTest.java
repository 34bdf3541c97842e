package nexus.blob.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.kernel.Ulid;
import nexus.store.BlobStore;
import nexus.store.BlobStoreContract;
import nexus.store.Content;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileBlobStoreTest extends BlobStoreContract {
    @TempDir
    Path root;

    private FileBlobStore files;

    @Override
    protected BlobStore openStore() {
        files = await(FileBlobStore.open(vertx, FileBlobOptions.of(root.resolve("blobs")), ids));
        return files;
    }

    @Override
    protected void closeStore() {
        await(files.close());
    }

    @Override
    protected long kept() throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(path -> !Files.isDirectory(path)).count();
        }
    }

    @Test
    void tellsOnlyOfTenantsThatHaveADirectory() {
        await(store.put(acme, bytes(9, 1)));
        await(store.put(beta, bytes(9, 1)));
        await(store.removeAll(beta));
        assertEquals(List.of(acme), await(store.tenants()));
    }

    @Test
    void findsOldContentsInTheOrderOfTheirNames() {
        List<String> all = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            all.add(await(store.put(acme, bytes(9, i))).place().value());
        }
        List<String> found = await(store.olderThan(acme, NOW.plusSeconds(1), null, 100)).stream()
                .map(place -> place.value())
                .toList();
        assertEquals(all.stream().sorted().toList(), found);
    }

    @Test
    void sweepsWhatACrashLeft() throws IOException {
        await(store.put(acme, bytes(9, 1)));
        Path unfinished = root.resolve("blobs").resolve(acme.toString()).resolve("new");
        Path old = Files.writeString(unfinished.resolve(Ulid.print(ids.next())), "half");
        now = NOW.plusSeconds(60);
        Path young = Files.writeString(unfinished.resolve(Ulid.print(ids.next())), "on its way");
        await(store.olderThan(acme, NOW.plusSeconds(1), null, 100));
        assertFalse(Files.exists(old));
        assertTrue(Files.exists(young));
    }

    @Test
    void followsNoLink() throws IOException {
        Path outside = Files.createDirectory(root.resolve("outside"));
        Content.Stored stored = await(store.put(acme, bytes(9, 1)));
        Path tenant = root.resolve("blobs").resolve(acme.toString());
        Path fanOut = tenant.resolve(stored.place().value().substring(0, 2));
        Path secret = Files.writeString(outside.resolve(stored.place().value()), "elsewhere");

        Path link = fanOut.resolve(stored.place().value());
        Files.delete(link);
        Files.createSymbolicLink(link, secret);
        failed(store.read(acme, stored.place(), 0, 9));
        failed(store.append(acme, stored.place(), bytes(1, 1)));

        Files.delete(link);
        Files.delete(fanOut);
        Files.createSymbolicLink(fanOut, outside);
        failed(store.read(acme, stored.place(), 0, 9));
        failed(store.put(acme, bytes(9, 1)));
        await(store.remove(acme, List.of(stored.place())));
        await(store.removeAll(acme));
        assertTrue(Files.exists(secret));
    }

    @Test
    void refusesMoreThanItCanTake() {
        FileBlobStore narrow = await(FileBlobStore.open(vertx, new FileBlobOptions(root.resolve("narrow"), 1, 1), ids));
        List<Future<Content.Stored>> puts = new ArrayList<>();
        Buffer large = bytes(4_000_000, 1);
        for (int i = 0; i < 20; i++) {
            puts.add(narrow.put(acme, large));
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
        assertEquals(9, await(narrow.put(acme, bytes(9, 1))).size());
    }
}
