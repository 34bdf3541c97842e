package nexus.cli;

/** What the process tells whoever started it. */
public final class ExitCode {

    public static final int OK = 0;
    public static final int FAILURE = 1;
    public static final int WRONG_USAGE = 2;

    private ExitCode() {}
}
