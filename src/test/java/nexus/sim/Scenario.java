package nexus.sim;

import java.time.Duration;
import java.util.SplittableRandom;

/**
 * What kind of world a seed makes.
 *
 * @param nodes servers; one alone uses the database as {@code SINGLE}, several as {@code CLUSTER}
 * @param loops event loops of each
 * @param work how long clients work and faults come
 * @param faultEvery how long it is quiet between two faults, on average
 * @param lossRate calls to the database that are lost always, one way or the other
 * @param clockSteps whether the database's clock is set forward and back
 * @param activeMax how many tenants a node keeps in memory before it lets idle ones go
 * @param idle how long it keeps an idle one
 */
record Scenario(
        int nodes,
        int loops,
        int tenants,
        int clients,
        Duration work,
        Duration faultEvery,
        double lossRate,
        boolean clockSteps,
        int activeMax,
        Duration idle) {
    static Scenario of(SplittableRandom chance) {
        int nodes = chance.nextInt(2) == 0 ? 1 : chance.nextInt(2, 4);
        return new Scenario(
                nodes,
                chance.nextInt(1, 4),
                chance.nextInt(1, 4),
                chance.nextInt(2, 9),
                Duration.ofMillis(chance.nextLong(5_000, 30_000)),
                Duration.ofMillis(chance.nextLong(300, 6_000)),
                chance.nextInt(3) == 0 ? 0 : chance.nextDouble() * 0.03,
                chance.nextInt(3) == 0,
                chance.nextInt(1, 5),
                Duration.ofMillis(chance.nextLong(500, 20_000)));
    }
}
