package nexus.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import nexus.config.DemoOptions;
import nexus.config.ServerOption;
import nexus.config.ServerOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NexusCommandTest {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final List<ServerOptions> served = new ArrayList<>();
    private final List<DemoOptions> demonstrated = new ArrayList<>();

    @Test
    void servesWithDefaults() {
        assertEquals(ExitCode.OK, run(Map.of(), "serve"));
        assertEquals(ServerOptions.read(Map.of(), Map.of(), Runtime.getRuntime().availableProcessors()), served.get(0));
    }

    @Test
    void takesOptionsFromTheCommandLineBeforeTheEnvironment() {
        Map<String, String> environment = Map.of("NEXUS_PORT", "1", "NEXUS_HOST", "::1");
        assertEquals(ExitCode.OK, run(environment, "serve", "--port", "8080", "--data-dir=/srv/x"));
        assertEquals(8080, served.get(0).port());
        assertEquals("::1", served.get(0).host());
        assertEquals(Path.of("/srv/x"), served.get(0).dataDir());
    }

    @Test
    void passesOnTheExitCodeOfTheAction() {
        NexusCommand command = new NexusCommand(options -> 1, options -> 0, Map.of());
        assertEquals(ExitCode.FAILURE, command.run("serve"));
    }

    @Test
    void demonstratesWithoutTheEnvironment() {
        Map<String, String> environment = Map.of("NEXUS_DATA_DIR", "/real", "NEXUS_PORT", "1");
        assertEquals(ExitCode.OK, run(environment, "demo"));
        assertEquals(ExitCode.OK, run(environment, "demo", "--port=8080", "--data-dir", "kept"));
        assertEquals(List.of(new DemoOptions(0, null), new DemoOptions(8080, Path.of("kept"))), demonstrated);
    }

    @Test
    void explainsEachOptionWithItsDefaultAndVariable() {
        assertEquals(ExitCode.OK, run(Map.of(), "serve", "--help"));
        for (ServerOption option : ServerOption.values()) {
            assertTrue(out.toString().contains(option.variable()), option.variable());
            assertEquals(option.isOnCommandLine(), out.toString().contains(option.flag()), option.flag());
            if (option.defaultText() != null) {
                assertTrue(out.toString().contains("Default: " + option.defaultText() + "."), option.flag());
            }
        }
        assertEquals(List.of(), served);
    }

    @Test
    void helpsWithoutACommand() {
        assertEquals(ExitCode.OK, run(Map.of(), "--help"));
        assertTrue(out.toString().contains("serve") && out.toString().contains("demo"), out::toString);
        assertEquals(ExitCode.OK, run(Map.of(), "demo", "-h"));
    }

    @Test
    void printsTheVersionOfTheBuild() {
        assertEquals(ExitCode.OK, run(Map.of(), "--version"));
        assertTrue(out.toString().matches("nexus [0-9][^$]*\\R"), out::toString);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "surf",
                "serve --prot 1",
                "serve --port",
                "serve extra",
                "serve --admin-key x",
                "serve --blobs s3://contents?region=eu-west-1 --blobs-s3-access-key x --blobs-s3-secret-key y",
                "demo --port x",
                "demo --port 70000"
            })
    void refusesWrongUsage(String line) {
        assertEquals(ExitCode.WRONG_USAGE, run(Map.of(), line.isEmpty() ? new String[0] : line.split(" ")));
        assertFalse(err.toString().isBlank(), "no explanation");
        assertTrue(served.isEmpty() && demonstrated.isEmpty(), "something ran");
    }

    @Test
    void reportsWrongOptionsEachOnItsLine() {
        assertEquals(ExitCode.WRONG_USAGE, run(Map.of("NEXUS_PROT", "1"), "serve", "--port=x", "--body-max=1"));
        assertEquals(3, err.toString().lines().count(), err::toString);
        assertTrue(err.toString().contains("did you mean NEXUS_PORT?"), err::toString);
    }

    @Test
    void aClusterNeedsADatabaseThatItsNodesShare() {
        assertEquals(ExitCode.WRONG_USAGE, run(Map.of(), "serve", "--cluster", "file.yaml"));
        assertTrue(err.toString().contains("--database-url"), err::toString);
        assertEquals(ExitCode.WRONG_USAGE, run(Map.of("NEXUS_CLUSTER", "file.yaml"), "serve"));
        assertEquals(List.of(), served);
    }

    @Test
    void saysAFailureInOneLine() {
        assertEquals(ExitCode.FAILURE, runFailing(Map.of(), "serve"));
        assertEquals("nexus: the disk is full\n", err.toString());
    }

    @Test
    void showsTheStackTraceWhenAsked() {
        assertEquals(ExitCode.FAILURE, runFailing(Map.of(), "serve", "--verbose"));
        assertTrue(err.toString().contains("\tat nexus.cli.NexusCommandTest"), err::toString);
        assertEquals(ExitCode.FAILURE, runFailing(Map.of("NEXUS_DEBUG", "1"), "demo"));
        assertEquals(2, err.toString().split("java.lang.IllegalStateException", -1).length - 1, err::toString);
    }

    private int run(Map<String, String> environment, String... arguments) {
        return with(
                new NexusCommand(
                        options -> {
                            served.add(options);
                            return 0;
                        },
                        options -> {
                            demonstrated.add(options);
                            return 0;
                        },
                        environment),
                arguments);
    }

    private int runFailing(Map<String, String> environment, String... arguments) {
        return with(
                new NexusCommand(
                        options -> {
                            throw new IllegalStateException("the disk is full");
                        },
                        options -> {
                            throw new IllegalStateException("the disk is full");
                        },
                        environment),
                arguments);
    }

    private int with(NexusCommand command, String... arguments) {
        return command.writingTo(new PrintWriter(out, true), new PrintWriter(err, true))
                .run(arguments);
    }
}
