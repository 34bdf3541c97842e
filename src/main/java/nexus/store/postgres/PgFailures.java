package nexus.store.postgres;

import io.vertx.pgclient.PgException;
import java.util.List;
import java.util.UUID;
import nexus.kernel.NodeId;
import nexus.store.StoreException;
import nexus.store.StoreException.Reason;
import org.jspecify.annotations.Nullable;

/** What a failure of the database means: the only place that knows its error codes. */
final class PgFailures {
    /** Raised by the fence: another node or epoch owns the tenant, or it is deleted. */
    static final String FENCED = "NX001";
    /** Raised by the fence: a group that does not follow the last one. */
    static final String WRONG_REVISION = "NX002";
    /** Raised by a statement that did not find what the actor knew to be there. */
    static final String UNEXPECTED = "NX003";
    /** Raised by a take: there is no such tenant. */
    static final String GONE = "NX004";
    /** Raised by a take: a node with a live lease owns the tenant. */
    static final String OWNED = "NX005";
    /** Raised by a take: the taker's own lease is over. */
    static final String LEASE_OVER = "NX006";
    /** Raised by row security: the transaction has no tenant. */
    static final String NO_TENANT = "NX007";

    /** An error that only repeats that an earlier statement failed. */
    private static final String ABORTED = "25P02";

    private PgFailures() {}

    /** Why a call failed that changes nothing unless it succeeds. */
    static Throwable of(Throwable failure) {
        if (failure instanceof StoreException || failure instanceof IllegalStateException) {
            return failure;
        }
        if (failure instanceof PgException refusal) {
            return refused(refusal);
        }
        return new StoreException(Reason.FAILED, "the database was not reached", failure);
    }

    /**
     * Why a batch failed whose last command is the commit, sent without waiting for the others.
     *
     * <p>An answer of the server to a command before the commit settles it: the transaction was aborted, and the commit
     * behind it, whatever it answered, was a rollback. (The commit's tag cannot be seen through this client, and need not:
     * a transaction none of whose statements failed is not aborted.) An error as the answer to the commit itself says
     * "aborted" too, unless it is fatal: a backend that is terminated after the commit says so in the same way. Without
     * any answer nothing is known.
     *
     * @param causes of the commands in their order, null where one succeeded
     */
    static StoreException ofBatch(List<? extends @Nullable Throwable> causes) {
        PgException refusal = null;
        Throwable other = null;
        for (int i = 0; i < causes.size(); i++) {
            Throwable cause = causes.get(i);
            boolean commit = i == causes.size() - 1;
            if (cause instanceof PgException e && !(commit && isFatal(e))) {
                if (refusal == null || refusal.getSqlState().equals(ABORTED)) {
                    refusal = e;
                }
            } else if (cause != null && other == null) {
                other = cause;
            }
        }
        if (refusal != null) {
            StoreException failure = refused(refusal);
            if (other != null) {
                failure.addSuppressed(other);
            }
            return failure;
        }
        return unknown(other);
    }

    /** The answer to a commit did not come. */
    static StoreException unknown(@Nullable Throwable cause) {
        String message = "the connection went away while the commit was under way";
        return cause == null
                ? new StoreException(Reason.OUTCOME_UNKNOWN, message)
                : new StoreException(Reason.OUTCOME_UNKNOWN, message, cause);
    }

    private static boolean isFatal(PgException e) {
        return !"ERROR".equals(e.getSeverity());
    }

    private static StoreException refused(PgException e) {
        String message = "the database refused: " + e.getSqlState();
        if (e.getSqlState().equals(OWNED)) {
            return new StoreException(message, owner(e.getDetail()), e);
        }
        return new StoreException(reason(e.getSqlState()), message, e);
    }

    /** The owner's id is the refusal's detail. */
    private static @Nullable NodeId owner(@Nullable String detail) {
        return detail == null ? null : new NodeId(UUID.fromString(detail));
    }

    private static Reason reason(String state) {
        return switch (state) {
            case FENCED, LEASE_OVER -> Reason.FENCED;
            case GONE -> Reason.TENANT_GONE;
            case OWNED -> Reason.OWNED;
            default -> Reason.FAILED;
        };
    }
}
