package nexus.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import nexus.e2e.SharedServer.Tenant;
import nexus.http.client.NexusClient;
import nexus.http.client.NexusClient.Ref;
import nexus.http.client.NexusException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * kill -9 under load, again and again: of the server, of its database, of both.
 *
 * <p>What the clients do and when the killer strikes comes from a seed, which is printed. With {@code -Dnexus.crash.seed=}
 * the same is done again; how the threads interleave is not repeated. {@code -Dnexus.crash.rounds=} makes it longer.
 */
@Tag("server")
@Timeout(value = 600)
class CrashTest {
    private static final long SEED = Long.getLong("nexus.crash.seed", System.nanoTime());
    private static final int ROUNDS = Integer.getInteger("nexus.crash.rounds", 3);
    private static final int TENANTS = 2;
    private static final int CLIENTS = 3;
    private static final Duration SOON = Duration.ofSeconds(60);

    /** The killer strikes that many acknowledged changes after the load has begun, and a moment later. */
    private static final int CHANGES_BEFORE = 60;

    private static final int MOMENT_MILLIS = 400;

    private final Random random = new Random(SEED);
    private final int port = ServerProcess.unusedPort();
    private final List<Tenant> tenants = new ArrayList<>();
    private final List<LoadClient> clients = new ArrayList<>();
    private Path directory = Path.of("");
    private Path data = Path.of("");

    @BeforeEach
    void makeDirectory() {
        directory = ServerProcess.temporaryDirectory();
        data = directory.resolve("data");
        System.out.println("crash test: -Dnexus.crash.seed=" + SEED + " -Dnexus.crash.rounds=" + ROUNDS);
    }

    @AfterEach
    void deleteDirectory() {
        ServerProcess.delete(directory);
    }

    /** The same address every time: what the clients know of it stays true. */
    private ServerProcess.Start server() {
        return ServerProcess.in(data).port(port);
    }

    private void populate(ServerProcess server) {
        for (int t = 0; t < TENANTS; t++) {
            Tenant tenant = SharedServer.tenant(server.admin(), "tenant-" + t, "alice");
            tenants.add(tenant);
            for (int c = 0; c < CLIENTS; c++) {
                clients.add(new LoadClient("c" + c, tenant, tenant.path("shared.txt"), random.nextLong()));
            }
        }
    }

    // ---- load -------------------------------------------------------------------------------------------------------

    /** All clients at work, until it is closed. */
    private final class Load implements AutoCloseable {
        private final AtomicBoolean over = new AtomicBoolean();
        private final ExecutorService threads = Executors.newFixedThreadPool(clients.size());
        private final List<Future<?>> running = new ArrayList<>();

        Load() {
            clients.forEach(client -> running.add(threads.submit(() -> client.run(over::get))));
        }

        /** Waits until every client has had more changes acknowledged. */
        void awaitChanges(int each, ServerProcess server) {
            List<Integer> before = clients.stream().map(LoadClient::done).toList();
            Await.until(
                    each + " more changes of each client",
                    SOON,
                    () -> isBroken() || hasGrown(before, each),
                    () -> clients.stream().map(LoadClient::done).toList() + " after " + before + server.log());
        }

        private boolean hasGrown(List<Integer> before, int by) {
            for (int i = 0; i < clients.size(); i++) {
                if (clients.get(i).done() < before.get(i) + by) {
                    return false;
                }
            }
            return true;
        }

        private boolean isBroken() {
            return running.stream().anyMatch(Future::isDone);
        }

        /** Ends the load; a client that saw something impossible fails the test. */
        @Override
        public void close() {
            over.set(true);
            threads.shutdown();
            try {
                assertTrue(threads.awaitTermination(60, TimeUnit.SECONDS), "the clients do not end");
                for (Future<?> client : running) {
                    client.get();
                }
            } catch (InterruptedException | ExecutionException e) {
                throw new AssertionError("a client failed", e);
            }
        }
    }

    private void untilAMoment(Load load, ServerProcess server) {
        load.awaitChanges(CHANGES_BEFORE / clients.size() + random.nextInt(10), server);
        long end = System.nanoTime() + random.nextInt(MOMENT_MILLIS) * 1_000_000L;
        Await.happens(SOON, () -> System.nanoTime() - end > 0);
    }

    // ---- truth ------------------------------------------------------------------------------------------------------

    /** Nothing acknowledged is missing, nothing is half done, and what the server counts is what is there. */
    private void verify(ServerProcess server) {
        try {
            clients.forEach(LoadClient::verify);
            for (int t = 0; t < TENANTS; t++) {
                Tenant tenant = tenants.get(t);
                LoadClient.verifySharedLog(clients.subList(t * CLIENTS, (t + 1) * CLIENTS));
                assertEquals(List.of(), strangers(tenant), "files that no client made");
                assertEquals(Usage.recount(tenant.admin(), tenant.zone()), tenant.usage(), tenant.zone());
            }
        } catch (AssertionError e) {
            throw new AssertionError("seed " + SEED + ": " + e.getMessage() + server.log(), e);
        }
    }

    private static List<String> strangers(Tenant tenant) {
        return tenant.owner().paths(tenant.root(), false).stream()
                .map(path -> path.substring(tenant.root().length() + 1))
                .filter(name -> !new TreeSet<>(List.of(".tenant.json", ".audit", "shared.txt", "c0", "c1", "c2"))
                        .contains(name))
                .toList();
    }

    private void tell(String what) {
        System.out.println("crash test: " + what + ": "
                + clients.stream().mapToInt(LoadClient::done).sum() + " changes acknowledged, "
                + clients.stream().mapToInt(LoadClient::inDoubt).sum() + " in doubt");
    }

    // ---- kills ------------------------------------------------------------------------------------------------------

    @Test
    void serverThatIsKilledKeepsEverything() throws Exception {
        ServerProcess server = server().start();
        try {
            populate(server);
            for (int round = 0; round < ROUNDS; round++) {
                try (Load load = new Load();
                        Socket upload = halfAnUpload(server)) {
                    untilAMoment(load, server);
                    server.kill();
                    assertTrue(upload.isConnected());
                }
                List<Path> orphans = round == 0 ? plantOrphans() : List.of();
                server = server().start();
                verify(server);
                Await.until(
                        "contents that nobody names are removed",
                        SOON,
                        () -> orphans.stream().noneMatch(Files::exists),
                        server::log);
            }
            verify(server);
            tell("killed the server " + ROUNDS + " times");
        } finally {
            server.close();
        }
    }

    /** A large write whose body has come to a half. */
    private Socket halfAnUpload(ServerProcess server) throws IOException {
        Tenant tenant = tenants.get(0);
        Socket socket = new Socket("127.0.0.1", server.port());
        OutputStream out = socket.getOutputStream();
        String start = "{\"params\":{\"path\":\"" + tenant.path("half.bin") + "\",\"content\":\"";
        out.write(("POST /api/nfs/write HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + tenant.key()
                        + "\r\nContent-Type: application/json\r\nContent-Length: 4000000\r\n\r\n" + start)
                .getBytes(StandardCharsets.US_ASCII));
        out.write("x".repeat(2_000_000).getBytes(StandardCharsets.US_ASCII));
        out.flush();
        return socket;
    }

    /** What a crash leaves when it comes between a content and its row, as if it had been long ago. */
    private List<Path> plantOrphans() throws IOException {
        // Ids sort by time: this one is of 1970.
        String upload = "00000000000000000000000000";
        List<Path> orphans = new ArrayList<>();
        try (Stream<Path> blobs = Files.list(data.resolve("blobs"))) {
            for (Path tenant : blobs.filter(Files::isDirectory).toList()) {
                Path finished =
                        Files.createDirectories(tenant.resolve("ab")).resolve("ab" + "0".repeat(62) + "-" + upload);
                Path unfinished = Files.createDirectories(tenant.resolve("new")).resolve(upload);
                orphans.add(Files.writeString(finished, "a content without a row"));
                orphans.add(Files.writeString(unfinished, "half a content"));
            }
        }
        assertFalse(orphans.isEmpty(), "no large content was written");
        return orphans;
    }

    /** How the database dies. */
    private enum Death {
        ALL {
            @Override
            void of(ServerProcess server) {
                server.killPostgres();
            }
        },
        POSTMASTER {
            @Override
            void of(ServerProcess server) {
                server.killPostmaster();
            }
        },
        SESSION {
            @Override
            void of(ServerProcess server) {
                server.killSession();
            }
        };

        abstract void of(ServerProcess server);
    }

    @Test
    void databaseThatIsKilledComesBackByItself() throws Exception {
        try (ServerProcess server = server().start()) {
            populate(server);
            for (int round = 0; round < ROUNDS; round++) {
                Death death = Death.values()[round % Death.values().length];
                try (Load load = new Load()) {
                    untilAMoment(load, server);
                    death.of(server);
                    load.awaitChanges(1, server);
                }
                assertTrue(server.isAlive(), server::log);
                verify(server);
            }
            tell("killed the database " + ROUNDS + " times");
        }
    }

    @Test
    void serverAndDatabaseThatAreKilledKeepEverything() throws Exception {
        ServerProcess server = server().start();
        try {
            populate(server);
            for (int round = 0; round < ROUNDS; round++) {
                try (Load load = new Load()) {
                    untilAMoment(load, server);
                    server.killAll();
                }
                if (round == 0) {
                    killWhileStarting();
                }
                server = server().start();
                verify(server);
            }
            tell("killed server and database " + ROUNDS + " times");
        } finally {
            server.close();
        }
    }

    /** A start that is cut short at some moment of the database's recovery. */
    private void killWhileStarting() {
        ServerProcess server = server().launch();
        Await.until(
                "the database starts",
                SOON,
                () -> !ServerProcess.postgresOf(data).isEmpty() || !server.isAlive(),
                server::log);
        long end = System.nanoTime() + random.nextInt(MOMENT_MILLIS) * 1_000_000L;
        Await.happens(SOON, () -> System.nanoTime() - end > 0);
        server.kill();
    }

    // ---- without a database -----------------------------------------------------------------------------------------

    @Test
    void checksGoOnWhileTheEmbeddedDatabaseIsAwayForLong() throws Exception {
        try (ServerProcess server = server().start()) {
            Tenant tenant = SharedServer.tenant(server.admin(), "acme", "alice");
            NexusClient bob = tenant.user("bob", "viewer", tenant.path("docs"));
            tenant.owner().write(tenant.path("docs/a.txt"), "before");
            Path configuration = data.resolve("postgres/data/pg_hba.conf");
            Path aside = directory.resolve("aside");
            Files.move(configuration, aside);
            server.killPostgres();

            // Longer than the lease: nobody else can have the database, so what is in memory is still true.
            long end = System.nanoTime() + Duration.ofSeconds(6).toNanos();
            int checks = 0;
            while (System.nanoTime() - end < 0) {
                assertTrue(tenant.owner().rebacCheck(Ref.user("bob"), "read", Ref.file(tenant.path("docs/a.txt"))));
                assertFalse(tenant.owner().rebacCheck(Ref.user("eve"), "read", Ref.file(tenant.path("docs/a.txt"))));
                checks++;
            }
            assertTrue(checks > 100, "checks in six seconds: " + checks);
            assertEquals(
                    NexusException.LATER,
                    assertThrows(NexusException.class, () -> tenant.owner().write(tenant.path("docs/a.txt"), "now"))
                            .code());
            assertEquals(
                    NexusException.LATER,
                    assertThrows(NexusException.class, () -> bob.read(tenant.path("docs/a.txt")))
                            .code());

            Files.move(aside, configuration);
            Await.until("changes work again", SOON, () -> writes(tenant), server::log);
            assertEquals("after", bob.readText(tenant.path("docs/a.txt")));
            assertEquals(Usage.recount(server.admin(), "acme"), tenant.usage());
            assertEquals(
                    Map.of("ready", true), NexusClient.anonymous(server.url()).get("/ready"));
        }
    }

    private static boolean writes(Tenant tenant) {
        try {
            tenant.owner().write(tenant.path("docs/a.txt"), "after");
            return true;
        } catch (NexusException e) {
            assertEquals(NexusException.LATER, e.code(), e::getMessage);
            return false;
        }
    }
}
