package nexus.store.postgres;

import static nexus.store.postgres.StoreFixture.T0;
import static nexus.store.postgres.StoreFixture.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Promise;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import nexus.kernel.CommandId;
import nexus.kernel.ContentHash;
import nexus.kernel.JsonText;
import nexus.kernel.KeyId;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.quota.Usage;
import nexus.rebac.schema.AuthorizationModel;
import nexus.rebac.schema.ModelParser;
import nexus.store.AuditChain;
import nexus.store.AuditEntry;
import nexus.store.Content;
import nexus.store.KeyRecord;
import nexus.store.StoreException.Reason;
import nexus.store.TenantSnapshot;
import nexus.store.TenantStore.AuditFilter;
import nexus.store.TenantStore.AuditLinks;
import nexus.store.TenantStore.AuditRange;
import nexus.store.UserRecord;
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
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The audit log in the database: its chain, its filters, and what a proof finds of meddling with the rows. */
class PgAuditTest {
    private static StoreFixture fixture;

    @BeforeAll
    static void open() {
        fixture = new StoreFixture();
    }

    @AfterAll
    static void close() {
        fixture.close();
    }

    // ------------------------------------------------------------------------------------------------ pages and
    // filters

    /** Lines as the actor renders them; what an application writes may look like anything. */
    private static String line(
            long sequence,
            Instant at,
            String kind,
            String action,
            String user,
            @Nullable String path,
            @Nullable String detail) {
        JsonText json = new JsonText()
                .put("seq", sequence)
                .put("timestamp", at.toString())
                .put("revision", 1)
                .put("kind", kind)
                .put("action", action)
                .put("user", user)
                .put("key_id", "k")
                .put("remote", "192.0.2.7")
                .put("request_id", "r-1");
        if (path != null) {
            json.put("resource", path);
        }
        if (detail != null) {
            json.putRaw("detail", detail);
        }
        return json.end();
    }

    private static List<Long> numbers(StoreFixture.Owned tenant, AuditFilter filter) {
        return numbers(tenant, new AuditRange(1, 1000, false, filter, 100));
    }

    private static List<Long> numbers(StoreFixture.Owned tenant, AuditRange range) {
        return await(fixture.store.audit(tenant.id, range)).stream()
                .map(AuditEntry::sequence)
                .toList();
    }

    @Test
    void filtersSeeTheEntrysOwnMembersAndNotWhatLooksLikeThem() {
        StoreFixture.Owned acme = fixture.tenant("filters");
        String quoted = "user:\"a\\b\"\u2028ü😀";
        GroupBuilder group = acme.next();
        ContentHash start = AuditChain.start(acme.id);
        group.audited(start, 1, line(1, group.at, "change", "write", "user:alice", "/a/\"x\"", null));
        group.audited(start, 2, line(2, group.at, "change", "write", quoted, "/ab", null));
        group.audited(start, 3, line(3, group.at, "denial", "read", "user:alice", null, null));
        group.audited(
                start,
                4,
                line(
                        4,
                        group.at,
                        "application",
                        "append_audit",
                        "user:\",\"key_id\":\"",
                        null,
                        "{\"seq\":1,\"kind\":\"denial\",\"action\":\"read\",\"user\":\"user:alice\",\"resource\":\"/a/\"}"));
        group.audited(
                start, 5, line(5, group.at, "change", "delete", "user:alice", "/a/\"x\"/y", "{\"resource\":\"/z\"}"));
        acme.commit(group);

        assertEquals(List.of(1L, 2L, 3L, 4L, 5L), numbers(acme, AuditFilter.ALL));
        assertEquals(List.of(3L), numbers(acme, new AuditFilter("denial", null, null, null)));
        assertEquals(List.of(3L), numbers(acme, new AuditFilter(null, "read", null, null)));
        assertEquals(List.of(1L, 3L, 5L), numbers(acme, new AuditFilter(null, null, "user:alice", null)));
        assertEquals(List.of(2L), numbers(acme, new AuditFilter(null, null, quoted, null)));
        assertEquals(List.of(4L), numbers(acme, new AuditFilter(null, null, "user:\",\"key_id\":\"", null)));
        assertEquals(List.of(1L, 2L, 5L), numbers(acme, new AuditFilter(null, null, null, "/a")));
        assertEquals(List.of(1L, 5L), numbers(acme, new AuditFilter(null, null, null, "/a/\"x")));
        assertEquals(List.of(), numbers(acme, new AuditFilter(null, null, null, "/z")));
        assertEquals(List.of(5L), numbers(acme, new AuditFilter("change", "delete", "user:alice", "/a/")));
        assertEquals(List.of(), numbers(acme, new AuditFilter("chang.", null, null, null)), "no pattern");

        AuditFilter changes = new AuditFilter("change", null, null, null);
        assertEquals(List.of(5L, 2L), numbers(acme, new AuditRange(1, 9, true, changes, 2)));
        assertEquals(List.of(2L, 5L), numbers(acme, new AuditRange(2, 5, false, changes, 9)));
        assertEquals(List.of(5L, 4L), numbers(acme, new AuditRange(1, 9, true, AuditFilter.ALL, 2)));
        assertEquals(List.of(2L, 3L), numbers(acme, new AuditRange(2, 3, false, AuditFilter.ALL, 9)));
    }

    @Test
    void findsTheFirstEntryOfATimeWithAndWithoutGaps() {
        StoreFixture.Owned acme = fixture.tenant("since");
        ContentHash head = AuditChain.start(acme.id);
        for (int i = 1; i <= 20; i++) {
            GroupBuilder group = acme.next();
            // Two entries of each time.
            group.at = T0.plusSeconds((i + 1) / 2);
            group.audited(head, i, "{}");
            head = AuditChain.next(head, "{}");
            acme.commit(group);
        }
        for (int second = 1; second <= 10; second++) {
            assertEquals(2L * second - 1, since(acme, T0.plusSeconds(second)), "second " + second);
        }
        assertEquals(1, since(acme, T0));
        assertEquals(21, since(acme, T0.plusSeconds(11)));
        assertEquals(3, since(acme, T0.plusMillis(1500)));
        // What is asked must come out right also of a log with which somebody has meddled.
        fixture.execute("DELETE FROM nexus.audit_entry WHERE tenant_id = '" + acme.id.value()
                + "' AND sequence BETWEEN 8 AND 13");
        assertEquals(7, since(acme, T0.plusSeconds(4)));
        assertEquals(15, since(acme, T0.plusSeconds(8)));
    }

    private static long since(StoreFixture.Owned tenant, Instant time) {
        return await(fixture.store.auditSince(tenant.id, time, 20));
    }

    // ------------------------------------------------------------------------------------------------------- the chain

    @Test
    void theChainsEndMovesWithTheGroupAndOnlyWithIt() {
        StoreFixture.Owned acme = fixture.tenant("chain");
        ContentHash start = AuditChain.start(acme.id);
        assertEquals(new AuditLinks(List.of(), 0, start), await(fixture.store.auditLinks(acme.id, 0, 10)));
        GroupBuilder first = acme.next().audited(start, 1, "{\"seq\":1}").audited(start, 2, "{\"seq\":2}");
        acme.commit(first);
        ContentHash head = Objects.requireNonNull(first.audit.get(1).hash());
        assertEquals(new AuditLinks(first.audit, 2, head), await(fixture.store.auditLinks(acme.id, 0, 10)));
        GroupBuilder refused = acme.next().audited(head, 3, "{\"seq\":3}");
        refused.usersRemoved.add("user:nobody");
        assertEquals(Reason.FAILED, acme.refused(refused));
        assertEquals(
                new AuditLinks(List.of(), 2, head), await(fixture.store.auditLinks(acme.id, 2, 10)), "nothing moved");
        acme.commit(acme.next());
        assertEquals(head, fixture.take(acme.id).auditHead(), "a group without entries leaves it");
    }

    /** As a node of the release before writes: with its fence, and without a hash. */
    private static void writeAsTheReleaseBefore(StoreFixture.Owned tenant, long revision, long sequence, String line) {
        try (TestServer.Session session = TestServer.session(fixture.url)) {
            session.execute("SET search_path TO nexus");
            session.execute("BEGIN");
            session.execute("SET LOCAL nexus.tenant = '" + tenant.id.value() + "'");
            session.execute(
                    "SELECT fence('%s', '%s', (SELECT owner_epoch FROM tenant WHERE id = '%s'), %s, now(), 0, 0, 0, 1, %s, %s)"
                            .formatted(
                                    tenant.id.value(),
                                    fixture.node.value(),
                                    tenant.id.value(),
                                    revision,
                                    sequence,
                                    line.length() + 1));
            session.execute("INSERT INTO audit_entry (tenant_id, sequence, at, line) VALUES ('%s', %s, now(), '%s')"
                    .formatted(tenant.id.value(), sequence, line));
            session.execute("COMMIT");
        }
    }

    @Test
    void whatAReleaseWithoutTheChainWroteIsChainedAtTheNextTake() {
        StoreFixture.Owned acme = fixture.tenant("older");
        writeAsTheReleaseBefore(acme, 1, 1, "{\"seq\":1}");
        writeAsTheReleaseBefore(acme, 2, 2, "{\"seq\":2}");
        TenantSnapshot taken = fixture.take(acme.id);
        ContentHash first = AuditChain.next(AuditChain.start(acme.id), "{\"seq\":1}");
        ContentHash second = AuditChain.next(first, "{\"seq\":2}");
        assertEquals(second, taken.auditHead());
        // And again, while a cluster is upgraded node by node and the tenant goes to and fro.
        GroupBuilder group = fixture.next(acme.id, taken.epoch()).audited(second, 3, "{\"seq\":3}");
        await(fixture.store.commit(group.build()));
        writeAsTheReleaseBefore(acme, 4, 4, "{\"seq\":4}");
        TenantSnapshot again = fixture.take(acme.id);
        ContentHash third = AuditChain.next(second, "{\"seq\":3}");
        assertEquals(AuditChain.next(third, "{\"seq\":4}"), again.auditHead());
        List<AuditEntry> entries = await(fixture.store.audit(acme.id, new AuditRange(1, 9, false, AuditFilter.ALL, 9)));
        assertEquals(
                List.of(first, second, third, again.auditHead()),
                entries.stream().map(AuditEntry::hash).toList());
        assertEquals(
                again.auditHead(),
                await(fixture.store.auditLinks(acme.id, 0, 9)).head());
    }

    /** A group of this release on top of entries that are not chained would leave a hole in the chain. */
    @Test
    void nothingIsAddedBehindEntriesWithoutAHash() {
        StoreFixture.Owned acme = fixture.tenant("holes");
        writeAsTheReleaseBefore(acme, 1, 1, "{\"seq\":1}");
        fixture.rewind(acme.id, 1);
        GroupBuilder group = acme.next().audited(AuditChain.start(acme.id), 2, "{\"seq\":2}");
        assertEquals(Reason.FAILED, acme.refused(group));
    }

    // --------------------------------------------------------------------------------------------------------- proofs

    /** A tenant with a log of five entries, and its actor on the real store. */
    private static final class Proved implements AutoCloseable {
        private static final byte[] SECRET = {1, 2, 3};
        final TenantId id;
        private final KeyId key = new KeyId(fixture.ids.next());
        private final ZoneName zone;
        private final TenantVerticle verticle;
        private final String deployment;

        Proved(String zone) {
            StoreFixture.Owned owned = fixture.tenant(zone);
            GroupBuilder group = owned.next();
            // A system key's reading would add entries of its own, some time.
            group.keysPut.add(
                    new KeyRecord(key, SECRET, "k", "alice", "user", "alice", false, false, T0, null, null, null));
            group.usersPut.add(new UserRecord("user:alice", true, T0));
            group.tuplesPut.add(StoreFixture.tuple("/", "owner", "alice"));
            group.usage = new Usage(1, 0, 0);
            owned.commit(group);
            this.id = owned.id;
            this.zone = new ZoneName(zone);
            this.verticle = new TenantVerticle(
                    id,
                    new TenantServices(
                            fixture.node,
                            fixture.store,
                            fixture.registry,
                            fixture.blobs,
                            model(),
                            new RealTime(),
                            fixture.ids,
                            Telemetry.NONE,
                            TenantOptions.EMBEDDED),
                    () -> {});
            this.deployment = await(fixture.vertx.deployVerticle(verticle));
            for (int i = 1; i <= 5; i++) {
                ask(new TenantRequest.WriteFiles(List.of(new TenantRequest.FileWrite(
                        WorkspacePath.inTenant(this.zone, "/f" + i),
                        Content.Inline.of(new byte[] {(byte) i}),
                        null,
                        false))));
            }
        }

        Reply ask(TenantRequest request) {
            Ask ask = new Ask(
                    "r",
                    "192.0.2.7",
                    new CommandId(fixture.ids.next()),
                    new Credential(id, key, SECRET),
                    Claims.NONE,
                    zone,
                    Duration.ofSeconds(20),
                    request);
            Promise<Reply> reply = Promise.promise();
            fixture.vertx
                    .getOrCreateContext()
                    .runOnContext(v -> verticle.ask(ask, null).onComplete(reply));
            return await(reply.future());
        }

        Reply.AuditVerdict proof() {
            return (Reply.AuditVerdict) ask(new TenantRequest.VerifyAudit(0, null));
        }

        @Override
        public void close() {
            await(fixture.vertx.undeploy(deployment));
        }
    }

    private static AuthorizationModel model() {
        try (InputStream in = Objects.requireNonNull(PgAuditTest.class.getResourceAsStream("/nexus/workspace.fga"))) {
            return ModelParser.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static final class RealTime implements NodeTime {
        @Override
        public Instant now() {
            return T0;
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

    @Test
    void aProofNamesTheRowThatSomebodyMeddledWith() {
        Map<String, Long> meddlings = Map.of(
                "UPDATE nexus.audit_entry SET line = replace(line, 'alice', 'nobody') WHERE sequence = 3",
                3L,
                "DELETE FROM nexus.audit_entry WHERE sequence = 2",
                2L,
                "DELETE FROM nexus.audit_entry WHERE sequence = 1",
                1L,
                "DELETE FROM nexus.audit_entry WHERE sequence >= 5",
                5L,
                "UPDATE nexus.audit_entry SET at = at + interval '1 day' WHERE sequence = 4",
                4L,
                "UPDATE nexus.audit_entry SET hash = NULL WHERE sequence = 4",
                4L,
                "UPDATE nexus.audit_entry SET hash = sha256('x') WHERE sequence = 4",
                4L,
                "UPDATE nexus.audit_entry SET sequence = CASE sequence WHEN 2 THEN -3 ELSE -2 END WHERE sequence IN (2, 3);"
                        + " UPDATE nexus.audit_entry SET sequence = -sequence WHERE sequence < 0",
                2L,
                "INSERT INTO nexus.audit_entry SELECT tenant_id, 1000, at, line, hash FROM nexus.audit_entry"
                        + " WHERE sequence = 5",
                6L,
                "UPDATE nexus.tenant SET audit_hash = sha256('x') WHERE id = tenant_id()",
                5L);
        int[] count = {0};
        meddlings.forEach((sql, fault) -> {
            try (Proved acme = new Proved("meddled-" + ++count[0])) {
                Reply.AuditVerdict untouched = acme.proof();
                assertNull(untouched.fault(), untouched.toString());
                assertTrue(untouched.proved() >= 5, untouched.toString());
                String id = "'" + acme.id.value() + "'";
                fixture.execute(sql.replace("tenant_id()", id)
                        .replace("WHERE sequence", "WHERE tenant_id = " + id + " AND sequence"));
                Reply.AuditVerdict verdict = acme.proof();
                assertEquals(fault, verdict.fault(), sql + ": " + verdict);
            }
        });
    }
}
