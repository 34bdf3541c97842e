package nexus.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A durable PostgreSQL server in a directory, watched and restarted until it is closed.
 *
 * <pre>
 *            start                     process ended
 *     NEW ----------> RUNNING -----------------------------> DOWN --+
 *      |                 |  ^                                | |    | restart failed:
 *      |                 |  +------- restarted, same port ---+ |    | again after a pause
 *      |                 |                                     +----+
 *      +--------------> CLOSED <-- close, from every state ----+
 * </pre>
 *
 * <p><b>Whose child.</b> The server process is always a child of this process, never one that was found running: of
 * children the kernel tells the end at once, others must be polled. So a server that an earlier process left behind
 * (kill -9) is stopped in the orderly way, and a new one is started; both take some tenths of a second. It is found by
 * where its processes work, not by postmaster.pid, whose number may belong to anybody by now. Whoever starts a database
 * must hold the lock of its {@link DataDirectory}: that no other live server is stopped in this way rests on it.
 *
 * <p><b>Address.</b> The port is chosen at the first start and remembered; when a stranger has it at a later start
 * another is chosen. While this object lives it does not change: pools reconnect to where they were connected.
 *
 * <p><b>Threads.</b> {@link #start} blocks its caller, up to two minutes when the files are made, ordinarily 0.2 s; it is
 * called once. {@link #close} may be called from any thread at any time, also while start or a restart is under way: that
 * gives up, and nothing is left running. Restarts and all calls of the listener happen on one daemon thread,
 * {@code nexus-postgres}. A shutdown hook that calls close is the caller's affair, since only he knows what must be
 * written before.
 */
public final class EmbeddedDatabase implements AutoCloseable {

    private static final Duration RESTART_PAUSE_MIN = Duration.ofMillis(100);
    private static final Duration RESTART_PAUSE_MAX = Duration.ofSeconds(5);

    /** A server that lived that long ended for a new reason, so its restart is tried without a pause. */
    private static final Duration STABLE = Duration.ofSeconds(10);

    private static final int PORTS_TRIED_MAX = 5;
    private static final Duration PROBE_MAX = Duration.ofSeconds(2);

    private final EmbeddedDatabaseOptions options;
    private final DatabaseListener listener;
    private final SecureRandom random;
    private final Launcher.NamespaceProbe probe;
    private final PostgresFiles files;

    /** Held by whoever starts or stops the server process. */
    private final ReentrantLock life = new ReentrantLock();

    private final CountDownLatch closing = new CountDownLatch(1);

    /** Restarts since the server was last stable. Confined to the supervisor's thread. */
    private int restarts;

    private @Nullable Binaries binaries;
    private PostgresServer.@Nullable Stopping stopping;
    private volatile @Nullable PostgresServer server;
    private volatile @Nullable DatabaseAddress address;

    public EmbeddedDatabase(EmbeddedDatabaseOptions options, DatabaseListener listener, SecureRandom random) {
        this(options, listener, random, unshare -> Tools.succeeds(List.of(unshare, "-U", "true"), PROBE_MAX));
    }

    EmbeddedDatabase(
            EmbeddedDatabaseOptions options,
            DatabaseListener listener,
            SecureRandom random,
            Launcher.NamespaceProbe probe) {
        this.options = options;
        this.listener = listener;
        this.random = random;
        this.probe = probe;
        this.files = new PostgresFiles(options.directory());
    }

    /**
     * Starts the server, after making its files where there are none and stopping what an earlier process left running.
     *
     * @throws EmbeddedException when it cannot; nothing is left running then
     */
    public DatabaseAddress start() {
        life.lock();
        try {
            if (address != null || isClosing()) {
                throw new IllegalStateException("the database was " + (isClosing() ? "closed" : "started") + " before");
            }
            return startFirst();
        } catch (IOException e) {
            throw new EmbeddedException("cannot start the database in " + files.home() + ": " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new EmbeddedException("interrupted while starting the database", e);
        } finally {
            life.unlock();
        }
    }

    /** Empty before {@link #start} has returned. */
    public Optional<DatabaseAddress> address() {
        return Optional.ofNullable(address);
    }

    /** The server process of this moment; empty while there is none. */
    public Optional<ProcessHandle> process() {
        return Optional.ofNullable(server)
                .map(running -> running.process().toHandle())
                .filter(ProcessHandle::isAlive);
    }

    /**
     * Stops the server: fast, within {@link EmbeddedDatabaseOptions#stopMax()}, otherwise immediately, and then the next
     * start recovers. Committed transactions are kept in both cases.
     */
    @Override
    public void close() {
        closing.countDown();
        life.lock();
        try {
            PostgresServer running = server;
            server = null;
            if (running != null) {
                running.stop();
            }
        } finally {
            life.unlock();
        }
    }

    private DatabaseAddress startFirst() throws IOException, InterruptedException {
        DurableFiles.createDirectory(files.home());
        files.rotateLog();
        Launcher launcher = Launcher.choose(files, probe);
        openWay(launcher);
        Binaries programs = Binaries.unpack(binaryCache(launcher));
        PostgresServer.Stopping stop =
                new PostgresServer.Stopping(files, launcher, programs.tool("pg_ctl"), options.stopMax());
        binaries = programs;
        stopping = stop;
        stopEarlierServer(stop);
        Tools tools = new Tools(files, this::isClosing);
        String password = new DatabaseFoundation(files, programs, launcher, tools).lay(random);
        int port = startOnSomePort(programs, stop);
        DatabaseAddress found = new DatabaseAddress(
                PostgresServer.HOST,
                port,
                DatabaseFoundation.DATABASE,
                DatabaseFoundation.USER,
                password,
                files.usableSocket());
        address = found;
        return found;
    }

    private void openWay(Launcher launcher) throws IOException {
        launcher.openWay(files.home());
        Path dataDirectory = files.home().getParent();
        if (dataDirectory != null) {
            launcher.openWay(dataDirectory);
        }
    }

    /** Another user may not reach our home, so for him the programs lie beside the data. */
    private Path binaryCache(Launcher launcher) throws IOException {
        int self = Launcher.currentUser(files.home());
        if (!launcher.isAnotherUser() && Binaries.isUsable(options.binaryCache(), self)) {
            return options.binaryCache();
        }
        DurableFiles.createDirectory(files.binaries());
        launcher.openWay(files.binaries());
        return files.binaries();
    }

    /** Afterwards no process works in the directory, and nothing there claims that one does. */
    private void stopEarlierServer(PostgresServer.Stopping stop) throws IOException {
        long pid = files.postmaster();
        if (isServing(pid)) {
            stop.stop(pid, () -> !isServing(pid));
        } else {
            stop.stopLeftovers();
        }
        Files.deleteIfExists(files.postmasterPid());
        // The socket's own lock file names a pid, too.
        DurableFiles.deleteTree(files.socket());
        DurableFiles.createDirectory(files.socket());
        stop.launcher().giveTree(files.socket());
    }

    private boolean isServing(long pid) {
        return PostgresProcesses.of(files.data()).stream().anyMatch(process -> process.pid() == pid);
    }

    private int startOnSomePort(Binaries programs, PostgresServer.Stopping stop)
            throws IOException, InterruptedException {
        int port = rememberedPort();
        for (int attempt = 1; ; attempt++) {
            if (port < 0 || !Ports.isFree(port)) {
                port = Ports.choose(random);
                DurableFiles.write(files.port(), port + "\n");
            }
            try {
                PostgresServer started = PostgresServer.start(programs, stop, options, port, this::isClosing);
                server = started;
                supervise(started);
                return port;
            } catch (EmbeddedException e) {
                // Somebody took the port between our look and PostgreSQL's; everything else is final.
                if (isClosing() || attempt == PORTS_TRIED_MAX || Ports.isFree(port)) {
                    throw e;
                }
            }
        }
    }

    private int rememberedPort() throws IOException {
        String text =
                Files.exists(files.port()) ? Files.readString(files.port()).strip() : "";
        int port = text.matches("[0-9]{1,5}") ? Integer.parseInt(text) : -1;
        return port > 0 && port <= 65_535 ? port : -1;
    }

    private void supervise(PostgresServer first) {
        Thread thread = new Thread(() -> watch(first), "nexus-postgres");
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * Waits on a thread of its own: the future of {@link Process#onExit} is completed by the common pool, where blocked
     * tasks of others could hold up the restart for as long as they like.
     */
    private void watch(PostgresServer first) {
        Optional<PostgresServer> watched = Optional.of(first);
        try {
            while (watched.isPresent()) {
                long since = System.nanoTime();
                int exit = watched.get().process().waitFor();
                watched = recover(exit, System.nanoTime() - since);
            }
        } catch (InterruptedException e) {
            // Nobody has a reason to interrupt this thread, and close() does not need it.
            Thread.currentThread().interrupt();
        }
    }

    /** Returns the server that replaces the one that has ended, or nothing once the database is being closed. */
    private Optional<PostgresServer> recover(int exit, long livedNanos) throws InterruptedException {
        if (isClosing()) {
            return Optional.empty();
        }
        long downSince = System.nanoTime();
        if (livedNanos >= STABLE.toNanos()) {
            restarts = 0;
        }
        tell(() -> listener.down("PostgreSQL ended unexpectedly (exit " + exit + ")"));
        while (!closing.await(pause(restarts).toMillis(), TimeUnit.MILLISECONDS)) {
            restarts++;
            try {
                Optional<PostgresServer> restarted = restart();
                if (restarted.isPresent()) {
                    tell(() -> listener.up(Duration.ofNanos(System.nanoTime() - downSince)));
                }
                return restarted;
            } catch (EmbeddedException | IOException e) {
                if (!isClosing()) {
                    tell(() -> listener.restartFailed(restarts, pause(restarts), String.valueOf(e.getMessage())));
                }
            }
        }
        return Optional.empty();
    }

    private Optional<PostgresServer> restart() throws IOException, InterruptedException {
        life.lock();
        try {
            DatabaseAddress where = address;
            PostgresServer.Stopping stop = stopping;
            Binaries programs = binaries;
            if (isClosing() || where == null || stop == null || programs == null) {
                return Optional.empty();
            }
            stopEarlierServer(stop);
            PostgresServer restarted = PostgresServer.start(programs, stop, options, where.port(), this::isClosing);
            server = restarted;
            return Optional.of(restarted);
        } finally {
            life.unlock();
        }
    }

    private static Duration pause(int restarts) {
        if (restarts == 0) {
            return Duration.ZERO;
        }
        long millis = RESTART_PAUSE_MIN.toMillis() << Math.min(restarts - 1, 10);
        return millis < RESTART_PAUSE_MAX.toMillis() ? Duration.ofMillis(millis) : RESTART_PAUSE_MAX;
    }

    private boolean isClosing() {
        return closing.getCount() == 0;
    }

    /** A listener's mistake must not end the supervision. */
    private static void tell(Runnable message) {
        try {
            message.run();
        } catch (RuntimeException e) {
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
        }
    }
}
