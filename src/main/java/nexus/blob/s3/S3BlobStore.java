package nexus.blob.s3;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import nexus.kernel.ContentHash;
import nexus.kernel.Ids;
import nexus.kernel.Limits;
import nexus.kernel.Must;
import nexus.kernel.Problem;
import nexus.kernel.TenantId;
import nexus.kernel.Ulid;
import nexus.store.BlobName;
import nexus.store.BlobPlace;
import nexus.store.Content;
import nexus.store.MarkedBlobStore;
import nexus.store.StoreException;
import nexus.store.StoreException.Reason;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.retry.RetryMode;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.LegacyMd5Plugin;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.model.CommonPrefix;
import software.amazon.awssdk.services.s3.model.DeleteObjectsResponse;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Contents as objects: {@code prefix/<tenant>/<two digits of the hash>/<hash>-<upload>}, as the files of a directory are
 * named, so that a tool that copies files copies one to the other.
 *
 * <p><b>Durable.</b> An object is there as a whole when the request that puts it is answered, or not at all. The request
 * carries the hash, so a server that knows such checksums refuses bytes that changed on their way.
 *
 * <p><b>Bounded.</b> All waiting happens on a pool of its own that refuses what it cannot take. What an append adds to is
 * streamed, twice: an object's name has the hash of bytes that are known only when they have been read.
 *
 * <p><b>In time.</b> Every connection, every silence and every call has an end.
 */
public final class S3BlobStore implements MarkedBlobStore {
    /** To connect: a server that is there answers in a fraction of it. */
    private static final Duration CONNECT = Duration.ofSeconds(3);

    /** Without a byte from the server: half of the longest deadline of a request. */
    private static final Duration SILENCE = Duration.ofSeconds(15);

    /** One call with its repetitions: twice the longest deadline of a request, nobody waits for it any more then. */
    private static final Duration CALL = Duration.ofSeconds(60);

    /** Keys in one list or one removal, as the protocol has it. */
    private static final int KEYS = 1000;

    /** What an append has in memory of the content that it adds to. */
    private static final int PIECE = 64 * Limits.KIB;

    private static final int HTTP_PRECONDITION_FAILED = 412;
    private static final int HTTP_CONFLICT = 409;

    private final S3BlobOptions options;
    private final Ids ids;
    private final WorkerExecutor workers;
    private final int room;
    private final AtomicInteger taken = new AtomicInteger();
    private final S3Client client;

    private S3BlobStore(S3BlobOptions options, Ids ids, WorkerExecutor workers, S3Client client) {
        this.options = options;
        this.ids = ids;
        this.workers = workers;
        this.room = options.threads() + options.waiting();
        this.client = client;
    }

    /** The store in a bucket; nothing is asked of the server yet. The ids are used by several threads. */
    public static Future<S3BlobStore> open(Vertx vertx, S3BlobOptions options, Ids ids) {
        WorkerExecutor workers = vertx.createSharedWorkerExecutor("nexus-blob-s3", options.threads());
        // The SDK reads files and loads classes for this, half a second of them.
        return workers.executeBlocking(() -> new S3BlobStore(options, ids, workers, client(options)))
                .recover(e -> workers.close().transform(closed -> Future.failedFuture(e)));
    }

    private static S3Client client(S3BlobOptions options) {
        S3ClientBuilder builder = S3Client.builder()
                .region(Region.of(options.region()))
                .forcePathStyle(options.pathStyle())
                .credentialsProvider(credentials(options.keys()))
                // What newer checksums the SDK would add by itself, older servers refuse.
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
                .addPlugin(LegacyMd5Plugin.create())
                .httpClientBuilder(Apache5HttpClient.builder()
                        // Appending reads one object while it writes another.
                        .maxConnections(2 * options.threads())
                        .connectionTimeout(CONNECT)
                        .socketTimeout(SILENCE))
                .overrideConfiguration(
                        override -> override.retryStrategy(RetryMode.STANDARD).apiCallTimeout(CALL));
        if (options.endpoint() != null) {
            builder.endpointOverride(options.endpoint());
        }
        return builder.build();
    }

    private static AwsCredentialsProvider credentials(S3BlobOptions.@Nullable Keys keys) {
        return keys == null
                ? DefaultCredentialsProvider.builder().build()
                : StaticCredentialsProvider.create(AwsBasicCredentials.create(keys.accessKey(), keys.secretKey()));
    }

    /** Ends the connections and the threads. */
    public Future<Void> close() {
        return workers.<Void>executeBlocking(() -> {
                    client.close();
                    return null;
                })
                .eventually(workers::close);
    }

    // -------------------------------------------------------------------------------------------------------- writing

    @Override
    public Future<Content.Stored> put(TenantId tenant, Buffer bytes) {
        return run(() -> {
            byte[] content = bytes.getBytes();
            return upload(tenant, ContentHash.of(content), content.length, () -> new ByteArrayInputStream(content));
        });
    }

    @Override
    public Future<Content.Stored> append(TenantId tenant, BlobPlace base, Buffer more) {
        return run(() -> {
            byte[] tail = more.getBytes();
            MessageDigest digest = ContentHash.newDigest();
            try (Joined joined = new Joined(get(key(tenant, base)), tail)) {
                long size = feed(joined.newStream(), digest);
                return upload(tenant, ContentHash.ofDigest(digest.digest()), size, joined);
            }
        });
    }

    private static long feed(InputStream stream, MessageDigest digest) throws IOException {
        byte[] buffer = new byte[PIECE];
        long size = 0;
        for (int read = stream.read(buffer); read >= 0; read = stream.read(buffer)) {
            digest.update(buffer, 0, read);
            size += read;
        }
        return size;
    }

    /** An object and more bytes behind it, as a stream that can be had again: one of them is open at a time. */
    private final class Joined implements ContentStreamProvider, AutoCloseable {
        private final GetObjectRequest base;
        private final byte[] tail;
        private @Nullable InputStream open;

        Joined(GetObjectRequest base, byte[] tail) {
            this.base = base;
            this.tail = tail;
        }

        @Override
        public InputStream newStream() {
            close();
            InputStream stream = client.getObject(base);
            open = stream;
            return new SequenceInputStream(stream, new ByteArrayInputStream(tail));
        }

        @Override
        public void close() {
            InputStream last = open;
            open = null;
            try {
                if (last != null) {
                    last.close();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** The source is opened anew if the request has to be repeated. */
    private Content.Stored upload(TenantId tenant, ContentHash hash, long size, ContentStreamProvider source) {
        BlobPlace place = new BlobName(hash, ids.next()).place();
        byte[] digest = HexFormat.of().parseHex(hash.hex());
        client.putObject(
                put -> put.bucket(options.bucket())
                        .key(key(tenant, place))
                        .checksumSHA256(Base64.getEncoder().encodeToString(digest)),
                RequestBody.fromContentProvider(source, size, "application/octet-stream"));
        return new Content.Stored(hash, size, place);
    }

    // -------------------------------------------------------------------------------------------------------- reading

    @Override
    public Future<Buffer> read(TenantId tenant, BlobPlace place, long start, int length) {
        return run(() -> {
            String key = key(tenant, place);
            Must.hold(start >= 0 && length >= 0, "a range of a content", start, length);
            if (length == 0) {
                long size = client.headObject(
                                head -> head.bucket(options.bucket()).key(key))
                        .contentLength();
                if (start > size) {
                    throw shorter(place, start, length);
                }
                return Buffer.buffer();
            }
            GetObjectRequest request = get(key).toBuilder()
                    .range("bytes=" + start + "-" + (start + length - 1))
                    .build();
            return client.getObject(request, (response, stream) -> {
                // Judged before anything is read: a server that knows no ranges sends the whole content. It is broken
                // off,
                // because to close it is to read it to its end.
                if (response.contentLength() != length) {
                    stream.abort();
                    throw shorter(place, start, length);
                }
                return Buffer.buffer(exactly(stream, length));
            });
        });
    }

    private static byte[] exactly(InputStream stream, int length) throws IOException {
        byte[] bytes = stream.readNBytes(length);
        if (bytes.length != length) {
            throw new EOFException("a content broke off after " + bytes.length + " of " + length + " bytes");
        }
        return bytes;
    }

    private static EOFException shorter(BlobPlace place, long start, int length) {
        return new EOFException("content " + place + " has no " + length + " bytes from " + start);
    }

    private GetObjectRequest get(String key) {
        return GetObjectRequest.builder().bucket(options.bucket()).key(key).build();
    }

    // ------------------------------------------------------------------------------------------------------- removing

    @Override
    public Future<Void> remove(TenantId tenant, List<BlobPlace> places) {
        return run(() -> {
            List<String> keys = places.stream().map(place -> key(tenant, place)).toList();
            for (int from = 0; from < keys.size(); from += KEYS) {
                delete(keys.subList(from, Math.min(from + KEYS, keys.size())));
            }
            return null;
        });
    }

    @Override
    public Future<Void> removeAll(TenantId tenant) {
        return run(() -> {
            list(folder(tenant), "", keys -> {
                delete(keys);
                return true;
            });
            return null;
        });
    }

    private void delete(List<String> keys) throws IOException {
        List<ObjectIdentifier> objects = keys.stream()
                .map(key -> ObjectIdentifier.builder().key(key).build())
                .toList();
        DeleteObjectsResponse answer = client.deleteObjects(request -> request.bucket(options.bucket())
                .delete(delete -> delete.quiet(true).objects(objects)));
        if (!answer.errors().isEmpty()) {
            throw new IOException(answer.errors().size() + " of " + keys.size()
                    + " objects were not removed, the first: " + answer.errors().get(0));
        }
    }

    // -------------------------------------------------------------------------------------------------------- finding

    /** {@inheritDoc} The age is that of the upload's id, the order that of the names. No object is ever unfinished. */
    @Override
    public Future<List<BlobPlace>> olderThan(TenantId tenant, Instant until, @Nullable BlobPlace after, int limit) {
        return run(() -> {
            List<BlobPlace> found = new ArrayList<>();
            list(folder(tenant), after == null ? "" : key(tenant, after), keys -> {
                keys.stream()
                        .flatMap(key -> BlobName.parse(key.substring(key.lastIndexOf('/') + 1)).stream())
                        .filter(name -> name.isOlderThan(until))
                        .limit(limit - found.size())
                        .forEach(name -> found.add(name.place()));
                return found.size() < limit;
            });
            return List.copyOf(found);
        });
    }

    @Override
    public Future<List<TenantId>> tenants() {
        return run(() -> {
            List<TenantId> tenants = new ArrayList<>();
            pages(request(options.prefix()).delimiter("/"), page -> {
                for (CommonPrefix folder : page.commonPrefixes()) {
                    String path = folder.prefix();
                    String name = path.substring(options.prefix().length(), path.length() - 1);
                    if (Ulid.isValid(name)) {
                        tenants.add(new TenantId(Ulid.parse(name)));
                    }
                }
                return true;
            });
            return List.copyOf(tenants);
        });
    }

    /** What takes a page, and says whether it wants the next one. */
    private interface Taker<T> {
        boolean take(T page) throws IOException;
    }

    /** Lists the keys of a folder behind one of them. */
    private void list(String folder, String after, Taker<List<String>> taker) throws IOException {
        pages(
                request(folder).startAfter(after.isEmpty() ? null : after),
                page -> page.contents().isEmpty()
                        || taker.take(
                                page.contents().stream().map(S3Object::key).toList()));
    }

    private void pages(ListObjectsV2Request.Builder request, Taker<ListObjectsV2Response> taker) throws IOException {
        ListObjectsV2Response page = client.listObjectsV2(request.build());
        while (taker.take(page) && Boolean.TRUE.equals(page.isTruncated())) {
            page = client.listObjectsV2(
                    request.continuationToken(page.nextContinuationToken()).build());
        }
    }

    private ListObjectsV2Request.Builder request(String folder) {
        return ListObjectsV2Request.builder()
                .bucket(options.bucket())
                .prefix(folder)
                .maxKeys(KEYS);
    }

    private String folder(TenantId tenant) {
        return options.prefix() + tenant + "/";
    }

    private String key(TenantId tenant, BlobPlace place) {
        return folder(tenant) + BlobName.of(place).fanOut() + "/" + place;
    }

    // ----------------------------------------------------------------------------------------------------- the marker

    @Override
    public Future<Optional<String>> marker() {
        return run(() -> {
            try {
                return client.getObject(get(options.prefix() + MARKER), (response, stream) -> {
                    byte[] bytes = stream.readNBytes(MARKER_BYTES);
                    stream.abort();
                    return Optional.of(new String(bytes, StandardCharsets.UTF_8));
                });
            } catch (NoSuchKeyException e) {
                return Optional.empty();
            }
        });
    }

    /** {@inheritDoc} A server that ignores the condition lets the later of two win; then one of them is refused. */
    @Override
    public Future<Void> mark(String text) {
        return run(() -> {
            try {
                client.putObject(
                        put -> put.bucket(options.bucket())
                                .key(options.prefix() + MARKER)
                                .ifNoneMatch("*"),
                        RequestBody.fromString(text));
            } catch (S3Exception e) {
                if (e.statusCode() != HTTP_PRECONDITION_FAILED && e.statusCode() != HTTP_CONFLICT) {
                    throw e;
                }
            }
            return null;
        });
    }

    // -------------------------------------------------------------------------------------------------------- waiting

    @SuppressWarnings("NullAway") // Vert.x cannot say that a blocking call gives back what the work returns.
    private <T> Future<T> run(Callable<T> work) {
        if (taken.incrementAndGet() > room) {
            taken.decrementAndGet();
            return Future.failedFuture(Problem.overloaded("the blob store has " + room + " calls waiting")
                    .exception());
        }
        return workers.executeBlocking(work, false)
                .onComplete(done -> taken.decrementAndGet())
                .recover(S3BlobStore::failure);
    }

    private static <T> Future<T> failure(Throwable e) {
        boolean expected = e instanceof SdkException || e instanceof IOException || e instanceof UncheckedIOException;
        return Future.failedFuture(expected ? new StoreException(Reason.FAILED, "the blob store failed", e) : e);
    }
}
