package nexus.store;

/** A failure of the store that its callers must tell apart. */
public final class StoreException extends RuntimeException {
    /** What is known about the failed call. */
    public enum Reason {
        /** Another node or epoch owns the tenant now: nothing was committed, and this owner is none any more. */
        FENCED,
        /** Somebody with a live lease owns the tenant. */
        OWNED,
        /** There is no such tenant. */
        TENANT_GONE,
        /** Nothing was committed: the database refused, or was not reached. */
        FAILED,
        /** The connection went away when the commit was under way. */
        OUTCOME_UNKNOWN
    }

    private final Reason reason;

    /** A failure with its cause, whose message stays in the log. */
    public StoreException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    /** A failure that has no deeper cause. */
    public StoreException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /** What is known. */
    public Reason reason() {
        return reason;
    }
}
