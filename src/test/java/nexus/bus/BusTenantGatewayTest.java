package nexus.bus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import nexus.bus.NodeTransport.UnreachableException;
import nexus.kernel.CommandId;
import nexus.kernel.Ids;
import nexus.kernel.KeyId;
import nexus.kernel.NodeId;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.placement.Activations;
import nexus.placement.Membership;
import nexus.placement.NodeWatch;
import nexus.placement.Nodes;
import nexus.rebac.schema.ModelParser;
import nexus.store.BlobStore;
import nexus.store.Registry;
import nexus.store.StoreException;
import nexus.store.TenantStore;
import nexus.tenant.Ask;
import nexus.tenant.Claims;
import nexus.tenant.Credential;
import nexus.tenant.NodeTime;
import nexus.tenant.Principal;
import nexus.tenant.Reply;
import nexus.tenant.Telemetry;
import nexus.tenant.TenantOptions;
import nexus.tenant.TenantRequest;
import nexus.tenant.TenantServices;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A gateway on node 1 whose tenants are elsewhere: node 2 and 3 answer what the test has written. */
class BusTenantGatewayTest {
    private static final NodeId SELF = Nodes.id(1);
    private static final NodeId SECOND = Nodes.id(2);
    private static final NodeId THIRD = Nodes.id(3);
    private static final TenantId TENANT = new TenantId(new UUID(5, 5));
    private static final Reply YES = new Reply.Flag(true);

    private final Vertx vertx = Vertx.vertx();
    private final Nodes leases = new Nodes();
    private final Deque<Future<NodeReply>> script = new ArrayDeque<>();
    private final List<NodeId> asked = new ArrayList<>();
    private final List<NodeRequest> requests = new ArrayList<>();
    private StoreException localRefusal =
            new StoreException("owned", SECOND, new IllegalStateException("as the database says"));
    private int localTakes;
    private Optional<TenantId> found = Optional.of(TENANT);
    private @Nullable Future<?> take;
    private final NodeWatch watch = new NodeWatch(vertx, leases, SELF, Set.of(), new Members(), System::nanoTime);
    private BusTenantGateway gateway;

    private static final class Time implements NodeTime {
        @Override
        public Instant now() {
            return Instant.EPOCH;
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

    private static final class Members implements Membership {
        @Override
        public String self() {
            return "one";
        }

        @Override
        public Set<String> members() {
            return Set.of("one", "two", "three");
        }

        @Override
        public void onChange(Runnable changed) {}
    }

    @BeforeEach
    void begin() throws Exception {
        NodeTime time = new Time();
        TenantServices services = new TenantServices(
                SELF,
                stub(TenantStore.class, "take", () -> {
                    localTakes++;
                    return take == null ? Future.failedFuture(localRefusal) : take;
                }),
                stub(Registry.class, "find", () -> Future.succeededFuture(found)),
                stub(BlobStore.class, "", () -> Future.failedFuture("never")),
                ModelParser.parse("model\n  schema 1.1\ntype user\n"),
                time,
                new Ids(InstantSource.system(), new Random(1)),
                Telemetry.NONE,
                TenantOptions.EMBEDDED);
        Activations activations = new Activations(vertx, services);
        LocalNode here = new LocalNode(SELF, activations, watch, time);
        gateway = new BusTenantGateway(vertx, services.registry(), () -> here, this::send);
        leases.rows.add(Nodes.node(1, "one"));
        leases.rows.add(Nodes.node(2, "two"));
        leases.rows.add(Nodes.node(3, "three"));
        pin("two");
    }

    /** Sets who should have the tenant, and looks. */
    private void pin(String name) throws Exception {
        leases.pin(TENANT, name);
        onLoop(() -> watch.look());
    }

    /** Something of which only one method is asked. */
    private static <T> T stub(Class<T> type, String method, Supplier<Future<?>> answer) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, called, args) -> {
            if (!called.getName().equals(method)) {
                throw new IllegalStateException("not asked for in this test: " + called);
            }
            return answer.get();
        }));
    }

    private Future<NodeReply> send(NodeId to, int protocol, NodeRequest request, Duration timeout) {
        asked.add(to);
        requests.add(request);
        Future<NodeReply> next = script.poll();
        return next == null ? Future.failedFuture(new UnreachableException("nobody", true)) : next;
    }

    private void answers(NodeReply... replies) {
        for (NodeReply reply : replies) {
            script.add(Future.succeededFuture(reply));
        }
    }

    @AfterEach
    void close() {
        vertx.close();
    }

    private <T> T onLoop(Supplier<Future<T>> call) throws Exception {
        Promise<T> promise = Promise.promise();
        vertx.getOrCreateContext().runOnContext(v -> call.get().onComplete(promise));
        try {
            return promise.future().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    private static final TenantRequest QUERY = new TenantRequest.WhoAmI();
    private static final TenantRequest COMMAND = new TenantRequest.DeleteTuple(new UUID(9, 9));

    private Reply ask(TenantRequest request, Duration timeout) throws Exception {
        Credential credential = new Credential(TENANT, new KeyId(new UUID(6, 6)), new byte[32]);
        Ask ask = new Ask(
                "r-1", "127.0.0.1", new CommandId(new UUID(8, 8)), credential, Claims.NONE, null, timeout, request);
        return onLoop(() -> gateway.ask(ask));
    }

    private ProblemCode refusal(TenantRequest request, Duration timeout) {
        return assertThrows(ProblemException.class, () -> ask(request, timeout))
                .problem()
                .code();
    }

    private static final Duration LONG = Duration.ofSeconds(15);
    private static final Duration SHORT = Duration.ofMillis(400);

    @Test
    void asksTheNodeThatShouldHaveTheTenant() throws Exception {
        answers(new NodeReply.Answered(YES));
        assertSame(YES, ask(QUERY, LONG));
        assertEquals(List.of(SECOND), asked);
        assertEquals(0, localTakes);
    }

    @Test
    void followsWhoHasItAndRemembersHim() throws Exception {
        answers(new NodeReply.Moved(THIRD), new NodeReply.Answered(YES), new NodeReply.Answered(YES));
        assertSame(YES, ask(QUERY, LONG));
        assertSame(YES, ask(QUERY, LONG));
        assertEquals(List.of(SECOND, THIRD, THIRD), asked);
    }

    @Test
    void forgetsAnOwnerWhoIsNotAliveAnyMore() throws Exception {
        answers(new NodeReply.Moved(THIRD), new NodeReply.Answered(YES), new NodeReply.Answered(YES));
        ask(QUERY, LONG);
        leases.rows.remove(2);
        onLoop(() -> watch.look());
        ask(QUERY, LONG);
        assertEquals(List.of(SECOND, THIRD, SECOND), asked);
    }

    @Test
    void followsTheDatabaseToTheOwner() throws Exception {
        pin("one");
        localRefusal = new StoreException("owned", THIRD, new IllegalStateException("as the database says"));
        answers(new NodeReply.Answered(YES));
        assertSame(YES, ask(QUERY, LONG));
        assertEquals(1, localTakes);
        assertEquals(List.of(THIRD), asked);
    }

    @Test
    void waitsForTheSuccessorOfADeadOwner() throws Exception {
        // The owner is known and dead: it is not asked, whoever should have the tenant is asked again.
        answers(new NodeReply.Moved(Nodes.id(4)), new NodeReply.Moved(Nodes.id(4)), new NodeReply.Answered(YES));
        assertSame(YES, ask(QUERY, LONG));
        assertEquals(List.of(SECOND, SECOND, SECOND), asked);
    }

    @Test
    void aRefusalIsFinal() {
        answers(new NodeReply.Refused(Problem.forbidden("no", null)));
        assertEquals(ProblemCode.FORBIDDEN, refusal(COMMAND, LONG));
        assertEquals(List.of(SECOND), asked);
    }

    @Test
    void theSameCommandGoesAgainWhenNoAnswerCame() throws Exception {
        script.add(Future.failedFuture(new UnreachableException("cut", true)));
        answers(new NodeReply.Answered(YES));
        assertSame(YES, ask(COMMAND, LONG));
        List<CommandId> ids = requests.stream()
                .map(request -> ((NodeRequest.AskTenant) request).ask().command())
                .toList();
        assertEquals(List.of(ids.get(0), ids.get(0)), ids);
    }

    @Test
    void aCommandThatMayHaveArrivedIsInDoubt() {
        assertEquals(ProblemCode.OUTCOME_UNKNOWN, refusal(COMMAND, SHORT));
        assertTrue(asked.size() > 1, "it was tried again: " + asked);
    }

    @Test
    void aQueryIsNeverInDoubt() {
        assertEquals(ProblemCode.UNAVAILABLE, refusal(QUERY, SHORT));
    }

    @Test
    void aCommandThatReachedNobodyWasNotDone() {
        for (int i = 0; i < 100; i++) {
            script.add(Future.failedFuture(new UnreachableException("nobody there", false)));
        }
        assertEquals(ProblemCode.UNAVAILABLE, refusal(COMMAND, SHORT));
    }

    /** "Nothing was done" of a later attempt says nothing about a former one. */
    @Test
    void aLaterRefusalDoesNotHideADoubt() throws Exception {
        script.add(Future.failedFuture(new UnreachableException("cut", true)));
        answers(new NodeReply.Refused(Problem.overloaded("full")), new NodeReply.Answered(YES));
        assertSame(YES, ask(COMMAND, LONG));

        script.add(Future.failedFuture(new UnreachableException("cut", true)));
        for (int i = 0; i < 100; i++) {
            answers(new NodeReply.Refused(Problem.unavailable("nothing was done")));
        }
        assertEquals(ProblemCode.OUTCOME_UNKNOWN, refusal(COMMAND, SHORT));
    }

    @Test
    void anOutcomeThatOneNodeDoesNotKnowIsAskedOfItsSuccessor() throws Exception {
        answers(new NodeReply.Refused(Problem.outcomeUnknown()), new NodeReply.Answered(YES));
        assertSame(YES, ask(COMMAND, LONG));
    }

    @Test
    void aBugOfAnotherNodeIsABug() {
        answers(NodeReply.Broken.BROKEN);
        assertThrows(IllegalStateException.class, () -> ask(QUERY, LONG));
    }

    @Test
    void theRestOfTheTimeTravelsWithTheRequest() throws Exception {
        answers(new NodeReply.Moved(null), new NodeReply.Moved(null), new NodeReply.Answered(YES));
        ask(QUERY, LONG);
        List<Duration> left = requests.stream()
                .map(request -> ((NodeRequest.AskTenant) request).ask().timeout())
                .toList();
        for (int i = 1; i < left.size(); i++) {
            assertTrue(left.get(i).compareTo(left.get(i - 1)) < 0, left.toString());
        }
        assertTrue(left.get(0).compareTo(LONG) <= 0, left.toString());
    }

    /** Whatever hangs: the caller is told in time that nothing was done, and it is not done later either. */
    @Test
    void anAskIsAnsweredInTimeAlthoughTheTenantDoesNotLoad() throws Exception {
        pin("one");
        Promise<Object> never = Promise.promise();
        take = never.future();
        long before = System.nanoTime();
        assertEquals(ProblemCode.UNAVAILABLE, refusal(COMMAND, SHORT));
        assertTrue(System.nanoTime() - before < SHORT.plusSeconds(5).toNanos());
        assertEquals(1, localTakes);
    }

    /** A key that cannot be proved any more hides what was done with it, but it does not undo it. */
    @Test
    void aDoubtOutlivesTheProofOfTheKey() throws Exception {
        leases.pin(TenantId.SYSTEM, "three");
        pin("two");
        Principal root = new Principal(TenantId.SYSTEM, new KeyId(new UUID(6, 6)), "user", "root", true, Instant.EPOCH);
        for (Problem refused : List.of(Problem.unauthenticated(), Problem.unavailable("nothing was done"))) {
            answers(new NodeReply.Proved(root));
            script.add(Future.failedFuture(new UnreachableException("cut", true)));
            for (int i = 0; i < 100; i++) {
                answers(new NodeReply.Refused(refused));
            }
            ProblemException told =
                    assertThrows(ProblemException.class, () -> onLoop(() -> gateway.ask(asRoot(SHORT, COMMAND))));
            assertEquals(ProblemCode.OUTCOME_UNKNOWN, told.problem().code());
            script.clear();
        }
    }

    /** That the key could not be proved says that nothing was done. */
    @Test
    void aCommandWhoseKeyWasNeverProvedWasNotDone() {
        leases.pin(TenantId.SYSTEM, "three");
        ProblemException told =
                assertThrows(ProblemException.class, () -> onLoop(() -> gateway.ask(asRoot(SHORT, COMMAND))));
        assertEquals(ProblemCode.UNAVAILABLE, told.problem().code());
    }

    private static Ask asRoot(Duration timeout, TenantRequest request) {
        return new Ask(
                "r-1",
                "127.0.0.1",
                new CommandId(new UUID(8, 8)),
                new Credential(TenantId.SYSTEM, new KeyId(new UUID(6, 6)), new byte[32]),
                Claims.NONE,
                new ZoneName("acme"),
                timeout,
                request);
    }

    /** A system key is proved anew with every attempt: it may have been revoked while the tenant moved. */
    @Test
    void aSystemKeyIsProvedWithEveryAttempt() throws Exception {
        leases.pin(TenantId.SYSTEM, "three");
        pin("two");
        Principal root = new Principal(TenantId.SYSTEM, new KeyId(new UUID(6, 6)), "user", "root", true, Instant.EPOCH);
        answers(
                new NodeReply.Proved(root),
                new NodeReply.Moved(null),
                new NodeReply.Proved(root),
                new NodeReply.Answered(YES));
        assertSame(YES, onLoop(() -> gateway.ask(asRoot(LONG, QUERY))));
        assertEquals(List.of(THIRD, SECOND, THIRD, SECOND), asked);
        assertEquals(root, ((NodeRequest.AskTenant) requests.get(1)).system());
    }

    // ---- through a share
    // ---------------------------------------------------------------------------------------------

    private static final TenantId HOME = new TenantId(new UUID(5, 6));
    private static final WorkspacePath SHARED = WorkspacePath.parse("/tenants/beta/shared/from-acme/a.txt");
    private static final TenantRequest SHARED_READ = new TenantRequest.ReadFile(SHARED, null);
    private static final TenantRequest SHARED_WRITE = new TenantRequest.AppendFile(SHARED, new byte[] {1}, null);

    private static Principal guest(int second) {
        return new Principal(
                HOME,
                new KeyId(new UUID(6, 6)),
                "user",
                "bob",
                false,
                Instant.EPOCH.plusSeconds(second),
                new Principal.Guest(new ZoneName("beta"), List.of(), Instant.EPOCH, false));
    }

    private Reply askThroughAShare(TenantRequest request, Duration timeout) throws Exception {
        leases.pin(HOME, "three");
        pin("two");
        Credential credential = new Credential(HOME, new KeyId(new UUID(6, 6)), new byte[32]);
        Ask ask = new Ask(
                "r-1", "127.0.0.1", new CommandId(new UUID(8, 8)), credential, Claims.NONE, null, timeout, request);
        return onLoop(() -> gateway.ask(ask));
    }

    /** The guest's own tenant says who he is, the one that shares is asked in his name, and nobody else says anything. */
    @Test
    void theOwnTenantVouchesAndTheOneThatSharesAnswers() throws Exception {
        answers(new NodeReply.Vouched(guest(1)), new NodeReply.Answered(YES));
        assertSame(YES, askThroughAShare(SHARED_READ, LONG));
        assertEquals(List.of(THIRD, SECOND), asked);
        NodeRequest.Vouch vouch = (NodeRequest.Vouch) requests.get(0);
        assertEquals(HOME, vouch.tenant());
        assertEquals(null, vouch.system());
        NodeRequest.Visit visit = (NodeRequest.Visit) requests.get(1);
        assertEquals(TENANT, visit.tenant());
        assertEquals(guest(1), visit.guest());
    }

    @Test
    void aGuestIsVouchedForWithEveryAttempt() throws Exception {
        answers(
                new NodeReply.Vouched(guest(1)),
                new NodeReply.Moved(null),
                new NodeReply.Vouched(guest(2)),
                new NodeReply.Answered(YES));
        assertSame(YES, askThroughAShare(SHARED_READ, LONG));
        assertEquals(List.of(THIRD, SECOND, THIRD, SECOND), asked);
        assertEquals(guest(2), ((NodeRequest.Visit) requests.get(3)).guest());
    }

    /** What his own tenant refuses is refused; the one that shares is not even asked. */
    @Test
    void whomHisOwnTenantRefusesGoesNowhere() {
        for (Problem refused : List.of(Problem.unauthenticated(), Problem.forbidden("no", null))) {
            asked.clear();
            answers(new NodeReply.Refused(refused));
            ProblemException told = assertThrows(ProblemException.class, () -> askThroughAShare(SHARED_WRITE, LONG));
            assertEquals(refused, told.problem());
            assertEquals(List.of(THIRD), asked);
        }
    }

    /** Where there is no such tenant the caller's own answers, as for everything that is not shared with it. */
    @Test
    void aNameThatIsNobodysIsAnsweredAtHome() throws Exception {
        found = Optional.empty();
        answers(new NodeReply.Vouched(guest(1)), new NodeReply.Answered(YES));
        assertSame(YES, askThroughAShare(SHARED_READ, LONG));
        assertEquals(List.of(THIRD, THIRD), asked);
        assertEquals(HOME, ((NodeRequest.AskTenant) requests.get(1)).tenant());
        assertEquals(null, ((NodeRequest.AskTenant) requests.get(1)).system());
    }

    /** A write through a share that may have arrived is in doubt, also if nobody vouches for its sender any more. */
    @Test
    void aWriteThroughAShareCanBeInDoubt() {
        answers(new NodeReply.Vouched(guest(1)));
        script.add(Future.failedFuture(new UnreachableException("cut", true)));
        for (int i = 0; i < 100; i++) {
            answers(new NodeReply.Refused(Problem.unauthenticated()));
        }
        ProblemException told = assertThrows(ProblemException.class, () -> askThroughAShare(SHARED_WRITE, SHORT));
        assertEquals(ProblemCode.OUTCOME_UNKNOWN, told.problem().code());
    }

    /** What is not served through a share is for the caller's own tenant to refuse. */
    @Test
    void otherRequestsGoHome() throws Exception {
        answers(new NodeReply.Answered(YES));
        assertSame(YES, askThroughAShare(new TenantRequest.DeleteFile(SHARED), LONG));
        assertEquals(List.of(THIRD), asked);
        assertEquals(HOME, ((NodeRequest.AskTenant) requests.get(0)).tenant());
    }
}
