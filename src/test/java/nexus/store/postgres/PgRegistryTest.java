package nexus.store.postgres;

import static nexus.store.postgres.StoreFixture.T0;
import static nexus.store.postgres.StoreFixture.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.store.AuditChain;
import nexus.store.FileEntry;
import nexus.store.KeyRecord;
import nexus.store.Registry.ChecksumSecret;
import nexus.store.Registry.Listed;
import nexus.store.StoreException.Reason;
import nexus.store.UserRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class PgRegistryTest {
    private static StoreFixture fixture;

    @BeforeAll
    static void open() {
        fixture = new StoreFixture();
    }

    @AfterAll
    static void close() {
        fixture.close();
    }

    @Test
    void theReservedTenantIsFoundAndNeverListed() {
        assertEquals(Optional.of(TenantId.SYSTEM), await(fixture.registry.find(new ZoneName("system"))));
        assertTrue(zones(null, 1000).stream().noneMatch("system"::equals));
        assertEquals("system", fixture.take(TenantId.SYSTEM).record().zone().value());
    }

    @Test
    void listsByNameAndPage() {
        for (String zone : List.of("list-b", "list-a", "list-a1", "list-0")) {
            fixture.tenant(zone);
        }
        assertEquals(List.of("list-0", "list-a"), zones(new ZoneName("list"), 2));
        assertEquals(List.of("list-a1", "list-b"), zones(new ZoneName("list-a"), 2));
        assertEquals(Optional.empty(), await(fixture.registry.find(new ZoneName("list"))));
    }

    private static List<String> zones(ZoneName after, int limit) {
        return await(fixture.registry.list(after, limit)).stream()
                .map(Listed::zone)
                .map(ZoneName::value)
                .toList();
    }

    @Test
    void theFirstSecretIsMadeOnce() {
        List<ChecksumSecret> first = await(fixture.registry.checksumSecrets(new byte[] {1, 2}));
        List<ChecksumSecret> second = await(fixture.registry.checksumSecrets(new byte[] {3, 4}));
        assertEquals(1, first.size());
        assertEquals(1, first.get(0).version());
        assertArrayEquals(new byte[] {1, 2}, first.get(0).secret());
        assertArrayEquals(new byte[] {1, 2}, second.get(0).secret());
    }

    @Test
    void nothingIsLeftOfAPurgedTenant() {
        StoreFixture.Owned doomed = fixture.tenant("doomed");
        StoreFixture.Owned other = fixture.tenant("other");
        fill(doomed);
        fill(other);
        assertEquals(Reason.FAILED, StoreFixture.reason(fixture.store.purge(doomed.id, 10)));
        GroupBuilder end = doomed.next();
        end.tombstone = true;
        doomed.commit(end);
        assertEquals(Reason.FAILED, StoreFixture.reason(fixture.registry.forget(doomed.id)));
        List<String> before = counts(other.id);
        int slices = 1;
        while (!await(fixture.store.purge(doomed.id, 7))) {
            slices++;
        }
        assertTrue(slices > 5, "slices " + slices);
        assertEquals(
                List.of(),
                counts(doomed.id).stream()
                        .filter(count -> !count.endsWith(" 0"))
                        .toList());
        assertEquals(before, counts(other.id));
        assertTrue(await(fixture.registry.tombstones(100)).contains(doomed.id));
        await(fixture.registry.forget(doomed.id));
        await(fixture.registry.forget(doomed.id));
        assertTrue(!await(fixture.registry.tombstones(100)).contains(doomed.id));
        assertEquals(
                Reason.TENANT_GONE, StoreFixture.reason(fixture.store.take(doomed.id, fixture.node, (t, e) -> {})));
        assertEquals(Reason.FAILED, StoreFixture.reason(fixture.registry.forget(other.id)));
        assertEquals(Optional.of(other.id), await(fixture.registry.find(new ZoneName("other"))));
    }

    /** Rows of a tenant in every table that has a tenant. */
    private static List<String> counts(TenantId tenant) {
        List<String> counts = new ArrayList<>();
        for (String table : fixture.rows("SELECT table_name FROM information_schema.columns"
                + " WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND column_name = 'tenant_id'")) {
            counts.add(table + " "
                    + fixture.rows("SELECT count(*) FROM nexus." + table + " WHERE tenant_id = '" + tenant.value()
                                    + "'")
                            .get(0));
        }
        assertEquals(9, counts.size());
        return counts;
    }

    private static void fill(StoreFixture.Owned tenant) {
        for (int i = 0; i < 10; i++) {
            GroupBuilder group = tenant.next();
            FileEntry file = fixture.file("/f" + i, StoreFixture.content("c" + i));
            group.put(file);
            group.versionsPut.add(StoreFixture.version(file));
            group.blobsPut.add(StoreFixture.content("c" + i));
            group.tuplesPut.add(StoreFixture.tuple("/f" + i, "viewer", "alice"));
            group.usersPut.add(new UserRecord("user:" + i, true, T0));
            group.audited(AuditChain.start(group.tenant), i + 1, "{}");
            group.keysPut.add(new KeyRecord(
                    fixture.ids.nextKey(), new byte[] {1}, "k", "a", "user", "a", false, false, T0, null, null, null));
            group.replies = new byte[] {1};
            tenant.commit(group);
            await(fixture.blobs.put(tenant.id, Buffer.buffer("large " + i)));
        }
    }

    @Test
    void aSliceOfAPurgeHasOnlySoManyChunks() {
        StoreFixture.Owned doomed = fixture.tenant("chunky");
        int chunks = 2 * PgBlobStore.DELETED_CHUNKS;
        Step many = Step.of(
                "INSERT INTO blob_chunk (tenant_id, upload, position, content)"
                        + " SELECT $1, $2, n, '' FROM generate_series(1, $3) AS n",
                doomed.id.value(),
                fixture.ids.next(),
                (long) chunks);
        await(fixture.database.contentBatch(doomed.id, List.of(many)));
        GroupBuilder end = doomed.next();
        end.tombstone = true;
        doomed.commit(end);
        List<Integer> left = new ArrayList<>();
        boolean done;
        do {
            done = await(fixture.store.purge(doomed.id, 10_000));
            left.add(Integer.valueOf(
                    fixture.rows("SELECT count(*) FROM nexus.blob_chunk WHERE tenant_id = '" + doomed.id.value() + "'")
                            .get(0)));
        } while (!done);
        assertEquals(List.of(PgBlobStore.DELETED_CHUNKS, 0, 0), left);
    }
}
