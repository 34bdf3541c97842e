package nexus.store;

import nexus.kernel.NodeId;
import org.jspecify.annotations.Nullable;

/** A failure of the store that its callers must tell apart. */
public final class StoreException extends RuntimeException {
    /** What is known about the failed call. */
    public enum Reason {
        /** Another node or epoch owns the tenant now: nothing was committed, and this owner is none any more. */
        FENCED,
        /** Somebody with a live lease, or who was not yet watched to be dead, owns the tenant. */
        OWNED,
        /** There is no such tenant. */
        TENANT_GONE,
        /** Nothing was committed: the database refused, or was not reached. */
        FAILED,
        /** The connection went away when the commit was under way. */
        OUTCOME_UNKNOWN
    }

    private final Reason reason;
    private final @Nullable NodeId owner;

    /** A failure with its cause, whose message stays in the log. */
    public StoreException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
        this.owner = null;
    }

    /** A tenant that is owned, with the owner if it is known. */
    public StoreException(String message, @Nullable NodeId owner, Throwable cause) {
        super(message, cause);
        this.reason = Reason.OWNED;
        this.owner = owner;
    }

    /** A failure that has no deeper cause. */
    public StoreException(Reason reason, String message) {
        super(message);
        this.reason = reason;
        this.owner = null;
    }

    /** What is known. */
    public Reason reason() {
        return reason;
    }

    /** Who owns the tenant, with {@link Reason#OWNED}, if the store told. */
    public @Nullable NodeId owner() {
        return owner;
    }
}
