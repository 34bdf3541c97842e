package nexus.sim;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;
import org.slf4j.helpers.MessageFormatter;

/** What the code under simulation logs goes to the trace, with its virtual time, instead of to the console. */
final class SimLog extends TurboFilter implements AutoCloseable {
    private final Scheduler scheduler;
    private final Thread driver = Thread.currentThread();
    private final LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();

    /** Takes the log of this thread until it is closed. */
    SimLog(Scheduler scheduler) {
        this.scheduler = scheduler;
        context.addTurboFilter(this);
        start();
    }

    @Override
    public FilterReply decide(
            @Nullable Marker marker,
            Logger logger,
            Level level,
            @Nullable String format,
            Object @Nullable [] params,
            @Nullable Throwable failure) {
        if (Thread.currentThread() != driver) {
            return FilterReply.NEUTRAL;
        }
        if (format != null && level.isGreaterOrEqual(Level.INFO)) {
            String name = logger.getName().substring(logger.getName().lastIndexOf('.') + 1);
            String text = MessageFormatter.arrayFormat(format, params).getMessage();
            scheduler.note(name, level + " " + text + (failure == null ? "" : " <- " + failure));
        }
        return FilterReply.DENY;
    }

    @Override
    public void close() {
        stop();
        context.getTurboFilterList().remove(this);
    }
}
