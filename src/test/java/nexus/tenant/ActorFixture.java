package nexus.tenant;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import nexus.kernel.CommandId;
import nexus.kernel.ContentHash;
import nexus.kernel.Ids;
import nexus.kernel.KeyId;
import nexus.kernel.NodeId;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.rebac.schema.AuthorizationModel;
import nexus.rebac.schema.ModelParser;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.RelationTuple;
import nexus.rebac.tuple.SubjectRef;
import nexus.store.BlobPlace;
import nexus.store.BlobStore;
import nexus.store.Content;
import nexus.store.KeyRecord;
import nexus.store.Registry;
import nexus.store.TenantRecord;
import nexus.store.TupleRow;
import org.jspecify.annotations.Nullable;

/** A tenant {@code acme} with an owner alice and a stranger mallory, as an actor on a store in memory. */
final class ActorFixture implements AutoCloseable {
    static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
    static final ZoneName ACME = new ZoneName("acme");
    static final TenantId TENANT = new TenantId(new UUID(1, 1));
    static final String ALICE = "alice";
    static final String MALLORY = "mallory";

    final Vertx vertx = Vertx.vertx();
    final MemoryTenantStore store = new MemoryTenantStore(TenantRecord.created(TENANT, ACME, START), START);
    final Map<BlobPlace, Buffer> blobs = new ConcurrentHashMap<>();
    final AtomicLong micros = new AtomicLong();
    volatile boolean trusted = true;
    private final AtomicLong ids = new AtomicLong();
    TenantVerticle verticle;

    ActorFixture() throws Exception {
        store.seed(key(ALICE));
        store.seed(key(MALLORY));
        store.seed(grant(ALICE, "owner", "/"));
        verticle = deploy(false);
    }

    /** Another activation, as after a crash. */
    TenantVerticle deploy(boolean answersWithoutDatabase) throws Exception {
        TenantVerticle fresh = new TenantVerticle(TENANT, services(answersWithoutDatabase), () -> {});
        await(vertx.deployVerticle(fresh));
        verticle = fresh;
        return fresh;
    }

    private TenantServices services(boolean answersWithoutDatabase) {
        return new TenantServices(
                new NodeId(new UUID(9, ids.incrementAndGet())),
                store,
                new NoRegistry(),
                new MemoryBlobs(),
                model(),
                new Time(),
                new Ids(() -> START, new Random(ids.incrementAndGet())),
                Telemetry.NONE,
                new TenantOptions(
                        answersWithoutDatabase,
                        Duration.ofSeconds(5),
                        Duration.ofMinutes(1),
                        100,
                        Duration.ofMinutes(1)));
    }

    static AuthorizationModel model() {
        try (var in = ActorFixture.class.getResourceAsStream("/nexus/workspace.fga")) {
            return ModelParser.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private final class Time implements NodeTime {
        @Override
        public Instant now() {
            return START.plusNanos(micros.incrementAndGet() * 1000);
        }

        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        @Override
        public boolean isTrusted() {
            return trusted;
        }
    }

    static KeyRecord key(String user) {
        return new KeyRecord(
                keyId(user),
                user.getBytes(StandardCharsets.UTF_8),
                user,
                user,
                "user",
                user,
                false,
                false,
                START,
                null,
                null,
                null);
    }

    static KeyId keyId(String user) {
        return new KeyId(UUID.nameUUIDFromBytes(user.getBytes(StandardCharsets.UTF_8)));
    }

    static TupleRow grant(String user, String relation, String path) {
        RelationTuple tuple = new RelationTuple(new ObjectRef("file", path), relation, SubjectRef.of("user", user));
        return new TupleRow(TupleIds.of(tuple), tuple, START, null);
    }

    CommandId newCommand() {
        return new CommandId(new UUID(3, ids.incrementAndGet()));
    }

    Ask ask(String user, TenantRequest request) {
        return ask(user, newCommand(), Duration.ofSeconds(20), request);
    }

    Ask ask(String user, CommandId id, Duration timeout, TenantRequest request) {
        Credential credential = new Credential(TENANT, keyId(user), user.getBytes(StandardCharsets.UTF_8));
        return new Ask("test", "127.0.0.1", id, credential, Claims.NONE, null, timeout, request);
    }

    /** Asks on a context of its own, as a router would. */
    Future<Reply> send(Ask ask, @Nullable Principal system) {
        Promise<Reply> promise = Promise.promise();
        TenantVerticle at = verticle;
        vertx.getOrCreateContext().runOnContext(v -> at.ask(ask, system).onComplete(promise));
        return promise.future();
    }

    Future<Reply> send(String user, TenantRequest request) {
        return send(ask(user, request), null);
    }

    Reply call(String user, TenantRequest request) throws Exception {
        return await(send(user, request));
    }

    Reply callAsSystem(TenantRequest request) throws Exception {
        return await(send(ask("nobody", request), Principal.SERVER));
    }

    Problem refusal(String user, TenantRequest request) throws Exception {
        return refusal(send(user, request));
    }

    static Problem refusal(Future<?> future) throws Exception {
        try {
            Object reply = await(future);
            throw new AssertionError("expected a refusal, got " + reply);
        } catch (ProblemException e) {
            return e.problem();
        }
    }

    ProblemCode code(String user, TenantRequest request) throws Exception {
        return refusal(user, request).code();
    }

    static TenantRequest.WriteFiles write(String path, String text) {
        return new TenantRequest.WriteFiles(List.of(new TenantRequest.FileWrite(
                path(path), Content.Inline.of(text.getBytes(StandardCharsets.UTF_8)), null, false)));
    }

    static WorkspacePath path(String relative) {
        return WorkspacePath.inTenant(ACME, relative);
    }

    /** Waits until the store holds back so many commits. */
    void awaitHeld(int count) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (true) {
            synchronized (store) {
                if (store.held.size() >= count) {
                    return;
                }
            }
            if (System.nanoTime() > deadline) {
                throw new AssertionError("waited for " + count + " held commits");
            }
            Thread.onSpinWait();
        }
    }

    /** Waits until somebody has asked the store for a content. */
    void awaitContentAsked() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (true) {
            synchronized (store) {
                if (store.contentsAsked > 0) {
                    return;
                }
            }
            if (System.nanoTime() > deadline) {
                throw new AssertionError("waited for somebody to ask for a content");
            }
            Thread.onSpinWait();
        }
    }

    /** Waits until everything that was sent has come to the actor. */
    void awaitArrived() throws Exception {
        call(ALICE, new TenantRequest.WhoAmI());
    }

    /** Waits until the actor has been told to stop, and lets nobody in any more. */
    void awaitStopping() throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (System.nanoTime() < deadline) {
            try {
                call(ALICE, new TenantRequest.WhoAmI());
            } catch (StoppedException e) {
                return;
            }
        }
        throw new AssertionError("waited for the actor to stop");
    }

    void letGo() {
        List<Runnable> now;
        synchronized (store) {
            now = List.copyOf(store.held);
            store.held.clear();
            store.hold = false;
        }
        now.forEach(Runnable::run);
    }

    static <T> T await(Future<T> future) throws Exception {
        try {
            return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    @Override
    public void close() {
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    private static final class NoRegistry implements Registry {
        @Override
        public Future<Optional<TenantId>> find(ZoneName zone) {
            return Future.succeededFuture(Optional.empty());
        }

        @Override
        public Future<Optional<ZoneName>> nameOf(TenantId tenant) {
            return Future.succeededFuture(Optional.empty());
        }

        @Override
        public Future<List<Listed>> list(@Nullable ZoneName after, int limit) {
            return Future.succeededFuture(List.of());
        }

        @Override
        public Future<List<Registered>> records(Search search) {
            return Future.succeededFuture(List.of());
        }

        @Override
        public Future<List<TenantId>> due(Instant now, int limit) {
            return Future.succeededFuture(List.of());
        }

        @Override
        public Future<List<TenantId>> tombstones(int limit) {
            return Future.succeededFuture(List.of());
        }

        @Override
        public Future<Void> forget(TenantId tenant) {
            return Future.succeededFuture();
        }

        @Override
        public Future<List<ChecksumSecret>> checksumSecrets(byte[] fresh) {
            return Future.succeededFuture(List.of());
        }
    }

    private final class MemoryBlobs implements BlobStore {
        @Override
        public Future<Content.Stored> put(TenantId tenant, Buffer bytes) {
            ContentHash hash = ContentHash.of(bytes.getBytes());
            BlobPlace place = new BlobPlace(hash + "-" + ids.incrementAndGet());
            blobs.put(place, bytes);
            return Future.succeededFuture(new Content.Stored(hash, bytes.length(), place));
        }

        @Override
        public Future<Content.Stored> append(TenantId tenant, BlobPlace base, Buffer more) {
            return put(tenant, Buffer.buffer().appendBuffer(blobs.get(base)).appendBuffer(more));
        }

        @Override
        public Future<Buffer> read(TenantId tenant, BlobPlace place, long start, int length) {
            return Future.succeededFuture(blobs.get(place).slice((int) start, (int) start + length));
        }

        @Override
        public Future<Void> remove(TenantId tenant, List<BlobPlace> places) {
            places.forEach(blobs::remove);
            return Future.succeededFuture();
        }

        @Override
        public Future<List<BlobPlace>> olderThan(TenantId tenant, Instant until, @Nullable BlobPlace after, int limit) {
            return Future.succeededFuture(List.of());
        }

        @Override
        public Future<List<TenantId>> tenants() {
            return Future.succeededFuture(List.of());
        }

        @Override
        public Future<Void> removeAll(TenantId tenant) {
            blobs.clear();
            return Future.succeededFuture();
        }
    }
}
