package nexus.embedded;

import java.time.Duration;

/**
 * Hears about outages of a started database. Called on the one thread that also restarts it, so an answer that takes
 * long prolongs the outage. An exception is dropped.
 */
public interface DatabaseListener {

    /** The server process ended although nobody asked it to. A restart follows at once. */
    void down(String reason);

    /** A restart failed. The next one follows after {@code delay}, and so on without end. */
    void restartFailed(int attempt, Duration delay, String reason);

    /** The database accepts connections again, at the same address. Connections from before are dead. */
    void up(Duration outage);
}
