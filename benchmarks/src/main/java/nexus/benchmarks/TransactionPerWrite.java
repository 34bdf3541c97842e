package nexus.benchmarks;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Tuple;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import nexus.kernel.ContentHash;
import nexus.kernel.Epoch;
import nexus.kernel.FileId;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.quota.Usage;
import nexus.store.AuditChain;
import nexus.store.AuditEntry;
import nexus.store.Content;
import nexus.store.FileEntry;
import nexus.store.FileVersion;
import nexus.store.Group;
import nexus.store.postgres.PgDatabase;
import nexus.store.postgres.PgOptions;
import nexus.store.postgres.PgTenantStore;

/**
 * The yardstick for durable writes: what the database of a running server takes when every write is a transaction of its
 * own.
 *
 * <p>It is as strong as we can make it: the server's own store with the statements of a group of one, already pipelined in
 * one round trip over a pool like the server's, and no HTTP, JSON, permission or look-up before it. Each of the tenants has
 * one transaction under way, so none waits for another's lock.
 */
final class TransactionPerWrite implements AutoCloseable {
    private static final int SECONDS_MAX = 60;

    /** Tenants that belong to a node which only this benchmark knows: the server leaves them alone. */
    private static final String OWN_TENANTS = """
            INSERT INTO nexus.tenant (id, name, display_name, plan, status, retained_versions, created_at,
                                      settings_revision, last_at, owner_node, owner_epoch)
            SELECT id, 'yardstick-' || id, 'yardstick', 'enterprise', 'active', 10, now(), 1, now(), $1, 1
            FROM unnest($2::uuid[]) AS id""";

    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    private final NodeId node = new NodeId(UUID.randomUUID());
    private final List<Writer> writers = new ArrayList<>();
    private PgTenantStore store;
    private long end;

    /** On the embedded database of the server that runs on this data directory. */
    static TransactionPerWrite on(Path data, int tenants) throws Exception {
        TransactionPerWrite made = new TransactionPerWrite();
        try {
            made.open(url(data), tenants);
            return made;
        } catch (Exception e) {
            made.close();
            throw e;
        }
    }

    private void open(String url, int tenants) throws Exception {
        List<UUID> ids = new ArrayList<>();
        for (int i = 0; i < tenants; i++) {
            ids.add(UUID.randomUUID());
            writers.add(new Writer(new TenantId(ids.get(i))));
        }
        await(PgConnection.connect(vertx, PgConnectOptions.fromUri(url))
                .compose(connection -> connection
                        .preparedQuery(OWN_TENANTS)
                        .execute(Tuple.tuple().addUUID(node.value()).addArrayOfUUID(ids.toArray(UUID[]::new)))
                        .compose(done -> connection.close())));
        store = new PgTenantStore(await(PgDatabase.connect(vertx, PgOptions.of(url), node)));
    }

    private static String url(Path data) throws IOException {
        Path postgres = data.resolve("postgres");
        return "postgresql://nexus:"
                + Files.readString(postgres.resolve("password")).strip() + "@127.0.0.1:"
                + Files.readString(postgres.resolve("port")).strip() + "/nexus";
    }

    /** Writes a second, with one under way for each of the first so many tenants. */
    double perSecond(int underWay, Duration length) throws Exception {
        long start = System.nanoTime();
        end = start + length.toNanos();
        Promise<Void> begin = Promise.promise();
        List<Future<Long>> counts = new ArrayList<>();
        vertx.runOnContext(v -> begin.complete());
        Future<Long> all = begin.future().compose(v -> {
            writers.subList(0, underWay).forEach(writer -> counts.add(writer.run()));
            return Future.all(counts)
                    .map(done -> counts.stream().mapToLong(Future::result).sum());
        });
        return await(all) / ((System.nanoTime() - start) / 1e9);
    }

    /** Writes the files of one tenant, one after another. */
    private final class Writer {
        private final TenantId tenant;
        private long revision;
        private ContentHash audited;

        Writer(TenantId tenant) {
            this.tenant = tenant;
            this.audited = AuditChain.start(tenant);
        }

        Future<Long> run() {
            Promise<Long> promise = Promise.promise();
            next(revision, promise);
            return promise.future();
        }

        private void next(long from, Promise<Long> promise) {
            if (System.nanoTime() - end >= 0) {
                promise.complete(revision - from);
                return;
            }
            store.commit(group(++revision)).onComplete(done -> {
                if (done.succeeded()) {
                    next(from, promise);
                } else {
                    promise.fail(done.cause());
                }
            });
        }

        /** What the actor makes of one write of 1 KiB to a new file. */
        private Group group(long number) {
            Instant now = Instant.now().truncatedTo(ChronoUnit.MICROS);
            FileId file = new FileId(UUID.randomUUID());
            Content.Inline content = Content.Inline.of(Texts.kibibyte(number).getBytes(StandardCharsets.US_ASCII));
            FileEntry entry = new FileEntry(
                    file,
                    "/w/" + number + ".txt",
                    false,
                    1,
                    content.size(),
                    content.hash(),
                    now,
                    now,
                    "user:alice",
                    List.of());
            FileVersion version =
                    new FileVersion(file, 1, content.size(), content.hash(), now, "user:alice", "original", null);
            AuditEntry line =
                    AuditEntry.following(audited, number, now, "x".repeat(Texts.AUDIT_LINE_CHARS));
            audited = line.hash();
            return new Group(
                    tenant,
                    node,
                    new Epoch(1),
                    number,
                    now,
                    new Usage(1, number, number * content.size()),
                    null,
                    null,
                    List.of(),
                    List.of(entry),
                    List.of(version),
                    List.of(),
                    List.of(content),
                    List.of(),
                    List.of(),
                    List.of(),
                    List.of(),
                    List.of(),
                    List.of(),
                    List.of(),
                    List.of(line),
                    new Group.Outcome(new byte[Texts.OUTCOME_BYTES]),
                    List.of(),
                    List.of(),
                    false);
        }
    }

    private static <T> T await(Future<T> future) throws Exception {
        try {
            return future.toCompletionStage().toCompletableFuture().get(SECONDS_MAX, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IllegalStateException("a transaction failed", e.getCause());
        } catch (TimeoutException e) {
            throw new IllegalStateException("the database did not answer within " + SECONDS_MAX + " s", e);
        }
    }

    @Override
    public void close() throws Exception {
        await(vertx.close());
    }
}
