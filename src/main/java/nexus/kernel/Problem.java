package nexus.kernel;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * An expected failure, told to the caller in his own wire format. Our own bugs are {@link Must}'s, never a problem.
 *
 * <p>Messages say what was refused, the limit and the actual value; they hold no secret, no SQL, no host name.
 */
public sealed interface Problem {
    /** The kind. */
    ProblemCode code();

    /** One sentence for people. */
    String message();

    /** The path on the wire that it is about, if any. */
    default @Nullable String path() {
        return null;
    }

    /** The exception that carries this problem through a failed future. */
    default ProblemException exception() {
        return new ProblemException(this);
    }

    /** A problem that has nothing to tell but its kind, its message and perhaps a path. */
    record Plain(ProblemCode code, String message, @Nullable String path) implements Problem {}

    /** A precondition did not hold: what was expected and what there is. */
    record Conflict(String message, @Nullable String path, String expected, String current) implements Problem {
        @Override
        public ProblemCode code() {
            return ProblemCode.CONFLICT;
        }
    }

    /** The operation would have taken the usage over the limit; nothing was changed. */
    record QuotaExceeded(String resource, long limit, long used, long asked) implements Problem {
        @Override
        public ProblemCode code() {
            return ProblemCode.QUOTA_EXCEEDED;
        }

        @Override
        public String message() {
            return "Quota exceeded for " + resource + ": limit " + limit + ", used " + used + ", asked for " + asked;
        }
    }

    /** Refused for now; safe to repeat after the pause. */
    record Retry(ProblemCode code, String message, Duration after) implements Problem {
        /** Only the codes that invite a retry. */
        public Retry {
            Must.hold(code.isRetryable() || code == ProblemCode.RATE_LIMITED, "not a code to retry", code);
        }
    }

    /** A request that does not have the form, or the values, that it must have. */
    static Problem invalid(String message) {
        return new Plain(ProblemCode.INVALID_REQUEST, message, null);
    }

    /** A text that is no path. */
    static Problem invalidPath(String message) {
        return new Plain(ProblemCode.INVALID_PATH, message, null);
    }

    /** No such file, directory, version or key, told only to those who may know. */
    static Problem notFound(String message, @Nullable String path) {
        return new Plain(ProblemCode.NOT_FOUND, message, path);
    }

    /** Something is there already. */
    static Problem exists(String message, String path) {
        return new Plain(ProblemCode.ALREADY_EXISTS, message, path);
    }

    /** The caller may not do this, whether or not the thing exists. */
    static Problem forbidden(String message, @Nullable String path) {
        return new Plain(ProblemCode.FORBIDDEN, message, path);
    }

    /** Well-formed and permitted, but against a rule. */
    static Problem refused(String message, @Nullable String path) {
        return new Plain(ProblemCode.REFUSED, message, path);
    }

    /** A limit of size that is not a quota. */
    static Problem tooLarge(String message) {
        return new Plain(ProblemCode.TOO_LARGE, message, null);
    }

    /** A check met a limit of the graph: neither allowed nor denied. */
    static Problem tooComplex(String message) {
        return new Plain(ProblemCode.TOO_COMPLEX, message, null);
    }

    /** The tenant was deleted. */
    static Problem tenantGone() {
        return new Plain(ProblemCode.TENANT_GONE, "the tenant does not exist", null);
    }

    /** The key is missing, unknown, revoked or expired: which one is not told. */
    static Problem unauthenticated() {
        return new Plain(ProblemCode.UNAUTHENTICATED, "Invalid or missing API key", null);
    }

    /** The database or the owner cannot be reached at the moment; nothing was done. */
    static Problem unavailable(String message) {
        return new Retry(ProblemCode.UNAVAILABLE, message, Duration.ofSeconds(1));
    }

    /** A queue is full; nothing was done. */
    static Problem overloaded(String message) {
        return new Retry(ProblemCode.OVERLOADED, message, Duration.ofSeconds(1));
    }

    /** The deadline passed before it was known whether the change was made. */
    static Problem outcomeUnknown() {
        return new Plain(
                ProblemCode.OUTCOME_UNKNOWN,
                "it is not known whether the change was made: look before you repeat it",
                null);
    }
}
