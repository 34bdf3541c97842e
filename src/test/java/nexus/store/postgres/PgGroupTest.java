package nexus.store.postgres;

import static nexus.store.postgres.StoreFixture.T0;
import static nexus.store.postgres.StoreFixture.await;
import static nexus.store.postgres.StoreFixture.content;
import static nexus.store.postgres.StoreFixture.tuple;
import static nexus.store.postgres.StoreFixture.version;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import nexus.kernel.ContentHash;
import nexus.kernel.Epoch;
import nexus.kernel.FileId;
import nexus.kernel.KeyId;
import nexus.kernel.Limits;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.quota.Usage;
import nexus.store.AuditChain;
import nexus.store.AuditEntry;
import nexus.store.BlobPlace;
import nexus.store.Content;
import nexus.store.FileEntry;
import nexus.store.FileVersion;
import nexus.store.Group;
import nexus.store.KeyRecord;
import nexus.store.KeyedReply;
import nexus.store.Leases.Mode;
import nexus.store.StoreException.Reason;
import nexus.store.TenantRecord;
import nexus.store.TenantSnapshot;
import nexus.store.TenantStore.FileRange;
import nexus.store.TupleRow;
import nexus.store.UserRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Groups: all or nothing, and only by the owner. */
class PgGroupTest {
    private static final String EVERYTHING = """
            SELECT (SELECT json_agg(t ORDER BY id)::text FROM nexus.tenant t),
                   (SELECT json_agg(t ORDER BY tenant_id, id)::text FROM nexus.relation_tuple t),
                   (SELECT json_agg(t ORDER BY tenant_id, id)::text FROM nexus.file_entry t),
                   (SELECT json_agg(t ORDER BY tenant_id, file_id, version)::text FROM nexus.file_version t),
                   (SELECT json_agg(t ORDER BY tenant_id, hash)::text FROM nexus.blob t),
                   (SELECT json_agg(t ORDER BY tenant_id, sequence)::text FROM nexus.audit_entry t),
                   (SELECT json_agg(t ORDER BY tenant_id, revision)::text FROM nexus.tenant_group t),
                   (SELECT json_agg(t ORDER BY tenant_id, id)::text FROM nexus.api_key t),
                   (SELECT json_agg(t ORDER BY tenant_id, subject)::text FROM nexus.tenant_user t)""";

    private static StoreFixture fixture;

    @BeforeAll
    static void open() {
        fixture = new StoreFixture();
    }

    @AfterAll
    static void close() {
        fixture.close();
    }

    private static GroupBuilder write(StoreFixture.Owned tenant, FileEntry file, Content content) {
        GroupBuilder group = tenant.next().put(file);
        group.versionsPut.add(version(file));
        group.blobsPut.add(content);
        return group;
    }

    // --------------------------------------------------------------------------------------------------------- fence

    @Test
    void aWrongNodeEpochOrRevisionCommitsNothing() {
        StoreFixture.Owned acme = fixture.tenant("fence");
        acme.commit(write(acme, fixture.file("/a", content("a")), content("a")));
        List<String> before = fixture.rows(EVERYTHING);
        Map<Consumer<GroupBuilder>, Reason> wrongs = new LinkedHashMap<>();
        wrongs.put(group -> group.node = new NodeId(fixture.ids.next()), Reason.FENCED);
        wrongs.put(group -> group.epoch = new Epoch(acme.epoch.value() + 1), Reason.FENCED);
        wrongs.put(group -> group.revision++, Reason.FAILED);
        wrongs.put(group -> group.revision--, Reason.FAILED);
        wrongs.forEach((wrong, reason) -> {
            GroupBuilder group = write(acme, fixture.file("/b", content("b")), content("b"));
            group.usage = new Usage(9, 9, 9);
            long revision = group.revision;
            wrong.accept(group);
            assertEquals(reason, StoreFixture.reason(fixture.store.commit(group.build())));
            fixture.rewind(acme.id, revision - 1);
            assertEquals(before, fixture.rows(EVERYTHING));
        });
        acme.commit(write(acme, fixture.file("/b", content("b")), content("b")));
    }

    @Test
    void aTombstonedTenantIsGone() {
        StoreFixture.Owned acme = fixture.tenant("doomed");
        GroupBuilder end = acme.next();
        end.tombstone = true;
        acme.commit(end);
        assertEquals(Reason.FENCED, acme.refused(acme.next()));
        assertEquals(Reason.TENANT_GONE, StoreFixture.reason(fixture.store.take(acme.id, fixture.node, (t, e) -> {})));
        assertEquals(Optional.empty(), await(fixture.registry.find(new ZoneName("doomed"))));
        assertTrue(await(fixture.registry.tombstones(10)).contains(acme.id));
        StoreFixture.Owned successor = fixture.tenant("doomed");
        assertEquals(Optional.of(successor.id), await(fixture.registry.find(new ZoneName("doomed"))));
    }

    @Test
    void theReservedTenantCannotEnd() {
        Epoch epoch = fixture.take(TenantId.SYSTEM).epoch();
        GroupBuilder end = fixture.next(TenantId.SYSTEM, epoch);
        end.tombstone = true;
        assertThrows(IllegalStateException.class, () -> await(fixture.store.commit(end.build())));
    }

    @Test
    void aNameBelongsToOneTenant() {
        StoreFixture.Owned acme = fixture.tenant("taken-name");
        Epoch epoch = fixture.take(TenantId.SYSTEM).epoch();
        GroupBuilder group = fixture.next(TenantId.SYSTEM, epoch);
        TenantId second = new TenantId(fixture.ids.next());
        group.tenantsMade.add(new Group.Founding(TenantRecord.created(second, new ZoneName("taken-name"), T0), null));
        assertEquals(Reason.FAILED, StoreFixture.reason(fixture.store.commit(group.build())));
        assertEquals(Optional.of(acme.id), await(fixture.registry.find(new ZoneName("taken-name"))));
    }

    @Test
    void theLateCommitOfAnOldOwnerIsFenced() {
        StoreFixture.Owned acme = fixture.tenant("zombie");
        acme.commit(acme.next());
        GroupBuilder late = acme.next();
        NodeId successor = successor();
        endLease(fixture.node);
        try {
            TenantSnapshot taken = await(fixture.store.take(acme.id, successor, (t, e) -> {}));
            assertEquals(acme.epoch.value() + 1, taken.epoch().value());
            assertEquals(Reason.FENCED, StoreFixture.reason(fixture.store.commit(late.build())));
            GroupBuilder next = new GroupBuilder(acme.id, successor, taken.epoch(), 2);
            await(fixture.store.commit(next.build()));
            await(fixture.store.release(acme.id, fixture.node, acme.epoch, T0));
            assertEquals(
                    List.of(successor.value().toString()),
                    fixture.rows("SELECT owner_node FROM nexus.tenant WHERE id = '" + acme.id.value() + "'"));
        } finally {
            revive(fixture.node);
            await(fixture.leases.leave(successor));
        }
    }

    @Test
    void aTakeIsRefusedWhileTheOwnerLives() {
        StoreFixture.Owned acme = fixture.tenant("owned");
        NodeId other = successor();
        assertEquals(Reason.OWNED, StoreFixture.reason(fixture.store.take(acme.id, other, (t, e) -> {})));
        acme.commit(acme.next());
        await(fixture.store.release(acme.id, fixture.node, acme.epoch, T0));
        assertEquals(1, await(fixture.store.take(acme.id, other, (t, e) -> {})).revision());
        await(fixture.leases.leave(other));
        fixture.take(acme.id);
    }

    @Test
    void onlyALiveNodeTakes() {
        StoreFixture.Owned acme = fixture.tenant("unborn");
        await(fixture.store.release(acme.id, fixture.node, acme.epoch, T0));
        NodeId stranger = new NodeId(fixture.ids.next());
        assertEquals(Reason.FENCED, StoreFixture.reason(fixture.store.take(acme.id, stranger, (t, e) -> {})));
        NodeId dead = successor();
        endLease(dead);
        assertEquals(Reason.FENCED, StoreFixture.reason(fixture.store.take(acme.id, dead, (t, e) -> {})));
        assertEquals(
                Reason.TENANT_GONE,
                StoreFixture.reason(fixture.store.take(new TenantId(stranger.value()), fixture.node, (t, e) -> {})));
    }

    @Test
    void aTakeWaitsForAGroupInFlight() {
        StoreFixture.Owned acme = fixture.tenant("in-flight");
        Future<TenantSnapshot> take;
        try (TestServer.Session group = TestServer.session(fixture.url)) {
            hold(group, acme);
            take = fixture.store.take(acme.id, fixture.node, (t, e) -> {});
            waitForLock();
            assertTrue(!take.isComplete());
            group.execute("COMMIT");
        }
        assertEquals(1, await(take).revision());
    }

    @Test
    void aTakeWaitsForALockOnlySoLong() {
        StoreFixture.Owned acme = fixture.tenant("stuck");
        try (TestServer.Session group = TestServer.session(fixture.url)) {
            hold(group, acme);
            long start = System.nanoTime();
            assertEquals(Reason.FAILED, StoreFixture.reason(fixture.store.take(acme.id, fixture.node, (t, e) -> {})));
            assertEquals(Reason.FAILED, acme.refused(acme.next()));
            assertTrue(System.nanoTime() - start < Duration.ofSeconds(8).toNanos());
            group.execute("ROLLBACK");
        }
        assertEquals(0, fixture.take(acme.id).revision());
    }

    private static void hold(TestServer.Session session, StoreFixture.Owned tenant) {
        session.execute("BEGIN");
        session.execute("SET LOCAL nexus.tenant = '" + tenant.id.value() + "'");
        session.execute("SET search_path TO nexus");
        session.execute("SELECT fence('%s', '%s', %d, 1, now(), 0, 0, 0, 0, 0, 0)"
                .formatted(tenant.id.value(), fixture.node.value(), tenant.epoch.value()));
    }

    private static void waitForLock() {
        TestServer.until(
                "a backend that waits for a lock",
                () -> !fixture.rows(
                                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
                        .isEmpty());
    }

    private static NodeId successor() {
        NodeId node = new NodeId(fixture.ids.next());
        assertEquals(List.of(), await(fixture.leases.join(node, "other", Mode.CLUSTER, StoreFixture.TERM)));
        return node;
    }

    private static void endLease(NodeId node) {
        fixture.execute("UPDATE nexus.node SET lease_until = clock_timestamp() WHERE id = '" + node.value() + "'");
    }

    private static void revive(NodeId node) {
        fixture.execute("UPDATE nexus.node SET lease_until = clock_timestamp() + interval '1 hour' WHERE id = '"
                + node.value() + "'");
    }

    // ------------------------------------------------------------------------------------------------------ atomicity

    private static AuditEntry entry(long sequence, String line) {
        return AuditEntry.following(AuditChain.start(TenantId.SYSTEM), sequence, T0, line);
    }

    @Test
    void aGroupWhoseExpectationFailsChangesNothing() {
        StoreFixture.Owned acme = fixture.tenant("atomic");
        FileEntry present = fixture.file("/present", content("present"));
        GroupBuilder first = write(acme, present, content("present"));
        first.tuplesPut.add(tuple("/present", "viewer", "alice"));
        first.audit.add(entry(1, "{}"));
        acme.commit(first);
        List<String> before = fixture.rows(EVERYTHING);

        FileId unknown = new FileId(fixture.ids.next());
        TupleRow known = tuple("/present", "viewer", "alice");
        TupleRow collision =
                new TupleRow(known.id(), tuple("/other", "owner", "eve").tuple(), T0, null);
        Map<String, Consumer<GroupBuilder>> faults = new LinkedHashMap<>();
        faults.put("an unknown file", group -> group.filesRemoved.add(unknown));
        faults.put(
                "an unknown version",
                group -> group.versionsDropped.add(new Group.DroppedVersion(present.id(), 2, present.contentHash())));
        faults.put(
                "a version of another content",
                group -> group.versionsDropped.add(
                        new Group.DroppedVersion(present.id(), 1, content("x").hash())));
        faults.put("an unknown tuple", group -> group.tuplesRemoved.add(unknown.value()));
        faults.put("an unknown user", group -> group.usersRemoved.add("user:nobody"));
        faults.put("another tuple under the same id", group -> group.tuplesPut.add(collision));
        faults.put("a taken path", group -> group.put(fixture.directory("/present")));
        faults.put("a version that is there", group -> group.versionsPut.add(version(present)));
        faults.put(
                "a version of an unknown content",
                group -> group.versionsPut.add(
                        new FileVersion(present.id(), 2, 1, content("nowhere").hash(), T0, "user:alice", "copy", 1L)));
        faults.put("an audit entry that is there", group -> group.audit.add(entry(1, "{}")));
        faults.put("a gap in the audit log", group -> group.audit.add(entry(3, "{}")));
        faults.put("a text that the database cannot hold", group -> group.audit.add(entry(2, "\u0000")));
        faults.forEach((name, fault) -> {
            GroupBuilder group = acme.next();
            group.usage = new Usage(7, 7, 7);
            group.tuplesPut.add(tuple("/new", "viewer", "alice"));
            group.put(fixture.directory("/new"));
            group.replies = new byte[] {1};
            fault.accept(group);
            assertEquals(Reason.FAILED, acme.refused(group), name);
            assertEquals(before, fixture.rows(EVERYTHING), name);
        });
        GroupBuilder folder = acme.next();
        folder.folder = new Group.Folder.Removed("/nowhere");
        assertEquals(Reason.FAILED, acme.refused(folder));
        GroupBuilder moved = acme.next();
        moved.folder = new Group.Folder.Moved("/nowhere", "/somewhere");
        assertEquals(Reason.FAILED, acme.refused(moved));
        assertEquals(before, fixture.rows(EVERYTHING));
        acme.commit(acme.next().put(fixture.directory("/new")));
    }

    @Test
    void aStatementThatTheClientLeavesOutFailsTheGroup() {
        StoreFixture.Owned acme = fixture.tenant("left-out");
        GroupBuilder group = acme.next().put(fixture.directory("/a"));
        group.tuplesPut.add(tuple("/a", "viewer", "alice"));
        List<Step> steps = new ArrayList<>(GroupStatements.of(group.build()));
        int tuples = steps.size() - 2;
        // A parameter of a wrong type: the client refuses it without a word to the server.
        Object[] wrong = new Object[steps.get(tuples).args().size()];
        java.util.Arrays.fill(wrong, "wrong");
        steps.set(tuples, new Step(steps.get(tuples).sql(), io.vertx.sqlclient.Tuple.wrap(wrong)));
        assertEquals(Reason.FAILED, StoreFixture.reason(fixture.database.batch(acme.id, steps)));
        assertEquals(List.of(), await(fixture.store.entries(acme.id, List.of("/a"))));
        fixture.rewind(acme.id, 0);
        acme.commit(acme.next().put(fixture.directory("/a")));
    }

    @Test
    void aBeginThatFailsLetsNothingThrough() {
        StoreFixture.Owned acme = fixture.tenant("no-begin");
        List<Step> steps =
                GroupStatements.of(acme.next().put(fixture.directory("/a")).build());
        List<Future<?>> answers = new ArrayList<>();
        await(fixture.database.control().getConnection().compose(connection -> {
            for (Step step : steps) {
                answers.add(connection.preparedQuery(step.sql()).execute(step.args()));
            }
            return Future.join(answers).transform(done -> connection.close());
        }));
        assertTrue(answers.stream().allMatch(Future::failed));
        assertEquals(0, fixture.take(acme.id).revision());
    }

    @Test
    void aRepeatWithinAListIsLegal() {
        StoreFixture.Owned acme = fixture.tenant("repeats");
        FileEntry folder = fixture.directory("/a");
        GroupBuilder group = acme.next().put(folder, folder);
        TupleRow tuple = tuple("/a", "viewer", "alice");
        group.tuplesPut.addAll(List.of(tuple, tuple));
        group.blobsPut.addAll(List.of(content("x"), content("x")));
        acme.commit(group);
        GroupBuilder again = acme.next().put(folder);
        again.tuplesPut.add(new TupleRow(tuple.id(), tuple.tuple(), T0, T0.plusSeconds(1)));
        acme.commit(again);
        assertEquals(
                T0.plusSeconds(1),
                await(fixture.store.tuple(acme.id, tuple.id())).orElseThrow().expiresAt());
        GroupBuilder gone = acme.next();
        gone.tuplesRemoved.addAll(List.of(tuple.id(), tuple.id()));
        acme.commit(gone);
        assertEquals(Optional.empty(), await(fixture.store.tuple(acme.id, tuple.id())));
    }

    @Test
    void usersComeChangeAndGo() {
        StoreFixture.Owned acme = fixture.tenant("users");
        String all = "SELECT subject, enabled, email, display_name FROM nexus.tenant_user WHERE tenant_id = '"
                + acme.id.value() + "' ORDER BY subject";
        UserRecord alice = new UserRecord("user:alice", true, T0, "alice@example.com", "Al\u00efce");
        GroupBuilder come = acme.next();
        come.usersPut.addAll(List.of(alice, new UserRecord("agent:alice,Bot", true, T0)));
        acme.commit(come);
        assertEquals(
                List.of("agent:alice,Bot|t|null|null", "user:alice|t|alice@example.com|Al\u00efce"), fixture.rows(all));

        GroupBuilder change = acme.next();
        change.usersPut.add(alice.disabled());
        change.usersRemoved.addAll(List.of("agent:alice,Bot", "agent:alice,Bot"));
        acme.commit(change);
        assertEquals(List.of("user:alice|f|alice@example.com|Al\u00efce"), fixture.rows(all));

        // One that goes and comes in the same group is another one.
        GroupBuilder anew = acme.next();
        anew.usersRemoved.add("user:alice");
        anew.usersPut.add(new UserRecord("user:alice", true, T0.plusSeconds(1)));
        acme.commit(anew);
        assertEquals(List.of("user:alice|t|null|null"), fixture.rows(all));
        assertEquals(anew.usersPut, fixture.take(acme.id).users());
    }

    @Test
    void oneGroupMovesNamesAround() {
        StoreFixture.Owned acme = fixture.tenant("swap");
        FileEntry a = fixture.file("/a", content("a"));
        FileEntry b = fixture.file("/b", content("b"));
        GroupBuilder group = acme.next().put(a, b);
        group.versionsPut.addAll(List.of(version(a), version(b)));
        group.blobsPut.addAll(List.of(content("a"), content("b")));
        acme.commit(group);
        acme.commit(acme.next()
                .put(
                        StoreFixture.file(a.id(), "/b", 1, content("a")),
                        StoreFixture.file(b.id(), "/a", 1, content("b"))));
        assertEquals(
                b.id(),
                await(fixture.store.entries(acme.id, List.of("/a"))).get(0).id());
        FileEntry successor = fixture.file("/a", content("c"));
        GroupBuilder replaced = write(acme, successor, content("c"));
        replaced.filesRemoved.add(b.id());
        acme.commit(replaced);
        assertEquals(
                successor.id(),
                await(fixture.store.entries(acme.id, List.of("/a"))).get(0).id());
    }

    @Test
    void aContentMayPassFromAFileThatGoesToOneThatComes() {
        StoreFixture.Owned acme = fixture.tenant("passes-on");
        FileEntry old = fixture.file("/old", content("kept"));
        acme.commit(write(acme, old, content("kept")));
        FileEntry copy = fixture.file("/copy", content("kept"));
        GroupBuilder group = acme.next().put(copy);
        group.versionsPut.add(version(copy));
        group.filesRemoved.add(old.id());
        acme.commit(group);
        assertTrue(await(fixture.store.content(acme.id, content("kept").hash())).isPresent());
    }

    @Test
    void theTenantsTimeNeverRunsBack() {
        StoreFixture.Owned acme = fixture.tenant("time");
        GroupBuilder first = acme.next();
        first.at = T0.plusSeconds(10);
        acme.commit(first);
        GroupBuilder second = acme.next();
        second.at = T0;
        acme.commit(second);
        assertEquals(T0.plusSeconds(10), fixture.take(acme.id).lastAt());
    }

    @Test
    void outcomesAreForgottenAfterAWhile() {
        StoreFixture.Owned acme = fixture.tenant("outcomes");
        Instant at = T0;
        for (int i = 0; i < 70; i++) {
            GroupBuilder group = acme.next();
            at = at.plusSeconds(2);
            group.at = at;
            group.replies = new byte[] {(byte) i};
            acme.commit(group);
        }
        List<TenantSnapshot.RecentGroup> recent = fixture.take(acme.id).outcomes();
        assertEquals(70, recent.get(recent.size() - 1).revision());
        assertEquals(40, recent.get(0).revision());
        assertEquals(
                List.of("34"),
                fixture.rows(
                        "SELECT min(revision) FROM nexus.tenant_group WHERE tenant_id = '" + acme.id.value() + "'"));
    }

    @Test
    void keyedRepliesAreFoundAndForgottenAfterADay() {
        StoreFixture.Owned acme = fixture.tenant("keyed");
        UUID key = new UUID(3, 4);
        GroupBuilder first = acme.next();
        first.replies = new byte[] {1};
        first.keyed.add(new KeyedReply(key, ContentHash.of(new byte[] {1}), T0, new byte[] {7}));
        acme.commit(first);
        KeyedReply found = await(fixture.store.keyedReply(acme.id, key)).orElseThrow();
        assertEquals(ContentHash.of(new byte[] {1}), found.digest());
        assertEquals(T0, found.at());
        assertArrayEquals(new byte[] {7}, found.reply());
        assertEquals(Optional.empty(), await(fixture.store.keyedReply(acme.id, new UUID(3, 5))));
        for (int i = 0; i < 70; i++) {
            GroupBuilder group = acme.next();
            group.at = T0.plus(Limits.IDEMPOTENCY_MEMORY).plusSeconds(1);
            acme.commit(group);
        }
        assertEquals(Optional.empty(), await(fixture.store.keyedReply(acme.id, key)));
    }

    /** A tenant with a file, a grant and a key from the beginning. */
    private static Group.Founding founding(TenantId tenant, String zone) {
        GroupBuilder first = new GroupBuilder(tenant, fixture.node, new Epoch(1), 1);
        FileEntry file = fixture.file("/welcome", content("welcome"));
        first.at = T0;
        first.put(file);
        first.versionsPut.add(version(file));
        first.blobsPut.add(content("welcome"));
        first.tuplesPut.add(tuple("/", "owner", "alice"));
        first.audited(AuditChain.start(tenant), 1, "{\"a\":1}");
        first.usage = new Usage(0, 1, 7);
        return new Group.Founding(TenantRecord.created(tenant, new ZoneName(zone), T0), first.build());
    }

    @Test
    void aTenantIsFoundedWithItsRowsAllOrNothing() {
        Epoch system = fixture.take(TenantId.SYSTEM).epoch();
        TenantId one = new TenantId(fixture.ids.next());
        TenantId two = new TenantId(fixture.ids.next());
        GroupBuilder group = fixture.next(TenantId.SYSTEM, system);
        group.tenantsMade.add(founding(one, "founded-one"));
        group.tenantsMade.add(founding(two, "founded-two"));
        await(fixture.store.commit(group.build()));
        for (TenantId tenant : List.of(one, two)) {
            TenantSnapshot snapshot = fixture.take(tenant);
            assertEquals(1, snapshot.revision());
            assertEquals(new Usage(0, 1, 7), snapshot.usage());
            assertEquals(1, snapshot.auditSequence());
            assertEquals(8, snapshot.auditBytes());
            assertEquals(AuditChain.next(AuditChain.start(tenant), "{\"a\":1}"), snapshot.auditHead());
            assertEquals(
                    1, await(fixture.store.entries(tenant, List.of("/welcome"))).size());
            assertEquals(
                    List.of("1"),
                    fixture.rows(
                            "SELECT count(*) FROM nexus.relation_tuple WHERE tenant_id = '" + tenant.value() + "'"));
        }
        GroupBuilder broken = fixture.next(TenantId.SYSTEM, system);
        TenantId three = new TenantId(fixture.ids.next());
        broken.tenantsMade.add(founding(three, "founded-three"));
        broken.tenantsMade.add(founding(new TenantId(fixture.ids.next()), "founded-one"));
        assertEquals(Reason.FAILED, StoreFixture.reason(fixture.store.commit(broken.build())));
        assertEquals(Optional.empty(), await(fixture.registry.find(new ZoneName("founded-three"))));
        assertEquals(
                List.of("0"),
                fixture.rows("SELECT count(*) FROM nexus.file_entry WHERE tenant_id = '" + three.value() + "'"));
    }

    @Test
    void keysRememberTheirLastUse() {
        StoreFixture.Owned acme = fixture.tenant("touched");
        KeyRecord key = new KeyRecord(
                new KeyId(fixture.ids.next()),
                new byte[] {1},
                "k",
                "a",
                "user",
                "a",
                false,
                false,
                T0,
                null,
                null,
                null);
        GroupBuilder group = acme.next();
        group.keysPut.add(key);
        acme.commit(group);
        await(fixture.store.touchKeys(acme.id, List.of(key.id().value()), T0.plusSeconds(9)));
        await(fixture.store.touchKeys(acme.id, List.of(key.id().value()), T0.plusSeconds(5)));
        GroupBuilder revoked = acme.next();
        revoked.keysPut.add(key.revoked(T0.plusSeconds(1)));
        acme.commit(revoked);
        KeyRecord loaded = fixture.take(acme.id).keys().get(0);
        assertEquals(T0.plusSeconds(9), loaded.lastUsedAt());
        assertEquals(T0.plusSeconds(1), loaded.revokedAt());
    }

    // ------------------------------------------------------------------------------------------------------- contents

    @Test
    void contentsAreCountedExactly() {
        StoreFixture.Owned acme = fixture.tenant("counted");
        Random random = new Random(42);
        Map<FileId, FileEntry> files = new LinkedHashMap<>();
        Map<FileId, List<FileVersion>> versions = new LinkedHashMap<>();
        for (int round = 0; round < 150; round++) {
            GroupBuilder group = acme.next();
            Set<FileId> touched = new HashSet<>();
            for (int i = random.nextInt(4); i >= 0; i--) {
                Content content = anyContent(random);
                FileEntry file = fixture.file("/f" + round + "-" + i, content);
                if (!files.isEmpty() && random.nextBoolean()) {
                    FileEntry old = any(random, files);
                    file = StoreFixture.file(old.id(), old.path(), old.version() + 1, content);
                }
                if (touched.add(file.id())) {
                    group.put(file);
                    group.versionsPut.add(version(file));
                    group.blobsPut.add(content);
                    files.put(file.id(), file);
                    versions.computeIfAbsent(file.id(), id -> new ArrayList<>()).add(version(file));
                }
            }
            for (int i = random.nextInt(3); i > 0; i--) {
                FileEntry file = any(random, files);
                List<FileVersion> kept = versions.get(file.id());
                if (touched.add(file.id())) {
                    if (random.nextBoolean()) {
                        group.filesRemoved.add(file.id());
                        files.remove(file.id());
                        versions.remove(file.id());
                    } else if (kept.size() > 1) {
                        FileVersion dropped = kept.remove(0);
                        group.versionsDropped.add(
                                new Group.DroppedVersion(file.id(), dropped.version(), dropped.hash()));
                    }
                }
            }
            group.usage = new Usage(0, files.size(), sum(versions));
            acme.commit(group);
            assertCounted(acme);
        }
        assertEquals(
                sum(versions), await(fixture.store.folderTotals(acme.id, "/")).bytes());
        assertEquals(
                files.size(), await(fixture.store.folderTotals(acme.id, "/")).files());
        assertTrue(files.size() > 20);
    }

    private static void assertCounted(StoreFixture.Owned tenant) {
        String id = "'" + tenant.id.value() + "'";
        assertEquals(
                List.of(),
                fixture.rows(
                        "SELECT hash, b.refs, n.refs, unreferenced_since FROM (SELECT * FROM nexus.blob WHERE tenant_id = "
                                + id
                                + ") b FULL JOIN (SELECT hash, count(*) AS refs FROM nexus.file_version WHERE tenant_id = "
                                + id + " GROUP BY hash) n USING (hash)"
                                + " WHERE coalesce(b.refs, -1) <> coalesce(n.refs, 0)"
                                + " OR (b.refs = 0) <> (b.unreferenced_since IS NOT NULL) OR (b.refs = 0 AND b.place IS NULL)"));
        assertEquals(
                List.of("t|t"),
                fixture.rows(
                        "SELECT t.files = (SELECT count(*) FROM nexus.file_entry WHERE tenant_id = t.id AND NOT directory),"
                                + " t.bytes = (SELECT coalesce(sum(size), 0) FROM nexus.file_version WHERE tenant_id = t.id)"
                                + " FROM nexus.tenant t WHERE t.id = " + id));
    }

    private static long sum(Map<FileId, List<FileVersion>> versions) {
        return versions.values().stream()
                .flatMap(List::stream)
                .mapToLong(FileVersion::size)
                .sum();
    }

    private static FileEntry any(Random random, Map<FileId, FileEntry> files) {
        return List.copyOf(files.values()).get(random.nextInt(files.size()));
    }

    private static Content anyContent(Random random) {
        int kind = random.nextInt(12);
        Content.Inline small = content("content " + kind);
        if (kind < 6) {
            return small;
        }
        return new Content.Stored(small.hash(), 100_000 + kind, new BlobPlace("p-" + UUID.randomUUID()));
    }

    @Test
    void theFirstPlaceOfAContentIsKept() {
        StoreFixture.Owned acme = fixture.tenant("places");
        ContentHash hash = content("large").hash();
        Content.Stored first = new Content.Stored(hash, 100_000, new BlobPlace("first"));
        Content.Stored second = new Content.Stored(hash, 100_000, new BlobPlace("second"));
        FileEntry a = fixture.file("/a", first);
        FileEntry b = fixture.file("/b", second);
        acme.commit(write(acme, a, first));
        acme.commit(write(acme, b, second));
        assertEquals(Optional.of(first), await(fixture.store.content(acme.id, hash)));
        assertEquals(
                List.of(first.place()),
                await(fixture.store.knownBlobs(acme.id, List.of(first.place(), second.place()))));
        GroupBuilder gone = acme.next();
        gone.at = T0.plusSeconds(5);
        gone.filesRemoved.addAll(List.of(a.id(), b.id()));
        acme.commit(gone);
        assertEquals(List.of(), collect(acme, T0.plusSeconds(5)));
        assertEquals(
                Reason.FENCED,
                StoreFixture.reason(fixture.store.collectBlobs(
                        acme.id, fixture.node, new Epoch(acme.epoch.value() + 1), T0.plusSeconds(9))));
        FileEntry back = fixture.file("/back", second);
        acme.commit(write(acme, back, second));
        assertEquals(List.of(), collect(acme, T0.plusSeconds(9)));
        GroupBuilder goneAgain = acme.next();
        goneAgain.at = T0.plusSeconds(10);
        goneAgain.filesRemoved.add(back.id());
        acme.commit(goneAgain);
        assertEquals(List.of(first.place()), collect(acme, T0.plusSeconds(11)));
        assertEquals(Optional.empty(), await(fixture.store.content(acme.id, hash)));
        acme.commit(write(acme, fixture.file("/later", second), second));
        assertEquals(Optional.of(second), await(fixture.store.content(acme.id, hash)));
    }

    private static List<BlobPlace> collect(StoreFixture.Owned tenant, Instant until) {
        return await(fixture.store.collectBlobs(tenant.id, fixture.node, tenant.epoch, until));
    }

    // -------------------------------------------------------------------------------------------------------- folders

    @Test
    void aFolderMovesAndGoesWithAllThatIsBelow() {
        StoreFixture.Owned acme = fixture.tenant("folders");
        String deep = "/a/" + "\ud83d\ude00".repeat(60) + "/" + "d".repeat(250) + "/" + "e".repeat(250) + "/leaf";
        List<String> paths = List.of("/a", "/a/b", "/a/b/c", "/a-b", "/a.txt", "/a0", "/ab", deep);
        GroupBuilder group = acme.next();
        for (String path : paths) {
            Content content = content(path);
            FileEntry file = fixture.file(path, content);
            group.put(file);
            group.versionsPut.add(version(file));
            group.blobsPut.add(content);
        }
        acme.commit(group);
        GroupBuilder move = acme.next();
        move.folder = new Group.Folder.Moved("/a", "/\u00fc/z");
        acme.commit(move);
        assertEquals(
                List.of(
                        "/a-b",
                        "/a.txt",
                        "/a0",
                        "/ab",
                        "/\u00fc/z",
                        "/\u00fc/z/b",
                        "/\u00fc/z/b/c",
                        "/\u00fc/z" + deep.substring(2)),
                paths(acme));
        assertEquals(
                1,
                await(fixture.store.entries(acme.id, List.of("/\u00fc/z" + deep.substring(2))))
                        .size());
        GroupBuilder onto = acme.next();
        onto.folder = new Group.Folder.Moved("/\u00fc/z", "/ab");
        assertEquals(Reason.FAILED, acme.refused(onto));
        GroupBuilder remove = acme.next();
        remove.folder = new Group.Folder.Removed("/\u00fc/z");
        acme.commit(remove);
        assertEquals(List.of("/a-b", "/a.txt", "/a0", "/ab"), paths(acme));
        assertEquals(
                Optional.empty(),
                await(fixture.store.content(acme.id, content("/a/b/c").hash())));
        assertTrue(await(fixture.store.content(acme.id, content("/ab").hash())).isPresent());
        assertEquals(4, await(fixture.store.folderTotals(acme.id, "/")).files());
        GroupBuilder all = acme.next();
        all.folder = new Group.Folder.Removed("/");
        acme.commit(all);
        assertEquals(List.of(), paths(acme));
    }

    private static List<String> paths(StoreFixture.Owned tenant) {
        return await(fixture.store.list(tenant.id, new FileRange(List.of("/"), "/", false, null, null, 1000))).stream()
                .map(FileEntry::path)
                .toList();
    }

    @Test
    void theLongestPathsAreUniqueAndFound() {
        StoreFixture.Owned acme = fixture.tenant("long");
        Random random = new Random(3);
        StringBuilder base = new StringBuilder();
        while (base.length() < 3900) {
            base.append('/');
            for (int i = 0; i < 200; i++) {
                base.append((char) ('!' + random.nextInt(90)) == '/' ? 'x' : (char) ('0' + random.nextInt(10)));
            }
        }
        GroupBuilder group = acme.next();
        group.put(fixture.directory(base + "/a"), fixture.directory(base + "/b"), fixture.directory(base.toString()));
        acme.commit(group);
        assertEquals(
                1,
                await(fixture.store.entries(acme.id, List.of(base + "/a", base + "/c")))
                        .size());
        assertEquals(List.of(base.toString(), base + "/a", base + "/b"), paths(acme));
        GroupBuilder twice = acme.next();
        twice.put(fixture.directory(base + "/a"));
        assertEquals(Reason.FAILED, acme.refused(twice));
    }
}
