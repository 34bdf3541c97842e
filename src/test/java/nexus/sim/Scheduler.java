package nexus.sim;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Virtual time, and chance. Everything in a simulation happens on the thread that drives this, one event after the other:
 * either something that was planned ({@link #after}: a message arrives, a fault begins), or one task of one event loop. What
 * is earliest comes first; among what is due at the same instant the seed decides.
 *
 * <p>Time passes only between events. A loop that has run a task is busy for a while, of chance; so the order in which the
 * loops of a node, and the nodes, meet each other differs from seed to seed, while each loop keeps the order of its own.
 */
final class Scheduler {
    private final SplittableRandom root;
    private final SplittableRandom order;
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final List<SimLoop> loops = new ArrayList<>();
    private final List<Runnable> watchers = new ArrayList<>();
    private final Trace trace;
    private long now;
    private long steps;
    private @Nullable Throwable failure;

    /** Something planned; {@code order} decides among those of the same instant. */
    private record Event(long at, long order, Runnable run) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            int byTime = Long.compare(at, other.at);
            return byTime != 0 ? byTime : Long.compare(order, other.order);
        }
    }

    Scheduler(long seed, Trace trace) {
        this.root = new SplittableRandom(seed);
        this.order = root.split();
        this.trace = trace;
    }

    /** A source of chance of its own, so that what one part draws does not change what another gets. */
    SplittableRandom chance() {
        return root.split();
    }

    /** Nanoseconds of virtual time since the beginning. */
    long now() {
        return now;
    }

    /** How many events have been run. */
    long steps() {
        return steps;
    }

    // ---- planning
    // ----------------------------------------------------------------------------------------------------

    /** Runs something later, outside of any event loop. */
    void after(Duration delay, Runnable run) {
        at(now + delay.toNanos(), run);
    }

    /** Runs something at an instant of virtual time; one that has passed means: now. */
    void at(long nanos, Runnable run) {
        events.add(new Event(Math.max(nanos, now), order.nextLong(), run));
    }

    void add(SimLoop loop) {
        loops.add(loop);
    }

    void remove(SimLoop loop) {
        loops.remove(loop);
    }

    /** Looks on after every event. */
    void watch(Runnable watcher) {
        watchers.add(watcher);
    }

    // ---- running
    // -----------------------------------------------------------------------------------------------------

    /** Lets all happen that is due within a time. */
    void advance(Duration time) {
        long until = now + time.toNanos();
        while (next(until)) {
            steps++;
        }
        now = until;
    }

    /** Lets things happen until a condition holds; fails if it does not within the limit. */
    void runUntil(String what, BooleanSupplier condition, Duration limit) {
        long until = now + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (!next(until)) {
                throw new AssertionError("waited " + limit + " of virtual time for " + what);
            }
            steps++;
        }
    }

    /** The next event, if it is due by then. */
    private boolean next(long until) {
        long at = events.isEmpty() ? Long.MAX_VALUE : events.peek().at();
        SimLoop chosen = null;
        int equals = 1;
        for (int i = 0; i < loops.size(); i++) {
            SimLoop loop = loops.get(i);
            long ready = loop.readyAt(now);
            if (ready < at) {
                at = ready;
                chosen = loop;
                equals = 1;
            } else if (ready == at && ready != Long.MAX_VALUE && order.nextInt(++equals) == 0) {
                chosen = loop;
            }
        }
        if (at > until) {
            return false;
        }
        now = at;
        if (chosen == null) {
            run(events.remove());
        } else {
            chosen.runOne(order);
        }
        watchers.forEach(Runnable::run);
        if (failure != null) {
            throw failure instanceof AssertionError e ? e : new AssertionError("a task failed: " + failure, failure);
        }
        return true;
    }

    private void run(Event event) {
        try {
            event.run().run();
        } catch (RuntimeException | Error e) {
            fail(e);
        }
    }

    /** Ends the simulation: something broke that must never break. */
    void fail(Throwable cause) {
        if (failure == null) {
            failure = cause;
            note("simulation", "FAILED " + cause);
        }
    }

    /** Writes down what happens. */
    void note(String who, String what) {
        trace.note(now, who, what);
    }
}
