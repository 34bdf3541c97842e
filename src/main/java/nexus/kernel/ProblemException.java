package nexus.kernel;

/** Carries a {@link Problem} through a failed future. It has no stack trace: it is an answer, not an accident. */
public final class ProblemException extends RuntimeException {
    private final transient Problem problem;

    /** Carries this problem. */
    public ProblemException(Problem problem) {
        super(problem.message(), null, false, false);
        this.problem = problem;
    }

    /** What is told to the caller. */
    public Problem problem() {
        return problem;
    }
}
