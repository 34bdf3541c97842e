package nexus.sim;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.InternetProtocolFamily;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxBootstrap;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.spi.VertxThreadFactory;
import io.vertx.core.spi.file.FileResolver;
import io.vertx.core.spi.transport.Transport;
import java.io.File;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The Vert.x of one simulated process, and the clocks of its machine: a real {@link Vertx} whose event loops are driven by the
 * {@link Scheduler}. Timers, contexts, verticles and the local event bus work as ever; there are no worker threads and no
 * channels. It is never closed, but {@link #kill}ed.
 *
 * <p>One thing to know: a future's {@code timeout} on a future without a context uses a thread of Vert.x' own and real time.
 */
final class SimVertx {
    /** The instant at which every simulation begins. */
    static final Instant BEGINNING = Instant.parse("2026-01-01T00:00:00Z");

    private final Scheduler scheduler;
    private final String name;
    private final SimLoops loops;
    private final SplittableRandom chance;
    private final VertxInternal vertx;
    private final List<ContextInternal> routers = new ArrayList<>();
    private final long origin;
    private final double drift;
    private long wallSkewNanos;
    private boolean paused;
    private boolean alive = true;

    SimVertx(Scheduler scheduler, String name, int loopCount) {
        this.scheduler = scheduler;
        this.name = name;
        this.chance = scheduler.chance();
        List<SimLoop> made = new ArrayList<>();
        for (int i = 0; i < loopCount; i++) {
            SimLoop loop = new SimLoop(scheduler);
            scheduler.add(loop);
            made.add(loop);
        }
        this.loops = new SimLoops(made, chance.split());
        // A monotonic clock begins anywhere, also below zero, and is a little too fast or too slow.
        this.origin = chance.nextLong() >> 8;
        this.drift = (chance.nextDouble() - 0.5) * 2e-4;
        this.vertx = boot();
        vertx.exceptionHandler(scheduler::fail);
        for (SimLoop loop : made) {
            routers.add(vertx.contextBuilder().withEventLoop(loop).build());
        }
    }

    private VertxInternal boot() {
        VertxBootstrap bootstrap = VertxBootstrap.create();
        bootstrap.options(new VertxOptions()
                .setEventLoopPoolSize(loops.all().size())
                .setBlockedThreadCheckInterval(1)
                .setBlockedThreadCheckIntervalUnit(TimeUnit.DAYS));
        bootstrap.transport(new LoopsOnly(loops));
        bootstrap.threadFactory(VertxThreadFactory.INSTANCE);
        bootstrap.executorServiceFactory((threads, size, max) -> new NoWorkers());
        bootstrap.fileResolver(new NoFiles());
        VertxInternal made = (VertxInternal) bootstrap.vertx();
        // It has a thread of its own, which would look at this one.
        made.blockedThreadChecker().close();
        return made;
    }

    Vertx vertx() {
        return vertx;
    }

    @Override
    public String toString() {
        return name;
    }

    // ---- running
    // -----------------------------------------------------------------------------------------------------

    /** Runs something on one of the loops, in a context as a router has it; never, if the process is killed before. */
    void run(Runnable task) {
        ContextInternal router = routers.get(chance.nextInt(routers.size()));
        router.runOnContext(v -> task.run());
    }

    /** Starts something on one of the loops. */
    <T> Future<T> call(Supplier<Future<T>> call) {
        Promise<T> promise = Promise.promise();
        run(() -> {
            try {
                call.get().onComplete(promise);
            } catch (RuntimeException e) {
                promise.fail(e);
            }
        });
        return promise.future();
    }

    // ---- faults
    // ------------------------------------------------------------------------------------------------------

    /** Stops all of its loops, as SIGSTOP does; its clocks go on. */
    void pause() {
        scheduler.note(name, "paused");
        paused = true;
        loops.all().forEach(loop -> loop.pause(true));
    }

    /** Goes on, as SIGCONT does: with everything that has come and has become due meanwhile. */
    void resume() {
        scheduler.note(name, "resumed");
        paused = false;
        loops.all().forEach(loop -> loop.pause(false));
    }

    boolean isPaused() {
        return paused;
    }

    /** Ends it at once, as SIGKILL does. */
    void kill() {
        scheduler.note(name, "killed");
        alive = false;
        loops.all().forEach(SimLoop::kill);
    }

    boolean isAlive() {
        return alive;
    }

    /** Sets how far the machine's wall clock is off. */
    void wallSkew(long nanos) {
        wallSkewNanos = nanos;
    }

    // ---- clocks
    // ------------------------------------------------------------------------------------------------------

    /** The machine's monotonic clock. */
    long nanoTime() {
        long now = scheduler.now();
        return origin + now + (long) (now * drift);
    }

    /** The machine's wall clock. */
    InstantSource wall() {
        return () -> BEGINNING.plusNanos(scheduler.now() + wallSkewNanos);
    }

    // ---- what Vert.x must not have
    // -----------------------------------------------------------------------------------

    private static final class NoWorkers extends AbstractExecutorService {
        @Override
        public void execute(Runnable task) {
            throw new IllegalStateException("a simulated process has no worker threads");
        }

        @Override
        public void shutdown() {}

        @Override
        public List<Runnable> shutdownNow() {
            return List.of();
        }

        @Override
        public boolean isShutdown() {
            return false;
        }

        @Override
        public boolean isTerminated() {
            return false;
        }

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) {
            return true;
        }
    }

    private static final class NoFiles implements FileResolver {
        @Override
        public File resolve(String fileName) {
            throw new IllegalStateException("a simulated process has no files");
        }

        @Override
        public void close() {}
    }

    private record LoopsOnly(SimLoops loops) implements Transport {
        @Override
        public EventLoopGroup eventLoopGroup(int type, int threads, ThreadFactory factory, int ioRatio) {
            return loops;
        }

        @Override
        public IoHandlerFactory ioHandlerFactory() {
            throw noChannels();
        }

        @Override
        public DatagramChannel datagramChannel() {
            throw noChannels();
        }

        @Override
        @Deprecated
        public DatagramChannel datagramChannel(InternetProtocolFamily family) {
            throw noChannels();
        }

        @Override
        public ChannelFactory<? extends Channel> channelFactory(boolean domainSocket) {
            throw noChannels();
        }

        @Override
        public ChannelFactory<? extends ServerChannel> serverChannelFactory(boolean domainSocket) {
            throw noChannels();
        }

        private static UnsupportedOperationException noChannels() {
            return new UnsupportedOperationException("a simulated process has no channels");
        }
    }
}
