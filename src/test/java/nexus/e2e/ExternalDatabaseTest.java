package nexus.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import nexus.e2e.SharedServer.Tenant;
import nexus.http.client.HttpStatusException;
import nexus.http.client.NexusClient;
import nexus.http.client.NexusClient.Ref;
import nexus.http.client.NexusException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code serve --database-url}: a PostgreSQL that is not ours, that others use as well, and that goes away at times. */
@Tag("server")
@Timeout(120)
class ExternalDatabaseTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    /** How long a lease lasts. */
    private static final Duration LEASE = Duration.ofSeconds(4);

    /** May make the role that the server works as. */
    private static final String OWNER = "nexus_owner";

    private static Path home = Path.of("");
    private static ExternalDatabase postgres;

    private final List<ServerProcess> servers = new ArrayList<>();
    private Path directory = Path.of("");
    private String database = "";

    @BeforeAll
    static void startDatabase() {
        home = ServerProcess.temporaryDirectory();
        postgres = new ExternalDatabase(home.resolve("external"));
        postgres.role(OWNER, "CREATEROLE");
    }

    @AfterAll
    static void stopDatabase() {
        postgres.close();
        ServerProcess.delete(home);
    }

    @BeforeEach
    void makeDatabase() {
        directory = ServerProcess.temporaryDirectory();
        database = postgres.database(OWNER);
    }

    @AfterEach
    void endServers() {
        servers.forEach(ServerProcess::close);
        ServerProcess.delete(directory);
        for (ServerProcess server : servers) {
            showsNoPassword(server.out() + server.err());
        }
    }

    private static void showsNoPassword(String text) {
        assertFalse(text.contains(ExternalDatabase.PASSWORD), text);
        assertFalse(text.contains(ExternalDatabase.escaped(ExternalDatabase.PASSWORD)), text);
    }

    // ---- servers ----------------------------------------------------------------------------------------------------

    private String url() {
        return postgres.url(OWNER, database);
    }

    private ServerProcess launch(String data, String url) {
        return launch(data, url, directory.resolve("contents"));
    }

    /** @param contents where all servers of the database keep large contents */
    private ServerProcess launch(String data, String url, Path contents) {
        try {
            Files.createDirectories(contents);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ServerProcess server = ServerProcess.in(directory.resolve(data))
                .with("--blobs", "directory:" + contents)
                .env("NEXUS_DATABASE_URL", url)
                .launch();
        servers.add(server);
        return server;
    }

    private ServerProcess start(String data, String url) {
        return ready(launch(data, url));
    }

    private static ServerProcess ready(ServerProcess server) {
        server.awaitReady();
        return server;
    }

    private ServerProcess start(String data) {
        return start(data, url());
    }

    /** Waits for the end of a server that is refused, and tells its one line. */
    private static String refusal(ServerProcess server) {
        assertEquals(1, server.awaitExit(), server::log);
        assertEquals("", server.out());
        List<String> told =
                server.err().lines().filter(line -> line.startsWith("nexus: ")).toList();
        assertEquals(1, told.size(), server::err);
        assertTrue(server.err().strip().endsWith(told.get(0)), server::err);
        return told.get(0);
    }

    private void isMigratedOnce() {
        List<String> versions = postgres.column(
                database, "SELECT version FROM nexus.schema_history WHERE version IS NOT NULL ORDER BY installed_rank");
        assertEquals(
                IntStream.rangeClosed(1, versions.size())
                        .mapToObj(Integer::toString)
                        .toList(),
                versions);
        assertFalse(versions.isEmpty());
        assertEquals(
                List.of(), postgres.column(database, "SELECT version FROM nexus.schema_history WHERE NOT success"));
    }

    private static Tenant tenant(ServerProcess server) {
        return SharedServer.tenant(server.admin(), "acme", "alice");
    }

    /** What an answer says that is no answer: come again later. */
    private static boolean isLater(Runnable call) {
        try {
            call.run();
            return false;
        } catch (NexusException e) {
            assertEquals(NexusException.LATER, e.code(), e::getMessage);
            return true;
        } catch (HttpStatusException e) {
            assertEquals(503, e.status(), e::getMessage);
            return true;
        }
    }

    private static void awaitWrites(Tenant tenant, String path, ServerProcess server) {
        Await.until("changes work", SOON, () -> !isLater(() -> tenant.owner().write(path, "again")), server::log);
    }

    // ---- a database of others ---------------------------------------------------------------------------------------

    @Test
    void worksInADatabaseWhoseOwnerIsNoSuperuser() {
        ServerProcess server = start("data");
        Tenant tenant = tenant(server);
        byte[] large = new byte[200_000];
        java.util.Arrays.fill(large, (byte) 7);
        tenant.owner().write(tenant.path("small.txt"), "small");
        tenant.owner().write(tenant.path("large.bin"), large);
        NexusClient bob = tenant.user("bob", "viewer", tenant.path("small.txt"));
        assertEquals("small", bob.readText(tenant.path("small.txt")));
        assertEquals(
                NexusException.PERMISSION,
                assertThrows(NexusException.class, () -> bob.read(tenant.path("large.bin")))
                        .code());
        assertEquals(Usage.recount(server.admin(), "acme"), tenant.usage());
        isMigratedOnce();
        assertEquals(
                List.of("nexus_app"),
                postgres.column(
                        database, "SELECT rolname FROM pg_roles WHERE rolname = 'nexus_app' AND NOT rolcanlogin"));
        assertEquals(
                List.of(),
                postgres.column(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"),
                "everything is in a schema of its own");
        assertFalse(Files.exists(directory.resolve("data/postgres/data")), "there is no embedded database");
        assertEquals(0, server.terminate(), server::log);

        // A drained server leaves its lease: the next one need not wait.
        ServerProcess again = start("data");
        assertFalse(again.err().contains("waiting for the lease"), again.err());
        assertFalse(again.err().contains("schema migrated"), again.err());
        Tenant same = again(tenant, again);
        assertEquals(large.length, same.owner().read(tenant.path("large.bin")).length);
        assertEquals("small", same.owner().readText(tenant.path("small.txt")));
    }

    /** A tenant, seen from another server. */
    private static Tenant again(Tenant tenant, ServerProcess server) {
        NexusClient client = NexusClient.connect(server.url(), tenant.key());
        return new Tenant(tenant.zone(), client, tenant.key(), tenant.keyId(), client);
    }

    @Test
    void roleOfTheServerMayBeMadeByTheDatabasesAdministrator() {
        // Whoever may not make roles is given the one that the server works as.
        postgres.execute(
                "postgres",
                "DO $$ BEGIN CREATE ROLE nexus_app NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
        postgres.role("plain_owner", "NOCREATEROLE");
        String plain = postgres.database("plain_owner");

        String refusal = refusal(launch("refused", postgres.url("plain_owner", plain)));
        assertTrue(refusal.contains("nexus_app"), refusal);
        postgres.execute("postgres", "GRANT nexus_app TO plain_owner");

        ServerProcess server = start("data", postgres.url("plain_owner", plain));
        Tenant tenant = tenant(server);
        tenant.owner().write(tenant.path("a.txt"), "a");
        assertEquals("a", tenant.owner().readText(tenant.path("a.txt")));
    }

    @Test
    void wrongPasswordAndMissingDatabaseAreOneLineAndExitCode1() {
        String wrong = url().replace(ExternalDatabase.escaped(ExternalDatabase.PASSWORD), "wr0ng-passw0rd");
        ServerProcess server = launch("data", wrong);
        assertTrue(refusal(server).contains("password authentication failed"), server::err);
        assertFalse(server.err().contains("wr0ng-passw0rd"), server.err());
        assertTrue(refusal(launch("data", postgres.url(OWNER, "nothing"))).contains("\"nothing\""));
    }

    // ---- one server at a time ---------------------------------------------------------------------------------------

    @Test
    void ofTwoServersThatStartAtOnceOnAFreshDatabaseOneWins() {
        for (int attempt = 0; attempt < 2; attempt++) {
            database = postgres.database(OWNER);
            Path contents = directory.resolve("contents-" + attempt);
            List<ServerProcess> both =
                    List.of(launch("one-" + attempt, url(), contents), launch("two-" + attempt, url(), contents));
            Await.until(
                    "one is refused",
                    SOON,
                    () -> both.stream().anyMatch(server -> !server.isAlive()),
                    () -> both.stream().map(ServerProcess::log).toList().toString());
            ServerProcess winner = both.get(both.get(0).isAlive() ? 0 : 1);
            ServerProcess other = both.get(both.get(0).isAlive() ? 1 : 0);

            winner.awaitReady();
            String refusal = refusal(other);
            assertTrue(refusal.contains("another server uses this database"), refusal);
            assertTrue(refusal.contains(":" + winner.pid() + " (SINGLE)"), refusal);
            assertFalse(Files.exists(other.adminKeyFile()), "the refused one made a key");
            Tenant tenant = tenant(winner);
            tenant.owner().write(tenant.path("a.txt"), "a");
            assertEquals("a", tenant.owner().readText(tenant.path("a.txt")));
            assertEquals(Usage.recount(winner.admin(), "acme"), tenant.usage());
            isMigratedOnce();
            winner.terminate();
        }
    }

    @Test
    void serverBesideALiveOneIsRefusedAndToldWhoHasTheDatabase() {
        ServerProcess holder = start("one");
        Tenant tenant = tenant(holder);

        String refusal = refusal(launch("two", url()));

        assertTrue(refusal.contains("another server uses this database"), refusal);
        assertTrue(refusal.contains(":" + holder.pid() + " (SINGLE)"), refusal);
        tenant.owner().write(tenant.path("a.txt"), "as well as before");
    }

    @Test
    void serverThatWasKilledIsFollowedWithinOneLease() {
        ServerProcess first = start("data");
        Tenant tenant = tenant(first);
        for (int i = 0; i < 20; i++) {
            tenant.owner()
                    .append(
                            tenant.path("log.txt"),
                            ("line " + i + "\n").getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }
        long killed = System.nanoTime();
        first.kill();

        ServerProcess second = launch("data", url());
        Await.until(
                "it waits or is ready",
                SOON,
                () -> isWaiting(second) || !second.url().isEmpty(),
                second::log);
        long waits = System.nanoTime();
        second.awaitReady();

        // On a slow machine the start alone may take longer than the lease, and then there is nothing to wait for.
        assertTrue(isWaiting(second) || waits - killed > LEASE.toNanos(), second::log);
        assertTrue(
                System.nanoTime() - Math.max(waits, killed) < LEASE.plus(LEASE).toNanos(),
                "it waited for longer than a lease");
        Tenant same = again(tenant, second);
        assertEquals(20, same.owner().readText(tenant.path("log.txt")).lines().count());
        same.owner().append(tenant.path("log.txt"), new byte[] {'x'});
    }

    private static boolean isWaiting(ServerProcess server) {
        return server.err().contains("waiting for the lease of a former server to end");
    }

    // ---- the other mode ---------------------------------------------------------------------------------------------

    private static String embeddedUrl(Path data) throws IOException {
        return "postgresql://nexus:"
                + Files.readString(data.resolve("postgres/password")).strip() + "@127.0.0.1:"
                + Files.readString(data.resolve("postgres/port")).strip() + "/nexus";
    }

    private ServerProcess startEmbedded(Path data) {
        ServerProcess server = ServerProcess.in(data).launch();
        servers.add(server);
        return ready(server);
    }

    @Test
    void serverOnTheEmbeddedDatabaseOfALiveOneIsRefused() throws IOException {
        Path data = directory.resolve("embedded");
        ServerProcess embedded = startEmbedded(data);
        Tenant tenant = tenant(embedded);

        ServerProcess beside = launch("beside", embeddedUrl(data), data.resolve("blobs"));
        String refusal = refusal(beside);

        assertTrue(refusal.contains(":" + embedded.pid() + " (EMBEDDED)"), refusal);
        assertFalse(
                beside.err()
                        .contains(Files.readString(data.resolve("postgres/password"))
                                .strip()),
                beside::err);
        tenant.owner().write(tenant.path("a.txt"), "as well as before");
    }

    @Test
    void embeddedServerTakesItsDatabaseBackFromAnother() throws IOException {
        Path data = directory.resolve("embedded");
        ServerProcess embedded = startEmbedded(data);
        Tenant tenant = tenant(embedded);
        tenant.owner().write(tenant.path("a.txt"), "first");
        String url = embeddedUrl(data);
        embedded.kill();
        // Its database lives on as an orphan, and somebody finds it.
        ServerProcess other = ready(launch("other", url, data.resolve("blobs")));
        Tenant elsewhere = again(tenant, other);
        elsewhere.owner().write(tenant.path("a.txt"), "second");

        ServerProcess owner = startEmbedded(data);

        Tenant back = again(tenant, owner);
        assertEquals("second", back.owner().readText(tenant.path("a.txt")));
        back.owner().write(tenant.path("a.txt"), "third");
        // The other one has lost its lease: it answers nothing from now on.
        Await.until(
                "the other one knows",
                SOON,
                () -> isLater(() -> elsewhere.owner().exists(tenant.path("a.txt"))),
                other::log);
        assertTrue(isLater(() -> elsewhere.owner().read(tenant.path("a.txt"))));
        assertTrue(isLater(() -> elsewhere.owner().write(tenant.path("a.txt"), "lost")));
        assertEquals("third", back.owner().readText(tenant.path("a.txt")));
        assertEquals(List.of(1L, 1L, 16L), Usage.of(owner.admin(), "acme"));
    }

    // ---- outages ----------------------------------------------------------------------------------------------------

    @Test
    void databaseThatGoesAwayAndComesBackNeedsNoHelp() {
        ServerProcess server = start("data");
        Tenant tenant = tenant(server);
        tenant.owner().write(tenant.path("a.txt"), "before");
        for (Duration outage : List.of(Duration.ofMillis(500), LEASE.plusSeconds(2))) {
            postgres.stop();
            try {
                assertTrue(isLater(() -> tenant.owner().read(tenant.path("a.txt"))), "a read without a database");
                assertTrue(isLater(() -> tenant.owner().write(tenant.path("b.txt"), "never")));
                long end = System.nanoTime() + outage.toNanos();
                Await.happens(SOON, () -> System.nanoTime() - end > 0);
            } finally {
                postgres.start();
            }
            awaitWrites(tenant, tenant.path("c.txt"), server);
            // A change is judged by the database alone; answers wait for the lease.
            Await.until(
                    "reads work", SOON, () -> !isLater(() -> tenant.owner().read(tenant.path("a.txt"))), server::log);
            assertEquals("before", tenant.owner().readText(tenant.path("a.txt")));
            assertFalse(tenant.owner().exists(tenant.path("b.txt")), "what was refused was done");
            assertEquals(Usage.recount(server.admin(), "acme"), tenant.usage());
        }
    }

    @Test
    void connectionsThatAreForgottenWithoutAWordAreReplaced() {
        try (Relay relay = new Relay(postgres.port())) {
            ServerProcess server = start("data", ExternalDatabase.url(OWNER, database, relay.port()));
            Tenant tenant = tenant(server);
            tenant.owner().write(tenant.path("a.txt"), "before");

            relay.forget();
            relay.mend();

            awaitWrites(tenant, tenant.path("b.txt"), server);
            assertEquals("before", tenant.owner().readText(tenant.path("a.txt")));
            assertEquals(
                    Map.of("ready", true), NexusClient.anonymous(server.url()).get("/ready"));
        }
    }

    /** Everything that can be asked of a tenant without changing it, and changes that would change nothing. */
    private static Map<String, Runnable> questions(Tenant tenant, NexusClient bob) {
        NexusClient owner = tenant.owner();
        String path = tenant.path("docs/a.txt");
        Map<String, Runnable> questions = new LinkedHashMap<>();
        questions.put("check", () -> owner.rebacCheck(Ref.user("bob"), "read", Ref.file(path)));
        questions.put("tuples", () -> owner.rebacListTuples(Ref.user("bob"), null));
        questions.put("read", () -> owner.read(path));
        questions.put("exists", () -> owner.exists(path));
        questions.put("list", () -> owner.list(tenant.root(), true));
        questions.put("record", () -> owner.readJson(tenant.path(".tenant.json")));
        questions.put("whoami", owner::whoami);
        questions.put("keys", () -> tenant.admin().call("admin_list_keys", Map.of("zone_id", tenant.zone())));
        questions.put("tenants", () -> tenant.admin().list("/tenants", false));
        questions.put("same directory", () -> owner.mkdirs(tenant.path("docs")));
        questions.put("refused change", () -> refused(() -> bob.write(path, "x")));
        questions.put("refused user", () -> refused(() -> bob.rebacListTuples(null, Ref.file(path))));
        questions.put("same grant", () -> owner.rebacCreate(Ref.user("bob"), "viewer", Ref.file(path), tenant.zone()));
        questions.put("no such grant", () -> owner.rebacDelete("nothing"));
        questions.put(
                "ready", () -> NexusClient.anonymous(owner.server().toString()).get("/ready"));
        return questions;
    }

    /** Passes if it is refused, which is an answer, too. */
    private static void refused(Runnable call) {
        NexusException e = assertThrows(NexusException.class, call::run);
        if (e.code() == NexusException.LATER) {
            throw e;
        }
        assertEquals(NexusException.PERMISSION, e.code(), e::getMessage);
    }

    @Test
    void nothingIsAnsweredWhenTheLeaseIsOver() {
        ServerProcess server = start("data");
        Tenant tenant = tenant(server);
        tenant.owner().write(tenant.path("docs/a.txt"), "a");
        NexusClient bob = tenant.user("bob", "viewer", tenant.path("docs/a.txt"));
        Map<String, Runnable> questions = questions(tenant, bob);
        questions.forEach((what, question) -> {
            if (!what.equals("no such grant")) {
                assertFalse(isLater(question), what);
            }
        });
        postgres.freeze();
        try {
            long over = System.nanoTime() + LEASE.toNanos();
            // Until then what is in memory is true: nobody else can own the tenant.
            assertFalse(isLater(questions.get("check")), "the lease is not over yet");
            Await.happens(SOON, () -> System.nanoTime() - over > 0);
            questions.forEach((what, question) -> assertTrue(isLater(question), what));
        } finally {
            postgres.thaw();
        }
        awaitWrites(tenant, tenant.path("docs/b.txt"), server);
        assertEquals("a", tenant.owner().readText(tenant.path("docs/a.txt")));
        assertTrue(tenant.owner().rebacCheck(Ref.user("bob"), "read", Ref.file(tenant.path("docs/a.txt"))));
        assertEquals(Usage.recount(server.admin(), "acme"), tenant.usage());
    }

    @Test
    void serverThatIsCutOffNeverAllowsWhatItsSuccessorRevoked() {
        try (Relay relay = new Relay(postgres.port())) {
            ServerProcess cutOff = start("one", ExternalDatabase.url(OWNER, database, relay.port()));
            Tenant tenant = tenant(cutOff);
            tenant.owner().write(tenant.path("a.txt"), "a");
            String grant = tenant.owner()
                    .rebacCreate(Ref.user("bob"), "viewer", Ref.file(tenant.path("a.txt")), tenant.zone());
            Runnable check = () ->
                    assertTrue(tenant.owner().rebacCheck(Ref.user("bob"), "read", Ref.file(tenant.path("a.txt"))));
            check.run();

            relay.forget();
            ServerProcess successor = start("two");
            Tenant there = again(tenant, successor);
            assertTrue(there.owner().rebacDelete(grant));

            assertTrue(isLater(check), "an answer from the past");
            relay.mend();
            // It is back in the database, and finds that another server has it.
            long end = System.nanoTime() + Duration.ofSeconds(3).toNanos();
            Await.happens(SOON, () -> {
                assertTrue(isLater(check), "an answer from the past");
                assertTrue(isLater(() -> tenant.owner().write(tenant.path("a.txt"), "b")), "a change of the past");
                return System.nanoTime() - end > 0;
            });
            assertEquals("a", there.owner().readText(tenant.path("a.txt")));
            assertEquals(0, successor.terminate(), successor::log);

            awaitWrites(tenant, tenant.path("a.txt"), cutOff);
            assertFalse(tenant.owner().rebacCheck(Ref.user("bob"), "read", Ref.file(tenant.path("a.txt"))));
        }
    }

    @Test
    void termSignalEndsAServerWhoseDatabaseIsSilent() {
        ServerProcess server = start("data");
        Tenant tenant = tenant(server);
        tenant.owner().write(tenant.path("a.txt"), "a");
        postgres.freeze();
        try {
            server.signalTerm();
            Await.until("it ends", Duration.ofSeconds(45), () -> !server.isAlive(), server::log);
            assertEquals(0, server.awaitExit(), server::log);
        } finally {
            postgres.thaw();
        }
    }
}
