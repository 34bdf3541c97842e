package nexus.store.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;

class PgMigrationsTest {
    @Test
    void serversThatStartAtOnceMigrateOnce() throws Exception {
        String one = TestServer.freshDatabase();
        String two = TestServer.freshDatabase();
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            CountDownLatch start = new CountDownLatch(1);
            List<Future<?>> migrations = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                String url = i % 2 == 0 ? one : two;
                migrations.add(threads.submit(() -> {
                    start.await();
                    PgMigrations.migrate(url);
                    return url;
                }));
            }
            start.countDown();
            for (Future<?> migration : migrations) {
                migration.get(30, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
        for (String url : List.of(one, two)) {
            assertEquals(
                    List.of("t|" + PgMigrations.VERSION),
                    TestServer.rows(
                            url,
                            "SELECT count(*) = count(DISTINCT version) AND bool_and(success), max(version::integer)"
                                    + " FROM nexus.schema_history WHERE version IS NOT NULL"));
            assertEquals(List.of("1"), TestServer.rows(url, "SELECT count(*) FROM nexus.tenant"));
        }
    }

    @Test
    void theVersionIsThatOfTheNewestScript() {
        String url = TestServer.freshDatabase();
        PgMigrations.migrate(url);
        assertEquals(
                List.of(Integer.toString(PgMigrations.VERSION)),
                TestServer.rows(url, "SELECT max(version::integer) FROM nexus.schema_history WHERE success"));
    }

    @Test
    void aMigratedDatabaseIsReadyAtOnce() {
        String url = TestServer.freshDatabase();
        PgMigrations.migrate(url);
        long start = System.nanoTime();
        PgMigrations.migrate(url);
        long millis = (System.nanoTime() - start) / 1_000_000;
        assertTrue(millis < 200, "took " + millis + " ms");
    }

    @Test
    void aDatabaseOfTheFirstVersionIsBroughtUpWithItsRows() {
        String url = TestServer.freshDatabase();
        Flyway.configure(PgMigrations.class.getClassLoader())
                .dataSource(PgUrl.parse(url).dataSource())
                .locations("classpath:nexus/migrations")
                .defaultSchema("nexus")
                .schemas("nexus")
                .createSchemas(true)
                .table("schema_history")
                .target("1")
                .load()
                .migrate();
        String database = url.substring(url.lastIndexOf('/') + 1);
        TestServer.execute(
                database,
                "INSERT INTO nexus.tenant_user (tenant_id, subject, enabled, created_at)"
                        + " VALUES ('00000000-0000-0000-0000-000000000001', 'user:alice', true, now())");
        PgMigrations.migrate(url);
        assertEquals(
                List.of("user:alice|t|null|null"),
                TestServer.rows(url, "SELECT subject, enabled, email, display_name FROM nexus.tenant_user"));
        try (StoreFixture fixture = new StoreFixture(url)) {
            assertEquals(1, fixture.tenant("acme").epoch.value());
        }
    }

    @Test
    void aDatabaseOfANewerServerIsRefused() {
        String url = TestServer.freshDatabase();
        PgMigrations.migrate(url);
        TestServer.execute(
                url.substring(url.lastIndexOf('/') + 1),
                "INSERT INTO nexus.schema_history (installed_rank, version, description, type, script, checksum,"
                        + " installed_by, execution_time, success)"
                        + " VALUES (99, '999', 'x', 'SQL', 'x', 0, 'x', 0, true)");
        IllegalStateException e = assertThrows(IllegalStateException.class, () -> PgMigrations.migrate(url));
        assertTrue(String.valueOf(e.getMessage()).contains("schema version 999"));
    }

    @Test
    void migratesAsAnOwnerThatIsNoSuperuser() {
        TestServer.execute("postgres", "CREATE ROLE owner_role LOGIN CREATEROLE PASSWORD 'p@ss'");
        TestServer.execute("postgres", "CREATE DATABASE owned OWNER owner_role");
        // The role of the other databases of this server was made by somebody else.
        TestServer.execute(
                "postgres",
                "DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nexus_app')"
                        + " THEN GRANT nexus_app TO owner_role; END IF; END $$");
        String url = "postgresql://owner_role:p%40ss@127.0.0.1:" + TestServer.port() + "/owned";
        PgMigrations.migrate(url);
        try (StoreFixture fixture = new StoreFixture(url)) {
            assertEquals(1, fixture.tenant("acme").epoch.value());
        }
    }

    @Test
    void aUrlOfAnotherKindIsRefusedWithoutItsText() {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> PgMigrations.migrate("mysql://root:secret@host/db"));
        assertTrue(!String.valueOf(e.getMessage()).contains("secret"));
    }
}
