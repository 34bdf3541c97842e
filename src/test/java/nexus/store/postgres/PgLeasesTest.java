package nexus.store.postgres;

import static nexus.store.postgres.StoreFixture.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.store.Group;
import nexus.store.Leases;
import nexus.store.Leases.Lease;
import nexus.store.Leases.Mode;
import nexus.store.StoreException;
import nexus.store.StoreException.Reason;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PgLeasesTest {
    private static final Duration TERM = Duration.ofSeconds(60);

    private static StoreFixture fixture;

    @BeforeAll
    static void open() {
        fixture = new StoreFixture();
    }

    @AfterAll
    static void close() {
        fixture.close();
    }

    @BeforeEach
    void empty() {
        fixture.execute("DELETE FROM nexus.node");
    }

    private static NodeId node() {
        return new NodeId(fixture.ids.next());
    }

    private static List<Lease> join(NodeId node, Mode mode) {
        return await(fixture.leases.join(node, "host:1", mode, TERM));
    }

    private static void endLease(NodeId node) {
        fixture.execute("UPDATE nexus.node SET lease_until = clock_timestamp() WHERE id = '" + node.value() + "'");
    }

    @Test
    void modesMeetOnlyWhereTheyMay() {
        for (Mode present : Mode.values()) {
            for (Mode next : Mode.values()) {
                empty();
                NodeId first = node();
                assertEquals(List.of(), join(first, present));
                NodeId second = node();
                List<Lease> inTheWay = join(second, next);
                boolean allowed = next == Mode.EMBEDDED || present == Mode.CLUSTER && next == Mode.CLUSTER;
                String pair = present + " then " + next;
                assertEquals(allowed, inTheWay.isEmpty(), pair);
                assertEquals(allowed, await(fixture.leases.renew(second, TERM)).isPresent(), pair);
                assertEquals(
                        next != Mode.EMBEDDED,
                        await(fixture.leases.renew(first, TERM)).isPresent(),
                        pair);
                if (!allowed) {
                    Lease lease = inTheWay.get(0);
                    assertEquals(first, lease.node());
                    assertEquals(present, lease.mode());
                    assertEquals("host:1", lease.name());
                    assertTrue(lease.remaining().compareTo(Duration.ofSeconds(50)) > 0, pair);
                }
            }
        }
    }

    @Test
    void aLeaseThatIsOverForbidsNothing() {
        NodeId first = node();
        join(first, Mode.SINGLE);
        endLease(first);
        assertEquals(List.of(), join(node(), Mode.CLUSTER));
    }

    @Test
    void aNodeIsNeverReused() {
        NodeId node = node();
        join(node, Mode.CLUSTER);
        assertEquals(Reason.FAILED, StoreFixture.reason(fixture.leases.join(node, "again", Mode.CLUSTER, TERM)));
        endLease(node);
        assertEquals(Reason.FAILED, StoreFixture.reason(fixture.leases.join(node, "again", Mode.CLUSTER, TERM)));
    }

    @Test
    void oneOfManyThatStartAtOnceEnters() {
        List<Future<List<Lease>>> joins = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            joins.add(fixture.leases.join(node(), "host", Mode.SINGLE, TERM));
        }
        long entered = joins.stream().filter(join -> await(join).isEmpty()).count();
        assertEquals(1, entered);
        assertEquals(List.of("1"), fixture.rows("SELECT count(*) FROM nexus.node"));
    }

    @Test
    void aRenewalCountsAndTellsTheTime() {
        NodeId node = node();
        join(node, Mode.CLUSTER);
        Instant first = await(fixture.leases.renew(node, TERM)).orElseThrow();
        Instant second = await(fixture.leases.renew(node, TERM)).orElseThrow();
        assertFalse(second.isBefore(first));
        assertEquals(2, join(node(), Mode.SINGLE).get(0).renewals());
    }

    @Test
    void aLeaseThatIsOverIsNotRenewed() {
        NodeId node = node();
        join(node, Mode.CLUSTER);
        endLease(node);
        assertEquals(Optional.empty(), await(fixture.leases.renew(node, TERM)));
        assertEquals(Optional.empty(), await(fixture.leases.renew(node(), TERM)));
    }

    /** The renewal saw a live lease, but gets the row only when the lease is over: somebody may have taken meanwhile. */
    @Test
    void aRenewalLooksAtTheClockWhenItHasTheRow() {
        NodeId node = node();
        assertEquals(List.of(), await(fixture.leases.join(node, "short", Mode.CLUSTER, Duration.ofMillis(400))));
        Future<Optional<Instant>> renewal;
        try (TestServer.Session take = TestServer.session(fixture.url)) {
            take.execute("BEGIN");
            take.execute("SELECT 1 FROM nexus.node WHERE id = '" + node.value() + "' FOR UPDATE");
            renewal = fixture.leases.renew(node, TERM);
            TestServer.until(
                    "the end of the lease",
                    () -> fixture.rows("SELECT 1 FROM nexus.node WHERE lease_until > clock_timestamp()")
                            .isEmpty());
            take.execute("ROLLBACK");
        }
        assertEquals(Optional.empty(), await(renewal));
    }

    @Test
    void leavingReleasesTheTenants() {
        fixture.execute("INSERT INTO nexus.node (id, name, mode, lease_until) VALUES ('" + fixture.node.value()
                + "', 'x', 'CLUSTER', clock_timestamp() + interval '1 hour')");
        StoreFixture.Owned acme = fixture.tenant("acme");
        NodeId other = node();
        join(other, Mode.CLUSTER);
        assertEquals(Reason.OWNED, StoreFixture.reason(fixture.store.take(acme.id, other, (t, e) -> {})));
        await(fixture.leases.leave(fixture.node));
        assertEquals(
                Reason.FENCED,
                StoreFixture.reason(fixture.store.commit(acme.next().build())));
        assertEquals(
                acme.epoch.value() + 1,
                await(fixture.store.take(acme.id, other, (t, e) -> {})).epoch().value());
        assertEquals(Optional.empty(), await(fixture.leases.renew(fixture.node, TERM)));
    }

    @Test
    void nodesTellWhatTheOthersMustKnow() {
        NodeId node = node();
        join(node, Mode.CLUSTER);
        Leases.Node before = only(await(fixture.leases.nodes()));
        assertEquals(node, before.id());
        assertEquals(null, before.member(), "not announced yet");
        await(fixture.leases.announce(node, "member-1", "http://127.0.0.1:2026", 3));
        await(fixture.leases.report(node, 5, 2));
        assertTrue(await(fixture.leases.drain(node, true)));
        await(fixture.leases.renew(node, TERM));
        Leases.Node after = only(await(fixture.leases.nodes()));
        assertEquals("member-1", after.member());
        assertEquals("http://127.0.0.1:2026", after.http());
        assertEquals(3, after.protocol());
        assertEquals(5, after.active());
        assertEquals(2, after.moving());
        assertTrue(after.draining());
        assertEquals(before.renewals() + 1, after.renewals());
        assertTrue(after.remaining().compareTo(Duration.ofSeconds(50)) > 0);
        assertTrue(await(fixture.leases.drain(node, false)));
        assertFalse(only(await(fixture.leases.nodes())).draining());
        assertFalse(await(fixture.leases.drain(node(), true)), "a node that is not there");
    }

    private static Leases.Node only(List<Leases.Node> nodes) {
        assertEquals(1, nodes.size(), nodes.toString());
        return nodes.get(0);
    }

    /** A dead node's row is what its successors watch: it stays as long as a tenant names it, and no longer. */
    @Test
    void aDeadNodeIsSeenWhileItOwnsATenant() {
        fixture.execute("INSERT INTO nexus.node (id, name, mode, lease_until) VALUES ('" + fixture.node.value()
                + "', 'x', 'CLUSTER', clock_timestamp() + interval '1 hour')");
        StoreFixture.Owned acme = fixture.tenant("of-a-dead-node");
        fixture.execute("UPDATE nexus.node SET lease_until = clock_timestamp() - interval '2 days'");
        NodeId other = node();
        join(other, Mode.CLUSTER);
        assertEquals(2, await(fixture.leases.nodes()).size());
        assertEquals(
                Optional.of(fixture.node),
                await(fixture.leases.nodes()).stream()
                        .filter(node -> node.remaining().isNegative())
                        .map(Leases.Node::id)
                        .findFirst());
        assertTrue(await(fixture.leases.owned()).get(fixture.node) >= 1);
        await(fixture.leases.leave(fixture.node));
        assertEquals(1, await(fixture.leases.nodes()).size());
        assertEquals(null, await(fixture.leases.owned()).get(fixture.node));
        await(fixture.store.take(acme.id, other, (t, e) -> {}));
    }

    /** A step of the database's clock ends a lease, but not the node: only one that was watched to be dead loses its tenants. */
    @Test
    void aTakeDoesNotTrustTheClockAlone() {
        fixture.execute("INSERT INTO nexus.node (id, name, mode, lease_until) VALUES ('" + fixture.node.value()
                + "', 'x', 'CLUSTER', clock_timestamp() + interval '1 hour')");
        StoreFixture.Owned acme = fixture.tenant("watched");
        NodeId taker = node();
        join(taker, Mode.CLUSTER);
        List<NodeId> dead = new ArrayList<>();
        PgTenantStore store = new PgTenantStore(fixture.database, () -> List.copyOf(dead));
        dead.add(fixture.node);
        assertEquals(Reason.OWNED, StoreFixture.reason(store.take(acme.id, taker, (t, e) -> {})), "its lease is live");
        dead.clear();
        dead.add(node());
        endLease(fixture.node);
        StoreException refusal =
                assertThrows(StoreException.class, () -> await(store.take(acme.id, taker, (t, e) -> {})));
        assertEquals(Reason.OWNED, refusal.reason());
        assertEquals(fixture.node, refusal.owner());
        dead.add(fixture.node);
        assertEquals(
                acme.epoch.value() + 1,
                await(store.take(acme.id, taker, (t, e) -> {})).epoch().value());
    }

    @Test
    void pinsAreWrittenByTheReservedTenant() {
        fixture.execute("INSERT INTO nexus.node (id, name, mode, lease_until) VALUES ('" + fixture.node.value()
                + "', 'x', 'CLUSTER', clock_timestamp() + interval '1 hour')");
        StoreFixture.Owned acme = fixture.tenant("pinned");
        pin("pinned", "node-2");
        assertEquals(
                new Leases.Pin(new ZoneName("pinned"), "node-2"),
                await(fixture.leases.pins()).get(acme.id));
        pin("pinned", null);
        assertEquals(null, await(fixture.leases.pins()).get(acme.id));
        GroupBuilder forbidden = acme.next();
        forbidden.controls.add(new Group.Control.TenantPinned(new ZoneName("pinned"), "node-3"));
        assertThrows(IllegalStateException.class, () -> await(fixture.store.commit(forbidden.build())));
    }

    private static void pin(String zone, @Nullable String node) {
        GroupBuilder group =
                fixture.next(TenantId.SYSTEM, fixture.take(TenantId.SYSTEM).epoch());
        group.controls.add(new Group.Control.TenantPinned(new ZoneName(zone), node));
        await(fixture.store.commit(group.build()));
    }

    @Test
    void drainingByACommandIsSeenAndAGoneNodeDoesNotMatter() {
        fixture.execute("INSERT INTO nexus.node (id, name, mode, lease_until) VALUES ('" + fixture.node.value()
                + "', 'x', 'CLUSTER', clock_timestamp() + interval '1 hour')");
        GroupBuilder group =
                fixture.next(TenantId.SYSTEM, fixture.take(TenantId.SYSTEM).epoch());
        group.controls.add(new Group.Control.NodeDraining(fixture.node, true));
        group.controls.add(new Group.Control.NodeDraining(node(), true));
        await(fixture.store.commit(group.build()));
        assertTrue(only(await(fixture.leases.nodes())).draining());
    }

    /** The next owner's time does not run back behind what this one answered by. */
    @Test
    void aReleaseKeepsTheTime() {
        fixture.execute("INSERT INTO nexus.node (id, name, mode, lease_until) VALUES ('" + fixture.node.value()
                + "', 'x', 'CLUSTER', clock_timestamp() + interval '1 hour')");
        StoreFixture.Owned acme = fixture.tenant("in-time");
        Instant last = Instant.parse("2100-01-01T00:00:00Z");
        await(fixture.store.release(acme.id, fixture.node, acme.epoch, last));
        assertEquals(last, fixture.take(acme.id).lastAt());
    }
}
