package nexus.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import nexus.http.client.Json;
import nexus.http.client.NexusClient;
import nexus.http.client.NexusClient.Ref;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The {@code serve} command: its options, its life, its exit codes. */
@Tag("server")
@Timeout(120)
class ServeCommandTest {
    private static final Duration SHORT = Duration.ofSeconds(30);
    private static final String CHOSEN = "a-key-that-the-operator-chose-himself-1";
    private static final String OTHER = "another-key-that-the-operator-chose-2";

    private Path directory = Path.of("");
    private Path data = Path.of("");

    @BeforeEach
    void makeDirectory() {
        directory = ServerProcess.temporaryDirectory();
        data = directory.resolve("data");
    }

    @AfterEach
    void deleteDirectory() {
        ServerProcess.delete(directory);
    }

    // ---- options ----------------------------------------------------------------------------------------------------

    @Test
    void helpNamesEveryOptionWithDefaultAndVariableAndWrongUsageIs2() {
        ServerProcess.Ended help = ServerProcess.runToEnd(SHORT, Map.of(), "serve", "--help");
        assertEquals(0, help.exit(), help.err());
        for (String option : List.of("host", "port", "data-dir", "database-url", "cluster", "blobs")) {
            assertTrue(help.out().contains("--" + option), help.out());
            assertTrue(
                    help.out()
                            .contains("NEXUS_"
                                    + option.toUpperCase(java.util.Locale.ROOT).replace('-', '_')),
                    help.out());
        }
        assertTrue(help.out().contains("Default: 127.0.0.1") && help.out().contains("Default: 2026"), help.out());

        usage("serve", "--port", "70000");
        usage("serve", "--port", "many");
        usage("serve", "--no-such-option");
        usage("serve", "--body-max", "1XB");
        usage("serve", "--database-url", "mysql://localhost/x");
        usage("conquer");
        usage();
        ServerProcess.Ended unknown =
                ServerProcess.runToEnd(SHORT, Map.of("NEXUS_PROT", "1"), "serve", "--data-dir", data.toString());
        assertEquals(2, unknown.exit(), unknown.err());
        assertTrue(unknown.err().contains("NEXUS_PROT") && unknown.err().contains("NEXUS_PORT"), unknown.err());
        assertFalse(Files.exists(data), "wrong usage changes nothing");
    }

    private static void usage(String... arguments) {
        ServerProcess.Ended ended = ServerProcess.runToEnd(SHORT, Map.of(), arguments);
        assertEquals(2, ended.exit(), List.of(arguments) + ended.out() + ended.err());
        assertFalse(ended.err().isBlank(), List.of(arguments).toString());
        assertFalse(ended.err().contains("\tat "), ended.err());
    }

    @Test
    void failureIsOneLineAndExitCode1() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "not a directory");
        ServerProcess.Ended noDirectory =
                ServerProcess.runToEnd(SHORT, Map.of(), "serve", "--port", "0", "--data-dir", file.toString());
        assertEquals(1, noDirectory.exit(), noDirectory.err());
        assertTrue(noDirectory.err().contains("is a file, not a directory"), noDirectory.err());
        assertFalse(noDirectory.err().contains("\tat "), noDirectory.err());
        assertEquals("", noDirectory.out());

        ServerProcess.Ended noDatabase = ServerProcess.runToEnd(
                Duration.ofSeconds(60),
                Map.of("NEXUS_DATABASE_URL", "postgresql://u:the-password@127.0.0.1:1/x"),
                "serve",
                "--port",
                "0",
                "--data-dir",
                data.toString());
        assertEquals(1, noDatabase.exit(), noDatabase.out() + noDatabase.err());
        assertFalse((noDatabase.out() + noDatabase.err()).contains("the-password"), noDatabase.err());
    }

    @Test
    void takenPortIsAFailureThatNamesItAndLeavesNothingRunning() throws IOException {
        try (ServerSocket taken = new ServerSocket()) {
            taken.bind(new InetSocketAddress("127.0.0.1", 0));
            String port = Integer.toString(taken.getLocalPort());
            ServerProcess.Ended ended = ServerProcess.runToEnd(
                    Duration.ofSeconds(90), Map.of("NEXUS_PORT", port), "serve", "--data-dir", data.toString());
            assertEquals(1, ended.exit(), ended.out() + ended.err());
            assertTrue(ended.err().contains(port), "it names the port: " + ended.err());
            assertEquals(List.of(), ServerProcess.postgresOf(data));
        }
    }

    // ---- life -------------------------------------------------------------------------------------------------------

    @Test
    void portOpensWhenTheServerIsReadyAndItsKeyIsWritten() throws IOException {
        int port = ServerProcess.unusedPort();
        Path key = data.resolve("admin.key");
        try (ServerProcess server = ServerProcess.in(data)
                .port(port)
                .env("NEXUS_LIST_ENTRIES", "string")
                .launch()) {
            Await.until(
                    "the port is open", Duration.ofSeconds(60), () -> isOpen(port) || !server.isAlive(), server::log);
            assertTrue(server.isAlive(), server::log);
            assertTrue(Files.exists(key), "the key is written before the port opens");
            assertEquals(
                    "ok",
                    NexusClient.anonymous("http://127.0.0.1:" + port)
                            .get("/health")
                            .get("status"));
            server.awaitReady();

            assertEquals("http://127.0.0.1:" + port, server.url());
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(key)));
            assertEquals(
                    "rwx--x--x".charAt(0),
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(data))
                            .charAt(0));
            assertFalse(
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(data))
                            .endsWith("r-x"),
                    "others may not list the data directory");
            assertEquals(
                    List.of("system administrator key: " + server.adminKey(), "listening on " + server.url()),
                    server.out().lines().toList());
            NexusClient admin = server.admin();
            admin.mkdir("/tenants/acme");
            assertEquals(
                    List.of("/tenants/acme"),
                    Json.object(admin.call("list", Map.of("path", "/tenants"))).get("files"),
                    "the option from the environment holds");
            assertEquals(
                    Map.of("status", "ok", "version", "0.5.0", "mode", "multi-zone"),
                    NexusClient.anonymous(server.url()).get("/health"));
            assertEquals(0, server.terminate());
            assertFalse(isOpen(port));
            assertEquals(List.of(), ServerProcess.postgresOf(data));
        }
        // The second start shows no key, and the first one's holds.
        try (ServerProcess again = ServerProcess.in(data).start()) {
            assertFalse(again.out().contains("system administrator key"), again.out());
            assertTrue(again.admin().exists("/tenants/acme"));
        }
    }

    private static boolean isOpen(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), 200);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void secondServerOnTheSameDirectoryIsRefusedAndToldWhichProcessHasIt() {
        try (ServerProcess first = ServerProcess.in(data).start()) {
            ServerProcess.Ended second =
                    ServerProcess.runToEnd(SHORT, Map.of(), "serve", "--port", "0", "--data-dir", data.toString());
            assertEquals(1, second.exit(), second.out() + second.err());
            assertTrue(second.err().contains(Long.toString(first.pid())), second.err());
            assertTrue(first.admin().whoami().admin(), "the first one is as well as before");
        }
    }

    @Test
    void chosenKeyHoldsAndAChangedOneRevokesTheOld() throws IOException {
        ServerProcess.Ended tooShort = ServerProcess.runToEnd(
                SHORT, Map.of("NEXUS_ADMIN_KEY", "too-short-a-key"), "serve", "--data-dir", data.toString());
        assertEquals(2, tooShort.exit(), tooShort.err());
        assertFalse(tooShort.err().contains("too-short-a-key"), tooShort.err());

        String old;
        try (ServerProcess server =
                ServerProcess.in(data).env("NEXUS_ADMIN_KEY", CHOSEN).start()) {
            assertFalse(server.out().contains("system administrator key"), "nothing to show: " + server.out());
            assertFalse((server.out() + server.err()).contains(CHOSEN), "it is never shown");
            NexusClient admin = NexusClient.connect(server.url(), CHOSEN);
            assertTrue(admin.whoami().admin());
            admin.mkdir("/tenants/acme");
            old = admin.createKey(Map.of("name", "a second administrator", "is_admin", true))
                    .text();
            assertEquals(CHOSEN, server.adminKey());
            server.terminate();
        }
        try (ServerProcess server =
                ServerProcess.in(data).env("NEXUS_ADMIN_KEY", OTHER).start()) {
            NexusClient anonymous = NexusClient.anonymous(server.url());
            assertFalse(anonymous.withKey(CHOSEN).whoami().authenticated(), "the old one is dead");
            assertTrue(anonymous.withKey(OTHER).whoami().admin());
            assertTrue(anonymous.withKey(old).whoami().admin(), "other administrators' keys are not touched");
            assertTrue(NexusClient.connect(server.url(), OTHER).exists("/tenants/acme"));
            assertEquals(OTHER, server.adminKey());
            server.terminate();
        }
        // Without the variable nothing that was chosen holds any more.
        try (ServerProcess server = ServerProcess.in(data).start()) {
            NexusClient anonymous = NexusClient.anonymous(server.url());
            assertFalse(anonymous.withKey(OTHER).whoami().authenticated());
            assertFalse(anonymous.withKey(CHOSEN).whoami().authenticated());
            assertTrue(anonymous.withKey(old).whoami().admin());
        }
    }

    // ---- the end ----------------------------------------------------------------------------------------------------

    @Test
    void termSignalLetsARequestEndThatIsUnderWayAndTakesNoNewOne() throws Exception {
        try (ServerProcess server = ServerProcess.in(data).start()) {
            NexusClient admin = server.admin();
            admin.mkdir("/tenants/acme");
            NexusClient.Key key = admin.createKey("acme", "alice", "alice");
            admin.rebacCreate(Ref.user("alice"), "owner", Ref.file("/tenants/acme"), "acme");
            byte[] content = new byte[8 << 20];
            new java.util.Random(1).nextBytes(content);
            byte[] body =
                    ("{\"params\":{\"path\":\"/tenants/acme/large.bin\",\"content\":{\"__type__\":\"bytes\",\"data\":\""
                                    + Base64.getEncoder().encodeToString(content) + "\"}}}")
                            .getBytes(StandardCharsets.UTF_8);
            try (Socket socket = new Socket("127.0.0.1", server.port());
                    Socket idle = new Socket("127.0.0.1", server.port())) {
                socket.setSoTimeout(20_000);
                OutputStream out = socket.getOutputStream();
                out.write(("POST /api/nfs/write HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + key.text()
                                + "\r\nContent-Type: application/json\r\nContent-Length: " + body.length + "\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
                out.write(body, 0, body.length / 2);
                out.flush();
                // What is sent before the signal has arrived when another request has been answered.
                admin.list("/tenants", false);

                server.signalTerm();
                Await.until(
                        "new requests are refused",
                        Duration.ofSeconds(10),
                        () -> refusesNew(server, admin),
                        server::log);
                assertTrue(server.isAlive(), "it waits for the request under way");
                out.write(body, body.length / 2, body.length - body.length / 2);
                out.flush();
                String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

                assertTrue(answer.startsWith("HTTP/1.1 200"), answer);
                assertTrue(answer.contains("\"bytes_written\""), answer);
                idle.setSoTimeout(20_000);
                assertEquals(-1, idle.getInputStream().read(), "a connection without a request is closed");
            }
            assertEquals(0, server.awaitExit(), server.log());
            assertEquals(List.of(), ServerProcess.postgresOf(data));
            try (ServerProcess again = ServerProcess.in(data).start()) {
                NexusClient alice = NexusClient.connect(again.url(), key.text());
                assertTrue(java.util.Arrays.equals(content, alice.read("/tenants/acme/large.bin")));
            }
        }
    }

    @Test
    void termSignalDuringTheStartLeavesNoDatabaseBehind() {
        try (ServerProcess server = ServerProcess.in(data).launch()) {
            Await.until(
                    "the database runs",
                    Duration.ofSeconds(60),
                    () -> !ServerProcess.postgresOf(data).isEmpty(),
                    server::log);
            assertEquals("", server.out(), "too late: it is ready");

            assertEquals(0, server.terminate(), server::log);

            assertEquals(List.of(), ServerProcess.postgresOf(data));
        }
        // And what was cut short is begun again.
        try (ServerProcess again = ServerProcess.in(data).start()) {
            assertTrue(again.admin().whoami().admin());
        }
    }

    private static boolean refusesNew(ServerProcess server, NexusClient admin) {
        try {
            return admin.send("GET", "/health", null).status() == 503 || !server.isAlive();
        } catch (java.io.UncheckedIOException e) {
            return true;
        }
    }

    // ---- another user -----------------------------------------------------------------------------------------------

    @Test
    void runsAsAnOrdinaryUser() throws IOException {
        boolean root = "root".equals(System.getProperty("user.name"));
        Path setpriv = Path.of("/usr/bin/setpriv");
        assumeTrue(root && Files.isExecutable(setpriv), "skipped: needs root and setpriv to become another user");
        Path jar = Files.copy(ServerProcess.jar(), directory.resolve("nexus.jar"));
        Files.setPosixFilePermissions(jar, PosixFilePermissions.fromString("r--r--r--"));
        Path home = Files.createDirectory(directory.resolve("home"));
        Files.setAttribute(home, "unix:uid", 65_534);
        try (ServerProcess server = ServerProcess.in(home.resolve("data"))
                .under(setpriv.toString(), "--reuid=65534", "--regid=65534", "--clear-groups")
                .env("HOME", home.toString())
                .fromJar(jar)
                .start()) {
            NexusClient admin = server.admin();
            admin.mkdir("/tenants/acme");
            admin.write("/tenants/acme/a.txt", "written as nobody");
            assertEquals("written as nobody", admin.readText("/tenants/acme/a.txt"));
            assertEquals(65_534, Files.getAttribute(server.adminKeyFile(), "unix:uid"));
            assertNotEquals(List.of(), ServerProcess.postgresOf(home.resolve("data")));
            assertEquals(0, server.terminate());
            assertEquals(List.of(), ServerProcess.postgresOf(home.resolve("data")));
        }
    }
}
