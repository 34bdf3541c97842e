package nexus.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A node of a cluster that goes down says so first, and serves on until a load balancer can have seen it. */
@Tag("server")
@Timeout(120)
class NoticeTest {
    private static final Duration SEEN = Duration.ofSeconds(10);

    /** Below what the server gives, by what a busy machine may take to look. */
    private static final Duration NOTICE = Duration.ofMillis(1_500);

    private final HttpClient http = HttpClient.newHttpClient();

    @Test
    void servesOnAfterReadyHasSaidNo() throws IOException {
        Path directory = ServerProcess.temporaryDirectory();
        try (EmbeddedPostgres database = EmbeddedPostgres.builder()
                        .setServerConfig("fsync", "on")
                        .setServerConfig("synchronous_commit", "on")
                        .start();
                ServerProcess node = ServerProcess.in(directory.resolve("data"))
                        .with("--cluster", cluster(directory).toString())
                        .env(
                                "NEXUS_DATABASE_URL",
                                "postgresql://postgres:postgres@127.0.0.1:" + database.getPort() + "/postgres")
                        .start()) {
            assertEquals(200, status(node, "/ready"));
            node.signalTerm();
            Await.until("/ready says no", SEEN, () -> status(node, "/ready") != 200, node::log);
            long began = System.nanoTime();
            assertEquals(503, status(node, "/ready"), "it says so, rather than being silent");
            Await.until("it answers no more", SEEN, () -> status(node, "/health") != 200, node::log);
            Duration served = Duration.ofNanos(System.nanoTime() - began);
            assertTrue(served.compareTo(NOTICE) > 0, "served on for " + served + node.log());
            assertEquals(0, node.awaitExit());
        } finally {
            ServerProcess.delete(directory);
        }
    }

    /** A cluster that no other test on this machine finds. */
    private static Path cluster(Path directory) throws IOException {
        String local = Files.readString(Path.of("cluster-config/local.yaml"));
        String alone = local.replace(
                "cluster-name: nexus-local",
                "cluster-name: nexus-" + ProcessHandle.current().pid());
        assertTrue(!alone.equals(local), "it has a name of its own");
        return Files.writeString(directory.resolve("cluster.yaml"), alone);
    }

    /** 0 for no answer. */
    private int status(ServerProcess node, String path) {
        try {
            return http.send(
                            HttpRequest.newBuilder(URI.create(node.url() + path))
                                    .build(),
                            BodyHandlers.discarding())
                    .statusCode();
        } catch (IOException e) {
            return 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }
}
