package nexus.e2e.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import nexus.e2e.Await;
import nexus.e2e.ServerProcess;
import nexus.http.client.NexusClient;
import org.jspecify.annotations.Nullable;

/**
 * One node of a cluster over all its lives: the same name and data directory, another process and port after each start. It
 * reaches the database through a wire of its own.
 */
final class Node {
    private static final Duration LOOK = Duration.ofMillis(500);
    private static final Duration COMMAND = Duration.ofSeconds(10);
    private static final Duration READY = Duration.ofSeconds(120);

    private final String name;
    private final TcpProxy database;
    private final ServerProcess.Start start;
    private volatile @Nullable ServerProcess process;
    private volatile @Nullable NexusClient client;
    private volatile boolean serving;
    private volatile boolean ready;
    private volatile boolean suspended;
    private volatile long disturbedUntil = Long.MIN_VALUE;

    Node(String name, TcpProxy database, ServerProcess.Start start) {
        this.name = name;
        this.database = database;
        this.start = start;
    }

    /** A data directory below one that belongs to a whole cluster. */
    static Path dataDirectory(Path directory, String name) {
        return directory.resolve(name);
    }

    String name() {
        return name;
    }

    /** Its wire to the database. */
    TcpProxy database() {
        return database;
    }

    // ---- life -------------------------------------------------------------------------------------------------------

    /** Starts a process and waits for nothing. */
    void launch() {
        ServerProcess former = process;
        if (former != null) {
            keepLog(former);
            former.close();
        }
        serving = false;
        suspended = false;
        process = start.launch();
    }

    /** Waits until it serves. */
    void awaitReady() {
        ServerProcess running = process();
        running.awaitReady();
        client = NexusClient.anonymous(running.url());
        Await.until(name + " says that it is ready", READY, this::looksReady, running::log);
        serving = true;
        ready = true;
    }

    /** Starts and waits until it serves. */
    void start() {
        launch();
        awaitReady();
    }

    /** As kill -9. */
    void kill() {
        ready = false;
        disturb();
        process().kill();
    }

    /** As kill -STOP: it does nothing, and does not know it. */
    void suspend() {
        suspended = true;
        signal("-STOP");
    }

    /** As kill -CONT. */
    void resume() {
        signal("-CONT");
        disturb();
        suspended = false;
    }

    /** As kill: it gives its tenants away and ends. Waits, and returns its exit code. */
    int drain() {
        int exit = process().terminate();
        ready = false;
        return exit;
    }

    private void disturb() {
        disturbedUntil = System.nanoTime();
    }

    /** Whether something was done to its process since then, so that it could not answer in time. */
    boolean wasDisturbedSince(long nanos) {
        return suspended || disturbedUntil - nanos >= 0;
    }

    private void signal(String signal) {
        String pid = Long.toString(process().pid());
        try {
            Process kill = new ProcessBuilder(List.of("kill", signal, pid)).start();
            if (!kill.waitFor(COMMAND.toMillis(), TimeUnit.MILLISECONDS) || kill.exitValue() != 0) {
                throw new IllegalStateException("kill " + signal + " " + pid + " failed");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    long pid() {
        return process().pid();
    }

    boolean isAlive() {
        ServerProcess running = process;
        return running != null && running.isAlive();
    }

    boolean isSuspended() {
        return suspended;
    }

    private ServerProcess process() {
        ServerProcess running = process;
        if (running == null) {
            throw new IllegalStateException(name + " was not started");
        }
        return running;
    }

    /** Where it listens. */
    String url() {
        return process().url();
    }

    /** The end of what its process said. */
    String log() {
        ServerProcess running = process;
        return running == null ? "" : "=== " + name + running.log();
    }

    /** All that its process said on its standard error. */
    String errors() {
        return process().err();
    }

    void close() {
        ServerProcess running = process;
        if (running != null) {
            running.close();
            keepLog(running);
        }
    }

    /** What its processes said is kept where the build's other results are. */
    private void keepLog(ServerProcess ended) {
        try {
            Path logs = Files.createDirectories(Path.of("target", "cluster"));
            Files.writeString(logs.resolve(name + "-" + ended.pid() + ".log"), ended.err());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // ---- asking -----------------------------------------------------------------------------------------------------

    /** A client of this node with a key; connections are shared as long as its process lives. */
    NexusClient as(String key) {
        NexusClient present = client;
        if (present == null) {
            throw new IllegalStateException(name + " was never ready");
        }
        return present.withKey(key);
    }

    /** Whether it was ever ready, so that it can be asked. */
    boolean isKnown() {
        return client != null;
    }

    /** Whether a load balancer would send requests here, by its last look. */
    boolean isReady() {
        return ready;
    }

    /** Looks as a load balancer does. */
    void look(HttpClient http) {
        ready = isAlive() && serving && saysReady(http);
    }

    private boolean looksReady() {
        return saysReady(HttpClient.newHttpClient());
    }

    private boolean saysReady(HttpClient http) {
        try {
            HttpRequest request = HttpRequest.newBuilder(URI.create(url() + "/ready"))
                    .timeout(LOOK)
                    .build();
            return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException | IllegalArgumentException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
