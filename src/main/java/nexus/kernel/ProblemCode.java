package nexus.kernel;

/** The kinds of expected failures; the text is stable and part of every wire format that names it. */
public enum ProblemCode {
    INVALID_REQUEST("invalid_request"),
    INVALID_PATH("invalid_path"),
    UNAUTHENTICATED("unauthenticated"),
    NOT_FOUND("not_found"),
    ALREADY_EXISTS("already_exists"),
    FORBIDDEN("forbidden"),
    TENANT_SUSPENDED("tenant_suspended"),
    REFUSED("refused"),
    CONFLICT("conflict"),
    QUOTA_EXCEEDED("quota_exceeded"),
    RATE_LIMITED("rate_limited"),
    TOO_COMPLEX("too_complex"),
    TOO_LARGE("too_large"),
    OVERLOADED("overloaded"),
    UNAVAILABLE("unavailable"),
    OUTCOME_UNKNOWN("outcome_unknown"),
    TENANT_GONE("tenant_gone");

    private final String text;

    ProblemCode(String text) {
        this.text = text;
    }

    /** The stable name, as {@code quota_exceeded}. */
    public String text() {
        return text;
    }

    /** Whether the caller may simply send the same request again, with the same command id. */
    public boolean isRetryable() {
        return this == OVERLOADED || this == UNAVAILABLE;
    }
}
