package nexus.placement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.store.Leases;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Node 1 watches: who is alive to it, and who is dead. Looks are made by hand, on a clock that the test moves. */
class NodeWatchTest {
    private static final Duration LIVE = Duration.ofSeconds(3);
    private static final Duration OVER = Duration.ofSeconds(-1);

    private final Vertx vertx = Vertx.vertx();
    private final Nodes leases = new Nodes();
    private final Set<String> members = new HashSet<>(Set.of("one", "two", "three"));
    private final AtomicLong nanos = new AtomicLong(1);
    private final NodeWatch watch =
            new NodeWatch(vertx, leases, Nodes.id(1), Set.of(Nodes.id(77)), new Members(), nanos::get);

    private final class Members implements Membership {
        @Override
        public String self() {
            return "one";
        }

        @Override
        public Set<String> members() {
            return members;
        }

        @Override
        public void onChange(Runnable changed) {}
    }

    @AfterEach
    void close() {
        vertx.close();
    }

    private ClusterView look(Leases.Node... rows) throws Exception {
        leases.rows.clear();
        leases.rows.addAll(List.of(rows));
        CompletableFuture<Void> looked = new CompletableFuture<>();
        vertx.runOnContext(v -> watch.look().onComplete(done -> looked.complete(null)));
        looked.get(5, TimeUnit.SECONDS);
        return watch.view();
    }

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    private static List<NodeId> ids(List<Leases.Node> nodes) {
        return nodes.stream().map(Leases.Node::id).toList();
    }

    @Test
    void candidatesAreMembersWithALiveLeaseThatDoNotDrain() throws Exception {
        ClusterView view = look(
                Nodes.node(1, "one"),
                Nodes.node(2, "two"),
                Nodes.node(3, "three", 1, LIVE, true),
                Nodes.node(4, "no-member"),
                Nodes.node(5, "two", 1, OVER, false));
        assertEquals(List.of(Nodes.id(1), Nodes.id(2)), ids(view.candidates()));
        assertEquals(Set.of(Nodes.id(1), Nodes.id(2), Nodes.id(3)), view.live());
        assertFalse(view.isDraining());
        assertTrue(look(Nodes.node(1, "one", 1, LIVE, true)).isDraining());
    }

    @Test
    void aNodeThatLeftTheMembershipIsNoCandidateWhateverItsLeaseSays() throws Exception {
        members.remove("two");
        assertEquals(
                List.of(Nodes.id(1)),
                ids(look(Nodes.node(1, "one"), Nodes.node(2, "two")).candidates()));
    }

    @Test
    void whoSeesNoCandidateTakesForItself() throws Exception {
        assertEquals(Nodes.id(1), look().desired(new TenantId(Nodes.id(9).value())));
    }

    @Test
    void aNodeIsDeadWhenItsCountStoodStillForATermAndAMargin() throws Exception {
        look(Nodes.node(1, "one"), Nodes.node(2, "two"));
        pass(NodeLease.TERM.plus(NodeLease.MARGIN).minusMillis(1));
        look(Nodes.node(1, "one"), Nodes.node(2, "two"));
        assertEquals(List.of(Nodes.id(77)), watch.dead(), "only the former life of this process");
        pass(Duration.ofMillis(1));
        ClusterView view = look(Nodes.node(1, "one"), Nodes.node(2, "two"));
        assertEquals(Set.of(Nodes.id(2), Nodes.id(77)), Set.copyOf(watch.dead()), "never this node itself");
        assertFalse(view.isLive(Nodes.id(2)), "whatever the database's clock says of its lease");
    }

    /** The clock jumps and ends every lease; who goes on renewing is alive all the same. */
    @Test
    void aStepOfTheDatabasesClockKillsNobody() throws Exception {
        for (int renewals = 1; renewals < 20; renewals++) {
            look(Nodes.node(1, "one"), Nodes.node(2, "two", renewals, OVER, false));
            assertEquals(List.of(Nodes.id(77)), watch.dead());
            pass(Duration.ofSeconds(1));
        }
    }

    @Test
    void aNodeThatRenewsAgainIsCountedAnew() throws Exception {
        look(Nodes.node(2, "two"));
        pass(Duration.ofSeconds(4));
        look(Nodes.node(2, "two", 2, LIVE, false));
        pass(Duration.ofSeconds(4));
        look(Nodes.node(2, "two", 2, LIVE, false));
        assertEquals(List.of(Nodes.id(77)), watch.dead());
    }

    @Test
    void pinsAreSeen() throws Exception {
        TenantId tenant = new TenantId(Nodes.id(9).value());
        for (String name : List.of("one", "two", "three")) {
            leases.pin(tenant, name);
            ClusterView view = look(Nodes.node(1, "one"), Nodes.node(2, "two"), Nodes.node(3, "three"));
            assertEquals(name, view.node(view.desired(tenant)).orElseThrow().name());
        }
    }

    @Test
    void aNodeThatIsAloneByItsModeHasEveryTenant() throws Exception {
        NodeWatch alone = new NodeWatch(vertx, leases, Nodes.id(1), Set.of(), null, nanos::get);
        leases.rows.add(Nodes.node(1, "one"));
        leases.rows.add(Nodes.node(2, "two", 1, OVER, false));
        CompletableFuture<Void> looked = new CompletableFuture<>();
        vertx.runOnContext(v -> alone.look().onComplete(done -> looked.complete(null)));
        looked.get(5, TimeUnit.SECONDS);
        assertEquals(Nodes.id(1), alone.view().desired(new TenantId(Nodes.id(9).value())));
        assertEquals(Set.of(Nodes.id(1)), alone.view().live());
    }
}
