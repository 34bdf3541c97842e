package nexus.tenant;

import static nexus.tenant.ActorFixture.ALICE;
import static nexus.tenant.ActorFixture.path;
import static nexus.tenant.ActorFixture.write;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import nexus.kernel.CommandId;
import nexus.kernel.KeyId;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.quota.QuotaOverrides;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.SubjectRef;
import nexus.store.Group;
import nexus.store.KeyRecord;
import nexus.store.UserRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a user is given, and that nothing of it is left when it is taken. */
class UserCommandsTest {
    private ActorFixture acme;

    @BeforeEach
    void start() throws Exception {
        acme = new ActorFixture();
    }

    @AfterEach
    void stop() throws Exception {
        try {
            assertEquals(acme.store.recount(), acme.store.usage(), "the usage is what the rows add up to");
        } finally {
            acme.close();
        }
    }

    /** With a key by which {@code acme.call(user, ...)} works. */
    private static TenantRequest.ProvisionUser provision(String user) {
        return new TenantRequest.ProvisionUser(
                user,
                user + "@example.com",
                null,
                ActorFixture.keyId(user),
                user.getBytes(StandardCharsets.UTF_8),
                true);
    }

    private static TenantRequest.ProvisionUser withoutKey(String user, @Nullable String email) {
        return new TenantRequest.ProvisionUser(user, email, null, null, new byte[0], false);
    }

    private Reply.Provisioned made(TenantRequest request) throws Exception {
        return (Reply.Provisioned) acme.callAsSystem(request);
    }

    private Reply.Deprovisioned taken(String user, boolean deleteRecord) throws Exception {
        return (Reply.Deprovisioned) acme.callAsSystem(new TenantRequest.DeprovisionUser(user, deleteRecord, false));
    }

    private Problem refused(TenantRequest request) throws Exception {
        return ActorFixture.refusal(acme.send(acme.ask("nobody", request), Principal.SERVER));
    }

    private static TenantRequest.CreateTuple grant(String type, String id, String relation, String path) {
        return new TenantRequest.CreateTuple(
                new ObjectRef("file", "/tenants/acme" + path), relation, SubjectRef.of(type, id), null);
    }

    private static TenantRequest.CreateKey key(String name, String user, String subjectType, String subject) {
        return new TenantRequest.CreateKey(
                ActorFixture.keyId(name),
                name.getBytes(StandardCharsets.UTF_8),
                name,
                user,
                subjectType,
                subject,
                false,
                null);
    }

    private void limitUsers(long users) throws Exception {
        acme.callAsSystem(new TenantRequest.UpdateRecord(
                new TenantRequest.RecordPatch(
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        new QuotaOverrides(users, null, null),
                        Map.of(),
                        null,
                        Map.of()),
                null,
                false));
    }

    // ---- giving
    // ------------------------------------------------------------------------------------------------------

    @Test
    void aUserGetsHisDirectoryAndHisKeyAndNothingElse() throws Exception {
        acme.call(ALICE, write("/shared/a", "1"));
        Reply.Provisioned bob = made(provision("bob"));

        assertTrue(bob.made());
        assertEquals(ActorFixture.keyId("bob"), bob.key());
        assertEquals("bob@example.com", bob.email());
        assertEquals("/tenants/acme/users/bob", bob.workspacePath());
        assertEquals(List.of("ImpersonatedUser", "UntrustedAgent"), bob.agents());
        assertEquals(
                List.of(
                        "/tenants/acme/users/bob/agent/ImpersonatedUser",
                        "/tenants/acme/users/bob/agent/UntrustedAgent"),
                bob.agentPaths());
        assertEquals(
                List.of(
                        "/tenants/acme/users",
                        "/tenants/acme/users/bob",
                        "/tenants/acme/users/bob/agent",
                        "/tenants/acme/users/bob/agent/ImpersonatedUser",
                        "/tenants/acme/users/bob/agent/UntrustedAgent"),
                bob.directories());
        acme.call("bob", write("/users/bob/notes", "mine"));
        acme.call("bob", grant("user", "mallory", "viewer", "/users/bob/notes"));
        assertEquals(ProblemCode.FORBIDDEN, acme.code("bob", new TenantRequest.ReadFile(path("/shared/a"), null)));
        assertEquals(ProblemCode.FORBIDDEN, acme.code("bob", write("/users/x", "1")));
        assertEquals(3, acme.store.usage().users());
    }

    @Test
    void itIsOneGroupWithOneAuditLine() throws Exception {
        made(provision("bob"));
        assertEquals(1, acme.store.committed.size());
        Group group = acme.store.committed.get(0);
        assertEquals(1, group.audit().size());
        String line = group.audit().get(0).line();
        assertTrue(line.contains("\"action\":\"provision_user\""), line);
        assertTrue(line.contains("\"resource\":\"/users/bob\""), line);
        assertTrue(line.contains("\"user_id\":\"bob\",\"key_id\":\"" + ActorFixture.keyId("bob")), line);
        assertFalse(line.contains("@"), "the log cannot be rewritten: it holds no address");
    }

    @Test
    void againChangesNothingAndSaysSo() throws Exception {
        made(provision("bob"));
        Reply.Provisioned again = made(new TenantRequest.ProvisionUser(
                "bob", "bob@example.com", null, new KeyId(new UUID(8, 8)), new byte[16], true));
        assertFalse(again.made());
        assertNull(again.key());
        assertEquals(List.of(), again.directories());
        assertEquals(List.of(), again.agents());
        assertEquals("/tenants/acme/users/bob", again.workspacePath());
        assertEquals(2, again.agentPaths().size());
        assertEquals(1, acme.store.committed.size(), "there was nothing to commit");
        assertEquals(1, acme.store.keysOf("bob").size());
    }

    @Test
    void whatIsMissingIsMadeWhole() throws Exception {
        acme.callAsSystem(key("bob", "bob", "user", "bob"));
        acme.call(ALICE, write("/users/bob/old", "1"));
        Reply.Provisioned bob = made(withoutKey("bob", "bob@example.com"));
        assertFalse(bob.made());
        assertNull(bob.key());
        assertEquals(List.of(), bob.directories());
        assertEquals(List.of(), bob.agentPaths());
        acme.call("bob", new TenantRequest.ReadFile(path("/users/bob/old"), null));
        UserRecord record = acme.store.user("user:bob");
        assertNotNull(record);
        assertEquals("bob@example.com", record.email());
    }

    @Test
    void aGrantThatEndsBecomesOneThatDoesNot() throws Exception {
        Instant soon = ActorFixture.START.plusSeconds(60);
        acme.call(
                ALICE,
                new TenantRequest.CreateTuple(
                        new ObjectRef("file", "/tenants/acme/users/bob"), "owner", SubjectRef.of("user", "bob"), soon));
        made(provision("bob"));
        acme.micros.addAndGet(120_000_000);
        acme.call("bob", write("/users/bob/a", "1"));
    }

    @Test
    void theProfileIsKeptAndChanged() throws Exception {
        made(new TenantRequest.ProvisionUser("bob", "bob@example.com", "Bob", null, new byte[0], false));
        made(withoutKey("bob", null));
        Reply.Provisioned bob = made(withoutKey("bob", "b@example.org"));
        assertEquals("b@example.org", bob.email());
        assertEquals("Bob", bob.displayName());
        acme.deploy(false);
        assertEquals("b@example.org", made(withoutKey("bob", null)).email());
    }

    @Test
    void aNewKeyIsMadeWhereNoneOpens() throws Exception {
        acme.callAsSystem(new TenantRequest.CreateKey(
                ActorFixture.keyId("old"),
                new byte[16],
                "old",
                "bob",
                "user",
                "bob",
                false,
                ActorFixture.START.plusSeconds(60)));
        acme.callAsSystem(key("bot", "bob", "agent", "bob,Bot"));
        acme.micros.addAndGet(120_000_000);
        assertEquals(ActorFixture.keyId("bob"), made(provision("bob")).key());
        assertEquals(3, acme.store.usage().users(), "he has his seat already");
    }

    @Test
    void aUserWithoutAKeyTakesNoSeat() throws Exception {
        limitUsers(2);
        made(withoutKey("bob", null));
        assertEquals(2, acme.store.usage().users());
    }

    @Test
    void seatsAreExactUnderManyAtOnce() throws Exception {
        limitUsers(12);
        acme.store.hold = true;
        Future<Reply> first = acme.send(ALICE, write("/a", "1"));
        acme.awaitHeld(1);
        List<Future<Reply>> all = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            all.add(acme.send(acme.ask("nobody", provision("u" + i)), Principal.SERVER));
        }
        // A query comes behind them, so all have queued when it is answered.
        acme.call(ALICE, new TenantRequest.WhoAmI());
        acme.letGo();
        ActorFixture.await(first);
        int refused = 0;
        for (Future<Reply> one : all) {
            try {
                ActorFixture.await(one);
            } catch (ProblemException e) {
                assertEquals(ProblemCode.QUOTA_EXCEEDED, e.problem().code());
                refused++;
            }
        }
        assertEquals(20, refused);
        assertEquals(12, acme.store.usage().users());
        assertEquals(2, acme.store.committed.size() - 1, "they were one group");
        assertNull(acme.store.user("user:u29"), "a refused one leaves nothing");
        taken("u3", false);
        made(provision("u29"));
        assertEquals(ProblemCode.QUOTA_EXCEEDED, refused(provision("u28")).code());
    }

    @Test
    void theSameCommandActsOnceAlsoAcrossActivations() throws Exception {
        CommandId id = acme.newCommand();
        Ask ask = acme.ask("nobody", id, Duration.ofSeconds(10), provision("bob"));
        Reply first = ActorFixture.await(acme.send(ask, Principal.SERVER));
        acme.deploy(false);
        assertEquals(first, ActorFixture.await(acme.send(ask, Principal.SERVER)));
        CommandId end = acme.newCommand();
        Ask endAsk =
                acme.ask("nobody", end, Duration.ofSeconds(10), new TenantRequest.DeprovisionUser("bob", true, false));
        Reply ended = ActorFixture.await(acme.send(endAsk, Principal.SERVER));
        acme.deploy(false);
        assertEquals(ended, ActorFixture.await(acme.send(endAsk, Principal.SERVER)));
        assertEquals(2, acme.store.committed.size());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a/b|INVALID_REQUEST",
                "..|INVALID_REQUEST",
                "a%2fb|INVALID_REQUEST",
                "a,b|INVALID_REQUEST",
                "' bob'|INVALID_REQUEST",
                ".share-x.json|REFUSED",
                "''|INVALID_REQUEST",
            })
    void namesThatAreNoDirectoriesAreRefused(String user, ProblemCode code) throws Exception {
        assertEquals(code, refused(withoutKey(user, null)).code());
        assertEquals(
                code,
                refused(withoutKey(user.isEmpty() ? "x".repeat(201) : user, null))
                        .code());
        assertEquals(List.of(), acme.store.committed);
    }

    @ParameterizedTest
    @CsvSource({"alice", "@x", "x@", "a@b@c", "'a b@c'"})
    void whatIsNoAddressIsRefused(String email) throws Exception {
        Problem problem = refused(withoutKey("bob", email));
        assertEquals("email must be an address as alice@example.com, of up to 254 bytes", problem.message());
    }

    @Test
    void aFileInTheWayIsRefused() throws Exception {
        acme.call(ALICE, write("/users/bob", "a file"));
        assertEquals(
                "Not a directory: /tenants/acme/users/bob",
                refused(provision("bob")).message());
        assertNull(taken("bob", true).directory());
        acme.call(ALICE, new TenantRequest.ReadFile(path("/users/bob"), null));
    }

    @Test
    void onlySystemAdministratorsMay() throws Exception {
        Problem problem = acme.refusal(ALICE, provision("bob"));
        assertEquals(ProblemCode.FORBIDDEN, problem.code());
        assertEquals("Admin privileges required for this operation", problem.message());
        for (String user : List.of("mallory", "unknown")) {
            assertEquals(problem, acme.refusal(ALICE, new TenantRequest.DeprovisionUser(user, true, true)));
        }
        assertEquals(2, acme.store.usage().users());
    }

    // ---- taking
    // ------------------------------------------------------------------------------------------------------

    @Test
    void nothingOfAUserIsLeft() throws Exception {
        made(provision("bob"));
        acme.call("bob", write("/users/bob/deep/er/a", "12345"));
        acme.call("bob", write("/users/bob/deep/er/a", "123"));
        acme.call("bob", grant("user", "mallory", "viewer", "/users/bob/deep"));
        acme.call(ALICE, grant("user", "bob", "viewer", "/shared"));
        acme.call(ALICE, grant("agent", "bob,UntrustedAgent", "viewer", "/shared"));
        acme.call(ALICE, grant("user", "bobby", "viewer", "/shared"));
        acme.callAsSystem(key("bot", "bob", "agent", "bob,Bot"));
        acme.callAsSystem(key("second", "bob", "user", "bob"));
        acme.call(ALICE, write("/users/bobby/a", "not bob's"));
        long bytes = acme.store.usage().bytes();
        int groups = acme.store.committed.size();

        Reply.Deprovisioned bob = taken("bob", true);

        assertEquals("/tenants/acme/users/bob", bob.directory());
        assertEquals(3, bob.keys());
        assertEquals(3, bob.permissions(), "his directory, /shared, and his agent's");
        assertEquals(4, bob.entities(), "he and three agents");
        assertTrue(bob.recordDeleted());
        assertEquals(groups + 1, acme.store.committed.size(), "one group");
        assertEquals(bytes - 8, acme.store.usage().bytes(), "all versions count");
        assertEquals(2, acme.store.usage().users());
        assertEquals(ProblemCode.UNAUTHENTICATED, acme.code("bob", new TenantRequest.WhoAmI()));
        assertEquals(ProblemCode.UNAUTHENTICATED, acme.code("bot", new TenantRequest.WhoAmI()));
        assertTrue(
                acme.store.files.values().stream().noneMatch(file -> file.path().startsWith("/users/bob/")));
        acme.call(ALICE, new TenantRequest.ReadFile(path("/users/bobby/a"), null));
        List<String> left = acme.store.tuples.values().stream()
                .map(row -> row.tuple().toString())
                .toList();
        assertTrue(left.stream().noneMatch(text -> text.matches(".*(user:bob$|bob,|/users/bob/).*")), left.toString());
        assertTrue(left.contains("file:/shared#viewer@user:bobby"), left.toString());
        assertNull(acme.store.user("user:bob"));
        assertNull(acme.store.user("agent:bob,Bot"));

        // His successor inherits nothing.
        Reply.Provisioned next = made(new TenantRequest.ProvisionUser(
                "bob", null, null, ActorFixture.keyId("next"), "next".getBytes(StandardCharsets.UTF_8), false));
        assertTrue(next.made());
        assertNull(next.email());
        assertEquals(ProblemCode.FORBIDDEN, acme.code("next", new TenantRequest.ReadFile(path("/shared/a"), null)));
        Reply.Listing own = (Reply.Listing)
                acme.call("next", new TenantRequest.ListFiles(path("/users/bob"), true, null, null, null));
        assertEquals(List.of(), own.entries());
        assertEquals(ProblemCode.UNAUTHENTICATED, acme.code("second", new TenantRequest.WhoAmI()));
    }

    @Test
    void itIsAuditedWithWhatItTook() throws Exception {
        made(provision("bob"));
        acme.call("bob", write("/users/bob/a", "12345"));
        taken("bob", true);
        String line = acme.store.audit.get(acme.store.audit.size() - 1).line();
        assertTrue(line.contains("\"action\":\"deprovision_user\""), line);
        assertTrue(
                line.contains("\"resource\":\"/users/bob\",\"detail\":{\"user_id\":\"bob\",\"files\":1,\"bytes\":5,"
                        + "\"keys\":1,\"permissions\":1,\"entities\":3,\"record_deleted\":true}"),
                line);
    }

    @Test
    void aRecordThatStaysIsDisabledUntilHeIsProvisionedAgain() throws Exception {
        made(provision("bob"));
        assertFalse(taken("bob", false).recordDeleted());
        UserRecord record = acme.store.user("user:bob");
        assertNotNull(record);
        assertFalse(record.enabled());
        assertEquals("bob@example.com", record.email());
        // A key would take a seat and open nothing.
        assertEquals(
                "'user:bob' is disabled: provision_user brings a user back",
                refused(key("new", "bob", "user", "bob")).message());
        assertEquals(
                "'agent:bob,UntrustedAgent' is disabled: provision_user brings a user back",
                refused(key("new", "mallory", "agent", "bob,UntrustedAgent")).message());
        acme.call(ALICE, grant("tenant", "acme", "viewer", "/"));
        Reply.Subjects members = (Reply.Subjects)
                acme.call(ALICE, new TenantRequest.Expand("read", new ObjectRef("file", "/tenants/acme/shared")));
        assertEquals(List.of("user:alice", "user:mallory"), members.subjects(), "he is no member");

        Reply.Provisioned back = made(new TenantRequest.ProvisionUser(
                "bob", null, null, ActorFixture.keyId("back"), "back".getBytes(StandardCharsets.UTF_8), true));
        assertFalse(back.made());
        assertEquals("bob@example.com", back.email());
        assertEquals(List.of("ImpersonatedUser", "UntrustedAgent"), back.agents());
        acme.call("back", write("/users/bob/a", "1"));
        assertEquals(ProblemCode.UNAUTHENTICATED, acme.code("bob", new TenantRequest.WhoAmI()));
    }

    @Test
    void whoeverIsNotThereIsNothingToTake() throws Exception {
        Reply.Deprovisioned nobody = taken("nobody", true);
        assertEquals(new Reply.Deprovisioned(ActorFixture.ACME, "nobody", null, 0, 0, 0, false), nobody);
        assertEquals(List.of(), acme.store.committed);
        made(provision("bob"));
        taken("bob", false);
        assertEquals(0, taken("bob", false).entities());
        Reply.Deprovisioned record = taken("bob", true);
        assertEquals(3, record.entities());
        assertTrue(record.recordDeleted());
    }

    @Test
    void grantsAndDirectoriesGoWithoutARecordToo() throws Exception {
        acme.call(ALICE, write("/users/bob/a", "1"));
        acme.call(ALICE, grant("user", "bob", "viewer", "/shared"));
        Reply.Deprovisioned bob = taken("bob", true);
        assertEquals("/tenants/acme/users/bob", bob.directory());
        assertEquals(1, bob.permissions());
        assertFalse(bob.recordDeleted());
    }

    @Test
    void administratorsOfTheTenantOnlyByForce() throws Exception {
        made(provision("bob"));
        acme.call(ALICE, grant("user", "bob", "owner", "/"));
        Problem problem = refused(new TenantRequest.DeprovisionUser("bob", true, false));
        assertEquals(ProblemCode.REFUSED, problem.code());
        assertEquals("'user:bob' is an administrator of the tenant: force must be true", problem.message());
        acme.callAsSystem(new TenantRequest.DeprovisionUser("bob", true, true));
        assertNull(acme.store.user("user:bob"));
    }

    @Test
    void keysThatProveHimGoWhoeverTheyWereMadeFor() throws Exception {
        made(provision("bob"));
        acme.callAsSystem(key("lent", "carol", "user", "bob"));
        acme.callAsSystem(key("agent", "carol", "agent", "bob,Bot"));
        assertEquals(4, acme.store.usage().users());
        assertEquals(3, taken("bob", true).keys());
        assertEquals(2, acme.store.usage().users(), "carol has no key any more");
        assertTrue(acme.store.keysOf("carol").stream().map(KeyRecord::revokedAt).noneMatch(at -> at == null));
        assertNotNull(acme.store.user("user:carol"));
    }

    @Test
    void subjectsOfTheirOwnStay() throws Exception {
        acme.callAsSystem(key("backup", "bob", "service", "backup"));
        acme.callAsSystem(key("other", "carol", "agent", "bob,x,Bot"));
        acme.call(ALICE, grant("service", "backup", "viewer", "/shared"));
        Reply.Deprovisioned bob = taken("bob", true);
        assertEquals(1, bob.keys());
        assertEquals(0, bob.permissions());
        assertNotNull(acme.store.user("service:backup"));
        assertNotNull(acme.store.user("agent:bob,x,Bot"), "that is an agent of bob,x");
        acme.call("other", new TenantRequest.WhoAmI());
    }

    @Test
    void idsThatCannotBeDirectoriesCanBeTakenFrom() throws Exception {
        acme.callAsSystem(key("odd", "a/b", "user", "a/b"));
        acme.call(ALICE, write("/users/a/b/c", "1"));
        Reply.Deprovisioned odd = taken("a/b", true);
        assertEquals(1, odd.keys());
        assertNull(odd.directory());
        acme.call(ALICE, new TenantRequest.ReadFile(path("/users/a/b/c"), null));
    }

    @Test
    void itGoesAloneAndTheOthersFollow() throws Exception {
        made(provision("bob"));
        int before = acme.store.committed.size();
        acme.store.hold = true;
        Future<Reply> first = acme.send(ALICE, write("/a", "1"));
        acme.awaitHeld(1);
        Future<Reply> late = acme.send("bob", write("/users/bob/late", "1"));
        Future<Reply> end =
                acme.send(acme.ask("nobody", new TenantRequest.DeprovisionUser("bob", true, false)), Principal.SERVER);
        TenantRequest anew = new TenantRequest.ProvisionUser(
                "bob", null, null, ActorFixture.keyId("next"), "next".getBytes(StandardCharsets.UTF_8), false);
        Future<Reply> again = acme.send(acme.ask("nobody", anew), Principal.SERVER);
        Future<Reply> dead = acme.send("bob", write("/users/bob/dead", "1"));
        acme.call(ALICE, new TenantRequest.WhoAmI());
        acme.letGo();
        ActorFixture.await(first);
        ActorFixture.await(late);
        ActorFixture.await(end);
        assertTrue(((Reply.Provisioned) ActorFixture.await(again)).made());
        assertEquals(ProblemCode.UNAUTHENTICATED, ActorFixture.refusal(dead).code());
        assertEquals(before + 4, acme.store.committed.size());
        assertEquals(1, acme.store.usage().files(), "alice's");
    }

    @Test
    void aTupleThatComesAndGoesInOneGroupIsNoRow() throws Exception {
        acme.store.hold = true;
        Future<Reply> first = acme.send(ALICE, write("/a", "1"));
        acme.awaitHeld(1);
        Future<Reply> granted = acme.send(ALICE, grant("user", "mallory", "viewer", "/a"));
        UUID id = ActorFixture.grant("mallory", "viewer", "/a").id();
        Future<Reply> revoked = acme.send(ALICE, new TenantRequest.DeleteTuple(id));
        acme.call(ALICE, new TenantRequest.WhoAmI());
        acme.letGo();
        ActorFixture.await(first);
        ActorFixture.await(granted);
        assertEquals(new Reply.Flag(true), ActorFixture.await(revoked));
        assertFalse(acme.store.tuples.containsKey(id));
        assertEquals(ProblemCode.FORBIDDEN, acme.code("mallory", new TenantRequest.ReadFile(path("/a"), null)));
    }
}
