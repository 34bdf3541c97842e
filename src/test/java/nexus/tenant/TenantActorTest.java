package nexus.tenant;

import static nexus.tenant.ActorFixture.ALICE;
import static nexus.tenant.ActorFixture.MALLORY;
import static nexus.tenant.ActorFixture.path;
import static nexus.tenant.ActorFixture.write;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import nexus.kernel.CommandId;
import nexus.kernel.Limits;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.RelationTuple;
import nexus.rebac.tuple.SubjectRef;
import nexus.store.Content;
import nexus.store.Group;
import nexus.store.StoreException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The shell: groups, unknown outcomes, at most once, fences, deadlines. */
class TenantActorTest {
    private ActorFixture acme;

    @BeforeEach
    void start() throws Exception {
        acme = new ActorFixture();
    }

    @AfterEach
    void stop() throws Exception {
        acme.close();
    }

    @Test
    void commandsThatArriveDuringACommitBecomeOneGroup() throws Exception {
        acme.store.hold = true;
        Future<Reply> first = acme.send(ALICE, write("/first", "1"));
        acme.awaitHeld(1);
        List<Future<Reply>> rest = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            rest.add(acme.send(ALICE, write("/f" + i, "x")));
        }
        // A query is answered from the committed state while the group is in flight.
        assertEquals(ProblemCode.NOT_FOUND, acme.code(ALICE, new TenantRequest.ReadFile(path("/first"), null)));
        acme.letGo();
        ActorFixture.await(first);
        for (Future<Reply> reply : rest) {
            ActorFixture.await(reply);
        }
        assertEquals(2, acme.store.committed.size());
        assertEquals(50, acme.store.committed.get(1).filesPut().size());
    }

    @Test
    void oneRefusedCommandDoesNotKeepTheOthersOfItsGroup() throws Exception {
        acme.store.hold = true;
        Future<Reply> first = acme.send(ALICE, write("/a", "1"));
        acme.awaitHeld(1);
        Future<Reply> denied = acme.send(MALLORY, write("/b", "1"));
        Future<Reply> allowed = acme.send(ALICE, write("/c", "1"));
        acme.letGo();
        ActorFixture.await(first);
        assertEquals(ProblemCode.FORBIDDEN, ActorFixture.refusal(denied).code());
        ActorFixture.await(allowed);
        assertEquals(acme.store.recount(), acme.store.usage());
    }

    @Test
    void aKnownFailureIsRetryableAndLeavesNothing() throws Exception {
        acme.store.fates.add(MemoryTenantStore.Fate.FAILS);
        assertEquals(ProblemCode.UNAVAILABLE, acme.code(ALICE, write("/a", "1")));
        assertEquals(ProblemCode.NOT_FOUND, acme.code(ALICE, new TenantRequest.ReadFile(path("/a"), null)));
        acme.call(ALICE, write("/a", "2"));
        assertEquals(1, acme.store.files.size());
    }

    @Test
    void anUnknownOutcomeThatWasCommittedIsASuccess() throws Exception {
        acme.store.fates.add(MemoryTenantStore.Fate.COMMITTED_UNKNOWN);
        Reply.Written written = (Reply.Written) acme.call(ALICE, write("/a", "1"));
        assertEquals(1, written.files().get(0).version());
        assertEquals(2, acme.store.takes, "taken again, which fences the old transaction");
        assertEquals(1, acme.store.committed.size());
    }

    @Test
    void anUnknownOutcomeThatWasNotCommittedIsRetryable() throws Exception {
        acme.store.fates.add(MemoryTenantStore.Fate.LOST_UNKNOWN);
        assertEquals(ProblemCode.UNAVAILABLE, acme.code(ALICE, write("/a", "1")));
        assertEquals(0, acme.store.files.size());
    }

    @Test
    void theSameCommandActsOnceHere() throws Exception {
        CommandId id = acme.newCommand();
        Ask ask = acme.ask(ALICE, id, Duration.ofSeconds(10), append("/log", "x"));
        Reply first = ActorFixture.await(acme.send(ask, null));
        Reply second = ActorFixture.await(acme.send(ask, null));
        assertEquals(first, second);
        assertEquals(1, acme.store.committed.size());
    }

    @Test
    void theSameCommandActsOnceAcrossActivations() throws Exception {
        CommandId id = acme.newCommand();
        Ask ask = acme.ask(ALICE, id, Duration.ofSeconds(10), append("/log", "x"));
        Reply first = ActorFixture.await(acme.send(ask, null));
        acme.deploy(false);
        assertEquals(first, ActorFixture.await(acme.send(ask, null)));
        assertEquals(1, acme.store.committed.size());
    }

    @Test
    void anOwnerThatLostTheTenantCommitsNothingAndSaysSo() throws Exception {
        acme.store.stolen();
        assertThrows(StoppedException.class, () -> acme.call(ALICE, write("/a", "1")));
        assertTrue(acme.store.committed.isEmpty());
        assertThrows(
                StoppedException.class,
                () -> acme.call(ALICE, new TenantRequest.WhoAmI()),
                "queries are not answered from a lost state either");
    }

    @Test
    void aCommandWhoseTimeIsUpInTheQueueWasNotDone() throws Exception {
        acme.store.hold = true;
        Future<Reply> first = acme.send(ALICE, write("/a", "1"));
        acme.awaitHeld(1);
        Future<Reply> late =
                acme.send(acme.ask(ALICE, acme.newCommand(), Duration.ofMillis(1), write("/late", "1")), null);
        assertEquals(ProblemCode.UNAVAILABLE, ActorFixture.refusal(late).code());
        acme.letGo();
        ActorFixture.await(first);
        assertTrue(
                acme.store.files.values().stream().noneMatch(file -> file.path().equals("/late")));
    }

    @Test
    void aCommandWhoseTimeIsUpInItsGroupHasAnUnknownOutcome() throws Exception {
        acme.store.hold = true;
        Future<Reply> late =
                acme.send(acme.ask(ALICE, acme.newCommand(), Duration.ofMillis(1), write("/a", "1")), null);
        assertEquals(ProblemCode.OUTCOME_UNKNOWN, ActorFixture.refusal(late).code());
        acme.letGo();
    }

    @Test
    void theMailboxIsBounded() throws Exception {
        acme.store.hold = true;
        Future<Reply> first = acme.send(ALICE, write("/a", "1"));
        acme.awaitHeld(1);
        List<Future<Reply>> all = new ArrayList<>();
        for (int i = 0; i <= Limits.MAILBOX_COMMANDS; i++) {
            all.add(acme.send(ALICE, new TenantRequest.MakeDirectory(path("/d" + i), false, false)));
        }
        assertEquals(
                ProblemCode.OVERLOADED,
                ActorFixture.refusal(all.get(Limits.MAILBOX_COMMANDS)).code());
        acme.letGo();
        ActorFixture.await(first);
        for (Future<Reply> reply : all.subList(0, Limits.MAILBOX_COMMANDS)) {
            ActorFixture.await(reply);
        }
    }

    @Test
    void stoppingEndsTheGroupInFlight() throws Exception {
        acme.store.hold = true;
        Future<Reply> first = acme.send(ALICE, write("/a", "1"));
        acme.awaitHeld(1);
        String deployment = acme.vertx.deploymentIDs().iterator().next();
        Future<Void> stopped = acme.vertx.undeploy(deployment);
        acme.letGo();
        ActorFixture.await(first);
        ActorFixture.await(stopped);
        assertThrows(StoppedException.class, () -> acme.call(ALICE, write("/b", "1")));
    }

    @Test
    void nothingIsAnsweredWithoutATrustedLease() throws Exception {
        acme.call(ALICE, write("/docs/a", "1"));
        TenantRequest present = new TenantRequest.MakeDirectory(ActorFixture.path("/docs"), false, true);
        acme.call(ALICE, present);
        acme.trusted = false;
        assertEquals(ProblemCode.UNAVAILABLE, acme.code(ALICE, check(ALICE, "read", "/tenants/acme")));
        // What changes nothing, and what is refused, would be answered from memory, too.
        assertEquals(ProblemCode.UNAVAILABLE, acme.code(ALICE, present));
        assertEquals(ProblemCode.UNAVAILABLE, acme.code(MALLORY, write("/docs/a", "2")));
        acme.deploy(true);
        assertInstanceOf(Reply.Checks.class, acme.call(ALICE, check(ALICE, "read", "/tenants/acme")));
    }

    @Test
    void aReadOfAFileThatChangesMeanwhileSeesTheNewState() throws Exception {
        acme.call(ALICE, write("/a", "1"));
        acme.store.hold = true;
        Future<Reply> deleted = acme.send(ALICE, new TenantRequest.DeleteFile(path("/a")));
        acme.awaitHeld(1);
        // The database has the new state, memory has not.
        acme.store.contentsLost = true;
        Future<Reply> read = acme.send(ALICE, new TenantRequest.ReadFile(path("/a"), null));
        acme.awaitContentAsked();
        acme.store.contentsLost = false;
        acme.letGo();
        ActorFixture.await(deleted);
        assertEquals(ProblemCode.NOT_FOUND, ActorFixture.refusal(read).code());
    }

    @Test
    void aFileWhoseContentIsNotThereIsNotReadForEver() throws Exception {
        acme.call(ALICE, write("/a", "1"));
        acme.store.contentsLost = true;
        assertEquals(ProblemCode.UNAVAILABLE, acme.code(ALICE, new TenantRequest.ReadFile(path("/a"), null)));
    }

    @Test
    void anAcknowledgedRevokeIsSeenByTheNextCheck() throws Exception {
        for (int i = 0; i < 50; i++) {
            Reply.Granted granted = (Reply.Granted) acme.call(
                    ALICE,
                    new TenantRequest.CreateTuple(
                            new ObjectRef("file", "/tenants/acme/doc"),
                            "can_read",
                            SubjectRef.of("user", MALLORY),
                            null));
            assertTrue(allowed(acme.call(MALLORY, check(MALLORY, "read", "/tenants/acme/doc"))));
            acme.call(
                    ALICE,
                    new TenantRequest.DeleteTuple(
                            WireIds.parse(granted.id()).orElseThrow().id()));
            assertFalse(allowed(acme.call(MALLORY, check(MALLORY, "read", "/tenants/acme/doc"))));
        }
    }

    @Test
    void aGrantIsDeadFromTheInstantOfItsExpiry() throws Exception {
        acme.call(
                ALICE,
                new TenantRequest.CreateTuple(
                        new ObjectRef("file", "/tenants/acme/doc"),
                        "can_read",
                        SubjectRef.of("user", MALLORY),
                        ActorFixture.START.plusSeconds(60)));
        assertTrue(allowed(acme.call(MALLORY, check(MALLORY, "read", "/tenants/acme/doc"))));
        // The next reading of the clock is exactly the instant of the expiry.
        acme.micros.set(59_999_999);
        assertFalse(allowed(acme.call(MALLORY, check(MALLORY, "read", "/tenants/acme/doc"))));
        // Time that runs back revives nothing.
        acme.micros.set(1_000_000);
        assertFalse(allowed(acme.call(MALLORY, check(MALLORY, "read", "/tenants/acme/doc"))));
    }

    @Test
    void parallelWritersNeverPassTheLimitAndTheLastUnitIsUsable() throws Exception {
        acme.callAsSystem(limits(10));
        List<Future<Reply>> all = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            all.add(acme.send(ALICE, write("/f" + i, "x")));
        }
        int written = 0;
        for (Future<Reply> reply : all) {
            try {
                ActorFixture.await(reply);
                written++;
            } catch (ProblemException e) {
                assertEquals(ProblemCode.QUOTA_EXCEEDED, e.problem().code());
            }
        }
        assertEquals(10, written);
        for (Group group : acme.store.committed) {
            assertTrue(group.usage().files() <= 10);
        }
        assertEquals(acme.store.recount(), acme.store.usage());
    }

    @Test
    void everyDenialIsAuditedSoonAndToldTogether() throws Exception {
        for (int i = 0; i < 5; i++) {
            assertEquals(ProblemCode.FORBIDDEN, acme.code(MALLORY, new TenantRequest.ReadFile(path("/secret"), null)));
        }
        acme.call(ALICE, write("/a", "1"));
        String lines = acme.store.audit.stream().map(entry -> entry.line()).collect(Collectors.joining("\n"));
        assertTrue(lines.contains("\"kind\":\"denial\",\"action\":\"read\",\"user\":\"user:mallory\""), lines);
        assertTrue(lines.contains("\"count\":5"), lines);
    }

    @Test
    void largeAppendsGoThroughTheBlobStore() throws Exception {
        String half = "x".repeat(40_000);
        acme.call(ALICE, append("/big", half));
        acme.call(ALICE, append("/big", half));
        Reply.FileContent read = (Reply.FileContent) acme.call(ALICE, new TenantRequest.ReadFile(path("/big"), null));
        assertEquals(80_000, read.info().size());
        Content.Stored stored = assertInstanceOf(Content.Stored.class, read.content());
        assertEquals(half + half, acme.blobs.get(stored.place()).toString(StandardCharsets.UTF_8));
        assertEquals(1, acme.blobs.size());
        assertEquals(ProblemCode.FORBIDDEN, acme.code(MALLORY, append("/big", half)));
        assertEquals(1, acme.blobs.size(), "a refused append leaves nothing in the blob store");
    }

    @Test
    void appendsInOneGroupThatGrowPastTheInlineSizeAreAllKept() throws Exception {
        acme.store.hold = true;
        Future<Reply> first = acme.send(ALICE, append("/log", "0"));
        acme.awaitHeld(1);
        List<Future<Reply>> all = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            all.add(acme.send(ALICE, append("/log", "y".repeat(10_000))));
        }
        acme.letGo();
        ActorFixture.await(first);
        for (Future<Reply> reply : all) {
            ActorFixture.await(reply);
        }
        Reply.FileContent read = (Reply.FileContent) acme.call(ALICE, new TenantRequest.ReadFile(path("/log"), null));
        assertEquals(100_001, read.info().size());
        assertEquals(acme.store.recount(), acme.store.usage());
    }

    /** A tuple that only the group itself brought is not a row that it could remove. */
    @Test
    void aGrantAndItsRevokeInOneGroupLeaveNothing() throws Exception {
        acme.store.hold = true;
        Future<Reply> first = acme.send(ALICE, write("/a", "1"));
        acme.awaitHeld(1);
        Future<Reply> grant = acme.send(ALICE, grant(MALLORY, "/doc"));
        Future<Reply> revoke = acme.send(ALICE, new TenantRequest.DeleteTuple(grantId(MALLORY, "/doc")));
        acme.awaitArrived();
        acme.letGo();
        ActorFixture.await(first);
        ActorFixture.await(grant);
        assertEquals(new Reply.Flag(true), ActorFixture.await(revoke));
        assertEquals(2, acme.store.committed.size());
        assertFalse(allowed(acme.call(MALLORY, check(MALLORY, "read", "/tenants/acme/doc"))));
    }

    /** What is moved as a whole is moved in the database, where the folder must be. */
    @Test
    void aFolderThatAGroupMakesIsMovedByTheNextOne() throws Exception {
        acme.store.hold = true;
        Future<Reply> first = acme.send(ALICE, write("/a", "1"));
        acme.awaitHeld(1);
        Future<Reply> written = acme.send(ALICE, write("/docs/b", "2"));
        Future<Reply> moved = acme.send(ALICE, new TenantRequest.Rename(path("/docs"), path("/papers")));
        acme.awaitArrived();
        acme.letGo();
        ActorFixture.await(first);
        ActorFixture.await(written);
        ActorFixture.await(moved);
        assertInstanceOf(
                Reply.FileContent.class, acme.call(ALICE, new TenantRequest.ReadFile(path("/papers/b"), null)));
    }

    @Test
    void aLargeAppendThatTheQuotaRefusesSaysSo() throws Exception {
        acme.call(ALICE, append("/big", "x".repeat(40_000)));
        acme.callAsSystem(limits(10, 100_000L));
        assertEquals(ProblemCode.QUOTA_EXCEEDED, acme.code(ALICE, append("/big", "x".repeat(40_000))));
        assertTrue(acme.blobs.isEmpty());
    }

    /** It was judged on the commands before it, which came to nothing: it may well be accepted when it comes again. */
    @Test
    void whatWasRefusedInAGroupThatFailedMayComeAgain() throws Exception {
        for (MemoryTenantStore.Fate fate : List.of(MemoryTenantStore.Fate.FAILS, MemoryTenantStore.Fate.LOST_UNKNOWN)) {
            acme.store.hold = true;
            Future<Reply> first = acme.send(ALICE, write("/" + fate, "1"));
            acme.awaitHeld(1);
            acme.send(ALICE, write("/doc", "1"));
            Future<Reply> second = acme.send(ALICE, new TenantRequest.MakeDirectory(path("/doc"), false, false));
            acme.awaitArrived();
            acme.store.fates.add(MemoryTenantStore.Fate.SUCCEEDS);
            acme.store.fates.add(fate);
            acme.letGo();
            ActorFixture.await(first);
            assertEquals(ProblemCode.UNAVAILABLE, ActorFixture.refusal(second).code(), fate.toString());
        }
        acme.call(ALICE, new TenantRequest.MakeDirectory(path("/doc"), false, false));
    }

    /** No commit proves that the state is not an old one, so only the lease can. */
    @Test
    void nothingIsRefusedWithoutATrustedLeaseEither() throws Exception {
        acme.trusted = false;
        assertEquals(ProblemCode.UNAVAILABLE, acme.code(MALLORY, write("/a", "1")));
        assertEquals(
                ProblemCode.UNAVAILABLE, acme.code(ALICE, new TenantRequest.DeleteTuple(grantId(MALLORY, "/nothing"))));
        acme.trusted = true;
        assertEquals(ProblemCode.FORBIDDEN, acme.code(MALLORY, write("/a", "1")));
    }

    @Test
    void whatWasDoneIsToldAgainAlsoWhenTheKeyIsRevoked() throws Exception {
        acme.call(ALICE, grant(MALLORY, "/doc", "can_write"));
        CommandId id = acme.newCommand();
        Ask ask = acme.ask(MALLORY, id, Duration.ofSeconds(10), append("/doc", "x"));
        acme.call(ALICE, append("/doc", "x"));
        Reply first = ActorFixture.await(acme.send(ask, null));
        acme.callAsSystem(new TenantRequest.RevokeKey(ActorFixture.keyId(MALLORY)));
        assertEquals(first, ActorFixture.await(acme.send(ask, null)));
        assertEquals(ProblemCode.UNAUTHENTICATED, acme.code(MALLORY, append("/doc", "y")));
    }

    @Test
    void whoeverComesWhileItStopsIsSentToItsNextActivation() throws Exception {
        acme.store.hold = true;
        Future<Reply> first = acme.send(ALICE, write("/a", "1"));
        acme.awaitHeld(1);
        Future<Void> stopped =
                acme.vertx.undeploy(acme.vertx.deploymentIDs().iterator().next());
        acme.awaitStopping();
        assertThrows(StoppedException.class, () -> acme.call(ALICE, write("/b", "1")));
        assertThrows(StoppedException.class, () -> acme.call(ALICE, new TenantRequest.WhoAmI()));
        acme.letGo();
        ActorFixture.await(first);
        ActorFixture.await(stopped);
    }

    /** Its next owner can tell, so nobody has to guess. */
    @Test
    void anOpenOutcomeOfAnActorThatStopsIsForTheNextToTell() throws Exception {
        acme.store.hold = true;
        CommandId id = acme.newCommand();
        Ask ask = acme.ask(ALICE, id, Duration.ofSeconds(10), append("/log", "x"));
        Future<Reply> first = acme.send(ask, null);
        acme.awaitHeld(1);
        Future<Void> stopped =
                acme.vertx.undeploy(acme.vertx.deploymentIDs().iterator().next());
        acme.awaitStopping();
        acme.store.fates.add(MemoryTenantStore.Fate.COMMITTED_UNKNOWN);
        acme.store.refusesTakes = true;
        acme.letGo();
        StoppedException open = assertThrows(StoppedException.class, () -> ActorFixture.await(first));
        assertTrue(open.mayBeDone());
        assertThrows(StoreException.class, () -> ActorFixture.await(stopped), "it may have the tenant still");
        acme.store.refusesTakes = false;
        acme.deploy(false);
        assertInstanceOf(Reply.Written.class, ActorFixture.await(acme.send(ask, null)));
        assertEquals(1, acme.store.committed.size());
    }

    /** The timer of the denials and the end of the actor both write them; never both at once. */
    @Test
    void denialsAreWrittenOnceWhenTheActorStops() throws Exception {
        assertEquals(ProblemCode.FORBIDDEN, acme.code(MALLORY, new TenantRequest.ReadFile(path("/secret"), null)));
        acme.store.holdTouches = true;
        acme.store.hold = true;
        Future<Void> stopped =
                acme.vertx.undeploy(acme.vertx.deploymentIDs().iterator().next());
        acme.awaitStopping();
        // The keys' uses are held up for longer than a denial waits.
        Promise<Void> later = Promise.promise();
        acme.vertx.setTimer(Limits.DENIAL_DELAY.toMillis() + 200, timer -> later.complete());
        ActorFixture.await(later.future());
        acme.store.letTouchesGo();
        acme.awaitHeld(1);
        acme.letGo();
        ActorFixture.await(stopped);
        assertEquals(1, acme.store.commits);
        assertEquals(1, acme.store.audit.size());
    }

    private static TenantRequest grant(String user, String path) {
        return grant(user, path, "can_read");
    }

    private static TenantRequest grant(String user, String path, String relation) {
        return new TenantRequest.CreateTuple(
                new ObjectRef("file", "/tenants/acme" + path), relation, SubjectRef.of("user", user), null);
    }

    private static UUID grantId(String user, String path) {
        return TupleIds.of(new RelationTuple(new ObjectRef("file", path), "can_read", SubjectRef.of("user", user)));
    }

    static TenantRequest.AppendFile append(String path, String text) {
        return new TenantRequest.AppendFile(path(path), text.getBytes(StandardCharsets.UTF_8), null);
    }

    static TenantRequest limits(long files) {
        return limits(files, null);
    }

    private static TenantRequest limits(long files, @Nullable Long bytes) {
        return new TenantRequest.UpdateRecord(
                new TenantRequest.RecordPatch(
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        new nexus.quota.QuotaOverrides(null, files, bytes),
                        java.util.Map.of(),
                        null,
                        java.util.Map.of()),
                null,
                false);
    }

    private static TenantRequest check(String user, String permission, String wirePath) {
        return new TenantRequest.Check(List.of(
                new TenantRequest.CheckItem(SubjectRef.of("user", user), permission, new ObjectRef("file", wirePath))));
    }

    private static boolean allowed(Reply reply) {
        return ((Reply.Checks) reply).allowed()[0];
    }
}
