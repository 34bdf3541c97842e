package nexus.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import nexus.tenant.Telemetry;

/**
 * Counts and times for {@code /metrics}. No series is per tenant: a server has tens of thousands of them, and a scraper has
 * not. Series are bounded: interfaces, operations and outcomes are fixed sets.
 *
 * <p>Thread-safe; nothing here waits.
 */
public final class PrometheusTelemetry implements Telemetry, AutoCloseable {
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics garbage = new JvmGcMetrics();
    private final Map<Request, Timer> requests = new ConcurrentHashMap<>();
    private final Timer committed;
    private final Timer failed;
    private final DistributionSummary groupCommands;
    private final DistributionSummary groupBytes;
    private final Timer activations;
    private final Counter passivations = Counter.builder("nexus.passivations")
            .description("Tenants that were let go")
            .register(registry);
    private final Counter denials = Counter.builder("nexus.denials")
            .description("Operations refused for lack of permission")
            .register(registry);
    private final Counter refusedKeys = Counter.builder("nexus.refused.keys")
            .description("Requests whose key was missing, unknown, revoked or expired")
            .register(registry);
    private final Counter bugs = Counter.builder("nexus.bugs")
            .description("Failures that are ours; each has a line in the log")
            .register(registry);

    private record Request(String wire, String operation, String outcome) {}

    /** A registry with the numbers of the JVM. */
    public PrometheusTelemetry() {
        committed = groupTimer(registry, "committed");
        failed = groupTimer(registry, "failed");
        groupCommands = DistributionSummary.builder("nexus.group.commands")
                .description("Commands in one group")
                .serviceLevelObjectives(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)
                .register(registry);
        groupBytes = DistributionSummary.builder("nexus.group.payload")
                .description("Payload of one group")
                .baseUnit("bytes")
                .register(registry);
        activations = Timer.builder("nexus.activations")
                .description("Time to take and load a tenant")
                .serviceLevelObjectives(
                        Duration.ofMillis(5), Duration.ofMillis(20), Duration.ofMillis(50), Duration.ofMillis(250))
                .register(registry);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        garbage.bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
    }

    private static Timer groupTimer(PrometheusMeterRegistry registry, String outcome) {
        return Timer.builder("nexus.groups")
                .description("Time to commit a group")
                .tag("outcome", outcome)
                .serviceLevelObjectives(
                        Duration.ofMillis(1),
                        Duration.ofMillis(2),
                        Duration.ofMillis(5),
                        Duration.ofMillis(10),
                        Duration.ofMillis(50),
                        Duration.ofMillis(250),
                        Duration.ofSeconds(1))
                .register(registry);
    }

    /** Shows a number that somebody else keeps. The supplier is called on any thread. */
    public void gauge(String name, String description, Supplier<Number> value) {
        Gauge.builder(name, value).description(description).register(registry);
    }

    /** All numbers as text. */
    public String scrape() {
        return registry.scrape();
    }

    @Override
    public void request(String wire, String operation, String outcome, long nanos) {
        requests.computeIfAbsent(new Request(wire, operation, outcome), this::requestTimer)
                .record(Duration.ofNanos(nanos));
    }

    private Timer requestTimer(Request request) {
        return Timer.builder("nexus.requests")
                .description("Time from the whole request to the answer")
                .tag("wire", request.wire())
                .tag("operation", request.operation())
                .tag("outcome", request.outcome())
                .serviceLevelObjectives(
                        Duration.ofNanos(250_000),
                        Duration.ofMillis(1),
                        Duration.ofMillis(5),
                        Duration.ofMillis(25),
                        Duration.ofMillis(100),
                        Duration.ofSeconds(1))
                .register(registry);
    }

    @Override
    public void group(int commands, long payloadBytes, long nanos, boolean isCommitted) {
        (isCommitted ? committed : failed).record(Duration.ofNanos(nanos));
        groupCommands.record(commands);
        groupBytes.record((double) payloadBytes);
    }

    @Override
    public void activated(long nanos, long tuples) {
        activations.record(Duration.ofNanos(nanos));
    }

    @Override
    public void passivated() {
        passivations.increment();
    }

    @Override
    public void denied() {
        denials.increment();
    }

    @Override
    public void unauthenticated() {
        refusedKeys.increment();
    }

    @Override
    public void bug() {
        bugs.increment();
    }

    @Override
    public void close() {
        garbage.close();
        registry.close();
    }
}
