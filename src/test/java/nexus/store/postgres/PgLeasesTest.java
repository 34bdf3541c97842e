package nexus.store.postgres;

import static nexus.store.postgres.StoreFixture.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nexus.kernel.NodeId;
import nexus.store.Leases.Lease;
import nexus.store.Leases.Mode;
import nexus.store.StoreException.Reason;
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
}
