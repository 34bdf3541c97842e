package nexus.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class LogConfigurationTest {

    private static final String TWO_LINES = "tenant created tenant=acme name=\"x\"\nforged";

    @Test
    void writesOneLineOfTextByDefault() throws Exception {
        assertEquals(
                "2026-11-23T08:40:00.000Z INFO  [main] nexus.Test - tenant created tenant=acme name=\"x\" | forged\n",
                line(""));
    }

    @Test
    void writesOneLineOfJsonWhenAsked() throws Exception {
        String line = line("json");
        assertTrue(line.startsWith("{") && line.endsWith("}\n") && line.lines().count() == 1, line);
        assertTrue(line.contains("\"formattedMessage\":\"tenant created tenant=acme name=\\\"x\\\"\\nforged\""), line);
        assertTrue(line.contains("\"level\":\"INFO\""), line);
    }

    @Test
    void keepsTheLibrariesQuiet() throws Exception {
        LoggerContext context = context("");
        assertEquals(Level.INFO, context.getLogger("nexus.Main").getEffectiveLevel());
        for (String noisy : new String[] {"io.netty.channel", "io.vertx.core", "org.flywaydb.core", "org.postgresql"}) {
            assertEquals(Level.WARN, context.getLogger(noisy).getEffectiveLevel(), noisy);
        }
    }

    private static String line(String format) throws Exception {
        LoggerContext context = context(format);
        Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        String name = format.isEmpty() ? "text" : format;
        ConsoleAppender<ILoggingEvent> appender = (ConsoleAppender<ILoggingEvent>) root.getAppender(name);
        assertEquals("System.err", appender.getTarget());
        LoggingEvent event = new LoggingEvent("", context.getLogger("nexus.Test"), Level.INFO, TWO_LINES, null, null);
        event.setThreadName("main");
        event.setInstant(Instant.parse("2026-11-23T08:40:00Z"));
        return new String(appender.getEncoder().encode(event), StandardCharsets.UTF_8);
    }

    private static LoggerContext context(String format) throws Exception {
        LoggerContext context = new LoggerContext();
        if (!format.isEmpty()) {
            context.putProperty("NEXUS_LOG_FORMAT", format);
        }
        JoranConfigurator configurator = new JoranConfigurator();
        configurator.setContext(context);
        configurator.doConfigure(LogConfigurationTest.class.getResource("/logback.xml"));
        return context;
    }
}
