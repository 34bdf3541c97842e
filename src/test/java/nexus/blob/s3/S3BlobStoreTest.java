package nexus.blob.s3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import nexus.kernel.ContentHash;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.kernel.TenantId;
import nexus.store.BlobName;
import nexus.store.BlobPlace;
import nexus.store.BlobStore;
import nexus.store.BlobStoreContract;
import nexus.store.Content;
import nexus.store.StoreException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.ChecksumMode;
import software.amazon.awssdk.services.s3.model.S3Object;

class S3BlobStoreTest extends BlobStoreContract {
    private static final String BUCKET = "contents";

    private static S3Server server;
    private static S3Client beneath;
    private static int tests;

    private String bucket = BUCKET;
    private String prefix = "";
    private S3BlobStore objects;

    @BeforeAll
    static void startServer() throws Exception {
        server = new S3Server();
        beneath = server.client();
        server.makeBucket(BUCKET);
    }

    @AfterAll
    static void stopServer() throws Exception {
        server.close();
    }

    @Override
    protected BlobStore openStore() {
        // Every second one at the top of a bucket of its own, the others in a folder of a common one.
        tests++;
        if (tests % 2 == 0) {
            bucket = BUCKET + "-" + tests;
            server.makeBucket(bucket);
        } else {
            prefix = "test-" + tests + "/blobs/";
        }
        objects = open(options(bucket, 8, 256));
        return objects;
    }

    private S3BlobOptions options(String bucket, int threads, int waiting) {
        return new S3BlobOptions(bucket, prefix, server.endpoint(), "us-east-1", true, S3Server.KEYS, threads, waiting);
    }

    private S3BlobStore open(S3BlobOptions options) {
        return await(S3BlobStore.open(vertx, options, ids));
    }

    @Override
    protected void closeStore() {
        await(objects.close());
    }

    @Override
    protected long kept() {
        return keys().size();
    }

    private List<String> keys() {
        return beneath.listObjectsV2Paginator(list -> list.bucket(bucket).prefix(prefix)).contents().stream()
                .map(S3Object::key)
                .toList();
    }

    @Test
    void namesObjectsAsFilesOfADirectoryAreNamed() {
        Content.Stored stored = await(store.put(acme, bytes(9, 1)));
        assertEquals(List.of(prefix + acme + "/" + stored.hash().hex().substring(0, 2) + "/" + stored.place()), keys());
    }

    @Test
    void tellsTheServerTheHash() {
        Content.Stored stored = await(store.put(acme, bytes(9, 1)));
        Content.Stored joined = await(store.append(acme, stored.place(), bytes(9, 2)));
        for (Content.Stored object : List.of(stored, joined)) {
            String key = prefix + acme + "/" + BlobName.of(object.place()).fanOut() + "/" + object.place();
            assertEquals(
                    Base64.getEncoder()
                            .encodeToString(
                                    HexFormat.of().parseHex(object.hash().hex())),
                    beneath.headObject(head -> head.bucket(bucket).key(key).checksumMode(ChecksumMode.ENABLED))
                            .checksumSHA256());
        }
    }

    @Test
    void tellsOnlyOfTenantsThatHaveObjects() {
        await(store.put(acme, bytes(9, 1)));
        await(store.put(beta, bytes(9, 1)));
        await(store.removeAll(beta));
        beneath.putObject(put -> put.bucket(bucket).key(prefix + "no-tenant/x"), RequestBody.fromString("x"));
        assertEquals(List.of(acme), await(store.tenants()));
    }

    @Test
    void goesThroughMoreKeysThanOnePageHas() {
        List<BlobPlace> places = new ArrayList<>();
        for (int i = 0; i < 2_100; i++) {
            BlobName name = new BlobName(ContentHash.of(new byte[] {(byte) i, (byte) (i >> 8)}), ids.next());
            beneath.putObject(
                    put -> put.bucket(bucket).key(prefix + acme + "/" + name.fanOut() + "/" + name),
                    RequestBody.empty());
            places.add(name.place());
        }
        List<BlobPlace> found = await(store.olderThan(acme, NOW.plusSeconds(1), null, 10_000));
        assertEquals(places.size(), found.size());
        assertEquals(new HashSet<>(places), new HashSet<>(found));
        assertEquals(
                found.subList(1_500, 1_600), await(store.olderThan(acme, NOW.plusSeconds(1), found.get(1_499), 100)));
        await(store.remove(acme, places.subList(0, 1_001)));
        assertEquals(2_100 - 1_001, kept());
        await(store.removeAll(acme));
        assertEquals(0, kept());
    }

    @Test
    void listsMoreTenantsThanOnePageHas() {
        List<TenantId> tenants = new ArrayList<>();
        for (int i = 0; i < 1_001; i++) {
            TenantId tenant = new TenantId(ids.next());
            tenants.add(tenant);
            beneath.putObject(put -> put.bucket(bucket).key(prefix + tenant + "/ab/x"), RequestBody.empty());
        }
        List<TenantId> told = await(store.tenants());
        assertEquals(tenants.size(), told.size());
        assertEquals(new HashSet<>(tenants), new HashSet<>(told));
    }

    @Test
    void saysWhatIsWrongWithTheServer() {
        prefix = "";
        S3BlobStore noBucket = open(options("no-such-bucket", 1, 1));
        failed(noBucket.put(acme, bytes(9, 1)));
        failed(noBucket.marker());
        await(noBucket.close());
        S3BlobStore wrongKey = open(new S3BlobOptions(
                bucket,
                "",
                server.endpoint(),
                "us-east-1",
                true,
                new S3BlobOptions.Keys(S3Server.KEYS.accessKey(), "wrong-secret"),
                1,
                1));
        StoreException e = assertThrows(StoreException.class, () -> await(wrongKey.put(acme, bytes(9, 1))));
        assertFalse(String.valueOf(e.getCause()).contains("wrong-secret"), e::toString);
        await(wrongKey.close());
    }

    @Test
    void aServerThatIsNotThereIsAFailureInTime() throws IOException {
        int free;
        try (ServerSocket socket = new ServerSocket(0)) {
            free = socket.getLocalPort();
        }
        S3BlobStore nowhere = open(
                S3BlobOptions.of(bucket, "", URI.create("http://127.0.0.1:" + free), "us-east-1", true, S3Server.KEYS));
        failed(nowhere.put(acme, bytes(9, 1)));
        failed(nowhere.read(acme, new BlobName(ContentHash.of(new byte[0]), ids.next()).place(), 0, 1));
        failed(nowhere.tenants());
        await(nowhere.close());
    }

    /** It is asked for ten bytes and answers with all of an endless content. */
    @Test
    void readsNoMoreThanItAskedFor() throws Exception {
        try (Endless endless = new Endless()) {
            S3BlobStore store = open(S3BlobOptions.of(
                    bucket, "", URI.create("http://127.0.0.1:" + endless.port()), "us-east-1", true, S3Server.KEYS));
            failed(store.read(acme, new BlobName(ContentHash.of(new byte[0]), ids.next()).place(), 0, 10));
            await(store.close());
        }
    }

    /** A server that knows no ranges. */
    private static final class Endless implements AutoCloseable {
        private final ServerSocket socket = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        private final ExecutorService threads = Executors.newCachedThreadPool();

        Endless() throws IOException {
            threads.submit(() -> {
                while (true) {
                    Socket connection = socket.accept();
                    threads.submit(() -> answer(connection));
                }
            });
        }

        int port() {
            return socket.getLocalPort();
        }

        private static Void answer(Socket connection) throws IOException {
            try (connection;
                    InputStream in = connection.getInputStream();
                    OutputStream out = connection.getOutputStream()) {
                if (in.read(new byte[8_192]) > 0) {
                    out.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
                    while (true) {
                        out.write(new byte[65_536]);
                    }
                }
            }
            return null;
        }

        @Override
        public void close() throws IOException {
            socket.close();
            threads.shutdownNow();
        }
    }

    @Test
    void refusesMoreThanItCanTake() {
        S3BlobStore narrow = open(options(bucket, 1, 1));
        List<Future<Content.Stored>> puts = new ArrayList<>();
        Buffer large = bytes(1_000_000, 1);
        for (int i = 0; i < 20; i++) {
            puts.add(narrow.put(acme, large));
        }
        int refused = 0;
        for (Future<Content.Stored> put : puts) {
            try {
                await(put);
            } catch (ProblemException e) {
                assertEquals(ProblemCode.OVERLOADED, e.problem().code());
                refused++;
            }
        }
        assertTrue(refused > 0, "refused " + refused);
        assertEquals(9, await(narrow.put(acme, bytes(9, 1))).size());
        await(narrow.close());
    }

    @Test
    void showsNoSecret() {
        assertFalse(options(bucket, 1, 1).toString().contains(S3Server.KEYS.secretKey()));
    }
}
