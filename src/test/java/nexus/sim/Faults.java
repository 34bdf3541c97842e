package nexus.sim;

import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;

/** What goes wrong in a simulation, and when: one fault after the other, which may overlap, until it is called off. */
final class Faults {
    private final Simulation simulation;
    private final Scheduler scheduler;
    private final SimDatabase database;
    private final Scenario scenario;
    private final SplittableRandom chance;

    Faults(Simulation simulation, Scenario scenario) {
        this.simulation = simulation;
        this.scheduler = simulation.scheduler();
        this.database = simulation.database();
        this.scenario = scenario;
        this.chance = scheduler.chance();
    }

    /** Lets things go wrong until the simulation is over. */
    void start() {
        database.lose(scenario.lossRate());
        networkAsEver();
        next();
    }

    private void next() {
        scheduler.after(upTo(scenario.faultEvery().multipliedBy(2)), () -> {
            if (!simulation.isOver()) {
                happen();
                next();
            }
        });
    }

    private Duration upTo(Duration most) {
        return Duration.ofNanos(chance.nextLong(1, most.toNanos()));
    }

    /** Mostly short; now and then longer than a lease. */
    private Duration lasting() {
        return upTo(Duration.ofMillis(chance.nextInt(3) == 0 ? 10_000 : 1_500));
    }

    private SimNode node() {
        List<SimNode> nodes = simulation.nodes();
        return nodes.get(chance.nextInt(nodes.size()));
    }

    private void happen() {
        SimNode node = node();
        switch (chance.nextInt(scenario.nodes() == 1 ? 12 : 16)) {
            case 0, 1 -> pause(node);
            case 2 -> crash(node);
            case 3 -> stop(node);
            case 4, 5 -> cut(node);
            case 6 -> databaseDown();
            case 7 -> databaseSlow();
            case 8 -> databaseLoses();
            case 9 -> stepClock();
            case 10, 11 -> letGo(node);
            case 12, 13 -> part();
            case 14 -> networkSlow();
            default -> networkLoses();
        }
    }

    private void pause(SimNode node) {
        node.pause();
        scheduler.after(lasting(), node::resume);
    }

    private void crash(SimNode node) {
        node.crash();
        scheduler.after(lasting(), () -> startAgain(node));
    }

    private void stop(SimNode node) {
        node.stop();
        scheduler.after(lasting(), () -> startAgain(node));
    }

    private void startAgain(SimNode node) {
        if (!node.isAlive()) {
            node.start();
        } else if (node.isStopping()) {
            scheduler.after(Duration.ofMillis(100), () -> startAgain(node));
        }
    }

    private void cut(SimNode node) {
        node.process().ifPresent(process -> {
            database.cut(process, chance.nextBoolean());
            scheduler.after(lasting(), () -> database.mend(process));
        });
    }

    private void databaseDown() {
        database.crash(chance.nextBoolean());
        scheduler.after(lasting(), database::recover);
    }

    private void databaseSlow() {
        database.slow(chance.nextInt(5, 100));
        scheduler.after(lasting(), () -> database.slow(1));
    }

    private void databaseLoses() {
        database.lose(chance.nextDouble() * 0.4);
        scheduler.after(upTo(Duration.ofSeconds(2)), () -> database.lose(scenario.lossRate()));
    }

    private void stepClock() {
        if (scenario.clockSteps()) {
            database.stepClock(Duration.ofMillis(chance.nextLong(-10_000, 10_000)));
        }
    }

    private void part() {
        SimNode one = node();
        SimNode other = node();
        if (one.process().isPresent() && other.process().isPresent() && one != other) {
            SimVertx first = one.process().get();
            SimVertx second = other.process().get();
            simulation.network().part(first, second, chance.nextInt(3) > 0);
            scheduler.after(lasting(), () -> simulation.network().join(first, second));
        }
    }

    private void networkSlow() {
        simulation.network().slow(chance.nextInt(5, 200));
        scheduler.after(lasting(), () -> simulation.network().slow(1));
    }

    private void networkLoses() {
        simulation.network().lose(chance.nextDouble() * 0.4, chance.nextDouble() * 0.4);
        scheduler.after(lasting(), this::networkAsEver);
    }

    private void networkAsEver() {
        simulation.network().lose(scenario.lossRate(), scenario.lossRate());
    }

    private void letGo(SimNode node) {
        List<TenantHistory> tenants = simulation.tenants();
        node.passivate(simulation.id(tenants.get(chance.nextInt(tenants.size()))));
    }

    /** Ends every fault. */
    void callOff() {
        database.recover();
        database.slow(1);
        database.lose(0);
        simulation.network().joinAll();
        simulation.network().slow(1);
        simulation.network().lose(0, 0);
        for (SimNode node : simulation.nodes()) {
            node.process().ifPresent(database::mend);
            node.resume();
            startAgain(node);
        }
    }
}
