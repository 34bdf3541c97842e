package nexus.tenant;

import static nexus.tenant.ActorFixture.ALICE;
import static nexus.tenant.ActorFixture.MALLORY;
import static nexus.tenant.ActorFixture.START;
import static nexus.tenant.ActorFixture.path;
import static nexus.tenant.ActorFixture.write;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import nexus.kernel.CommandId;
import nexus.kernel.KeyId;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.lifecycle.TenantStatus;
import nexus.quota.QuotaOverrides;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.SubjectRef;
import nexus.store.Content;
import nexus.tenant.Principal.Guest;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The tenant that shares: what it permits to whom, until when, and what it tells. Acme shares, beta is shared with. */
@Timeout(60)
class SharesTest {
    private static final ZoneName BETA = new ZoneName("beta");
    private static final TenantId BETA_ID = new TenantId(new UUID(2, 2));
    private static final ZoneName CORP = new ZoneName("corp");
    private static final TenantId CORP_ID = new TenantId(new UUID(3, 3));
    private static final String MOUNT = "/shared/from-acme";

    private ActorFixture acme;
    private Principal bob;

    @BeforeEach
    void start() throws Exception {
        acme = new ActorFixture();
        acme.registered.put(BETA, BETA_ID);
        acme.registered.put(CORP, CORP_ID);
        bob = guest(BETA_ID, BETA, "bob", START);
        acme.call(ALICE, write("/plans/q3.txt", "the plan"));
        acme.call(ALICE, write("/plans/secret.txt", "a secret"));
        acme.call(ALICE, write("/docs/a/one.txt", "one"));
        acme.call(ALICE, write("/docs/a/deep/two.txt", "two"));
    }

    @AfterEach
    void stop() {
        acme.close();
    }

    private Principal guest(
            TenantId home, ZoneName zone, String user, @Nullable Instant registeredAt, String... groups) {
        return new Principal(
                home,
                new KeyId(new UUID(5, user.hashCode())),
                "user",
                user,
                false,
                START.plus(acme.passed),
                new Guest(zone, List.of(groups), registeredAt, false));
    }

    private static WorkspacePath mounted(String below) {
        return WorkspacePath.inTenant(BETA, MOUNT + below);
    }

    private static TenantRequest.CreateShare share(
            String path, String relation, String type, String id, @Nullable Instant until) {
        return new TenantRequest.CreateShare(path(path), relation, BETA, type, id, until);
    }

    private static TenantRequest.CreateShare everybody(String path, String relation) {
        return share(path, relation, "tenant", "", null);
    }

    private String share(TenantRequest.CreateShare share) throws Exception {
        return ((Reply.Granted) acme.call(ALICE, share)).id();
    }

    private Reply as(Principal guest, TenantRequest request) throws Exception {
        return ActorFixture.await(visit(guest, request));
    }

    /** As a gateway would: the verdict is fresh with every ask. */
    private Future<Reply> visit(Principal guest, TenantRequest request) {
        Principal fresh = new Principal(
                guest.tenant(),
                guest.key(),
                guest.subjectType(),
                guest.subjectId(),
                false,
                START.plus(acme.passed).plusNanos(acme.micros.get() * 1000),
                guest.guest());
        return acme.send(acme.ask("nobody", request), fresh);
    }

    private Problem refusal(Principal guest, TenantRequest request) throws Exception {
        return ActorFixture.refusal(visit(guest, request));
    }

    private String text(Principal guest, String below) throws Exception {
        Reply.FileContent file = (Reply.FileContent) as(guest, new TenantRequest.ReadFile(mounted(below), null));
        assertEquals(mounted(below).wire(), file.info().path());
        assertEquals(ActorFixture.TENANT, file.tenant());
        return new String(((Content.Inline) file.content()).bytes(), StandardCharsets.UTF_8);
    }

    private ProblemCode readCode(Principal guest, String below) throws Exception {
        return refusal(guest, new TenantRequest.ReadFile(mounted(below), null)).code();
    }

    private static TenantRequest.WriteFiles into(String below, String text) {
        return new TenantRequest.WriteFiles(List.of(new TenantRequest.FileWrite(
                mounted(below), Content.Inline.of(text.getBytes(StandardCharsets.UTF_8)), null, false)));
    }

    private List<String> listed(Principal guest, String below, boolean recursive) throws Exception {
        TenantRequest list = new TenantRequest.ListFiles(mounted(below), recursive, null, null, null);
        return ((Reply.Listing) as(guest, list))
                .entries().stream().map(Reply.FileInfo::path).toList();
    }

    private String log() {
        synchronized (acme.store) {
            return String.join(
                    "\n", acme.store.audit.stream().map(entry -> entry.line()).toList());
        }
    }

    // ---- what a share gives
    // ------------------------------------------------------------------------------------------

    @Test
    void givesWhatItSaysAndNothingBeside() throws Exception {
        share(everybody("/plans/q3.txt", "can_read"));
        assertEquals("the plan", text(bob, "/q3.txt"));
        assertEquals(ProblemCode.FORBIDDEN, readCode(bob, "/secret.txt"));
        assertEquals(ProblemCode.FORBIDDEN, readCode(bob, "/plans/q3.txt"));
        assertEquals(ProblemCode.FORBIDDEN, readCode(bob, ""));
        assertEquals(
                ProblemCode.FORBIDDEN, refusal(bob, into("/q3.txt", "mine")).code());
        assertEquals(List.of("/tenants/beta/shared/from-acme/q3.txt"), listed(bob, "", true));
    }

    /** A guest's own words for a path of this tenant are none: only the folder of its shares leads here. */
    @Test
    void pathsOfTheOwnerLeadNowhere() throws Exception {
        share(everybody("/plans", "can_write"));
        for (WorkspacePath path : List.of(
                path("/plans/q3.txt"),
                WorkspacePath.inTenant(CORP, MOUNT + "/plans/q3.txt"),
                WorkspacePath.inTenant(BETA, "/shared/from-corp/plans/q3.txt"))) {
            Problem problem = refusal(bob, new TenantRequest.ReadFile(path, null));
            assertTrue(
                    problem.code() == ProblemCode.FORBIDDEN || problem.code() == ProblemCode.REFUSED, path.toString());
        }
    }

    @Test
    void aFolderGivesEverythingBelow() throws Exception {
        share(everybody("/docs/a", "viewer"));
        assertEquals("one", text(bob, "/a/one.txt"));
        assertEquals("two", text(bob, "/a/deep/two.txt"));
        assertEquals(
                List.of("/a", "/a/deep", "/a/deep/two.txt", "/a/one.txt"),
                listed(bob, "", true).stream()
                        .map(wire -> wire.substring(mounted("").wire().length()))
                        .toList());
        assertEquals(List.of(mounted("/a").wire()), listed(bob, "", false));
        assertEquals(List.of(mounted("/a/deep").wire(), mounted("/a/one.txt").wire()), listed(bob, "/a", false));
        Reply.Stats stats = (Reply.Stats)
                as(bob, new TenantRequest.Stat(List.of(mounted("/a"), mounted("/a/one.txt"), mounted("/a/none"))));
        assertEquals(
                mounted("/a").wire(), NonNull.of(stats.results().get(0).info()).path());
        assertEquals("tenant:acme", NonNull.of(stats.results().get(1).info()).createdBy());
        Reply.Stats folder = (Reply.Stats) as(bob, new TenantRequest.Stat(List.of(mounted(""), mounted("/a"))));
        assertTrue(NonNull.of(folder.results().get(0).info()).directory());
        assertTrue(NonNull.of(folder.results().get(1).info()).directory());
        assertEquals(
                mounted("/a/none").wire(),
                NonNull.of(stats.results().get(2).problem()).path());
    }

    /** It would be an accident: what is in the folder is the owner's file, and the file's content is the newest one. */
    @Test
    void isALiveReferenceAndNoCopy() throws Exception {
        share(everybody("/plans/q3.txt", "can_read"));
        acme.call(ALICE, write("/plans/q3.txt", "another plan"));
        assertEquals("another plan", text(bob, "/q3.txt"));
        acme.call(ALICE, new TenantRequest.Rename(path("/plans/q3.txt"), path("/docs/moved.txt")));
        assertEquals("another plan", text(bob, "/q3.txt"));
        acme.call(ALICE, new TenantRequest.Rename(path("/docs"), path("/papers")));
        assertEquals("another plan", text(bob, "/q3.txt"));
        acme.call(ALICE, new TenantRequest.DeleteFile(path("/papers/moved.txt")));
        assertEquals(ProblemCode.FORBIDDEN, readCode(bob, "/q3.txt"));
        // Another file at the old place is another file.
        acme.call(ALICE, write("/papers/moved.txt", "not for beta"));
        acme.call(ALICE, write("/plans/q3.txt", "not for beta"));
        assertEquals(ProblemCode.FORBIDDEN, readCode(bob, "/q3.txt"));
    }

    /** A folder whose name only begins alike is another folder, and what lies below keeps what others share. */
    @Test
    void goesWithItsOwnFolderAndNoOther() throws Exception {
        acme.call(ALICE, write("/docs-old/b.txt", "b"));
        share(everybody("/docs", "can_read"));
        share(everybody("/docs-old", "can_read"));
        acme.call(ALICE, new TenantRequest.DeleteFile(path("/docs/a/deep/two.txt")));
        acme.call(ALICE, new TenantRequest.Rename(path("/docs"), path("/elsewhere/docs")));
        assertEquals("one", text(bob, "/docs/a/one.txt"));
        assertEquals("b", text(bob, "/docs-old/b.txt"));
        acme.call(ALICE, new TenantRequest.RemoveDirectory(path("/elsewhere"), true));
        assertEquals(ProblemCode.FORBIDDEN, readCode(bob, "/docs/a/one.txt"));
        assertEquals("b", text(bob, "/docs-old/b.txt"));
    }

    @Test
    void endsWithTheFolderThatIsRemoved() throws Exception {
        share(everybody("/docs/a", "can_write"));
        acme.call(ALICE, new TenantRequest.RemoveDirectory(path("/docs"), true));
        acme.call(ALICE, write("/docs/a/one.txt", "later"));
        assertEquals(ProblemCode.FORBIDDEN, readCode(bob, "/a/one.txt"));
    }

    @Test
    void whatIsWrittenIsTheOwners() throws Exception {
        share(everybody("/docs/a", "can_write"));
        long files = acme.store.usage().files();
        long bytes = acme.store.usage().bytes();
        Reply.Written written = (Reply.Written) as(bob, into("/a/new/note.txt", "hello"));
        assertEquals(mounted("/a/new/note.txt").wire(), written.files().get(0).path());
        assertEquals("tenant:acme", written.files().get(0).createdBy());
        as(bob, new TenantRequest.AppendFile(mounted("/a/new/note.txt"), new byte[] {'!'}, null));
        as(bob, new TenantRequest.MakeDirectory(mounted("/a/more"), false, false));
        assertEquals("hello!", text(bob, "/a/new/note.txt"));
        assertEquals(files + 1, acme.store.usage().files());
        assertEquals(bytes + 5 + 6, acme.store.usage().bytes());
        assertEquals(acme.store.recount(), acme.store.usage());
        Reply.FileContent own =
                (Reply.FileContent) acme.call(ALICE, new TenantRequest.ReadFile(path("/docs/a/new/note.txt"), null));
        // The owner's own people must not be taken for those of the other tenant.
        assertEquals("tenant:" + BETA_ID + "/user:bob", own.info().createdBy());
    }

    @Test
    void whatItDoesNotServeIsRefusedWhateverItPermits() throws Exception {
        share(everybody("/docs/a", "can_write"));
        for (TenantRequest request : List.of(
                new TenantRequest.DeleteFile(mounted("/a/one.txt")),
                new TenantRequest.RemoveDirectory(mounted("/a/deep"), true),
                new TenantRequest.Rename(mounted("/a/one.txt"), mounted("/a/1.txt")),
                new TenantRequest.CopyFile(mounted("/a/one.txt"), mounted("/a/1.txt")),
                new TenantRequest.Rollback(mounted("/a/one.txt"), 1),
                new TenantRequest.ListVersions(mounted("/a/one.txt")),
                new TenantRequest.ReadFile(mounted("/a/one.txt"), 1L),
                new TenantRequest.Check(List.of()),
                new TenantRequest.ListTuples(null, List.of(), null),
                new TenantRequest.ListShares(null, 10, 0),
                new TenantRequest.WhoAmI(),
                everybody("/docs/a", "can_write"),
                new TenantRequest.RevokeShares(path("/docs/a"), "bob"),
                new TenantRequest.CreateTuple(
                        new ObjectRef("file", path("/docs").wire()), "owner", SubjectRef.of("user", "bob"), null))) {
            assertEquals(ProblemCode.REFUSED, refusal(bob, request).code(), request.operation());
        }
        assertEquals("one", text(bob, "/a/one.txt"));
    }

    // ---- for whom
    // ----------------------------------------------------------------------------------------------------

    @Test
    void isForOneTenantAndNoOther() throws Exception {
        share(everybody("/plans/q3.txt", "can_read"));
        Principal stranger = guest(CORP_ID, CORP, "bob", START);
        Problem problem =
                refusal(stranger, new TenantRequest.ReadFile(WorkspacePath.inTenant(CORP, MOUNT + "/q3.txt"), null));
        assertEquals(ProblemCode.FORBIDDEN, problem.code());
        // Not even by the other tenant's path.
        assertEquals(ProblemCode.FORBIDDEN, readCode(stranger, "/q3.txt"));
    }

    /** The owner of acme is called alice; alice of beta is somebody else. */
    @Test
    void namesOfTheOwnersPeopleAreNoneOfTheGuests() throws Exception {
        share(everybody("/plans/q3.txt", "can_read"));
        Principal alice = guest(BETA_ID, BETA, ALICE, START, "owners");
        assertEquals("the plan", text(alice, "/q3.txt"));
        assertEquals(ProblemCode.FORBIDDEN, readCode(alice, "/secret.txt"));
        assertEquals(ProblemCode.FORBIDDEN, refusal(alice, into("/q3.txt", "x")).code());
    }

    @Test
    void aUserAGroupAndNobodyElse() throws Exception {
        share(share("/plans/q3.txt", "shared-viewer", "user", "bob", null));
        share(share("/docs/a", "shared-editor", "group", "eng", null));
        Principal carol = guest(BETA_ID, BETA, "carol", START, "eng", "sales");
        assertEquals("the plan", text(bob, "/q3.txt"));
        assertEquals(ProblemCode.FORBIDDEN, readCode(carol, "/q3.txt"));
        assertEquals("one", text(carol, "/a/one.txt"));
        as(carol, into("/a/one.txt", "two"));
        assertEquals(ProblemCode.FORBIDDEN, readCode(bob, "/a/one.txt"));
        assertEquals(List.of(mounted("/q3.txt").wire()), listed(bob, "", true));
        assertEquals(ProblemCode.FORBIDDEN, readCode(guest(BETA_ID, BETA, "carol", START, "sales"), "/a/one.txt"));
    }

    /** Somebody who comes later under the same name is somebody else; the grace is for clocks and calls that cross. */
    @Test
    void theNextUserOfANameInheritsNothing() throws Exception {
        share(share("/plans/q3.txt", "shared-viewer", "user", "bob", null));
        Instant made = START.plusSeconds(1);
        assertEquals("the plan", text(guest(BETA_ID, BETA, "bob", made), "/q3.txt"));
        Instant later = START.plus(Limits.SHARE_USER_GRACE).plusSeconds(2);
        assertEquals(ProblemCode.FORBIDDEN, readCode(guest(BETA_ID, BETA, "bob", later), "/q3.txt"));
        assertEquals(ProblemCode.FORBIDDEN, readCode(guest(BETA_ID, BETA, "bob", null), "/q3.txt"));
    }

    // ---- until when
    // --------------------------------------------------------------------------------------------------

    @Test
    void isDeadFromTheInstantOfItsExpiry() throws Exception {
        share(share("/plans/q3.txt", "can_read", "tenant", "", START.plusSeconds(60)));
        acme.passed = Duration.ofSeconds(59);
        assertEquals("the plan", text(bob, "/q3.txt"));
        acme.passed = Duration.ofSeconds(60);
        assertEquals(ProblemCode.FORBIDDEN, readCode(bob, "/q3.txt"));
        assertEquals(List.of(), listed(bob, "", true));
        // Sharing again is another share; it may have another end.
        share(share("/plans/q3.txt", "can_read", "tenant", "", START.plusSeconds(120)));
        assertEquals("the plan", text(bob, "/q3.txt"));
        share(share("/plans/q3.txt", "can_read", "tenant", "", START.plusSeconds(180)));
        acme.passed = Duration.ofSeconds(150);
        assertEquals("the plan", text(bob, "/q3.txt"));
    }

    @Test
    void isDeadWithTheNextRequestAfterItsEnd() throws Exception {
        String id = share(everybody("/plans/q3.txt", "can_read"));
        String writing = share(everybody("/plans/q3.txt", "can_write"));
        assertNotEquals(id, writing);
        UUID share = WireIds.parse(id).orElseThrow().id();
        assertEquals(new Reply.Flag(true), acme.call(ALICE, new TenantRequest.DeleteTuple(share)));
        // The other one is a share of its own.
        as(bob, into("/q3.txt", "mine"));
        acme.call(
                ALICE,
                new TenantRequest.DeleteTuple(
                        WireIds.parse(writing).orElseThrow().id()));
        assertEquals(ProblemCode.FORBIDDEN, readCode(bob, "/q3.txt"));
        assertEquals(ProblemCode.FORBIDDEN, refusal(bob, into("/q3.txt", "x")).code());
        assertEquals(new Reply.Flag(false), acme.call(ALICE, new TenantRequest.DeleteTuple(share)));
    }

    /** A command that waits while the share ends is judged by what is committed when its turn comes. */
    @Test
    void aCommandThatWaitsIsJudgedWhenItIsTaken() throws Exception {
        UUID id = WireIds.parse(share(everybody("/docs/a", "can_write")))
                .orElseThrow()
                .id();
        synchronized (acme.store) {
            acme.store.hold = true;
        }
        Future<Reply> revoked = acme.send(ALICE, new TenantRequest.DeleteTuple(id));
        acme.awaitHeld(1);
        Future<Reply> late = visit(bob, into("/a/late.txt", "late"));
        acme.awaitArrived();
        acme.letGo();
        assertEquals(new Reply.Flag(true), ActorFixture.await(revoked));
        assertEquals(ProblemCode.FORBIDDEN, ActorFixture.refusal(late).code());
    }

    /** What was done before the share ended was done: asked again, the same answer in the guest's own words. */
    @Test
    void aRepeatedCommandHasItsFirstAnswer() throws Exception {
        UUID share = WireIds.parse(share(everybody("/docs/a", "can_write")))
                .orElseThrow()
                .id();
        CommandId command = acme.newCommand();
        Ask ask = acme.ask("nobody", command, Duration.ofSeconds(20), into("/a/n.txt", "n"));
        Reply first = ActorFixture.await(acme.send(ask, bob));
        acme.call(ALICE, new TenantRequest.DeleteTuple(share));
        assertEquals(first, ActorFixture.await(acme.send(ask, bob)));
    }

    @Test
    void survivesTheActor() throws Exception {
        share(everybody("/plans/q3.txt", "can_read"));
        ActorFixture.await(acme.vertx.undeploy(acme.verticle.deploymentID()));
        acme.deploy(false);
        assertEquals("the plan", text(bob, "/q3.txt"));
    }

    @Test
    void aSuspendedOwnerPausesIt() throws Exception {
        share(everybody("/docs/a", "can_write"));
        setStatus(TenantStatus.SUSPENDED);
        assertEquals(ProblemCode.FORBIDDEN, readCode(bob, "/a/one.txt"));
        assertEquals(ProblemCode.FORBIDDEN, refusal(bob, into("/a/x", "x")).code());
        assertEquals(List.of(), listed(bob, "", true));
        setStatus(TenantStatus.ACTIVE);
        assertEquals("one", text(bob, "/a/one.txt"));
    }

    private void setStatus(TenantStatus status) throws Exception {
        acme.callAsSystem(new TenantRequest.UpdateRecord(patch(status, null), null, false));
    }

    private static TenantRequest.RecordPatch patch(@Nullable TenantStatus status, @Nullable QuotaOverrides limits) {
        return new TenantRequest.RecordPatch(
                null, null, null, null, status, null, null, limits, Map.of(), null, Map.of());
    }

    /** A verdict of the guest's own tenant is good for a second; after that his key may have been revoked. */
    @Test
    void anOldVerdictIsNone() throws Exception {
        share(everybody("/plans/q3.txt", "can_read"));
        acme.passed = Limits.SYSTEM_PROOF.plusSeconds(1);
        assertThrows(
                StoppedException.class,
                () -> ActorFixture.await(
                        acme.send(acme.ask("nobody", new TenantRequest.ReadFile(mounted("/q3.txt"), null)), bob)));
    }

    // ---- who may share what
    // ------------------------------------------------------------------------------------------

    @Test
    void onlyAnOwnerShares() throws Exception {
        acme.call(ALICE, grant(MALLORY, "editor", "/plans"));
        assertEquals(ProblemCode.FORBIDDEN, acme.code(MALLORY, everybody("/plans/q3.txt", "can_read")));
        assertEquals(ProblemCode.FORBIDDEN, acme.code(MALLORY, everybody("/nothing", "can_read")));
        String id = share(everybody("/plans/q3.txt", "can_read"));
        UUID share = WireIds.parse(id).orElseThrow().id();
        assertEquals(ProblemCode.FORBIDDEN, acme.code(MALLORY, new TenantRequest.DeleteTuple(share)));
        assertEquals(ProblemCode.FORBIDDEN, acme.code(MALLORY, new TenantRequest.ListShares(null, 10, 0)));
        assertEquals(
                ProblemCode.FORBIDDEN,
                acme.code(MALLORY, new TenantRequest.RevokeShares(path("/plans/q3.txt"), "bob")));
        acme.call(ALICE, grant(MALLORY, "owner", "/plans/q3.txt"));
        acme.call(MALLORY, everybody("/plans/q3.txt", "can_write"));
        acme.call(MALLORY, new TenantRequest.DeleteTuple(share));
    }

    private static TenantRequest.CreateTuple grant(String user, String relation, String path) {
        return new TenantRequest.CreateTuple(
                new ObjectRef("file", path(path).wire()), relation, SubjectRef.of("user", user), null);
    }

    @ParameterizedTest
    @ValueSource(strings = {"owner", "direct_owner", "shared-owner", "execute", "share", "read", "nonsense", "parent"})
    void noWordForMoreThanReadingAndWritingIsShared(String relation) throws Exception {
        assertEquals(ProblemCode.REFUSED, acme.code(ALICE, everybody("/plans", relation)));
    }

    @Test
    void whatCannotBeSharedIsRefused() throws Exception {
        assertEquals(ProblemCode.REFUSED, acme.code(ALICE, everybody("/", "can_read")));
        assertEquals(ProblemCode.REFUSED, acme.code(ALICE, everybody("/.tenant.json", "can_read")));
        assertEquals(ProblemCode.REFUSED, acme.code(ALICE, everybody("/.audit", "can_read")));
        assertEquals(ProblemCode.REFUSED, acme.code(ALICE, everybody("/shared/from-corp/x", "can_read")));
        assertEquals(ProblemCode.REFUSED, acme.code(ALICE, everybody("/shared/from-corp", "can_read")));
        assertEquals(ProblemCode.REFUSED, acme.code(ALICE, share("/plans", "can_read", "file", "x", null)));
        assertEquals(ProblemCode.REFUSED, acme.code(ALICE, share("/plans", "can_read", "tenant", "", START)));
        assertEquals(
                ProblemCode.REFUSED,
                acme.code(
                        ALICE,
                        new TenantRequest.CreateShare(
                                path("/plans"), "can_read", new ZoneName("nobody"), "tenant", "", null)));
    }

    /** A grant to everybody of another tenant is a share; to that of the tenant itself it is what it always was. */
    @Test
    void aGrantToAnotherTenantIsAShare() throws Exception {
        Reply.Granted granted = (Reply.Granted) acme.call(
                ALICE,
                new TenantRequest.CreateTuple(
                        new ObjectRef("file", path("/plans/q3.txt").wire()),
                        "can_read",
                        SubjectRef.of("tenant", "beta"),
                        null));
        assertEquals("the plan", text(bob, "/q3.txt"));
        assertFalse(acme.store.tuples.values().stream()
                .anyMatch(row -> row.tuple().subject().type().equals("tenant")));
        acme.call(
                ALICE,
                new TenantRequest.DeleteTuple(
                        WireIds.parse(granted.id()).orElseThrow().id()));
        assertEquals(ProblemCode.FORBIDDEN, readCode(bob, "/q3.txt"));
        for (SubjectRef subject : List.of(
                SubjectRef.of("tenant", "nobody"),
                SubjectRef.of("tenant", "NOT A NAME"),
                new SubjectRef("tenant", "beta", "member"))) {
            assertEquals(
                    ProblemCode.REFUSED,
                    acme.code(
                            ALICE,
                            new TenantRequest.CreateTuple(
                                    new ObjectRef("file", path("/plans").wire()), "can_read", subject, null)));
        }
    }

    /** No part of another tenant's tree becomes a part of this one, whoever owns the folder. */
    @Test
    void whatIsSharedHereIsNobodysHere() throws Exception {
        TenantRequest read = new TenantRequest.ReadFile(path("/shared/from-beta/x"), null);
        assertEquals(ProblemCode.FORBIDDEN, acme.code(ALICE, read));
        assertEquals(ProblemCode.FORBIDDEN, acme.code(ALICE, write("/shared/from-beta/x", "x")));
        assertEquals(ProblemCode.FORBIDDEN, acme.code(ALICE, write("/shared/from-nobody", "x")));
        assertEquals(
                ProblemCode.FORBIDDEN,
                acme.code(ALICE, new TenantRequest.Rename(path("/plans"), path("/shared/from-beta/x"))));
        assertEquals(ProblemCode.REFUSED, acme.code(ALICE, grant(MALLORY, "viewer", "/shared/from-beta/x")));
        // Her tuples say yes to everything below the root, but this is not below it.
        TenantRequest check = new TenantRequest.Check(List.of(new TenantRequest.CheckItem(
                SubjectRef.of("user", ALICE),
                "read",
                new ObjectRef("file", path("/shared/from-beta/x").wire()))));
        assertFalse(((Reply.Checks) acme.call(ALICE, check)).allowed()[0]);
        acme.call(ALICE, write("/shared/from-here.txt", "a name like any other"));
        share(everybody("/shared", "can_write"));
        assertEquals(
                ProblemCode.FORBIDDEN,
                refusal(bob, into("/shared/from-corp/x", "x")).code());
    }

    @Test
    void twoFilesOfOneNameGetTwoNames() throws Exception {
        acme.call(ALICE, write("/docs/q3.txt", "another"));
        share(everybody("/plans/q3.txt", "can_read"));
        share(everybody("/docs/q3.txt", "can_read"));
        share(everybody("/docs/q3.txt", "can_write"));
        assertEquals("the plan", text(bob, "/q3.txt"));
        assertEquals("another", text(bob, "/q3 (2).txt"));
        assertEquals(2, listed(bob, "", true).size());
    }

    @Test
    void thereIsALimitForOneTarget() throws Exception {
        acme.store.hold = false;
        for (int i = 0; i < Limits.SHARES_PER_TARGET; i++) {
            share(share("/plans", "can_read", "user", "u" + i, START.plusSeconds(100)));
        }
        Problem problem = acme.refusal(ALICE, share("/plans", "can_read", "user", "more", null));
        assertEquals(ProblemCode.REFUSED, problem.code());
        assertTrue(problem.message().contains(String.valueOf(Limits.SHARES_PER_TARGET)), problem.message());
        // Renewing takes no room, and another tenant has its own.
        share(share("/plans", "can_read", "user", "u7", null));
        acme.call(ALICE, new TenantRequest.CreateShare(path("/plans"), "can_read", CORP, "user", "u", null));
        // What is over makes room.
        acme.passed = Duration.ofSeconds(200);
        share(share("/plans", "can_read", "user", "more", null));
    }

    // ---- what is told
    // ------------------------------------------------------------------------------------------------

    /** Nothing of the tree outside of the share, nobody's name, no number of a quota. */
    @Test
    void tellsNothingOfTheOwner() throws Exception {
        share(everybody("/docs/a", "can_write"));
        acme.callAsSystem(new TenantRequest.UpdateRecord(
                patch(null, new QuotaOverrides(null, acme.store.usage().files(), null)), null, false));
        List<TenantRequest> requests = List.of(
                into("/a/new.txt", "no room"),
                into("/a/deep", "a folder"),
                into("/a/one.txt/below", "no folder"),
                into("/a", "the share itself"),
                new TenantRequest.ReadFile(mounted("/a/none.txt"), null),
                new TenantRequest.ReadFile(mounted("/a/deep"), null),
                new TenantRequest.PrepareWrite(mounted("/a/new.txt"), 1L << 50),
                new TenantRequest.MakeDirectory(mounted("/a/deep"), false, false),
                new TenantRequest.MakeDirectory(mounted("/a/x/y"), false, false),
                new TenantRequest.AppendFile(mounted("/a/one.txt"), new byte[] {1}, "no-etag"));
        for (TenantRequest request : requests) {
            Problem problem = refusal(bob, request);
            String told = problem + " " + problem.message() + " " + problem.path();
            assertFalse(told.contains("/tenants/acme"), told);
            assertFalse(told.contains("/docs"), told);
            assertFalse(told.contains("alice"), told);
            assertFalse(problem instanceof Problem.QuotaExceeded, told);
            assertFalse(told.matches("(?s).*(limit|used) [0-9].*"), told);
        }
        assertEquals(ProblemCode.QUOTA_EXCEEDED, refusal(bob, requests.get(0)).code());
        assertEquals(ProblemCode.NOT_FOUND, refusal(bob, requests.get(4)).code());
    }

    /** What is not there, not shared, over and somebody else's is refused alike. */
    @Test
    void refusesAlikeWhateverThereIs() throws Exception {
        share(share("/plans/secret.txt", "can_read", "user", "carol", null));
        share(share("/plans/q3.txt", "can_read", "tenant", "", START.plusSeconds(1)));
        acme.passed = Duration.ofSeconds(2);
        for (String name : List.of("/secret.txt", "/q3.txt", "/none", "/docs/a/one.txt")) {
            Problem problem = refusal(bob, new TenantRequest.ReadFile(mounted(name), null));
            assertEquals(
                    Problem.forbidden(
                            "Access denied: User 'bob' does not have READ permission for '"
                                    + mounted(name).wire() + "'",
                            mounted(name).wire()),
                    problem);
        }
    }

    @Test
    void pagesOfTheFolderOfSharesGoOnWhereTheyStopped() throws Exception {
        acme.call(ALICE, write("/docs/a.txt", "sorts between a and a/deep"));
        share(everybody("/docs/a", "can_read"));
        share(everybody("/docs/a.txt", "can_read"));
        List<String> all = listed(bob, "", true);
        assertEquals(
                List.of("/a", "/a.txt", "/a/deep", "/a/deep/two.txt", "/a/one.txt"),
                all.stream()
                        .map(wire -> wire.substring(mounted("").wire().length()))
                        .toList());
        for (int size : List.of(1, 2, 3, 5)) {
            List<String> paged = new ArrayList<>();
            String after = null;
            do {
                Reply.Listing page =
                        (Reply.Listing) as(bob, new TenantRequest.ListFiles(mounted(""), true, null, after, size));
                page.entries().forEach(entry -> paged.add(entry.path()));
                after = page.next();
            } while (after != null);
            assertEquals(all, paged, "pages of " + size);
        }
        Reply.Listing below = (Reply.Listing) as(
                bob,
                new TenantRequest.ListFiles(
                        mounted("/a"),
                        true,
                        mounted("/a/deep").wire(),
                        mounted("/a/deep").wire(),
                        10));
        assertEquals(
                List.of(mounted("/a/deep/two.txt").wire()),
                below.entries().stream().map(Reply.FileInfo::path).toList());
        Reply.Listing other = (Reply.Listing)
                as(bob, new TenantRequest.ListFiles(mounted("/a"), true, "/tenants/acme/docs", null, null));
        assertEquals(List.of(), other.entries());
    }

    @Test
    void bothSidesOfEveryUseAreInTheLog() throws Exception {
        String id = share(share("/docs/a", "can_write", "tenant", "", START.plusSeconds(1000)));
        as(bob, into("/a/x.txt", "x"));
        text(bob, "/a/x.txt");
        assertEquals(ProblemCode.FORBIDDEN, readCode(bob, "/none"));
        acme.call(
                ALICE,
                new TenantRequest.DeleteTuple(WireIds.parse(id).orElseThrow().id()));
        String log = log();
        String bobs = "\"user\":\"tenant:" + BETA_ID + "/user:bob\"";
        assertTrue(log.contains("\"action\":\"create_share\",\"user\":\"user:alice\""), log);
        assertTrue(log.contains("\"target_zone\":\"beta\""), log);
        assertTrue(log.contains("\"action\":\"write\"," + bobs), log);
        assertTrue(log.contains("\"kind\":\"access\",\"action\":\"read\"," + bobs), log);
        assertTrue(log.contains("\"kind\":\"denial\",\"action\":\"read\"," + bobs), log);
        assertTrue(log.contains("\"action\":\"revoke_share\",\"user\":\"user:alice\""), log);
    }

    /** A stranger's paths must not fill the log: they are told together. */
    @Test
    void strangersDoNotFillTheLog() throws Exception {
        for (int i = 0; i < 50; i++) {
            assertEquals(ProblemCode.FORBIDDEN, readCode(bob, "/x" + i));
        }
        acme.call(ALICE, write("/flush", "x"));
        assertEquals(
                1,
                log().lines()
                        .filter(line -> line.contains("\"kind\":\"denial\""))
                        .count(),
                log());
        assertFalse(log().contains("/x1"), log());
    }

    @Test
    void listsWhatIsShared() throws Exception {
        String one = share(everybody("/plans/q3.txt", "can_read"));
        String two = share(share("/docs/a", "shared-editor", "user", "bob", START.plusSeconds(50)));
        acme.call(ALICE, new TenantRequest.CreateShare(path("/docs/a"), "shared-viewer", null, "user", "carol", null));
        Reply.Shares all = (Reply.Shares) acme.call(ALICE, new TenantRequest.ListShares(null, 10, 0));
        assertEquals(3, all.total());
        assertEquals(
                List.of("carol", "bob", "beta"),
                all.shares().stream().map(Reply.Share::recipientId).toList());
        assertEquals(
                List.of(two, one),
                all.shares().stream().skip(1).map(Reply.Share::id).toList());
        Reply.Shares page = (Reply.Shares) acme.call(ALICE, new TenantRequest.ListShares(null, 1, 1));
        assertEquals(List.of(two), page.shares().stream().map(Reply.Share::id).toList());
        assertEquals(3, page.total());
        Reply.Shares of = (Reply.Shares) acme.call(ALICE, new TenantRequest.ListShares(path("/plans/q3.txt"), 10, 0));
        assertEquals(List.of(one), of.shares().stream().map(Reply.Share::id).toList());
        acme.passed = Duration.ofSeconds(60);
        assertEquals(2, ((Reply.Shares) acme.call(ALICE, new TenantRequest.ListShares(null, 10, 0))).total());
        // A tenant that is deleted is shared with no more.
        acme.registered.remove(BETA);
        assertEquals(1, ((Reply.Shares) acme.call(ALICE, new TenantRequest.ListShares(null, 10, 0))).total());
    }

    @Test
    void revokesWhatAUserHasOfAPath() throws Exception {
        share(share("/docs/a", "shared-viewer", "user", "bob", null));
        share(share("/docs/a", "shared-editor", "user", "bob", null));
        acme.call(ALICE, new TenantRequest.CreateShare(path("/docs/a"), "shared-viewer", null, "user", "bob", null));
        share(everybody("/plans", "can_read"));
        TenantRequest revoke = new TenantRequest.RevokeShares(path("/docs/a"), "bob");
        assertEquals(new Reply.Flag(true), acme.call(ALICE, revoke));
        assertEquals(new Reply.Flag(false), acme.call(ALICE, revoke));
        Reply.Shares left = (Reply.Shares) acme.call(ALICE, new TenantRequest.ListShares(null, 10, 0));
        assertEquals(
                List.of("/tenants/acme/plans"),
                left.shares().stream().map(Reply.Share::resource).toList());
    }

    // ---- the tutorial's calls
    // ----------------------------------------------------------------------------------------

    private static TenantRequest.OfferShare offer() {
        return new TenantRequest.OfferShare(BETA, "q3.txt", "can_read", null);
    }

    private static TenantRequest.BindShare bind(String label, String path, @Nullable Instant until) {
        return new TenantRequest.BindShare(BETA, label, path(path), "can_read", until);
    }

    @Test
    void anAnnouncedSharePermitsNothingUntilItIsBound() throws Exception {
        Reply.Granted offered = (Reply.Granted) acme.callAsSystem(offer());
        assertEquals(offered.id(), ((Reply.Granted) acme.callAsSystem(offer())).id());
        assertEquals(ProblemCode.FORBIDDEN, readCode(bob, "/q3.txt"));
        assertEquals(List.of(), listed(bob, "", true));
        Reply.Written note =
                (Reply.Written) acme.callAsSystem(bind("share_1.5", "/plans/q3.txt", START.plusSeconds(9)));
        assertEquals(
                mounted("/.share-share_1.5.json").wire(), note.files().get(0).path());
        assertEquals("the plan", text(bob, "/q3.txt"));
        String text = text(bob, "/.share-share_1.5.json");
        assertEquals(
                "{\"share_id\":\"share_1.5\",\"source_tenant\":\"acme\",\"target_tenant\":\"beta\","
                        + "\"file_path\":\"/tenants/acme/plans/q3.txt\",\"permission\":\"can_read\","
                        + "\"created_at\":\""
                        + text.split("\"created_at\":\"")[1].split("\"")[0]
                        + "\",\"expires_at\":\"2026-01-01T00:00:09Z\",\"status\":\"active\"}",
                text);
        assertEquals(
                List.of(
                        mounted("/.share-share_1.5.json").wire(),
                        mounted("/q3.txt").wire()),
                listed(bob, "", true));
        // By the id of the announcement it is revoked.
        acme.call(
                ALICE,
                new TenantRequest.DeleteTuple(
                        WireIds.parse(offered.id()).orElseThrow().id()));
        assertEquals(ProblemCode.FORBIDDEN, readCode(bob, "/q3.txt"));
        assertEquals(ProblemCode.FORBIDDEN, readCode(bob, "/.share-share_1.5.json"));
    }

    @Test
    void aShareOfAFileThatIsNotThereYetWaitsForIt() throws Exception {
        acme.callAsSystem(new TenantRequest.OfferShare(BETA, "later.pdf", "can_read", null));
        acme.callAsSystem(bind("s", "/plans/later.pdf", null));
        assertEquals(ProblemCode.NOT_FOUND, readCode(bob, "/later.pdf"));
        acme.call(ALICE, write("/plans/later.pdf", "now"));
        assertEquals("now", text(bob, "/later.pdf"));
    }

    @Test
    void theNewestNoteTakesThePlaceOfTheOthers() throws Exception {
        acme.callAsSystem(offer());
        acme.callAsSystem(bind("one", "/plans/q3.txt", START.plusSeconds(5)));
        acme.callAsSystem(offer());
        acme.callAsSystem(bind("two", "/plans/q3.txt", START.plusSeconds(50)));
        assertEquals(1, ((Reply.Shares) acme.call(ALICE, new TenantRequest.ListShares(null, 10, 0))).total());
        assertEquals(ProblemCode.FORBIDDEN, readCode(bob, "/.share-one.json"));
        // Written again it changes the share that it made.
        acme.callAsSystem(bind("two", "/plans/q3.txt", START.plusSeconds(500)));
        // But it makes no other share of it, of which nobody was told before.
        for (TenantRequest other : List.of(
                bind("two", "/plans/secret.txt", null),
                new TenantRequest.BindShare(BETA, "two", path("/plans/q3.txt"), "can_write", null))) {
            Problem problem = ActorFixture.refusal(acme.send(acme.ask("nobody", other), Principal.SERVER));
            assertEquals(ProblemCode.REFUSED, problem.code());
        }
        acme.passed = Duration.ofSeconds(100);
        assertEquals("the plan", text(bob, "/q3.txt"));
    }

    @Test
    void onlyASystemAdministratorBindsAndOnlyWhatWasAnnounced() throws Exception {
        assertEquals(ProblemCode.FORBIDDEN, acme.code(ALICE, offer()));
        assertEquals(ProblemCode.FORBIDDEN, acme.code(ALICE, bind("s", "/plans/q3.txt", null)));
        Problem unannounced =
                ActorFixture.refusal(acme.send(acme.ask("nobody", bind("s", "/plans/q3.txt", null)), Principal.SERVER));
        assertEquals(ProblemCode.REFUSED, unannounced.code());
        acme.callAsSystem(offer());
        Problem other = ActorFixture.refusal(acme.send(
                acme.ask("nobody", new TenantRequest.BindShare(BETA, "s", path("/plans/q3.txt"), "can_write", null)),
                Principal.SERVER));
        assertEquals(ProblemCode.REFUSED, other.code());
    }

    @Test
    void anAnnouncementIsForgottenAfterAWhile() throws Exception {
        acme.callAsSystem(offer());
        acme.passed = Limits.PENDING_SHARE.plusSeconds(1);
        acme.callAsSystem(new TenantRequest.OfferShare(BETA, "other", "can_read", null));
        Problem problem =
                ActorFixture.refusal(acme.send(acme.ask("nobody", bind("s", "/plans/q3.txt", null)), Principal.SERVER));
        assertEquals(ProblemCode.REFUSED, problem.code());
    }

    // ---- who vouches
    // -------------------------------------------------------------------------------------------------

    private Principal vouch(String user, TenantRequest request, @Nullable Principal system) throws Exception {
        Promise<Principal> promise = Promise.promise();
        acme.vertx
                .getOrCreateContext()
                .runOnContext(v ->
                        acme.verticle.vouch(acme.ask(user, request), system).onComplete(promise));
        return ActorFixture.await(promise.future());
    }

    private ProblemCode vouchCode(String user, TenantRequest request, @Nullable Principal system) {
        return assertThrows(ProblemException.class, () -> vouch(user, request, system))
                .problem()
                .code();
    }

    @Test
    void vouchesForItsOwnPeopleAndWhatIsSharedWithIt() throws Exception {
        TenantRequest read = new TenantRequest.ReadFile(path("/shared/from-beta/x"), null);
        acme.call(
                ALICE,
                new TenantRequest.CreateTuple(
                        new ObjectRef("group", "inner"), "member", SubjectRef.of("user", MALLORY), null));
        acme.call(
                ALICE,
                new TenantRequest.CreateTuple(
                        new ObjectRef("group", "outer"), "member", new SubjectRef("group", "inner", "member"), null));
        Principal mallory = vouch(MALLORY, read, null);
        assertEquals(ActorFixture.TENANT, mallory.tenant());
        Guest guest = NonNull.of(mallory.guest());
        assertEquals(List.of("inner", "outer"), guest.groups());
        assertEquals(START, guest.registeredAt());
        assertFalse(guest.everybody());
        Principal system = vouch("nobody", read, Principal.SERVER);
        assertFalse(system.systemAdministrator());
        assertTrue(NonNull.of(system.guest()).everybody());

        assertEquals(ProblemCode.UNAUTHENTICATED, vouchCode("nobody", read, null));
        assertEquals(ProblemCode.FORBIDDEN, vouchCode(ALICE, new TenantRequest.ReadFile(mounted("/x"), null), null));
        assertEquals(
                ProblemCode.FORBIDDEN,
                vouchCode(ALICE, new TenantRequest.ReadFile(path("/shared/from-acme/x"), null), null));
        acme.call(ALICE, write("/flush", "x"));
        assertTrue(log().contains("\"kind\":\"access\",\"action\":\"read\",\"user\":\"user:mallory\""), log());
        assertTrue(log().contains("\"kind\":\"denial\",\"action\":\"read\",\"user\":\"user:alice\""), log());
        setStatus(TenantStatus.SUSPENDED);
        assertEquals(ProblemCode.TENANT_SUSPENDED, vouchCode(ALICE, read, null));
        assertEquals(ProblemCode.TENANT_SUSPENDED, vouchCode("nobody", read, Principal.SERVER));
    }

    @Test
    void moreGroupsThanCanBeVouchedForAreAnError() throws Exception {
        for (int i = 0; i <= Limits.GUEST_GROUPS; i += 500) {
            int from = i;
            for (Future<Reply> made : IntStream.range(from, Math.min(from + 500, Limits.GUEST_GROUPS + 1))
                    .mapToObj(g -> acme.send(
                            ALICE,
                            new TenantRequest.CreateTuple(
                                    new ObjectRef("group", "g" + g), "member", SubjectRef.of("user", MALLORY), null)))
                    .toList()) {
                ActorFixture.await(made);
            }
        }
        TenantRequest read = new TenantRequest.ReadFile(path("/shared/from-beta/x"), null);
        assertEquals(ProblemCode.TOO_LARGE, vouchCode(MALLORY, read, null));
        assertEquals(List.of(), NonNull.of(vouch(ALICE, read, null).guest()).groups());
    }

    /** What must be there in a test. */
    private static final class NonNull {
        static <T> T of(@Nullable T value) {
            if (value == null) {
                throw new AssertionError("missing");
            }
            return value;
        }
    }
}
