package nexus.embedded;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One running server process, our child: the kernel tells at once when it ends. */
final class PostgresServer {

    static final String HOST = "127.0.0.1";

    private static final long LOOK_EVERY_MILLIS = 3;
    private static final Duration SIGNAL_MAX = Duration.ofSeconds(5);
    private static final Duration IMMEDIATE_MAX = Duration.ofSeconds(5);

    /** After SIGTERM a session ends at its next look; after SIGKILL it has nothing to look at. */
    private static final Duration TERMINATE_MAX = Duration.ofSeconds(1);

    private static final Duration KILL_MAX = Duration.ofSeconds(5);

    private final Process process;
    private final Stopping stopping;

    private PostgresServer(Process process, Stopping stopping) {
        this.process = process;
        this.stopping = stopping;
    }

    /** What is needed to stop the servers of a data directory, ours and those left by others. */
    record Stopping(PostgresFiles files, Launcher launcher, Path pgCtl, Duration fastMax) {

        /**
         * Asks the server to stop: fast (clients are disconnected, a checkpoint is written), then immediately (the next
         * start recovers), then not at all politely. Returns when no process of the directory is left.
         */
        void stop(long pid, BooleanSupplier isGone) {
            boolean gone = signal("INT", pid) && Deadline.in(fastMax).await(isGone);
            if (!gone && !isGone.getAsBoolean()) {
                gone = signal("QUIT", pid) && Deadline.in(IMMEDIATE_MAX).await(isGone);
            }
            stopLeftovers();
        }

        /**
         * Ends processes without a first one: after it was killed, sessions in the middle of a statement live on, and
         * as long as one of them holds the shared memory no new server may start.
         */
        void stopLeftovers() {
            if (terminated(ProcessHandle::destroy, TERMINATE_MAX)
                    || terminated(ProcessHandle::destroyForcibly, KILL_MAX)) {
                return;
            }
            throw new EmbeddedException("cannot end the PostgreSQL processes " + pids() + " of " + files.data()
                    + "; they must be stopped before the server can start");
        }

        private boolean terminated(Consumer<ProcessHandle> how, Duration max) {
            List<ProcessHandle> left = PostgresProcesses.of(files.data());
            if (left.isEmpty()) {
                return true;
            }
            left.forEach(how);
            return Deadline.in(max)
                    .await(() -> PostgresProcesses.of(files.data()).isEmpty());
        }

        private List<Long> pids() {
            return PostgresProcesses.of(files.data()).stream()
                    .map(ProcessHandle::pid)
                    .toList();
        }

        private boolean signal(String name, long pid) {
            return Tools.succeeds(
                    launcher.command(List.of(pgCtl.toString(), "kill", name, Long.toString(pid))), SIGNAL_MAX);
        }
    }

    /**
     * Starts a server and waits until it accepts connections.
     *
     * @throws EmbeddedException with the end of its log, if it does not; no process is left then
     */
    static PostgresServer start(
            Binaries binaries, Stopping stopping, EmbeddedDatabaseOptions options, int port, BooleanSupplier cancelled)
            throws IOException, InterruptedException {
        PostgresFiles files = stopping.files();
        files.rotateLog();
        long position = files.logSize();
        List<String> command = new ArrayList<>();
        command.add(binaries.tool("postgres").toString());
        command.addAll(List.of("-D", files.data().toString()));
        settings(files.usableSocket(), options, port).forEach((name, value) -> {
            command.add("-c");
            command.add(name + "=" + value);
        });
        Process process = Tools.prepare(stopping.launcher().server(command), files.log())
                .redirectInput(Path.of("/dev/null").toFile())
                .start();
        PostgresServer server = new PostgresServer(process, stopping);
        boolean started = false;
        try {
            server.awaitReady(Deadline.in(options.startMax()), position, options.startMax(), cancelled);
            started = true;
            return server;
        } finally {
            if (!started) {
                server.stop();
            }
        }
    }

    Process process() {
        return process;
    }

    /** Returns when this server and all its children have ended. */
    void stop() {
        if (process.isAlive()) {
            stopping.stop(process.pid(), () -> !process.isAlive());
        }
        // A process that has not become PostgreSQL yet is not found by its directory.
        process.destroyForcibly();
        stopping.stopLeftovers();
    }

    private void awaitReady(Deadline deadline, long position, Duration max, BooleanSupplier cancelled)
            throws InterruptedException {
        PostgresFiles files = stopping.files();
        while (!files.isReady(process.pid())) {
            if (process.waitFor(LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS)) {
                throw new EmbeddedException("PostgreSQL ended while starting (exit " + process.exitValue() + "): "
                        + files.logSince(position));
            }
            if (cancelled.getAsBoolean()) {
                throw new EmbeddedException("the database was closed while it was starting");
            }
            if (deadline.isPassed()) {
                throw new EmbeddedException(
                        "PostgreSQL was not ready within " + max.toSeconds() + " s: " + files.logSince(position));
            }
        }
    }

    /**
     * Given with the command, not in a file: what holds is what this version says, for directories of any age. The
     * server's log has its own life and no statements, for their values are the tenants' data.
     */
    private static Map<String, String> settings(@Nullable Path socket, EmbeddedDatabaseOptions options, int port) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("listen_addresses", HOST);
        settings.put("port", Integer.toString(port));
        settings.put("unix_socket_directories", socket == null ? "" : "\"" + socket + "\"");
        settings.put("unix_socket_permissions", "0700");
        settings.put("fsync", "on");
        settings.put("full_page_writes", "on");
        settings.put("synchronous_commit", "on");
        settings.put("max_connections", Integer.toString(options.connectionsMax()));
        settings.put("shared_buffers", options.sharedBuffersMebibytes() + "MB");
        settings.put("max_wal_size", "1GB");
        settings.put("min_wal_size", "128MB");
        settings.put("max_parallel_workers_per_gather", "0");
        settings.put("jit", "off");
        settings.put("password_encryption", "scram-sha-256");
        settings.put("timezone", "UTC");
        settings.put("log_timezone", "UTC");
        settings.put("log_checkpoints", "off");
        settings.put("log_min_messages", "log");
        settings.put("log_min_error_statement", "panic");
        settings.put("log_error_verbosity", "terse");
        settings.put("log_line_prefix", "%m [%p] ");
        return settings;
    }
}
