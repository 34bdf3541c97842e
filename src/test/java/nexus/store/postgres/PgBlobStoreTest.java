package nexus.store.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import nexus.kernel.ContentHash;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.kernel.TenantId;
import nexus.store.BlobName;
import nexus.store.BlobStore;
import nexus.store.BlobStoreContract;
import nexus.store.Content;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class PgBlobStoreTest extends BlobStoreContract {
    private static StoreFixture fixture;

    private PgBlobStore rows;

    @BeforeAll
    static void open() {
        fixture = new StoreFixture();
    }

    @AfterAll
    static void close() {
        fixture.close();
    }

    @Override
    protected BlobStore openStore() {
        acme = fixture.tenant("t" + fixture.ids.next()).id;
        beta = fixture.tenant("t" + fixture.ids.next()).id;
        rows = new PgBlobStore(vertx, fixture.database, ids);
        return rows;
    }

    @Override
    protected void closeStore() {
        await(rows.close());
    }

    @Override
    protected long kept() {
        return chunks(acme) + chunks(beta);
    }

    private static long chunks(TenantId tenant) {
        return Long.parseLong(
                fixture.rows("SELECT count(*) FROM nexus.blob_chunk WHERE tenant_id = '" + tenant.value() + "'")
                        .get(0));
    }

    @Test
    void writesChunksOfOneSize() {
        Content.Stored stored = await(store.put(acme, bytes(2 * PgBlobStore.WINDOW + 1, 1)));
        int each = PgBlobStore.CHUNK;
        assertEquals(
                List.of("0|" + each, each + "|" + each, 2 * PgBlobStore.WINDOW + "|1"),
                fixture.rows("SELECT position, octet_length(content) FROM nexus.blob_chunk WHERE tenant_id = '"
                        + acme.value() + "' AND position IN (0, " + each + ", " + 2 * PgBlobStore.WINDOW
                        + ") ORDER BY position"));
        assertEquals(2L * PgBlobStore.WINDOW / each + 1, chunks(acme));
        assertEquals(2 * PgBlobStore.WINDOW + 1, stored.size());
    }

    @Test
    void readsContentsWhoseChunksHaveAnySize() {
        UUID upload = ids.next();
        Buffer bytes = bytes(1000, 1);
        ContentHash hash = ContentHash.of(bytes.getBytes());
        int[] borders = {0, 1, 7, 500, 1000};
        for (int i = 1; i < borders.length; i++) {
            Step chunk = Step.of(
                    "INSERT INTO blob_chunk (tenant_id, upload, position, content, hash) VALUES ($1, $2, $3, $4, $5)",
                    acme.value(),
                    upload,
                    (long) borders[i - 1],
                    bytes.slice(borders[i - 1], borders[i]),
                    borders[i] == 1000 ? Rows.bytes(hash) : null);
            await(fixture.database.contentBatch(acme, List.of(chunk)));
        }
        for (int start : new int[] {0, 1, 6, 7, 499, 500, 999}) {
            for (int end : new int[] {1, 7, 8, 500, 501, 1000}) {
                if (start < end) {
                    assertEquals(
                            bytes.getBuffer(start, end),
                            await(store.read(acme, new BlobName(hash, upload).place(), start, end - start)));
                }
            }
        }
    }

    @Test
    void anUploadThatNeverEndedIsNoContentAndIsSwept() {
        Content.Stored whole = await(store.put(acme, bytes(2 * PgBlobStore.WINDOW, 1)));
        Content.Stored broken = await(store.put(acme, bytes(2 * PgBlobStore.WINDOW, 2)));
        now = NOW.plusSeconds(60);
        Content.Stored young = await(store.put(acme, bytes(2 * PgBlobStore.WINDOW, 3)));
        for (Content.Stored crashed : List.of(broken, young)) {
            fixture.execute("DELETE FROM nexus.blob_chunk WHERE hash IS NOT NULL AND upload = '"
                    + BlobName.of(crashed.place()).upload() + "'");
        }
        failed(store.read(acme, broken.place(), 0, 1));
        failed(store.append(acme, broken.place(), bytes(1, 1)));
        assertEquals(List.of(whole.place()), await(store.olderThan(acme, NOW.plusSeconds(1), null, 100)));
        long each = 2 * PgBlobStore.WINDOW / PgBlobStore.CHUNK;
        assertEquals(each + each - 1, chunks(acme));
        assertEquals(2 * PgBlobStore.WINDOW, (int) whole.size());
        assertEquals(
                whole.hash(),
                ContentHash.of(await(store.read(acme, whole.place(), 0, (int) whole.size()))
                        .getBytes()));
    }

    @Test
    void deletesMoreThanOneSliceOfChunks() {
        List<Step> chunks = new ArrayList<>();
        UUID upload = ids.next();
        ContentHash hash = ContentHash.of(new byte[] {1});
        int count = 2 * PgBlobStore.DELETED_CHUNKS + 1;
        Step all = Step.of(
                "INSERT INTO blob_chunk (tenant_id, upload, position, content, hash)"
                        + " SELECT $1, $2, n, '\\x00', CASE WHEN n = $3 - 1 THEN $4::bytea END"
                        + " FROM generate_series(0, $3 - 1) AS n",
                acme.value(),
                upload,
                (long) count,
                Rows.bytes(hash));
        chunks.add(all);
        await(fixture.database.contentBatch(acme, chunks));
        Content.Stored other = await(store.put(acme, bytes(9, 1)));
        assertEquals(count + 1, chunks(acme));
        await(store.remove(acme, List.of(new BlobName(hash, upload).place())));
        assertEquals(1, chunks(acme));
        await(fixture.database.contentBatch(acme, chunks));
        await(store.removeAll(acme));
        assertEquals(0, chunks(acme));
        failed(store.read(acme, other.place(), 0, 9));
    }

    @Test
    void nothingOutlivesItsTenant() {
        TenantId nobody = new TenantId(ids.next());
        failed(store.put(nobody, bytes(9, 1)));
        assertEquals(0, chunks(nobody));
        await(store.put(acme, bytes(9, 1)));
        fixture.execute("UPDATE nexus.tenant SET name = NULL, deleted_at = now() WHERE id = '" + acme.value() + "'");
        failed(fixture.registry.forget(acme));
        await(store.removeAll(acme));
        await(fixture.registry.forget(acme));
        failed(store.put(acme, bytes(9, 1)));
        assertEquals(0, chunks(acme));
    }

    @Test
    void anUploadThatCommitsWhileItsTenantIsForgottenKeepsTheTenant() {
        fixture.execute("UPDATE nexus.tenant SET name = NULL, deleted_at = now() WHERE id = '" + acme.value() + "'");
        try (TestServer.Session late = TestServer.session(fixture.url)) {
            late.execute("BEGIN; SET LOCAL nexus.tenant = '" + acme.value() + "'");
            late.execute("INSERT INTO nexus.blob_chunk (tenant_id, upload, position, content) VALUES ('" + acme.value()
                    + "', '" + ids.next() + "', 0, '')");
            // The check that the commit makes, with the commit itself still to come.
            late.execute("SET CONSTRAINTS ALL IMMEDIATE");
            Future<Void> forgetting = fixture.registry.forget(acme);
            TestServer.until(
                    "the deletion of the tenant waits for the upload",
                    () -> fixture.rows("SELECT count(*) FROM pg_locks WHERE NOT granted")
                            .equals(List.of("1")));
            late.execute("COMMIT");
            failed(forgetting);
        }
        assertEquals(1, chunks(acme));
        await(store.removeAll(acme));
        await(fixture.registry.forget(acme));
    }

    @Test
    void tellsOfAllTenants() {
        assertEquals(
                Set.copyOf(fixture.rows("SELECT id FROM nexus.tenant")),
                Set.copyOf(await(store.tenants()).stream()
                        .map(tenant -> tenant.value().toString())
                        .toList()));
    }

    @Test
    void leavesNothingOfAnUploadThatFailsOnItsWay() {
        Content.Stored base = await(store.put(acme, bytes(3 * PgBlobStore.WINDOW, 1)));
        fixture.execute("DELETE FROM nexus.blob_chunk WHERE tenant_id = '" + acme.value() + "' AND position = "
                + 2 * PgBlobStore.WINDOW);
        long before = chunks(acme);
        failed(store.append(acme, base.place(), bytes(9, 1)));
        assertEquals(before, chunks(acme));
    }

    @Test
    void deletesTheBeginningOfAContentLast() {
        Content.Stored stored = await(store.put(acme, bytes(PgBlobStore.WINDOW, 1)));
        UUID[] upload = {BlobName.of(stored.place()).upload()};
        for (long left = chunks(acme) - 1; left > 0; left--) {
            Step one = Step.of(PgBlobStore.DELETE_UPLOADS, acme.value(), 1L, upload);
            await(fixture.database.contentBatch(acme, List.of(one)));
            assertEquals(
                    List.of(left + "|0"),
                    fixture.rows("SELECT count(*), min(position) FROM nexus.blob_chunk WHERE tenant_id = '"
                            + acme.value() + "'"));
        }
    }

    @Test
    void leavesConnectionsToTheOthers() {
        Content.Stored stored = await(store.put(acme, bytes(9, 1)));
        List<Future<?>> calls = new ArrayList<>();
        try (TestServer.Session slow = TestServer.session(fixture.url)) {
            slow.execute("BEGIN; LOCK TABLE nexus.blob_chunk IN ACCESS EXCLUSIVE MODE");
            for (int i = 0; i < 20; i++) {
                calls.add(store.put(acme, bytes(9, i)));
                calls.add(store.read(acme, stored.place(), 0, 9));
            }
            TestServer.until(
                    "every connection of the contents waits",
                    () -> fixture.rows("SELECT count(*) FROM pg_locks WHERE NOT granted")
                            .equals(List.of("4")));
            await(fixture.database.query(acme, Step.of("SELECT 1 AS one")));
            await(fixture.database.batch(acme, List.of(Step.of("SELECT 1 AS one"))));
            assertEquals(0, calls.stream().filter(Future::isComplete).count());
            slow.execute("COMMIT");
        }
        await(Future.join(calls));
    }

    @Test
    void refusesMoreThanItCanTake() {
        List<Future<Content.Stored>> puts = new ArrayList<>();
        int excess = 44;
        for (int i = 0; i < PgBlobStore.CALLS + excess; i++) {
            puts.add(store.put(acme, bytes(9, i)));
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
        assertTrue(refused > 0 && refused <= excess, "refused " + refused);
        assertEquals(9, await(store.put(acme, bytes(9, 1))).size());
    }
}
