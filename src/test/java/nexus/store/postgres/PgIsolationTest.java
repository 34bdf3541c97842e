package nexus.store.postgres;

import static nexus.store.postgres.StoreFixture.await;
import static nexus.store.postgres.StoreFixture.content;
import static nexus.store.postgres.StoreFixture.tuple;
import static nexus.store.postgres.StoreFixture.version;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.buffer.Buffer;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import nexus.kernel.ContentHash;
import nexus.kernel.FileId;
import nexus.kernel.KeyId;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.store.AuditChain;
import nexus.store.FileEntry;
import nexus.store.KeyRecord;
import nexus.store.KeyedReply;
import nexus.store.StoreException;
import nexus.store.StoreException.Reason;
import nexus.store.TenantStore;
import nexus.store.TenantStore.FileRange;
import nexus.store.UserRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What keeps tenants apart when a statement forgets to. */
class PgIsolationTest {
    private static StoreFixture fixture;
    private static StoreFixture.Owned acme;
    private static StoreFixture.Owned beta;
    private static List<String> tables;

    @BeforeAll
    static void open() {
        fixture = new StoreFixture();
        acme = fixture.tenant("acme");
        beta = fixture.tenant("beta");
        fill(acme);
        fill(beta);
        tables = fixture.rows("SELECT table_name FROM information_schema.columns"
                + " WHERE table_schema = 'nexus' AND column_name = 'tenant_id' ORDER BY 1");
    }

    @AfterAll
    static void close() {
        fixture.close();
    }

    /** At least one row in every table of a tenant. */
    static void fill(StoreFixture.Owned tenant) {
        GroupBuilder group = tenant.next();
        FileEntry file = fixture.file("/a.txt", content("same in both"));
        group.put(file);
        group.versionsPut.add(version(file));
        group.blobsPut.add(content("same in both"));
        group.tuplesPut.add(tuple("/a.txt", "viewer", "alice"));
        group.sharesPut.add(StoreFixture.share(fixture.ids.next(), TenantId.SYSTEM, "system", "/a.txt"));
        group.keysPut.add(new KeyRecord(
                new KeyId(fixture.ids.next()),
                new byte[] {1},
                "key",
                "alice",
                "user",
                "alice",
                false,
                false,
                StoreFixture.T0,
                null,
                null,
                null));
        group.usersPut.add(new UserRecord("user:alice", true, StoreFixture.T0));
        group.audited(AuditChain.start(group.tenant), 1, "{}");
        group.replies = new byte[] {1};
        group.keyed.add(
                new KeyedReply(new UUID(5, 5), ContentHash.of(new byte[] {1}), StoreFixture.T0, new byte[] {2}));
        tenant.commit(group);
        await(fixture.blobs.put(tenant.id, Buffer.buffer("large")));
    }

    @Test
    void everyTenantTableIsCovered() {
        assertEquals(
                List.of(
                        "api_key",
                        "audit_entry",
                        "blob",
                        "blob_chunk",
                        "file_entry",
                        "file_version",
                        "keyed_reply",
                        "relation_tuple",
                        "share",
                        "tenant_group",
                        "tenant_user"),
                tables);
        for (String table : tables) {
            assertEquals(
                    List.of("t|t"),
                    fixture.rows("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = 'nexus." + table
                            + "'::regclass"));
        }
    }

    @Test
    void aForgottenFilterFindsOnlyTheOwnRows() {
        for (String table : tables) {
            assertEquals(1, count(table, acme), table);
            assertEquals(1, count(table, beta), table);
            Step forgetful = Step.of("SELECT tenant_id FROM " + table);
            for (Row row : await(fixture.database.query(acme.id, forgetful))) {
                assertEquals(acme.id.value(), row.getUUID("tenant_id"), table);
            }
            assertEquals(1, await(fixture.database.query(acme.id, forgetful)).size(), table);
            Step foreign = Step.of("SELECT tenant_id FROM " + table + " WHERE tenant_id = $1", beta.id.value());
            assertEquals(0, await(fixture.database.query(acme.id, foreign)).size(), table);
        }
    }

    private static int count(String table, StoreFixture.Owned tenant) {
        String sql = "SELECT count(*) FROM nexus." + table + " WHERE tenant_id = '" + tenant.id.value() + "'";
        return Integer.parseInt(fixture.rows(sql).get(0));
    }

    @Test
    void aForgottenSettingRaises() {
        for (String table : tables) {
            for (String sql : List.of("SELECT 1 FROM " + table, "DELETE FROM " + table)) {
                PgException e = assertThrows(
                        PgException.class,
                        () -> await(fixture.database.control().query(sql).execute()),
                        sql);
                assertEquals(PgFailures.NO_TENANT, e.getSqlState(), sql);
            }
        }
    }

    @Test
    void aSettingEndsWithItsTransaction() {
        await(fixture.database
                .control()
                .query("BEGIN; SET LOCAL nexus.tenant = '" + acme.id.value() + "'; COMMIT")
                .execute());
        PgException e = assertThrows(
                PgException.class,
                () -> await(
                        fixture.database.control().query("SELECT 1 FROM blob").execute()));
        assertEquals(PgFailures.NO_TENANT, e.getSqlState());
    }

    @Test
    void nobodyWritesRowsOfAnother() {
        Step planted = Step.of(
                "INSERT INTO tenant_user (tenant_id, subject, enabled, created_at) VALUES ($1, 'user:eve', true, now())",
                beta.id.value());
        assertEquals(Reason.FAILED, StoreFixture.reason(fixture.database.batch(acme.id, List.of(planted))));
        Step moved = Step.of("UPDATE tenant_user SET tenant_id = $1", beta.id.value());
        assertEquals(Reason.FAILED, StoreFixture.reason(fixture.database.batch(acme.id, List.of(moved))));
        assertEquals(1, count("tenant_user", acme));
        assertEquals(1, count("tenant_user", beta));
    }

    @Test
    void readsCannotWrite() {
        Step write = Step.of("DELETE FROM tenant_user");
        assertEquals(Reason.FAILED, StoreFixture.reason(fixture.database.query(acme.id, write)));
    }

    @Test
    void everyCallOfTheStoreStaysInItsTenant() {
        FileEntry own = await(fixture.store.entries(acme.id, List.of("/a.txt"))).get(0);
        FileEntry foreign =
                await(fixture.store.entries(beta.id, List.of("/a.txt"))).get(0);
        FileId foreignId = foreign.id();
        assertFalse(own.id().equals(foreignId));
        assertEquals(List.of(), await(fixture.store.versions(acme.id, foreignId)));
        assertEquals(
                1,
                await(fixture.store.list(acme.id, new FileRange(List.of("/"), "/", false, null, null, 9)))
                        .size());
        TenantId stranger = new TenantId(fixture.ids.next());
        assertEquals(Optional.empty(), await(fixture.store.content(stranger, own.contentHash())));
        assertEquals(
                List.of(),
                await(fixture.store.audit(
                        stranger, new TenantStore.AuditRange(1, 100, false, TenantStore.AuditFilter.ALL, 10))));
        GroupBuilder theft = acme.next();
        theft.filesRemoved.add(foreignId);
        assertEquals(Reason.FAILED, acme.refused(theft));
        assertEquals(1, await(fixture.store.entries(beta.id, List.of("/a.txt"))).size());
    }

    @Test
    void aConnectionThatIsNotBoundIsRefused() {
        for (String power : List.of("SUPERUSER", "BYPASSRLS")) {
            TestServer.execute("postgres", "ALTER ROLE nexus_app " + power);
            try {
                assertTrue(refusal().contains("not bound by row security"), power);
            } finally {
                TestServer.execute("postgres", "ALTER ROLE nexus_app NO" + power);
            }
        }
        String database = fixture.url.substring(fixture.url.lastIndexOf('/') + 1);
        TestServer.execute("postgres", "ALTER DATABASE " + database + " SET synchronous_commit = off");
        try {
            assertTrue(refusal().contains("synchronous_commit"));
        } finally {
            TestServer.execute("postgres", "ALTER DATABASE " + database + " RESET synchronous_commit");
        }
        TestServer.execute(database, "ALTER TABLE nexus.blob DISABLE ROW LEVEL SECURITY");
        try {
            assertTrue(refusal().contains("not bound by row security"));
        } finally {
            TestServer.execute(database, "ALTER TABLE nexus.blob ENABLE ROW LEVEL SECURITY");
        }
        await(await(PgDatabase.connect(fixture.vertx, PgOptions.of(fixture.url), new NodeId(fixture.ids.next())))
                .close());
    }

    private static String refusal() {
        IllegalStateException e = assertThrows(
                IllegalStateException.class,
                () -> await(
                        PgDatabase.connect(fixture.vertx, PgOptions.of(fixture.url), new NodeId(fixture.ids.next()))));
        return String.valueOf(e.getMessage());
    }

    @Test
    void identifiersCompareByteForByte() {
        StoreFixture.Owned cases = fixture.tenant("cases");
        GroupBuilder group = cases.next();
        for (String name : List.of("/Alice", "/alice", "/ALICE", "/stra\u00dfe", "/strasse", "/e\u0301", "/\u00e9")) {
            group.put(fixture.directory(name));
            group.tuplesPut.add(tuple(name, "viewer", name));
            group.usersPut.add(new UserRecord("user:" + name, true, Instant.EPOCH));
        }
        cases.commit(group);
        assertEquals(
                7,
                await(fixture.store.entries(
                                cases.id,
                                group.filesPut.stream().map(FileEntry::path).toList()))
                        .size());
        assertEquals(List.of(), await(fixture.store.entries(cases.id, List.of("/aLICE", "/E\u0301"))));
        assertEquals(7, fixture.take(cases.id).users().size());
    }

    @Test
    void theFailureOfAStatementHasNoTextOfOthers() {
        StoreException e = assertThrows(
                StoreException.class,
                () -> await(fixture.database.query(acme.id, Step.of("SELECT nothing FROM nowhere"))));
        assertEquals("the database refused: 42P01", e.getMessage());
    }
}
