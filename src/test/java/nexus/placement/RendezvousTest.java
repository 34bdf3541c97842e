package nexus.placement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.kernel.Ulid;
import nexus.store.Leases;
import org.junit.jupiter.api.Test;

class RendezvousTest {
    private static final int TENANTS = 20_000;
    private final Random random = new Random(42);
    private final List<TenantId> tenants = tenants();

    /** As they are made: within seconds of each other, so that their first bytes are alike. */
    private List<TenantId> tenants() {
        List<TenantId> made = new ArrayList<>();
        for (int i = 0; i < TENANTS; i++) {
            made.add(new TenantId(Ulid.of(1_700_000_000_000L + i / 100, random.nextInt(), random.nextLong())));
        }
        return made;
    }

    private static List<Leases.Node> nodes(int count) {
        List<Leases.Node> nodes = new ArrayList<>();
        for (int i = 1; i <= count; i++) {
            nodes.add(Nodes.node(i, "node-" + i));
        }
        return nodes;
    }

    private static NodeId choose(TenantId tenant, List<Leases.Node> nodes) {
        return Rendezvous.choose(tenant, nodes, null).orElseThrow();
    }

    @Test
    void givesEachNodeItsShare() {
        for (int count : List.of(2, 3, 7, 20)) {
            Map<NodeId, Integer> shares = new HashMap<>();
            tenants.forEach(tenant -> shares.merge(choose(tenant, nodes(count)), 1, Integer::sum));
            int fair = TENANTS / count;
            shares.forEach((node, share) ->
                    assertTrue(Math.abs(share - fair) < fair / 5, count + " nodes, " + node + " has " + share));
            assertEquals(count, shares.size());
        }
    }

    @Test
    void movesOnlyWhatANewNodeGets() {
        int moved = 0;
        for (TenantId tenant : tenants) {
            NodeId before = choose(tenant, nodes(4));
            NodeId after = choose(tenant, nodes(5));
            if (!before.equals(after)) {
                assertEquals(Nodes.id(5), after, "a tenant moves to the new node or not at all");
                moved++;
            }
        }
        assertTrue(Math.abs(moved - TENANTS / 5) < TENANTS / 25, moved + " moved");
    }

    @Test
    void doesNotDependOnTheOrderOfTheCandidates() {
        List<Leases.Node> shuffled = new ArrayList<>(nodes(9));
        Collections.shuffle(shuffled, random);
        tenants.forEach(tenant -> assertEquals(choose(tenant, nodes(9)), choose(tenant, shuffled)));
    }

    @Test
    void aNodeThatRestartsGetsItsTenantsBack() {
        List<Leases.Node> again = new ArrayList<>(nodes(3));
        again.set(1, Nodes.node(99, "node-2"));
        for (TenantId tenant : tenants) {
            NodeId before = choose(tenant, nodes(3));
            assertEquals(before.equals(Nodes.id(2)) ? Nodes.id(99) : before, choose(tenant, again));
        }
    }

    @Test
    void aPinHoldsWhileItsNodeIsThere() {
        for (TenantId tenant : tenants.subList(0, 100)) {
            assertEquals(Optional.of(Nodes.id(2)), Rendezvous.choose(tenant, nodes(3), "node-2"));
            assertEquals(
                    choose(tenant, nodes(3)),
                    Rendezvous.choose(tenant, nodes(3), "node-9").orElseThrow());
        }
    }

    @Test
    void twoNodesOfOneNameAreToldApart() {
        List<Leases.Node> twins = List.of(Nodes.node(1, "same"), Nodes.node(2, "same"));
        TenantId tenant = new TenantId(new UUID(1, 1));
        assertEquals(choose(tenant, twins), choose(tenant, List.of(twins.get(1), twins.get(0))));
        assertEquals(
                Rendezvous.choose(tenant, twins, "same"),
                Rendezvous.choose(tenant, List.of(twins.get(1), twins.get(0)), "same"));
    }

    @Test
    void choosesNobodyOfNone() {
        assertEquals(Optional.empty(), Rendezvous.choose(tenants.get(0), List.of(), "node-1"));
    }
}
