package nexus.tenant;

/**
 * What the server tells about its own work. Names are few and fixed; no call carries a path, a key or a tenant's content.
 *
 * <p>Called on event loops: implementations must not wait and must be thread-safe.
 */
public interface Telemetry {
    /** Tells nobody. */
    Telemetry NONE = new Telemetry() {};

    /**
     * A request was answered.
     *
     * @param wire the interface, as {@code nexus}
     * @param operation the method, one of a fixed set; {@code unknown} otherwise
     * @param outcome {@code ok} or the text of a {@link nexus.kernel.ProblemCode}, or {@code bug}
     */
    default void request(String wire, String operation, String outcome, long nanos) {}

    /** A group was committed, or not. */
    default void group(int commands, long payloadBytes, long nanos, boolean committed) {}

    /** A tenant was loaded. */
    default void activated(long nanos, long tuples) {}

    /** A tenant was let go. */
    default void passivated() {}

    /** An operation was refused for lack of permission. */
    default void denied() {}

    /** A key was refused. */
    default void unauthenticated() {}

    /** Something of ours is broken; there is a log line with the same id. */
    default void bug() {}
}
