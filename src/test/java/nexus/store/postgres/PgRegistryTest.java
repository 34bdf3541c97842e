package nexus.store.postgres;

import static nexus.store.postgres.StoreFixture.T0;
import static nexus.store.postgres.StoreFixture.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.buffer.Buffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import nexus.kernel.ContentHash;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.lifecycle.Lifecycle;
import nexus.lifecycle.TenantStatus;
import nexus.quota.Plan;
import nexus.quota.QuotaOverrides;
import nexus.store.AuditChain;
import nexus.store.FileEntry;
import nexus.store.KeyRecord;
import nexus.store.KeyedReply;
import nexus.store.Registry;
import nexus.store.Registry.ChecksumSecret;
import nexus.store.Registry.Listed;
import nexus.store.StoreException.Reason;
import nexus.store.TenantRecord;
import nexus.store.UserRecord;
import org.jspecify.annotations.Nullable;
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

    /** The last look before a tenant's row goes: a table that it leaves out could keep rows for ever. */
    @Test
    void noTableIsForgottenWhenATenantIs() {
        List<String> tables = tables();
        assertTrue(tables.contains("relation_tuple"), tables.toString());
        assertEquals(
                List.of(),
                tables.stream()
                        .filter(table -> !PgRegistry.FORGET.contains(" FROM " + table + " WHERE tenant_id = "))
                        .toList());
    }

    private static List<String> tables() {
        return fixture.rows("SELECT table_name FROM information_schema.columns"
                + " WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND column_name = 'tenant_id'");
    }

    /** Rows of a tenant in every table that has a tenant. */
    private static List<String> counts(TenantId tenant) {
        List<String> counts = new ArrayList<>();
        for (String table : tables()) {
            counts.add(table + " "
                    + fixture.rows("SELECT count(*) FROM nexus." + table + " WHERE tenant_id = '" + tenant.value()
                                    + "'")
                            .get(0));
        }
        assertEquals(11, counts.size());
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
            group.sharesPut.add(StoreFixture.share(fixture.ids.next(), TenantId.SYSTEM, "system", "/f" + i));
            group.usersPut.add(new UserRecord("user:" + i, true, T0));
            group.audited(AuditChain.start(group.tenant), i + 1, "{}");
            group.keysPut.add(new KeyRecord(
                    fixture.ids.nextKey(), new byte[] {1}, "k", "a", "user", "a", false, false, T0, null, null, null));
            group.replies = new byte[] {1};
            group.keyed.add(new KeyedReply(new UUID(i, i), ContentHash.of(new byte[] {1}), T0, new byte[] {2}));
            tenant.commit(group);
            await(fixture.blobs.put(tenant.id, Buffer.buffer("large " + i)));
        }
    }

    private static TenantRecord record(TenantId id, String zone, Plan plan, TenantStatus status, @Nullable Instant at) {
        boolean cancelled = status == TenantStatus.CANCELLED;
        return new TenantRecord(
                id,
                new ZoneName(zone),
                zone,
                plan,
                status,
                null,
                cancelled ? null : at,
                cancelled ? at : null,
                QuotaOverrides.NONE,
                10,
                Map.of(),
                Map.of(),
                T0,
                2);
    }

    private static TenantId recorded(String zone, Plan plan, TenantStatus status, @Nullable Instant at) {
        StoreFixture.Owned tenant = fixture.tenant(zone);
        GroupBuilder group = tenant.next();
        group.record = record(tenant.id, zone, plan, status, at);
        tenant.commit(group);
        return tenant.id;
    }

    private static List<String> found(
            @Nullable String after, @Nullable Plan plan, @Nullable TenantStatus status, int limit) {
        List<String> names = new ArrayList<>();
        for (Registry.Registered tenant : await(fixture.registry.records(new Registry.Search(
                after == null ? null : new ZoneName(after), plan, status, T0.plusSeconds(100), limit)))) {
            if (tenant.record().zone().value().startsWith("search-")) {
                names.add(tenant.record().zone().value());
            }
        }
        return names;
    }

    @Test
    void recordsAreFoundByPlanAndByTheStatusOfTheMoment() {
        recorded("search-a", Plan.PRO, TenantStatus.TRIAL, T0.plusSeconds(100));
        recorded("search-b", Plan.PRO, TenantStatus.TRIAL, T0.plusSeconds(101));
        recorded("search-c", Plan.PRO, TenantStatus.SUSPENDED, null);
        recorded("search-d", Plan.FREE, TenantStatus.CANCELLED, T0);
        assertEquals(List.of("search-a", "search-b", "search-c"), found(null, Plan.PRO, null, 1000));
        assertEquals(List.of("search-a", "search-c"), found(null, null, TenantStatus.SUSPENDED, 1000));
        assertEquals(List.of("search-b"), found(null, null, TenantStatus.TRIAL, 1000));
        assertEquals(List.of("search-b", "search-c"), found("search-a", Plan.PRO, null, 1000));
        assertEquals(List.of("search-b"), found("search-a", Plan.PRO, null, 1));
        assertEquals(List.of("search-d"), found(null, Plan.FREE, TenantStatus.CANCELLED, 1000));
    }

    @Test
    void thoseAreDueWhoseTimeHasComeUntilTheirRecordSaysSo() {
        TenantId trial = recorded("due-trial", Plan.PRO, TenantStatus.TRIAL, T0.minusSeconds(50));
        TenantId cancelled = recorded(
                "due-cancelled",
                Plan.PRO,
                TenantStatus.CANCELLED,
                T0.minus(Lifecycle.RETENTION).minusSeconds(60));
        recorded("due-later", Plan.PRO, TenantStatus.TRIAL, T0.plusSeconds(50));
        recorded("due-never", Plan.PRO, TenantStatus.ACTIVE, T0.minusSeconds(50));
        assertEquals(List.of(cancelled, trial), await(fixture.registry.due(T0, 1000)));
        assertEquals(List.of(cancelled), await(fixture.registry.due(T0, 1)));
        assertEquals(List.of(), await(fixture.registry.due(T0.minusSeconds(70), 1000)));
        fixture.execute("UPDATE nexus.tenant SET due_at = NULL WHERE name LIKE 'due-%'");
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
