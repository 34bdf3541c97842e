package nexus.benchmarks;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import nexus.kernel.Ids;
import nexus.kernel.KeyId;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.lifecycle.TenantStatus;
import nexus.quota.Plan;
import nexus.quota.QuotaOverrides;
import nexus.rebac.schema.WorkspaceModel;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.RelationTuple;
import nexus.rebac.tuple.SubjectRef;
import nexus.store.Content;
import nexus.store.KeyRecord;
import nexus.store.TenantRecord;
import nexus.tenant.Ask;
import nexus.tenant.Claims;
import nexus.tenant.Credential;
import nexus.tenant.NodeTime;
import nexus.tenant.Reply;
import nexus.tenant.Telemetry;
import nexus.tenant.TenantOptions;
import nexus.tenant.TenantRequest;
import nexus.tenant.TenantServices;
import nexus.tenant.TenantVerticle;

/**
 * One tenant's actor alone, on a store that commits at once: what deciding, grouping and the way to the actor and back cost,
 * without HTTP and without a database. Asked from its own event loop, and from another one.
 */
public final class ActorBenchmark implements AutoCloseable {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
    private static final ZoneName ZONE = new ZoneName("bench");
    private static final TenantId TENANT = new TenantId(new UUID(1, 1));
    private static final KeyId KEY = new KeyId(new UUID(2, 2));
    private static final byte[] SECRET = {1, 2, 3};
    private static final SubjectRef ALICE = SubjectRef.of("user", "alice");
    private static final int[] IN_FLIGHT = {1, 64};
    private static final int SECONDS_MAX = 60;

    private final Duration length;
    private final int rounds;
    private final Vertx vertx;
    private final InstantStore store = new InstantStore(record(), List.of(key()), tuples());
    private final Ids ids = new Ids(() -> START, new Random(1));
    private final Caller caller = new Caller();
    private final TenantVerticle actor;
    private long written;

    private ActorBenchmark(Duration length, int rounds, int loops) {
        this.length = length;
        this.rounds = rounds;
        this.vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(loops));
        // Neither names nor large contents occur, so nobody asks the registry or the blob store.
        TenantServices services = new TenantServices(
                new NodeId(new UUID(9, 9)),
                store,
                null,
                null,
                WorkspaceModel.get(),
                new FastTime(),
                ids,
                Telemetry.NONE,
                TenantOptions.EMBEDDED);
        actor = new TenantVerticle(TENANT, services, () -> {});
    }

    /** Arguments: {@code millis} of a round; {@code rounds}, of which the first is the warm-up. */
    public static void main(String... arguments) throws Exception {
        Arguments given = Arguments.of(arguments, "millis", "3000", "rounds", "6");
        Duration length = Duration.ofMillis(given.number("millis"));
        System.out.printf("%d processors, JDK %s%n%n", Runtime.getRuntime().availableProcessors(), Runtime.version());
        System.out.println(
                "| asked from | request | in flight | per second | (lowest-highest) | commands in a group |");
        System.out.println("|---|---|---|---|---|---|");
        for (int loops = 1; loops <= 2; loops++) {
            try (ActorBenchmark benchmark = new ActorBenchmark(length, given.number("rounds"), loops)) {
                benchmark.run(loops == 1);
            }
        }
    }

    private void run(boolean sameLoop) throws Exception {
        // Verticles get the event loops in turn.
        await(vertx.deployVerticle(actor));
        await(vertx.deployVerticle(caller));
        if ((store.thread() == caller.thread) != sameLoop) {
            throw new IllegalStateException("the caller is not where it should be");
        }
        String from = sameLoop ? "its own loop" : "another loop";
        WorkspacePath hit = WorkspacePath.inTenant(ZONE, "/a/b/c/d/e/f.txt");
        TenantRequest check = new TenantRequest.Check(
                List.of(new TenantRequest.CheckItem(ALICE, "read", new ObjectRef("file", hit.wire()))));
        for (int inFlight : IN_FLIGHT) {
            measure(from, "check, a grant five folders up", inFlight, () -> check, ActorBenchmark::isAllowed);
        }
        for (int inFlight : IN_FLIGHT) {
            measure(from, "write of 1 KiB", inFlight, this::write, Reply.Written.class::isInstance);
        }
    }

    @Override
    public void close() throws Exception {
        await(vertx.close());
    }

    private static boolean isAllowed(Reply reply) {
        return reply instanceof Reply.Checks checks && checks.allowed()[0];
    }

    private TenantRequest write() {
        long number = written++;
        WorkspacePath path = WorkspacePath.inTenant(ZONE, "/a/" + number + ".txt");
        Content content = Content.Inline.of(Texts.kibibyte(number).getBytes(StandardCharsets.US_ASCII));
        return new TenantRequest.WriteFiles(List.of(new TenantRequest.FileWrite(path, content, null, false)));
    }

    private void measure(
            String from, String name, int inFlight, Supplier<TenantRequest> requests, Predicate<Reply> expected)
            throws Exception {
        double[] rates = new double[rounds - 1];
        double perGroup = 0;
        for (int round = 0; round < rounds; round++) {
            long groups = store.groups();
            Driver driver = new Driver(inFlight, requests, expected);
            double rate = await(driver.run());
            if (round > 0) {
                rates[round - 1] = rate;
                perGroup += (double) driver.answered / Math.max(1, store.groups() - groups) / rates.length;
            }
        }
        Median median = Median.of(rates);
        boolean writes = store.groups() > 0;
        System.out.printf(
                Locale.ROOT,
                "| %s | %s | %d | %.0f | %.0f-%.0f | %s |%n",
                from,
                name,
                inFlight,
                median.middle(),
                median.lowest(),
                median.highest(),
                writes ? String.format(Locale.ROOT, "%.1f", perGroup) : "");
    }

    /** Keeps so many requests in flight. It never calls itself from a completion, so the stack stays flat. */
    private final class Driver {
        private final int inFlight;
        private final Supplier<TenantRequest> requests;
        private final Predicate<Reply> expected;
        private final Promise<Double> result = Promise.promise();
        private long start;
        private long end;
        private long asked;
        private long answered;
        private boolean asking;

        Driver(int inFlight, Supplier<TenantRequest> requests, Predicate<Reply> expected) {
            this.inFlight = inFlight;
            this.requests = requests;
            this.expected = expected;
        }

        Future<Double> run() {
            caller.context().runOnContext(v -> {
                start = System.nanoTime();
                end = start + length.toNanos();
                ask();
            });
            return result.future();
        }

        private void ask() {
            if (asking) {
                return;
            }
            asking = true;
            long turn = asked + 1000;
            while (asked - answered < inFlight && asked < turn && System.nanoTime() - end < 0) {
                asked++;
                actor.ask(envelope(requests.get()), null).onComplete(done -> answered(done.result(), done.cause()));
            }
            asking = false;
            if (asked == turn) {
                // Answers came at once: let the loop breathe.
                caller.context().runOnContext(v -> ask());
            } else if (asked == answered && System.nanoTime() - end >= 0) {
                result.tryComplete(answered / ((System.nanoTime() - start) / 1e9));
            }
        }

        private void answered(Reply reply, Throwable failure) {
            if (failure != null || !expected.test(reply)) {
                result.tryFail(new IllegalStateException("unexpected: " + reply, failure));
                return;
            }
            answered++;
            ask();
        }

        private Ask envelope(TenantRequest request) {
            return new Ask(
                    "benchmark",
                    "127.0.0.1",
                    ids.nextCommand(),
                    new Credential(TENANT, KEY, SECRET),
                    Claims.NONE,
                    null,
                    Duration.ofSeconds(30),
                    request);
        }
    }

    private static final class Caller extends VerticleBase {
        private Thread thread;

        @Override
        public Future<?> start() {
            thread = Thread.currentThread();
            return Future.succeededFuture();
        }

        Context context() {
            return context;
        }
    }

    /** A minute passes in a second, so that the outcomes which an actor remembers for a minute stay few. */
    private static final class FastTime implements NodeTime {
        private final long start = System.nanoTime();

        @Override
        public Instant now() {
            return START.plusNanos((System.nanoTime() - start) * 60);
        }

        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        @Override
        public boolean isTrusted() {
            return true;
        }
    }

    private static TenantRecord record() {
        TenantRecord made = TenantRecord.created(TENANT, ZONE, START);
        return new TenantRecord(
                TENANT,
                ZONE,
                ZONE.value(),
                Plan.ENTERPRISE,
                TenantStatus.ACTIVE,
                null,
                null,
                null,
                QuotaOverrides.NONE,
                made.retainedVersions(),
                made.members(),
                made.limitMembers(),
                START,
                made.settingsRevision());
    }

    private static KeyRecord key() {
        return new KeyRecord(KEY, SECRET, "alice", "alice", "user", "alice", false, false, START, null, null, null);
    }

    private static List<RelationTuple> tuples() {
        return List.of(new RelationTuple(new ObjectRef("file", "/a"), "owner", ALICE));
    }

    private static <T> T await(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(SECONDS_MAX, TimeUnit.SECONDS);
    }
}
