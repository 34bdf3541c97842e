package nexus.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/**
 * Many simulated worlds, each of a seed: what goes wrong in them, and everything that has to hold all the same, is in the
 * {@link Simulation}.
 *
 * <p>{@code -Dnexus.sim.seeds=5000} runs more of them than the build does, {@code -Dnexus.sim.first=5001} others. When one fails it
 * says its seed; {@code -Dnexus.sim.seed=17} runs that one again, event by event, and writes the whole story to
 * {@code target/sim-17.txt}.
 */
class SimTest {
    /** As many as the build has time for. */
    private static final int SEEDS = 200;

    private static final int EVENTS = 300;

    /** What must have happened in so many worlds; if it has not, they prove nothing. */
    private static final List<String> EXPECTED = List.of(
            "ANSWERED",
            "REFUSED",
            "NOT_DONE",
            "UNKNOWN",
            "groups",
            "activations",
            "reloads",
            "takeovers",
            "lost leases");

    @Test
    void everySeedKeepsEveryPromise() throws Exception {
        Long one = Long.getLong("nexus.sim.seed");
        if (one != null) {
            replay(one);
            return;
        }
        long first = Long.getLong("nexus.sim.first", 1);
        int seeds = Integer.getInteger("nexus.sim.seeds", SEEDS);
        Map<String, Long> counts = runAll(first, seeds);
        System.out.println(seeds + " simulated worlds: " + counts);
        if (seeds >= SEEDS) {
            EXPECTED.forEach(what -> assertTrue(counts.getOrDefault(what, 0L) > 0, "never happened: " + what));
        }
    }

    private static Map<String, Long> runAll(long first, int seeds) throws InterruptedException {
        ExecutorService threads =
                Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        try {
            List<Future<Simulation.Outcome>> worlds = new ArrayList<>();
            for (int i = 0; i < seeds; i++) {
                long seed = first + i;
                worlds.add(threads.submit(() -> Simulation.run(seed, new Trace(EVENTS))));
            }
            Map<String, Long> counts = new TreeMap<>();
            List<String> failures = new ArrayList<>();
            for (int i = 0; i < seeds; i++) {
                try {
                    worlds.get(i).get().counts().forEach((what, count) -> counts.merge(what, count, Long::sum));
                } catch (ExecutionException e) {
                    failures.add("seed " + (first + i) + ": " + e.getCause().getMessage());
                }
            }
            // The first with its story, the others by their seeds.
            assertEquals(
                    0,
                    failures.size(),
                    () -> failures.size() + " of " + seeds + " failed\n" + failures.get(0) + others(failures));
            return counts;
        } finally {
            threads.shutdownNow();
        }
    }

    private static String others(List<String> failures) {
        StringBuilder text = new StringBuilder();
        failures.stream()
                .skip(1)
                .limit(20)
                .forEach(failure ->
                        text.append(failure.lines().findFirst().orElse("")).append('\n'));
        return text.toString();
    }

    private static void replay(long seed) throws IOException {
        Trace trace = new Trace(Integer.MAX_VALUE);
        Path story = Path.of("target", "sim-" + seed + ".txt");
        try {
            System.out.println(Simulation.run(seed, trace));
        } finally {
            Files.writeString(story, trace.text(Integer.MAX_VALUE));
            System.out.println("the whole story is in " + story);
        }
    }

    @Test
    void aSeedIsAlwaysTheSameStory() {
        assertEquals(Simulation.run(3, new Trace(EVENTS)), Simulation.run(3, new Trace(EVENTS)));
    }
}
