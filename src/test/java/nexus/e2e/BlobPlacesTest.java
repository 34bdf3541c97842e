package nexus.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import nexus.blob.s3.S3Server;
import nexus.http.client.NexusClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The option {@code --blobs}: contents in every kind of place, and no start on a wrong one. */
@Tag("server")
@Timeout(180)
class BlobPlacesTest {
    private static final Duration SHORT = Duration.ofSeconds(60);
    private static final String FILE = "/tenants/acme/large.bin";

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

    private static byte[] content() {
        byte[] bytes = new byte[3_000_001];
        new Random(7).nextBytes(bytes);
        return bytes;
    }

    private void writeAndKill(Map<String, String> environment, String... options) {
        try (ServerProcess server = start(environment, options)) {
            NexusClient admin = server.admin();
            admin.mkdir("/tenants/acme");
            admin.write(FILE, content());
            assertArrayEquals(content(), admin.read(FILE));
            server.kill();
        }
    }

    private void readAgain(Map<String, String> environment, String... options) {
        try (ServerProcess server = start(environment, options)) {
            assertArrayEquals(content(), server.admin().read(FILE));
            assertEquals(0, server.terminate());
        }
    }

    private ServerProcess start(Map<String, String> environment, String... options) {
        ServerProcess.Start start = ServerProcess.in(data).with(options);
        environment.forEach(start::env);
        return start.start();
    }

    private String refused(int exit, Map<String, String> environment, String... options) {
        List<String> arguments = new ArrayList<>(List.of("serve", "--port", "0", "--data-dir", data.toString()));
        arguments.addAll(List.of(options));
        ServerProcess.Ended ended =
                ServerProcess.runToEnd(SHORT, environment, arguments.toArray(String[]::new));
        assertEquals(exit, ended.exit(), ended.out() + ended.err());
        assertFalse(ended.err().contains("\tat "), ended.err());
        assertEquals("", ended.out());
        assertEquals(List.of(), ServerProcess.postgresOf(data));
        return ended.err().lines().filter(line -> line.startsWith("nexus: ")).reduce("", (a, b) -> a + b);
    }

    @Test
    void contentsInTheDatabaseOutliveAKillAndAreLookedForNowhereElse() throws IOException {
        writeAndKill(Map.of(), "--blobs", "database");
        assertEquals(
                "nexus: the large contents of this database are in database, but this server has --blobs directory:"
                        + data.resolve("blobs") + ": start it with the place that they are in",
                refused(1, Map.of()));
        assertFalse(Files.exists(data.resolve("blobs/nexus-blobs.json")));
        readAgain(Map.of(), "--blobs", "database");
    }

    @Test
    void aDirectoryIsTheOneThatBearsTheMarker() throws IOException {
        Path shared = directory.resolve("shared");
        assertEquals(
                "nexus: --blobs directory:" + shared + ": there is no such directory, make or mount it first",
                refused(1, Map.of(), "--blobs", "directory:" + shared));
        Files.createDirectory(shared);
        writeAndKill(Map.of(), "--blobs", "directory:" + shared);
        assertTrue(Files.exists(shared.resolve("nexus-blobs.json")));

        String notMounted = refused(1, Map.of(), "--blobs", "directory:" + Files.createDirectory(directory.resolve("other")));
        assertTrue(notMounted.contains("it has no nexus-blobs.json"), notMounted);
        assertTrue(notMounted.contains("Is the directory private to this machine, or not mounted?"), notMounted);

        // Another database must not take the place; its search for orphans would empty it.
        Path own = data;
        data = directory.resolve("data-of-another");
        String foreign = refused(1, Map.of(), "--blobs", "directory:" + shared);
        assertTrue(foreign.contains("holds the large contents of another database"), foreign);
        data = own;

        // Moved as a whole, marker and all, it is the same place.
        Path moved = Files.move(shared, directory.resolve("moved"));
        readAgain(Map.of(), "--blobs", "directory:" + moved);
    }

    @Test
    void contentsInABucketAreReachedWithTheKeysOfTheEnvironment() throws Exception {
        try (S3Server server = new S3Server()) {
            server.makeBucket("contents");
            Map<String, String> keys = Map.of(
                    "NEXUS_BLOBS_S3_ACCESS_KEY", S3Server.KEYS.accessKey(),
                    "NEXUS_BLOBS_S3_SECRET_KEY", S3Server.KEYS.secretKey());
            String bucket = "s3://contents/nexus?endpoint=" + server.endpoint();
            writeAndKill(keys, "--blobs", bucket);
            List<String> objects = server.keys("contents");
            assertEquals(2, objects.size(), objects::toString);
            assertTrue(objects.contains("nexus/nexus-blobs.json"), objects::toString);

            String elsewhere = refused(1, keys, "--blobs", bucket.replace("/nexus?", "/other?"));
            assertTrue(elsewhere.endsWith("Is it another bucket or prefix?"), elsewhere);
            String missing = refused(1, keys, "--blobs", bucket.replace("//contents/", "//no-such-bucket/"));
            assertTrue(missing.contains("s3://no-such-bucket/nexus") && missing.contains("cannot be used"), missing);
            readAgain(keys, "--blobs", bucket);
        }
        int free;
        try (ServerSocket socket = new ServerSocket(0)) {
            free = socket.getLocalPort();
        }
        String unreachable = refused(
                1,
                Map.of("NEXUS_BLOBS_S3_ACCESS_KEY", "a", "NEXUS_BLOBS_S3_SECRET_KEY", "hunter2"),
                "--blobs",
                "s3://contents/nexus?endpoint=http://127.0.0.1:" + free);
        assertTrue(unreachable.contains("cannot be used") && !unreachable.contains("hunter2"), unreachable);
    }

    @Test
    void wrongUsageChangesNothing() {
        String cluster = refused(2, Map.of(), "--cluster", "cluster.yaml", "--blobs", "directory");
        assertTrue(cluster.contains("this machine's own"), cluster);
        String keys = refused(2, Map.of("NEXUS_BLOBS_S3_SECRET_KEY", "hunter2"), "--blobs", "s3://contents?region=x1");
        assertTrue(keys.contains("go together") && !keys.contains("hunter2"), keys);
        refused(2, Map.of(), "--blobs", "dir");
        assertFalse(Files.exists(data));
    }
}
