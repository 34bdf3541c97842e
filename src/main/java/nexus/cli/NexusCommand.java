package nexus.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import nexus.config.DemoOptions;
import nexus.config.OptionsException;
import nexus.config.ServerOption;
import nexus.config.ServerOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * The command line {@code nexus serve|demo}. Options of {@code serve} are made from the table in {@link ServerOption},
 * so that help, command line and environment cannot differ.
 *
 * <p>Errors are one line on the error stream and an exit code, never a stack trace, unless {@code --verbose} is given or
 * NEXUS_DEBUG is set.
 */
public final class NexusCommand {

    private static final String VERBOSE = "--verbose";
    private static final String DATA_DIR = "--data-dir";
    private static final String PORT = "--port";

    private final ServeAction serve;
    private final DemoAction demo;
    private final Map<String, String> environment;
    private final CommandLine commandLine;

    public NexusCommand(ServeAction serve, DemoAction demo, Map<String, String> environment) {
        this.serve = serve;
        this.demo = demo;
        this.environment = Map.copyOf(environment);
        this.commandLine = new CommandLine(specification())
                .setExecutionStrategy(this::execute)
                .setExecutionExceptionHandler(this::explain);
    }

    /** For tests; otherwise the process's own streams are used. */
    NexusCommand writingTo(PrintWriter out, PrintWriter err) {
        commandLine.setOut(out);
        commandLine.setErr(err);
        return this;
    }

    /** Runs the command that the arguments name, and returns the exit code when it has ended. */
    public int run(String... arguments) {
        return commandLine.execute(arguments);
    }

    private CommandSpec specification() {
        CommandSpec nexus = command("nexus", "A multi-tenant SaaS server.");
        nexus.versionProvider(() -> new String[] {"nexus " + version()});
        nexus.addOption(OptionSpec.builder("-V", "--version")
                .versionHelp(true)
                .description("Print the version.")
                .build());
        nexus.addSubcommand("serve", serveSpecification());
        nexus.addSubcommand("demo", demoSpecification());
        return nexus;
    }

    private static CommandSpec command(String name, String description) {
        CommandSpec spec = CommandSpec.create().name(name);
        spec.usageMessage()
                .description(description)
                .abbreviateSynopsis(true)
                .width(110)
                .sortOptions(false)
                .exitCodeListHeading("%nExit codes:%n")
                .exitCodeList(Map.of("0", "success", "1", "failure", "2", "wrong usage"));
        spec.addOption(OptionSpec.builder("-h", "--help")
                .usageHelp(true)
                .description("Explain the options.")
                .build());
        return spec;
    }

    private static CommandSpec serveSpecification() {
        CommandSpec spec = command("serve", "Run a server until it gets SIGTERM.");
        for (ServerOption option : ServerOption.values()) {
            if (option.isOnCommandLine()) {
                spec.addOption(OptionSpec.builder(option.flag())
                        .paramLabel(option.parameter())
                        .type(String.class)
                        .description(option.explanation(), "  " + origin(option))
                        .build());
            }
        }
        spec.addOption(verbose());
        List<String> footer = new ArrayList<>(
                List.of("", "Each option can come from its variable; the command line wins. By variable only:"));
        for (ServerOption option : ServerOption.values()) {
            if (!option.isOnCommandLine()) {
                footer.add("  " + option.variable() + ": " + option.explanation());
            }
        }
        footer.add("  " + ServerOption.DEBUG_VARIABLE + ": If set, failures are shown with stack traces.");
        footer.add("Other variables that begin with NEXUS_ are refused.");
        spec.usageMessage().footer(footer.toArray(String[]::new));
        return spec;
    }

    private static CommandSpec demoSpecification() {
        CommandSpec spec =
                command("demo", "Start a server and play the tutorial against it. Takes nothing from the environment.");
        spec.addOption(OptionSpec.builder(PORT)
                .paramLabel("<port>")
                .type(Integer.class)
                .defaultValue("0")
                .description("The TCP port of the server; 0 takes any free one. Default: 0.")
                .build());
        spec.addOption(OptionSpec.builder(DATA_DIR)
                .paramLabel("<directory>")
                .type(Path.class)
                .description("Where the server keeps its data. Default: a temporary directory, deleted at the end.")
                .build());
        spec.addOption(verbose());
        return spec;
    }

    private static OptionSpec verbose() {
        return OptionSpec.builder(VERBOSE)
                .description("Show failures with stack traces.")
                .build();
    }

    /** On a line of its own, because a long explanation is wrapped. */
    private static String origin(ServerOption option) {
        String defaultText = option.defaultText();
        return (defaultText == null ? "" : "Default: " + defaultText + ". ") + "Variable: " + option.variable();
    }

    private int execute(ParseResult result) {
        Integer help = CommandLine.executeHelpRequest(result);
        if (help != null) {
            return help;
        }
        if (!result.hasSubcommand()) {
            throw new ParameterException(commandLine, "a command is missing: serve or demo");
        }
        ParseResult command = result.subcommand();
        CommandLine line = command.commandSpec().commandLine();
        try {
            return command.commandSpec().name().equals("serve") ? serve(command) : demo(command);
        } catch (OptionsException e) {
            return refuse(line, e);
        } catch (ParameterException e) {
            throw e;
        } catch (Exception e) {
            throw new CommandLine.ExecutionException(line, "failed", e);
        }
    }

    private int serve(ParseResult command) throws Exception {
        Map<ServerOption, String> given = new EnumMap<>(ServerOption.class);
        for (ServerOption option : ServerOption.values()) {
            if (option.isOnCommandLine() && command.hasMatchedOption(option.flag())) {
                given.put(option, command.matchedOptionValue(option.flag(), ""));
            }
        }
        ServerOptions options =
                ServerOptions.read(given, environment, Runtime.getRuntime().availableProcessors());
        return serve.serve(options);
    }

    private int demo(ParseResult command) throws Exception {
        int port = command.matchedOptionValue(PORT, 0);
        @Nullable Path dataDir = command.matchedOptionValue(DATA_DIR, null);
        return demo.demo(new DemoOptions(port, dataDir));
    }

    private int refuse(CommandLine line, OptionsException refused) {
        refused.errors().forEach(error -> line.getErr().println("nexus: " + error));
        line.getErr().flush();
        return ExitCode.WRONG_USAGE;
    }

    private int explain(Exception failure, CommandLine line, @Nullable ParseResult result) {
        Throwable cause = failure instanceof CommandLine.ExecutionException && failure.getCause() != null
                ? failure.getCause()
                : failure;
        PrintWriter err = line.getErr();
        String message = cause.getMessage();
        err.println("nexus: "
                + (message == null || message.isBlank() ? cause.getClass().getName() : message));
        if (environment.containsKey(ServerOption.DEBUG_VARIABLE) || isVerbose(result)) {
            cause.printStackTrace(err);
        }
        err.flush();
        return ExitCode.FAILURE;
    }

    private static boolean isVerbose(@Nullable ParseResult result) {
        return result != null && result.hasSubcommand() && result.subcommand().hasMatchedOption(VERBOSE);
    }

    private static String version() {
        try (InputStream in = NexusCommand.class.getResourceAsStream("/nexus/build.properties")) {
            Properties properties = new Properties();
            if (in != null) {
                properties.load(in);
            }
            return properties.getProperty("version", "of an unknown version");
        } catch (IOException e) {
            return "of an unknown version";
        }
    }
}
