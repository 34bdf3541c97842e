package nexus.store.postgres;

import java.time.Duration;
import nexus.kernel.Must;

/**
 * How the database is reached and how hard it is used.
 *
 * @param url as {@code postgresql://user:password@host:5432/database}; its role owns the schema and migrates it
 * @param commitConnections for groups only: no reader can starve a writer
 * @param queryConnections for queries and activations
 * @param waiting calls that wait for a connection of one pool; one more is refused at once
 * @param openTimeout for the first connection of all, on a machine that may be busy with starting
 * @param connectTimeout to get a connection, waiting included
 * @param lockTimeout the longest wait for a row's lock, and the longest pause of a client inside a transaction: well below
 *     the lease, so that a node that hangs cannot hold its successor up
 * @param statementTimeout the longest statement
 * @param answerTimeout the longest wait for the answer to a group, after which its outcome is unknown
 */
public record PgOptions(
        String url,
        int commitConnections,
        int queryConnections,
        int waiting,
        Duration openTimeout,
        Duration connectTimeout,
        Duration lockTimeout,
        Duration statementTimeout,
        Duration answerTimeout) {
    private static final Duration CONTROL_MARGIN = Duration.ofMillis(500);

    /** Consistent options. */
    public PgOptions {
        Must.hold(commitConnections > 0 && queryConnections > 0 && waiting > 0, "a pool has connections");
        Must.hold(lockTimeout.compareTo(statementTimeout) < 0, "a lock's wait ends before the statement");
        Must.hold(statementTimeout.compareTo(answerTimeout) < 0, "the server gives up before the client");
    }

    /** The defaults for a database. */
    public static PgOptions of(String url) {
        return new PgOptions(
                url,
                8,
                8,
                10_000,
                Duration.ofSeconds(30),
                Duration.ofSeconds(3),
                Duration.ofSeconds(2),
                Duration.ofSeconds(10),
                Duration.ofSeconds(12));
    }

    /** The longest wait for the answer of the control plane: the server gives up a lock before. */
    Duration controlTimeout() {
        return lockTimeout.plus(CONTROL_MARGIN);
    }

    /** Without the URL: it may hold a password. */
    @Override
    public String toString() {
        return "PgOptions[commitConnections=" + commitConnections + ", queryConnections=" + queryConnections + "]";
    }
}
