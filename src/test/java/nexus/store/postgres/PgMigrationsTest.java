package nexus.store.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import nexus.e2e.Await;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class PgMigrationsTest {
    private static final Duration WAIT = Duration.ofSeconds(20);

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

    /** The lock is another's: whoever waited for it would wait for ever. */
    @Test
    @Timeout(30)
    void aMigratedDatabaseIsReadyWithoutALock() throws SQLException {
        String url = TestServer.freshDatabase();
        PgMigrations.migrate(url);
        try (Connection other = PgUrl.parse(url).dataSource().getConnection();
                Statement statement = other.createStatement()) {
            statement.execute("SELECT pg_advisory_lock(7310579611350230125)");
            PgMigrations.migrate(url);
        }
    }

    /** A node of the release before reads the tables in the other order: the database ends the script, not the node. */
    @Test
    @Timeout(60)
    void aScriptThatMeetsADeadlockIsTriedAgain() throws Exception {
        String url = TestServer.freshDatabase();
        migrateToTheFirstVersion(url);
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try (Connection other = PgUrl.parse(url).dataSource().getConnection();
                Statement statement = other.createStatement()) {
            // Whose patience ends first is the victim.
            statement.execute("SET deadlock_timeout = '30s'");
            other.setAutoCommit(false);
            statement.execute("LOCK TABLE nexus.tenant IN ACCESS SHARE MODE");
            Future<?> migration = thread.submit(() -> PgMigrations.migrate(url));
            Await.until("the script waits", WAIT, () -> waiting(url) == 1, () -> "waiting: " + waiting(url));
            // Of this table the script has the lock; the other one, of which we have it, it asks for.
            statement.execute("LOCK TABLE nexus.node IN ACCESS SHARE MODE");
            other.rollback();
            migration.get(30, TimeUnit.SECONDS);
        } finally {
            thread.shutdownNow();
        }
        assertEquals(
                List.of(Integer.toString(PgMigrations.VERSION)),
                TestServer.rows(url, "SELECT max(version::integer) FROM nexus.schema_history WHERE success"));
    }

    /** A backup holds its locks for hours: those who come after the script must not wait for it. */
    @Test
    @Timeout(60)
    void aScriptThatWaitsLetsOthersGoFirst() throws Exception {
        String url = TestServer.freshDatabase();
        migrateToTheFirstVersion(url);
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try (Connection backup = PgUrl.parse(url).dataSource().getConnection();
                Statement statement = backup.createStatement()) {
            backup.setAutoCommit(false);
            statement.execute("LOCK TABLE nexus.tenant IN ACCESS SHARE MODE");
            Future<?> migration = thread.submit(() -> PgMigrations.migrate(url));
            Await.until("the script waits", WAIT, () -> waiting(url) == 1, () -> "waiting: " + waiting(url));
            // Waits behind the script, until the script gives up.
            TestServer.rows(url, "SELECT count(*) FROM nexus.tenant");
            backup.rollback();
            migration.get(30, TimeUnit.SECONDS);
        } finally {
            thread.shutdownNow();
        }
    }

    private static int waiting(String url) {
        return Integer.parseInt(TestServer.rows(
                        url,
                        "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
                                + " WHERE d.datname = current_database() AND l.relation = 'nexus.tenant'::regclass"
                                + " AND NOT l.granted")
                .get(0));
    }

    private static void migrateToTheFirstVersion(String url) {
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
    }

    @Test
    void aDatabaseOfTheFirstVersionIsBroughtUpWithItsRows() {
        String url = TestServer.freshDatabase();
        migrateToTheFirstVersion(url);
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
