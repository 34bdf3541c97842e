package nexus.tenant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import nexus.kernel.ContentHash;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.lifecycle.Lifecycle;
import nexus.lifecycle.TenantStatus;
import nexus.quota.Plan;
import nexus.quota.QuotaOverrides;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Changes of a tenant as the REST interface asks for them: preconditions, plans, keys that do a thing once, the lifecycle. */
class TenantChangeTest {
    private static final String ALICE = ActorFixture.ALICE;
    private static final UUID KEY = new UUID(1, 2);
    private ActorFixture acme;

    @BeforeEach
    void start() throws Exception {
        acme = new ActorFixture();
    }

    @AfterEach
    void stop() {
        acme.close();
    }

    private static TenantRequest.RecordPatch patch(
            @Nullable String name,
            @Nullable Plan plan,
            @Nullable TenantStatus status,
            @Nullable Instant trialEndsAt,
            @Nullable QuotaOverrides overrides) {
        return new TenantRequest.RecordPatch(
                null, null, name, plan, status, null, trialEndsAt, overrides, Map.of(), null, Map.of());
    }

    private static TenantRequest.ChangeTenant rename(String name, @Nullable String ifMatch) {
        return new TenantRequest.ChangeTenant(patch(name, null, null, null, null), ifMatch);
    }

    private static TenantRequest.ChangeTenant status(TenantStatus status) {
        return new TenantRequest.ChangeTenant(patch(null, null, status, null, null), null);
    }

    private static TenantRequest.Idempotent once(String digest, TenantRequest.Command command) {
        return new TenantRequest.Idempotent(KEY, ContentHash.of(digest.getBytes(StandardCharsets.UTF_8)), command);
    }

    private Reply.Tenant change(TenantRequest request) throws Exception {
        return assertInstanceOf(Reply.Tenant.class, acme.callAsSystem(request));
    }

    private Problem refused(TenantRequest request) throws Exception {
        return ActorFixture.refusal(acme.send(acme.ask("nobody", request), Principal.SERVER));
    }

    private Reply.Tenant shown() throws Exception {
        return (Reply.Tenant) acme.callAsSystem(new TenantRequest.ShowTenant());
    }

    @Test
    void aChangeIsMadeOnlyIfTheRecordIsTheOneThatWasRead() throws Exception {
        assertEquals(2, change(rename("One", "1")).settingsRevision());
        assertEquals(ProblemCode.CONFLICT, refused(rename("Two", "1")).code());
        assertEquals(ProblemCode.CONFLICT, refused(rename("Two", "x")).code());
        assertTrue(shown().document().contains("\"name\":\"One\""), shown().document());
        assertEquals(3, change(rename("Two", "2")).settingsRevision());
        assertEquals(4, change(rename("Three", null)).settingsRevision());
        assertEquals(4, change(rename("Three", null)).settingsRevision(), "nothing changed");
        assertEquals(shown(), change(rename("Three", "4")));
    }

    @Test
    void onlyASystemAdministratorChangesATenantAndOnlyWhoMayReadSeesIt() throws Exception {
        assertEquals(ProblemCode.FORBIDDEN, acme.code(ALICE, rename("Mine", null)));
        assertEquals(ProblemCode.FORBIDDEN, acme.code(ALICE, new TenantRequest.DeleteTenant("acme")));
        assertInstanceOf(Reply.Tenant.class, acme.call(ALICE, new TenantRequest.ShowTenant()));
        assertEquals(ProblemCode.FORBIDDEN, acme.code(ActorFixture.MALLORY, new TenantRequest.ShowTenant()));
    }

    @Test
    void aPlanThatIsTooSmallIsRefusedWithAllThatIsInTheWay() throws Exception {
        change(new TenantRequest.ChangeTenant(patch(null, Plan.PRO, null, null, null), null));
        change(new TenantRequest.ChangeTenant(patch(null, null, null, null, new QuotaOverrides(9L, 9L, null)), null));
        acme.call(ALICE, ActorFixture.write("/a", "1"));
        acme.call(ALICE, ActorFixture.write("/b", "22"));
        Problem problem = refused(new TenantRequest.ChangeTenant(
                patch(null, Plan.FREE, null, null, new QuotaOverrides(1L, 1L, 2L)), null));
        assertEquals(ProblemCode.REFUSED, problem.code());
        assertEquals(
                "the tenant uses more than the plan 'free' allows (users: 2 used, 1 allowed; files: 2 used, 1 allowed;"
                        + " storage: 3 used, 2 allowed)",
                problem.message());
        assertTrue(shown().document().contains("\"plan\":\"pro\""));
        assertTrue(change(new TenantRequest.ChangeTenant(patch(null, Plan.FREE, null, null, null), null))
                .document()
                .contains("\"plan\":\"free\""));
    }

    @Test
    void whatCameWithAKeyIsDoneOnceAndAnsweredTheSame() throws Exception {
        Reply.Tenant first = change(once("a", rename("One", "1")));
        acme.callAsSystem(rename("Later", null));
        Reply again = acme.callAsSystem(once("a", rename("One", "1")));
        assertEquals(new Reply.Replayed(first), again);
        assertEquals(
                ProblemCode.REFUSED, refused(once("b", rename("Two", null))).code());
        acme.deploy(false);
        assertEquals(new Reply.Replayed(first), acme.callAsSystem(once("a", rename("One", "1"))), "after a crash");
        assertEquals(3, shown().settingsRevision());
        acme.micros.addAndGet(Limits.IDEMPOTENCY_MEMORY.plusSeconds(1).toMillis() * 1000);
        assertEquals(4, change(once("b", rename("Two", null))).settingsRevision(), "the key is forgotten after a day");
    }

    @Test
    void twoThatComeTogetherWithOneKeyAreDoneOnce() throws Exception {
        synchronized (acme.store) {
            acme.store.hold = true;
        }
        var before = acme.send(acme.ask("nobody", rename("Before", null)), Principal.SERVER);
        acme.awaitHeld(1);
        var one = acme.send(acme.ask("nobody", once("a", rename("One", null))), Principal.SERVER);
        var other = acme.send(acme.ask("nobody", once("a", rename("One", null))), Principal.SERVER);
        acme.awaitArrived();
        acme.letGo();
        assertEquals(2, ((Reply.Tenant) ActorFixture.await(before)).settingsRevision());
        assertEquals(new Reply.Replayed(ActorFixture.await(one)), ActorFixture.await(other));
        assertEquals(3, shown().settingsRevision());
    }

    @Test
    void aRefusalIsNotRemembered() throws Exception {
        assertEquals(
                ProblemCode.CONFLICT, refused(once("a", rename("One", "9"))).code());
        assertEquals(2, change(once("b", rename("One", "1"))).settingsRevision());
    }

    @Test
    void whatChangesNothingIsRememberedToo() throws Exception {
        Reply.Tenant first = change(once("a", rename("acme", null)));
        assertEquals(1, first.settingsRevision());
        change(rename("Other", null));
        assertEquals(new Reply.Replayed(first), acme.callAsSystem(once("a", rename("acme", null))));
    }

    @Test
    void theEndOfATrialIsWrittenDownOnceAndNotBefore() throws Exception {
        change(new TenantRequest.ChangeTenant(
                patch(null, null, TenantStatus.TRIAL, ActorFixture.START.plusSeconds(100), null), null));
        acme.callAsSystem(new TenantRequest.AdvanceLifecycle());
        assertEquals(2, shown().settingsRevision());
        acme.micros.set(101_000_000);
        acme.callAsSystem(new TenantRequest.AdvanceLifecycle());
        acme.callAsSystem(new TenantRequest.AdvanceLifecycle());
        assertEquals(3, shown().settingsRevision());
        String text = shown().document();
        assertTrue(text.contains("\"status\":\"suspended\",\"suspension_reason\":\"trial_expired\""), text);
        assertTrue(change(status(TenantStatus.ACTIVE)).document().contains("\"status\":\"active\""));
        acme.call(ALICE, ActorFixture.write("/a", "1"));
    }

    @Test
    void aCancelledTenantIsKeptForTheRetentionAndThenDeleted() throws Exception {
        String text = change(status(TenantStatus.CANCELLED)).document();
        assertTrue(
                text.contains("\"deletes_at\":\""
                        + ActorFixture.START
                                .plus(Lifecycle.RETENTION)
                                .toString()
                                .substring(0, 10)),
                text);
        assertEquals(ProblemCode.REFUSED, refused(status(TenantStatus.ACTIVE)).code());
        acme.callAsSystem(new TenantRequest.AdvanceLifecycle());
        assertEquals(text, shown().document());
        acme.micros.addAndGet(Lifecycle.RETENTION.plus(Duration.ofSeconds(1)).toMillis() * 1000);
        acme.callAsSystem(new TenantRequest.AdvanceLifecycle());
        assertTrue(acme.store.committed.get(acme.store.committed.size() - 1).tombstone());
    }

    @Test
    void deletingNeedsTheNameOrTheIdOfThisVeryTenant() throws Exception {
        assertEquals(
                ProblemCode.REFUSED, refused(new TenantRequest.DeleteTenant("")).code());
        assertEquals(
                ProblemCode.REFUSED,
                refused(new TenantRequest.DeleteTenant("beta")).code());
        acme.callAsSystem(new TenantRequest.DeleteTenant(ActorFixture.TENANT.toString()));
        assertTrue(acme.store.committed.get(acme.store.committed.size() - 1).tombstone());
    }
}
