package nexus.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A real Vert.x under virtual time: what the simulation stands on. */
class SimVertxTest {
    private final Scheduler scheduler = new Scheduler(1, new Trace(100));
    private final SimVertx node = new SimVertx(scheduler, "node", 2);
    private final List<String> seen = new ArrayList<>();

    private void saw(String what) {
        seen.add(what + "@" + scheduler.now() / 1_000_000);
    }

    @Test
    void timersFireAtTheirVirtualTimeAndTakeNoRealTime() {
        long real = System.nanoTime();
        node.run(() -> {
            node.vertx().setTimer(3_600_000, id -> saw("hour"));
            node.vertx().setTimer(1_000, id -> saw("second"));
        });
        scheduler.advance(Duration.ofMillis(999));
        assertEquals(List.of(), seen);
        scheduler.advance(Duration.ofHours(2));
        assertEquals(List.of("second@1000", "hour@3600000"), seen);
        assertTrue(System.nanoTime() - real < Duration.ofMinutes(1).toNanos());
    }

    @Test
    void aPeriodicTimerFiresUntilItIsCancelled() {
        AtomicInteger left = new AtomicInteger(3);
        node.run(() -> node.vertx().setPeriodic(1_000, id -> {
            saw("tick");
            if (left.decrementAndGet() == 0) {
                node.vertx().cancelTimer(id);
            }
        }));
        scheduler.advance(Duration.ofMinutes(1));
        assertEquals(List.of("tick@1000", "tick@2000", "tick@3000"), seen);
    }

    @Test
    void tasksOfOneContextKeepTheirOrder() {
        node.run(() -> {
            for (int i = 0; i < 100; i++) {
                int number = i;
                node.vertx().getOrCreateContext().runOnContext(v -> seen.add("" + number));
            }
            assertTrue(seen.isEmpty(), "runOnContext never runs at once");
        });
        scheduler.advance(Duration.ofSeconds(1));
        for (int i = 0; i < 100; i++) {
            assertEquals("" + i, seen.get(i));
        }
    }

    @Test
    void aVerticleIsDeployedOnALoopOfItsOwnAndUndeployed() {
        Promise<Void> stopped = Promise.promise();
        VerticleBase verticle = new VerticleBase() {
            @Override
            public Future<?> start() {
                Promise<Void> later = Promise.promise();
                vertx.setTimer(500, id -> {
                    assertSame(context, vertx.getOrCreateContext());
                    later.complete();
                });
                // Undeploying cancels it.
                vertx.setTimer(5_000, id -> saw("too late"));
                return later.future();
            }

            @Override
            public Future<?> stop() {
                saw("stop");
                stopped.complete();
                return Future.succeededFuture();
            }
        };
        Future<String> deployed = node.call(() -> node.vertx().deployVerticle(verticle));
        scheduler.advance(Duration.ofMillis(499));
        assertFalse(deployed.isComplete());
        scheduler.runUntil("deployed", deployed::succeeded, Duration.ofMillis(10));
        Future<Void> undeployed = node.call(() -> node.vertx().undeploy(deployed.result()));
        scheduler.runUntil("undeployed", undeployed::succeeded, Duration.ofSeconds(1));
        scheduler.advance(Duration.ofMinutes(1));
        assertEquals(1, seen.size());
        assertTrue(node.vertx().deploymentIDs().isEmpty());
    }

    @Test
    void aFutureOfAContextCompletesOnIt() {
        Promise<Void> alien = Promise.promise();
        node.run(() -> {
            ContextInternal home = ContextInternal.current();
            Promise<Void> own = home.promise();
            alien.future().onComplete(own);
            own.future().onComplete(done -> {
                assertSame(home, ContextInternal.current());
                saw("home");
            });
        });
        scheduler.after(Duration.ofMillis(700), alien::complete);
        scheduler.advance(Duration.ofSeconds(1));
        assertEquals(List.of("home@700"), seen);
        assertNull(ContextInternal.current(), "the driving thread is in no context between events");
    }

    @Test
    void aPausedProcessDoesNothingWhileItsClocksGoOn() {
        node.run(() -> node.vertx().setPeriodic(1_000, id -> saw("tick")));
        scheduler.advance(Duration.ofMillis(1_500));
        long before = node.nanoTime();
        node.pause();
        node.run(() -> saw("task"));
        scheduler.advance(Duration.ofMillis(4_000));
        assertEquals(List.of("tick@1000"), seen);
        assertEquals(4_000.0, (node.nanoTime() - before) / 1e6, 1.0);
        assertEquals(
                SimVertx.BEGINNING.plusMillis(5_500),
                node.wall().instant(),
                "the wall clock goes on while it is paused");
        node.resume();
        scheduler.advance(Duration.ofMillis(100));
        assertEquals(List.of("tick@1000", "task@5500", "tick@5500", "tick@5500", "tick@5500", "tick@5500"), seen);
    }

    @Test
    void aPausedProcessDoesNotStopTheOthers() {
        SimVertx other = new SimVertx(scheduler, "other", 1);
        node.pause();
        node.run(() -> saw("paused"));
        other.run(() -> other.vertx().setTimer(10, id -> saw("other")));
        scheduler.advance(Duration.ofSeconds(1));
        assertEquals(List.of("other@10"), seen);
    }

    /** All processes share a thread, but none runs in the middle of another's task. */
    @Test
    void whatOneProcessCompletesRunsOnTheOtherWhenItCan() {
        SimVertx other = new SimVertx(scheduler, "other", 1);
        List<Promise<Void>> made = new ArrayList<>();
        node.run(() -> {
            Promise<Void> promise = ContextInternal.current().promise();
            promise.future().onComplete(done -> saw("told"));
            made.add(promise);
        });
        scheduler.advance(Duration.ofMillis(10));
        node.pause();
        other.run(() -> made.get(0).complete());
        scheduler.advance(Duration.ofMillis(490));
        assertEquals(List.of(), seen);
        node.resume();
        scheduler.advance(Duration.ofMillis(10));
        assertEquals(List.of("told@500"), seen);
    }

    @Test
    void aKilledProcessNeverRunsAgain() {
        node.run(() -> node.vertx().setTimer(10, id -> saw("timer")));
        scheduler.advance(Duration.ofMillis(5));
        node.run(() -> saw("task"));
        node.kill();
        node.run(() -> saw("after"));
        scheduler.advance(Duration.ofMinutes(1));
        assertEquals(List.of(), seen);
    }

    @Test
    void whatATaskThrowsFailsTheSimulation() {
        node.run(() -> {
            throw new IllegalStateException("BUG");
        });
        AssertionError failure = assertThrows(AssertionError.class, () -> scheduler.advance(Duration.ofSeconds(1)));
        assertTrue(failure.getMessage().contains("BUG"), failure.getMessage());
    }

    @Test
    void blockingWorkIsRefused() {
        Future<Object> blocking = node.call(() -> node.vertx().executeBlocking(() -> "done"));
        scheduler.advance(Duration.ofSeconds(1));
        assertTrue(blocking.failed());
    }

    @Test
    void theSeedDecidesInWhichOrderLoopsMeet() {
        List<String> orders = new ArrayList<>();
        for (long seed : new long[] {7, 7, 8, 9, 10, 11, 12}) {
            orders.add(race(seed));
        }
        assertEquals(orders.get(0), orders.get(1));
        assertNotEquals(1, orders.stream().distinct().count(), "no seed makes another order: " + orders);
        assertNotEquals(
                1,
                orders.stream().map(order -> order.charAt(0)).distinct().count(),
                "always the same first: " + orders);
    }

    private static String race(long seed) {
        Scheduler racing = new Scheduler(seed, new Trace(100));
        StringBuilder order = new StringBuilder();
        List<SimVertx> nodes = new ArrayList<>();
        for (String name : List.of("a", "b", "c")) {
            SimVertx one = new SimVertx(racing, name, 1);
            nodes.add(one);
            for (int i = 0; i < 5; i++) {
                one.run(() -> order.append(name));
            }
        }
        racing.advance(Duration.ofSeconds(1));
        assertEquals(15, order.length());
        return order.toString();
    }
}
