package nexus.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Many simulated worlds, each of a seed. */
class SimTest {
    private static final int SEEDS = 200;
    private static final int EVENTS = 300;

    @Test
    void everySeedKeepsEveryPromise() {
        Long one = Long.getLong("nexus.sim.seed");
        if (one != null) {
            System.out.println(Simulation.run(one, EVENTS));
            return;
        }
        int seeds = Integer.getInteger("nexus.sim.seeds", SEEDS);
        for (long seed = 1; seed <= seeds; seed++) {
            Simulation.run(seed, EVENTS);
        }
    }

    @Test
    void aSeedIsAlwaysTheSameStory() {
        assertEquals(Simulation.run(3, EVENTS), Simulation.run(3, EVENTS));
    }
}
