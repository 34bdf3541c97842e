package nexus.sim;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.AbstractEventExecutorGroup;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.util.Iterator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/** The event loops of one process; chance decides which one the next verticle gets. */
final class SimLoops extends AbstractEventExecutorGroup implements EventLoopGroup {
    private final List<SimLoop> loops;
    private final SplittableRandom chance;

    SimLoops(List<SimLoop> loops, SplittableRandom chance) {
        this.loops = List.copyOf(loops);
        this.chance = chance;
        this.loops.forEach(loop -> loop.in(this));
    }

    List<SimLoop> all() {
        return loops;
    }

    @Override
    public EventLoop next() {
        return loops.get(chance.nextInt(loops.size()));
    }

    @Override
    public Iterator<EventExecutor> iterator() {
        return loops.stream().map(EventExecutor.class::cast).iterator();
    }

    @Override
    public ChannelFuture register(Channel channel) {
        return next().register(channel);
    }

    @Override
    public ChannelFuture register(ChannelPromise promise) {
        return next().register(promise);
    }

    @Override
    @Deprecated
    public ChannelFuture register(Channel channel, ChannelPromise promise) {
        return next().register(promise);
    }

    @Override
    public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
        return loops.get(0).shutdownGracefully(quietPeriod, timeout, unit);
    }

    @Override
    public Future<?> terminationFuture() {
        return loops.get(0).terminationFuture();
    }

    @Override
    @Deprecated
    public void shutdown() {
        throw new UnsupportedOperationException("simulated loops are killed, not shut down");
    }

    @Override
    public boolean isShuttingDown() {
        return loops.get(0).isShuttingDown();
    }

    @Override
    public boolean isShutdown() {
        return loops.get(0).isShutdown();
    }

    @Override
    public boolean isTerminated() {
        return loops.get(0).isTerminated();
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return isTerminated();
    }
}
