package nexus.embedded;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Runs the short-lived programs. Each has a deadline, and none outlives the call: at the deadline, on an interrupt and
 * when the start is given up, it is killed.
 */
final class Tools {

    private static final long LOOK_EVERY_MILLIS = 20;

    private final PostgresFiles files;
    private final BooleanSupplier cancelled;

    Tools(PostgresFiles files, BooleanSupplier cancelled) {
        this.files = files;
        this.cancelled = cancelled;
    }

    /** The output goes to the log, which is quoted when the program fails. */
    void run(List<String> command, String input, Duration max) throws IOException, InterruptedException {
        long position = files.logSize();
        Process process = prepare(command, files.log()).start();
        try {
            try (OutputStream stdin = process.getOutputStream()) {
                stdin.write(input.getBytes(StandardCharsets.UTF_8));
            }
            await(process, command, max);
            if (process.exitValue() != 0) {
                throw new EmbeddedException(
                        name(command) + " failed (exit " + process.exitValue() + "): " + files.logSince(position));
            }
        } finally {
            kill(process);
        }
    }

    /** Whether the program ends well. Says nothing else, and is not given up: it is used for stopping, too. */
    static boolean succeeds(List<String> command, Duration max) {
        try {
            Process process = prepare(command, Path.of("/dev/null")).start();
            boolean ended = Deadline.in(max).await(() -> !process.isAlive());
            kill(process);
            return ended && process.exitValue() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * The child gets none of our variables: there are secrets among them, and some of PostgreSQL's own that would turn
     * it to another directory.
     */
    static ProcessBuilder prepare(List<String> command, Path output) {
        ProcessBuilder builder = new ProcessBuilder(command);
        Map<String, String> environment = builder.environment();
        environment.clear();
        environment.put("PATH", "/usr/bin:/bin:/usr/sbin:/sbin");
        environment.put("LC_ALL", "C");
        return builder.directory(Path.of("/").toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
    }

    private void await(Process process, List<String> command, Duration max) throws InterruptedException {
        Deadline deadline = Deadline.in(max);
        while (!process.waitFor(LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS)) {
            if (cancelled.getAsBoolean()) {
                throw new EmbeddedException("the database was closed while it was starting");
            }
            if (deadline.isPassed()) {
                throw new EmbeddedException(name(command) + " did not end within " + max.toSeconds() + " s");
            }
        }
    }

    private static void kill(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    private static String name(List<String> command) {
        return command.stream()
                .filter(word -> word.contains("/bin/"))
                .reduce((first, second) -> second)
                .map(word -> word.substring(word.lastIndexOf('/') + 1))
                .orElse(command.get(0));
    }
}
