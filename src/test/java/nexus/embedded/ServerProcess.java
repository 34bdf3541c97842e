package nexus.embedded;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/**
 * A JVM of its own that opens a data directory and starts its database, and can be killed. It says {@code ready <port>
 * <pid of PostgreSQL>}, and closes both when its standard input ends.
 */
final class ServerProcess implements AutoCloseable {

    private final Process process;
    private final BufferedReader output;

    private ServerProcess(Process process) {
        this.process = process;
        this.output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    static ServerProcess start(Path dataDirectory) throws IOException {
        return start(List.of(), System.getProperty("java.class.path"), dataDirectory);
    }

    static ServerProcess start(List<String> prefix, String classPath, Path dataDirectory) throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-cp",
                classPath,
                ServerProcess.class.getName(),
                dataDirectory.toString()));
        return new ServerProcess(new ProcessBuilder(command)
                .directory(Path.of("/").toFile())
                .redirectErrorStream(true)
                .start());
    }

    /** The words of the line that says it is ready. */
    String[] awaitReady() throws IOException {
        StringBuilder said = new StringBuilder();
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            if (line.startsWith("ready ")) {
                return line.split(" ");
            }
            said.append(line).append('\n');
        }
        throw new AssertionError("the server process ended: " + said);
    }

    long pid() {
        return process.pid();
    }

    /** As kill -9: nothing is closed. */
    void kill() {
        process.destroyForcibly();
        awaitEnd();
    }

    /** As kill: the shutdown hook closes. */
    void terminate() {
        process.destroy();
        awaitEnd();
    }

    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        if (!hasEnded()) {
            kill();
        }
    }

    private void awaitEnd() {
        if (!hasEnded()) {
            throw new AssertionError("still alive: " + process.pid());
        }
    }

    private boolean hasEnded() {
        return Deadline.in(Duration.ofSeconds(20)).await(() -> !process.isAlive());
    }

    public static void main(String[] arguments) throws IOException {
        try (DataDirectory directory = DataDirectory.open(Path.of(arguments[0]), InstantSource.system());
                EmbeddedDatabase database = new EmbeddedDatabase(
                        EmbeddedDatabaseOptions.of(directory.postgres()),
                        new RecordingListener(),
                        new SecureRandom())) {
            Runtime.getRuntime().addShutdownHook(new Thread(database::close));
            System.out.println("starting");
            DatabaseAddress address = database.start();
            System.out.println("ready " + address.port() + " "
                    + database.process().orElseThrow().pid());
            System.in.transferTo(OutputStream.nullOutputStream());
        } catch (EmbeddedException e) {
            System.out.println("failed " + e.getMessage());
        }
    }
}
