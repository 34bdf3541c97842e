package nexus.e2e;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import nexus.http.client.NexusClient;
import org.jspecify.annotations.Nullable;

/**
 * The jar's {@code serve} as a child process. What it says is kept for the messages of failures. Closing ends it and the
 * PostgreSQL of its data directory, whatever state they are in.
 */
public final class ServerProcess implements AutoCloseable {
    private static final Duration READY = Duration.ofSeconds(120);
    private static final Duration END = Duration.ofSeconds(30);
    private static final int LOG_CHARS = 8000;

    /** Data directories whose processes may live: ended when the test's own JVM ends. */
    private static final Set<Path> DIRECTORIES = ConcurrentHashMap.newKeySet();

    private static final Set<Process> PROCESSES = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            PROCESSES.forEach(Process::destroyForcibly);
            DIRECTORIES.forEach(ServerProcess::endPostgres);
        }));
    }

    private final Path dataDirectory;
    private final Process process;
    private final StringBuffer out = new StringBuffer();
    private final StringBuffer err = new StringBuffer();
    private final List<Thread> readers;

    private ServerProcess(Path dataDirectory, Process process) {
        this.dataDirectory = dataDirectory;
        this.process = process;
        this.readers = List.of(
                reader(process.inputReader(StandardCharsets.UTF_8), out),
                reader(process.errorReader(StandardCharsets.UTF_8), err));
    }

    private static Thread reader(BufferedReader from, StringBuffer to) {
        Thread thread = new Thread(() -> {
            try (BufferedReader lines = from) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    to.append(line).append('\n');
                }
            } catch (IOException e) {
                to.append("(the stream broke: ").append(e).append(")\n");
            }
        });
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    // ---- starting ---------------------------------------------------------------------------------------------------

    /** The jar under test. */
    static Path jar() {
        Path jar = Path.of(System.getProperty("nexus.jar", "target/nexus.jar")).toAbsolutePath();
        if (!Files.exists(jar)) {
            throw new IllegalStateException("there is no jar: " + jar + " (run the package phase first)");
        }
        return jar;
    }

    /** How a process is started. */
    public static final class Start {
        private final Path dataDirectory;
        private final List<String> prefix = new ArrayList<>();
        private final List<String> options = new ArrayList<>();
        private final Map<String, String> environment = new LinkedHashMap<>();
        private Path jar = ServerProcess.jar();
        private int port;

        private Start(Path dataDirectory) {
            this.dataDirectory = dataDirectory;
        }

        /** More options of {@code serve}. */
        public Start with(String... more) {
            options.addAll(List.of(more));
            return this;
        }

        /** A port of the test's choice; else the server takes any. */
        Start port(int chosen) {
            port = chosen;
            return this;
        }

        /** A variable of the environment. */
        public Start env(String name, String value) {
            environment.put(name, value);
            return this;
        }

        /** A command that becomes this one, such as setpriv. */
        public Start under(String... command) {
            prefix.addAll(List.of(command));
            return this;
        }

        /** A copy of the jar, for users who may not read ours. */
        Start fromJar(Path copy) {
            jar = copy;
            return this;
        }

        /** Starts it and waits until it is ready. */
        public ServerProcess start() {
            ServerProcess server = launch();
            try {
                server.awaitReady();
                return server;
            } catch (RuntimeException | AssertionError e) {
                server.close();
                throw e;
            }
        }

        /** Starts it and waits for nothing. */
        public ServerProcess launch() {
            List<String> arguments = new ArrayList<>(
                    List.of("serve", "--port", Integer.toString(port), "--data-dir", dataDirectory.toString()));
            arguments.addAll(options);
            DIRECTORIES.add(dataDirectory);
            return new ServerProcess(dataDirectory, run(prefix, jar, environment, arguments));
        }
    }

    /** A server on a data directory, with a port of its own choice. */
    public static Start in(Path dataDirectory) {
        return new Start(dataDirectory);
    }

    /**
     * A port that nobody uses, below those that the system gives to outgoing connections: one of them could be taken at any
     * moment, even by a connection to itself. Above them are the ports of embedded databases.
     */
    static int unusedPort() {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(10_000, 15_000);
            try (ServerSocket socket = new ServerSocket()) {
                socket.bind(new InetSocketAddress("127.0.0.1", port));
                return port;
            } catch (IOException e) {
                // Somebody has it; there are others.
                continue;
            }
        }
    }

    private static Process run(List<String> prefix, Path jar, Map<String, String> environment, List<String> arguments) {
        List<String> command = new ArrayList<>(prefix);
        command.add(java().toString());
        command.add("-Xmx512m");
        command.add("-jar");
        command.add(jar.toString());
        command.addAll(arguments);
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(Path.of("/").toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("NEXUS_"));
        builder.environment().putAll(environment);
        try {
            Process process = builder.start();
            PROCESSES.add(process);
            process.onExit().thenAccept(PROCESSES::remove);
            return process;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Path java() {
        return Path.of(System.getProperty("java.home"), "bin", "java");
    }

    /** What a command said and how it ended. */
    public record Ended(int exit, String out, String err) {}

    /** Runs a command of the jar to its end. */
    public static Ended runToEnd(Duration atMost, Map<String, String> environment, String... arguments) {
        ServerProcess running = command(Path.of("/nonexistent"), environment, arguments);
        if (!running.hasEnded(atMost)) {
            running.process.destroyForcibly();
            throw new AssertionError(
                    "did not end within " + atMost.toSeconds() + " s: " + List.of(arguments) + running.log());
        }
        return new Ended(running.process.exitValue(), running.out(), running.err());
    }

    /** Starts any command of the jar and waits for nothing. */
    public static ServerProcess command(Path dataDirectory, Map<String, String> environment, String... arguments) {
        return new ServerProcess(dataDirectory, run(List.of(), jar(), environment, List.of(arguments)));
    }

    /** Waits for the line that says it is ready. */
    public void awaitReady() {
        Await.until("the server is ready", READY, () -> !process.isAlive() || !url(out).isEmpty(), this::log);
        if (url(out).isEmpty()) {
            throw new AssertionError("the server ended with " + process.exitValue() + log());
        }
    }

    private static String url(StringBuffer out) {
        return out.toString()
                .lines()
                .filter(line -> line.startsWith("listening on http://"))
                .map(line -> line.substring("listening on ".length()).strip())
                .findFirst()
                .orElse("");
    }

    // ---- looking ----------------------------------------------------------------------------------------------------

    /** Where it listens. */
    public String url() {
        return url(out);
    }

    int port() {
        return URI.create(url()).getPort();
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    Path dataDirectory() {
        return dataDirectory;
    }

    Path adminKeyFile() {
        return dataDirectory.resolve("admin.key");
    }

    /** The system administrator's key. */
    String adminKey() {
        try {
            return Files.readString(adminKeyFile()).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A client of the system administrator. */
    NexusClient admin() {
        return NexusClient.connect(url(), adminKey());
    }

    String out() {
        return out.toString();
    }

    public String err() {
        return err.toString();
    }

    /** The end of what it said, for messages. */
    public String log() {
        return "\n--- stdout ---\n" + tail(out) + "--- stderr ---\n" + tail(err) + "---\n";
    }

    private static String tail(StringBuffer text) {
        String all = text.toString();
        return all.length() <= LOG_CHARS ? all : "[...]" + all.substring(all.length() - LOG_CHARS);
    }

    // ---- ending -----------------------------------------------------------------------------------------------------

    /** As kill -9 of the JVM; PostgreSQL lives on. */
    public void kill() {
        process.toHandle().destroyForcibly();
        requireEnded();
    }

    /** As kill: it drains. Returns at once. */
    public void signalTerm() {
        // Process.destroy would close the streams, and what it says while it drains would be lost.
        process.toHandle().destroy();
    }

    /** As kill, and waits. Returns the exit code. */
    public int terminate() {
        signalTerm();
        requireEnded();
        return process.exitValue();
    }

    /** Waits for its own end. Returns the exit code. */
    public int awaitExit() {
        requireEnded();
        return process.exitValue();
    }

    private void requireEnded() {
        if (!hasEnded(END)) {
            throw new AssertionError("still alive after " + END.toSeconds() + " s: " + process.pid() + log());
        }
    }

    private boolean hasEnded(Duration atMost) {
        try {
            if (!process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
                return false;
            }
            // PostgreSQL may hold the streams open after kill -9, so not without a limit.
            for (Thread reader : readers) {
                reader.join(500);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    /** The first process of the database, as postmaster.pid has it. */
    long postgresPid() {
        try {
            return Long.parseLong(Files.readString(dataDirectory.resolve("postgres/data/postmaster.pid"))
                    .lines()
                    .findFirst()
                    .orElseThrow()
                    .strip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As kill -9 of the database's first process; the others end when they notice. */
    void killPostmaster() {
        kill(List.of(ProcessHandle.of(postgresPid()).orElseThrow()));
    }

    /** As kill -9 of all processes of the database. */
    void killPostgres() {
        kill(postgresOf(dataDirectory));
    }

    /** As kill -9 of one of the database's sessions with the server: the database restarts itself then. */
    void killSession() {
        kill(List.of(postgresOf(dataDirectory).stream()
                .filter(ServerProcess::isSession)
                .findAny()
                .orElseThrow(() -> new AssertionError("the server has no session" + log()))));
    }

    /** As kill -9 of everything at once. */
    void killAll() {
        process.toHandle().destroyForcibly();
        killPostgres();
        requireEnded();
    }

    private void kill(List<ProcessHandle> processes) {
        processes.forEach(ProcessHandle::destroyForcibly);
        Await.until("PostgreSQL is dead", END, () -> processes.stream().noneMatch(ProcessHandle::isAlive), this::log);
    }

    private static boolean isSession(ProcessHandle handle) {
        try {
            // "postgres: nexus nexus 127.0.0.1(54321) idle"
            return Files.readString(Path.of("/proc", Long.toString(handle.pid()), "cmdline"))
                    .contains(": nexus nexus ");
        } catch (IOException e) {
            // It has ended.
            return false;
        }
    }

    /** All processes that work in the database's directory. */
    static List<ProcessHandle> postgresOf(Path dataDirectory) {
        Path data = dataDirectory.resolve("postgres/data");
        List<ProcessHandle> found = new ArrayList<>();
        for (ProcessHandle handle : ProcessHandle.allProcesses().toList()) {
            try {
                if (Files.readSymbolicLink(Path.of("/proc", Long.toString(handle.pid()), "cwd"))
                        .equals(data)) {
                    found.add(handle);
                }
            } catch (IOException e) {
                // It has ended, or is not ours to look at, or there is no /proc.
                continue;
            }
        }
        return found;
    }

    private static void endPostgres(Path dataDirectory) {
        postgresOf(dataDirectory).forEach(ProcessHandle::destroyForcibly);
    }

    @Override
    public void close() {
        if (process.isAlive()) {
            process.destroyForcibly();
            requireEnded();
        }
        endPostgres(dataDirectory);
        if (!Await.happens(END, () -> postgresOf(dataDirectory).isEmpty())) {
            throw new AssertionError("PostgreSQL processes are left: " + postgresOf(dataDirectory));
        }
        DIRECTORIES.remove(dataDirectory);
    }

    // ---- directories ------------------------------------------------------------------------------------------------

    /** A directory that another user may pass through: PostgreSQL may have to run as one. */
    public static Path temporaryDirectory() {
        try {
            Path directory = Files.createTempDirectory("nexus-e2e-").toRealPath();
            Files.setPosixFilePermissions(
                    directory, java.nio.file.attribute.PosixFilePermissions.fromString("rwx--x--x"));
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Deletes a tree. */
    public static void delete(@Nullable Path root) {
        if (root == null || !Files.exists(root)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(root)) {
            for (Path path : tree.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
