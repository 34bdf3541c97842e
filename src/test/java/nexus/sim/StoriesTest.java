package nexus.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Stories of several nodes that chance would seldom tell. */
class StoriesTest {
    private static final Duration SOON = Duration.ofSeconds(30);

    private static Scenario nodes(int count) {
        return new Scenario(count, 1, 4, 0, Duration.ZERO, Duration.ofDays(1), 0, false, 100, Duration.ofMinutes(15));
    }

    /**
     * A node took a tenant, but never heard of it. It is the owner, alive, and has the tenant not in memory: whoever should have
     * the tenant later must get it.
     */
    @Test
    void aTakeWhoseAnswerWasLostLocksNobodyOut() {
        Simulation.tell(1, nodes(2), world -> {
            SimNode first = world.nodes().get(0);
            SimNode second = world.nodes().get(1);
            first.start();
            world.scheduler().runUntil("the first node to serve", first::isServing, SOON);
            for (TenantHistory tenant : world.tenants()) {
                world.database().loseNext("take " + world.id(tenant), true);
                assertEquals(Operation.Fate.NOT_DONE, world.probe(tenant, first, Duration.ofMillis(50)));
                assertEquals(
                        first.id(),
                        Optional.ofNullable(
                                world.database().tenant(world.id(tenant)).owner()));
                assertTrue(first.present(world.id(tenant)).isEmpty());
            }
            mustHaveAllOfThem(world, second);
        });
    }

    /** A node gave a tenant away, but the database never heard of it. */
    @Test
    void aReleaseThatWasLostLocksNobodyOut() {
        for (boolean arrives : new boolean[] {true, false}) {
            Simulation.tell(1, nodes(2), world -> {
                SimNode first = world.nodes().get(0);
                SimNode second = world.nodes().get(1);
                first.start();
                world.scheduler().runUntil("the first node to serve", first::isServing, SOON);
                for (TenantHistory tenant : world.tenants()) {
                    assertEquals(Operation.Fate.ANSWERED, world.probe(tenant, first, SOON));
                    world.database().loseNext("release " + world.id(tenant), arrives);
                }
                mustHaveAllOfThem(world, second);
            });
        }
    }

    private static void mustHaveAllOfThem(Simulation world, SimNode node) {
        node.start();
        world.scheduler().runUntil("the second node to serve", node::isServing, SOON);
        world.scheduler().advance(Duration.ofSeconds(2));
        for (TenantHistory tenant : world.tenants()) {
            assertEquals(
                    Operation.Fate.ANSWERED,
                    world.probe(tenant, node, SOON),
                    tenant.zone().toString());
        }
    }
}
