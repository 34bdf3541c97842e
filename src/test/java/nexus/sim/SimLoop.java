package nexus.sim;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.AbstractScheduledEventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Ticker;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An event loop that has no thread: the {@link Scheduler} runs its tasks, one at a time, in the order in which they came, timers
 * behind the tasks that were there when they became due, as netty does. It has no channels.
 *
 * <p>Code runs "in" this loop only while one of its tasks does: all loops share a thread.
 */
final class SimLoop extends AbstractScheduledEventExecutor implements EventLoop {
    /** What a task takes, in nanoseconds: up to this. */
    private static final int TASK_NANOS = 40_000;
    /** One in so many tasks takes much longer: a collection of garbage, a page fault, a noisy neighbour. */
    private static final int HICCUP_EVERY = 2_000;

    private static final int HICCUP_NANOS = 60_000_000;

    private final Scheduler scheduler;
    private final Deque<Runnable> tasks = new ArrayDeque<>();
    private final Ticker ticker = new VirtualTicker();
    private @Nullable EventLoopGroup group;
    private @Nullable Thread driver;
    private long busyUntil;
    private boolean running;
    private boolean paused;
    private boolean dead;

    SimLoop(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    void in(EventLoopGroup parent) {
        group = parent;
    }

    // ---- for the scheduler
    // -------------------------------------------------------------------------------------------

    /** When its next task can run; the end of time if there is none, or it is not allowed to. */
    long readyAt(long now) {
        if (paused || dead) {
            return Long.MAX_VALUE;
        }
        if (!tasks.isEmpty()) {
            return Math.max(now, busyUntil);
        }
        long deadline = nextScheduledTaskDeadlineNanos();
        return deadline < 0 ? Long.MAX_VALUE : Math.max(Math.max(deadline, busyUntil), now);
    }

    void runOne(SplittableRandom chance) {
        running = true;
        driver = Thread.currentThread();
        try {
            fetchFromScheduledTaskQueue(tasks);
            Runnable task = tasks.poll();
            if (task != null) {
                task.run();
            }
        } catch (RuntimeException | Error e) {
            scheduler.fail(e);
        } finally {
            running = false;
        }
        boolean hiccup = chance.nextInt(HICCUP_EVERY) == 0;
        busyUntil = scheduler.now() + chance.nextInt(hiccup ? HICCUP_NANOS : TASK_NANOS);
    }

    /** While it is paused no task and no timer runs; they pile up. */
    void pause(boolean on) {
        paused = on;
    }

    /** It runs nothing any more, and forgets everything. */
    void kill() {
        dead = true;
        tasks.clear();
        scheduler.remove(this);
    }

    // ---- for netty
    // ---------------------------------------------------------------------------------------------------

    @Override
    public void execute(Runnable task) {
        if (!dead) {
            tasks.add(task);
        }
    }

    @Override
    public boolean inEventLoop(Thread thread) {
        return running && thread == driver;
    }

    @Override
    public Ticker ticker() {
        return ticker;
    }

    private final class VirtualTicker implements Ticker {
        @Override
        public long initialNanoTime() {
            return 0;
        }

        @Override
        public long nanoTime() {
            return scheduler.now();
        }

        @Override
        public void sleep(long delay, TimeUnit unit) {
            throw new IllegalStateException("nobody sleeps on an event loop");
        }
    }

    @Override
    public EventLoop next() {
        return this;
    }

    @Override
    public EventLoopGroup parent() {
        EventLoopGroup present = group;
        if (present == null) {
            throw new IllegalStateException("the loop belongs to nobody yet");
        }
        return present;
    }

    @Override
    public ChannelFuture register(Channel channel) {
        throw new UnsupportedOperationException("a simulated loop has no channels");
    }

    @Override
    public ChannelFuture register(ChannelPromise promise) {
        throw new UnsupportedOperationException("a simulated loop has no channels");
    }

    @Override
    @Deprecated
    public ChannelFuture register(Channel channel, ChannelPromise promise) {
        throw new UnsupportedOperationException("a simulated loop has no channels");
    }

    @Override
    public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
        throw new UnsupportedOperationException("a simulated loop is killed, not shut down");
    }

    @Override
    public Future<?> terminationFuture() {
        throw new UnsupportedOperationException("a simulated loop is killed, not shut down");
    }

    @Override
    @Deprecated
    public void shutdown() {
        throw new UnsupportedOperationException("a simulated loop is killed, not shut down");
    }

    @Override
    public boolean isShuttingDown() {
        return dead;
    }

    @Override
    public boolean isShutdown() {
        return dead;
    }

    @Override
    public boolean isTerminated() {
        return dead;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return dead;
    }
}
