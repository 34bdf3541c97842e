package nexus.store.postgres;

import static nexus.store.postgres.StoreFixture.await;
import static nexus.store.postgres.StoreFixture.content;
import static nexus.store.postgres.StoreFixture.version;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import nexus.kernel.NodeId;
import nexus.store.FileEntry;
import nexus.store.StoreException;
import nexus.store.StoreException.Reason;
import nexus.store.TenantSnapshot;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is known, and what is not, when the connection or the server goes away. */
class PgOutageTest {
    private static StoreFixture fixture;

    @BeforeAll
    static void open() {
        fixture = new StoreFixture();
    }

    @AfterAll
    static void close() {
        fixture.close();
    }

    private static GroupBuilder write(StoreFixture.Owned tenant, String path) {
        FileEntry file = fixture.file(path, content(path));
        GroupBuilder group = tenant.next().put(file);
        group.versionsPut.add(version(file));
        group.blobsPut.add(content(path));
        group.replies = path.getBytes(StandardCharsets.UTF_8);
        return group;
    }

    @Test
    void aCommitWhoseAnswerIsLostIsUnknownAndThenFound() {
        StoreFixture.Owned acme = fixture.tenant("answer-lost");
        try (Proxy proxy = new Proxy();
                Reached reached = new Reached(proxy)) {
            await(reached.store.commit(write(acme, "/before").build()));
            proxy.fault = Fault.ANSWER_LOST;
            assertEquals(
                    Reason.OUTCOME_UNKNOWN,
                    StoreFixture.reason(reached.store.commit(write(acme, "/a").build())));
        }
        // The server may notice the cut before or after its commit; either way the next owner finds the whole truth.
        TenantSnapshot taken = fixture.take(acme.id);
        boolean committed = taken.revision() == 2;
        assertEquals(committed ? 2 : 1, taken.outcomes().size());
        assertEquals(
                committed ? 1 : 0,
                await(fixture.store.entries(acme.id, List.of("/a"))).size());
        if (committed) {
            assertEquals("/a", new String(taken.outcomes().get(1).replies(), StandardCharsets.UTF_8));
        }
    }

    @Test
    void aCommitThatNeverArrivesIsUnknownAndThenNotFound() {
        StoreFixture.Owned acme = fixture.tenant("commit-lost");
        try (Proxy proxy = new Proxy();
                Reached reached = new Reached(proxy)) {
            await(reached.store.commit(write(acme, "/before").build()));
            proxy.fault = Fault.COMMIT_LOST;
            assertEquals(
                    Reason.OUTCOME_UNKNOWN,
                    StoreFixture.reason(reached.store.commit(write(acme, "/a").build())));
            proxy.fault = Fault.NONE;
            TenantSnapshot taken = fixture.take(acme.id);
            assertEquals(1, taken.revision());
            assertEquals(List.of(), await(fixture.store.entries(acme.id, List.of("/a"))));
            GroupBuilder next = fixture.next(acme.id, taken.epoch());
            await(reached.store.commit(next.build()));
        }
    }

    @Test
    void aServerThatIsSilentIsNotWaitedForForever() {
        StoreFixture.Owned acme = fixture.tenant("silent");
        try (Proxy proxy = new Proxy();
                Reached reached = new Reached(proxy)) {
            await(reached.store.commit(write(acme, "/before").build()));
            proxy.fault = Fault.SILENCE;
            long start = System.nanoTime();
            assertEquals(
                    Reason.OUTCOME_UNKNOWN,
                    StoreFixture.reason(reached.store.commit(write(acme, "/a").build())));
            assertTrue(System.nanoTime() - start < Duration.ofSeconds(5).toNanos());
            proxy.fault = Fault.NONE;
            TenantSnapshot taken = fixture.take(acme.id);
            await(reached.store.commit(fixture.next(acme.id, taken.epoch()).build()));
        }
    }

    @Test
    void aLeaseIsNotWaitedForForever() {
        try (Proxy proxy = new Proxy();
                Reached reached = new Reached(proxy)) {
            assertTrue(
                    await(reached.leases.renew(fixture.node, StoreFixture.TERM)).isPresent());
            proxy.fault = Fault.SILENCE;
            assertEquals(Reason.FAILED, StoreFixture.reason(reached.leases.renew(fixture.node, StoreFixture.TERM)));
            proxy.fault = Fault.NONE;
            // The connection that did not answer is gone, whether or not it would answer now.
            assertTrue(
                    await(reached.leases.renew(fixture.node, StoreFixture.TERM)).isPresent());
        }
    }

    @Test
    void aTenantThatLoadsIsNotWaitedForForever() {
        StoreFixture.Owned acme = fixture.tenant("loads");
        try (Proxy proxy = new Proxy();
                Reached reached = new Reached(proxy)) {
            proxy.fault = Fault.SILENT_SNAPSHOT;
            assertEquals(
                    Reason.FAILED, StoreFixture.reason(reached.store.take(acme.id, fixture.node, (tuple, end) -> {})));
        }
    }

    @Test
    void aServerThatIsSilentFromTheStartFailsTheOpening() {
        try (Proxy proxy = new Proxy()) {
            proxy.fault = Fault.SILENCE;
            IllegalStateException e = assertThrows(IllegalStateException.class, () -> new Reached(proxy));
            assertTrue(e.getMessage().startsWith("the database cannot be reached"), e.getMessage());
        }
    }

    @Test
    void aSilentServerDoesNotKeepTheConnectionsFromClosing() {
        StoreFixture.Owned acme = fixture.tenant("closing");
        try (Proxy proxy = new Proxy();
                Reached reached = new Reached(proxy)) {
            proxy.fault = Fault.SILENCE;
            // The call has given up, and its connection is still being made.
            await(reached.store.entries(acme.id, List.of("/a")).transform(done -> reached.database.close()));
        }
    }

    /** The client hides the server's last words behind a closed connection, so this is unknown too. */
    @Test
    void aBackendThatIsTerminatedCommittedNothing() {
        StoreFixture.Owned acme = fixture.tenant("terminated");
        try (TestServer.Session lock = TestServer.session(fixture.url)) {
            lock.execute("BEGIN");
            lock.execute("SELECT 1 FROM nexus.tenant WHERE id = '" + acme.id.value() + "' FOR UPDATE");
            Future<Void> commit = fixture.store.commit(write(acme, "/a").build());
            String waiting = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
            TestServer.until(
                    "a group that waits",
                    () -> !fixture.rows("SELECT 1 " + waiting).isEmpty());
            fixture.rows("SELECT pg_terminate_backend(pid) " + waiting);
            assertEquals(Reason.OUTCOME_UNKNOWN, StoreFixture.reason(commit));
            lock.execute("ROLLBACK");
        }
        TenantSnapshot taken = fixture.take(acme.id);
        assertEquals(0, taken.revision());
        await(fixture.store.commit(fixture.next(acme.id, taken.epoch()).build()));
    }

    @Test
    void connectionsSayWhoseTheyAre() {
        fixture.tenant("named");
        List<String> names =
                fixture.rows("SELECT DISTINCT application_name FROM pg_stat_activity WHERE usename = 'postgres'"
                        + " AND datname = current_database() AND application_name LIKE 'nexus-%'");
        assertEquals(List.of("nexus-" + fixture.node), names);
    }

    @Test
    void aRestartOfTheDatabaseFailsCallsAndThenTheyWorkAgain(@TempDir Path directory) throws Exception {
        EmbeddedPostgres server = server(directory, 0);
        int port = server.getPort();
        try (StoreFixture own = new StoreFixture(TestServer.url(server, "postgres"))) {
            StoreFixture.Owned acme = own.tenant("acme");
            acme.commit(acme.next());
            server.close();
            GroupBuilder lost = acme.next();
            Reason reason = StoreFixture.reason(own.store.commit(lost.build()));
            assertTrue(reason == Reason.FAILED || reason == Reason.OUTCOME_UNKNOWN, reason.name());
            assertEquals(Reason.FAILED, StoreFixture.reason(own.store.entries(acme.id, List.of("/a"))));
            assertEquals(Reason.FAILED, StoreFixture.reason(own.leases.renew(own.node, StoreFixture.TERM)));
            server = server(directory, port);
            TestServer.until("a take", () -> takes(own, acme));
            TenantSnapshot taken = own.take(acme.id);
            assertEquals(1, taken.revision());
            await(own.store.commit(own.next(acme.id, taken.epoch()).build()));
        } finally {
            server.close();
        }
    }

    private static boolean takes(StoreFixture own, StoreFixture.Owned tenant) {
        try {
            own.take(tenant.id);
            return true;
        } catch (StoreException e) {
            assertEquals(Reason.FAILED, e.reason());
            return false;
        }
    }

    private static EmbeddedPostgres server(Path directory, int port) throws Exception {
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                .setDataDirectory(directory.resolve("data"))
                .setCleanDataDirectory(false)
                .setServerConfig("fsync", "on")
                .setServerConfig("synchronous_commit", "on");
        return (port == 0 ? builder : builder.setPort(port)).start();
    }

    /** A store behind a proxy. */
    private static final class Reached implements AutoCloseable {
        private final PgDatabase database;
        final PgTenantStore store;
        final PgLeases leases;

        Reached(Proxy proxy) {
            PgOptions defaults =
                    PgOptions.of(fixture.url.replace(":" + TestServer.port() + "/", ":" + proxy.port() + "/"));
            PgOptions options = new PgOptions(
                    defaults.url(),
                    1,
                    1,
                    100,
                    Duration.ofSeconds(4),
                    Duration.ofSeconds(2),
                    Duration.ofMillis(500),
                    Duration.ofSeconds(1),
                    Duration.ofSeconds(2));
            database = await(PgDatabase.connect(fixture.vertx, options, new NodeId(fixture.ids.next())));
            store = new PgTenantStore(database);
            leases = new PgLeases(database);
        }

        @Override
        public void close() {
            await(database.close());
        }
    }

    private enum Fault {
        NONE,
        /** The commit reaches the server, its answer does not reach the client: the connection ends. */
        ANSWER_LOST,
        /** The connection ends before the commit reaches the server. */
        COMMIT_LOST,
        /** Nothing arrives, and nobody says so. */
        SILENCE,
        /** The same, for what reads a snapshot. */
        SILENT_SNAPSHOT
    }

    /** Passes bytes on between a client and the server, until it is told otherwise. */
    private static final class Proxy implements AutoCloseable {
        private final Vertx vertx = Vertx.vertx();
        private final NetServer server;
        volatile Fault fault = Fault.NONE;

        Proxy() {
            server = await(vertx.createNetServer().connectHandler(this::connect).listen(0, "127.0.0.1"));
        }

        int port() {
            return server.actualPort();
        }

        private void connect(NetSocket client) {
            client.pause();
            vertx.createNetClient().connect(TestServer.port(), "127.0.0.1").onSuccess(database -> {
                database.handler(bytes -> {
                    if (fault != Fault.ANSWER_LOST) {
                        client.write(bytes);
                    }
                });
                database.closeHandler(closed -> client.close());
                client.closeHandler(closed -> database.close());
                client.handler(bytes -> pass(bytes, client, database));
                client.resume();
            });
        }

        private void pass(Buffer bytes, NetSocket client, NetSocket database) {
            boolean commit = bytes.toString(StandardCharsets.ISO_8859_1).contains("COMMIT");
            boolean snapshot = bytes.toString(StandardCharsets.ISO_8859_1).contains("REPEATABLE READ");
            if (fault == Fault.SILENCE || fault == Fault.SILENT_SNAPSHOT && snapshot) {
                return;
            }
            if (fault == Fault.COMMIT_LOST && commit) {
                client.close();
                return;
            }
            database.write(bytes).onSuccess(written -> {
                if (fault == Fault.ANSWER_LOST && commit) {
                    client.close();
                }
            });
        }

        @Override
        public void close() {
            await(vertx.close());
        }
    }
}
