package nexus.history;

import org.jspecify.annotations.Nullable;

/**
 * One thing that a client did to one object, and what it was told.
 *
 * <p>An answer that says that nothing was done is no operation: it is not recorded, and if it was a lie a later answer shows
 * it. An operation whose outcome is not known is open: it may take effect at any time after its call, or never.
 *
 * @param client who, for people
 * @param node whom he asked, for people
 * @param object what he did it to: objects are judged one by one
 * @param argument what he gave, empty if nothing
 * @param result what he was told; null while it is open
 * @param called when, in nanoseconds of one clock for all
 * @param returned when he was told; the end of time while it is open
 */
public record Operation(
        String client,
        String node,
        String object,
        Kind kind,
        String argument,
        @Nullable String result,
        long called,
        long returned) {
    /** The argument of open operations that are alike: none of their own. */
    static final String UNSEEN = "?";

    /** What can be done; each model of an object says which of them it has, and what they mean. */
    public enum Kind {
        WRITE,
        READ,
        DELETE,
        APPEND,
        GRANT,
        REVOKE,
        CHECK,
        CREATE,
        REMOVE,
        COUNT
    }

    /** A call comes before its answer. */
    public Operation {
        if (result == null ? returned != Long.MAX_VALUE : returned < called) {
            throw new IllegalArgumentException("called " + called + ", returned " + returned + ", result " + result);
        }
    }

    /** An operation that was answered. */
    public static Operation done(
            String client,
            String node,
            String object,
            Kind kind,
            String argument,
            String result,
            long called,
            long returned) {
        return new Operation(client, node, object, kind, argument, result, called, returned);
    }

    /** An operation of which nobody knows what became. */
    public static Operation open(String client, String node, String object, Kind kind, String argument, long called) {
        return new Operation(client, node, object, kind, argument, null, called, Long.MAX_VALUE);
    }

    /** The same, of which it has become known that it was done before a time. */
    Operation resolved(String known, long before) {
        return new Operation(client, node, object, kind, argument, known, called, Math.max(called, before));
    }

    /** The same, told to be one of those whose argument nobody ever sees, and that was not done before a time. */
    Operation unseen(long after) {
        return new Operation(client, node, object, kind, UNSEEN, null, Math.max(called, after), Long.MAX_VALUE);
    }

    /** Whether its outcome is not known. */
    public boolean isOpen() {
        return result == null;
    }

    /** Whether it changes nothing, whatever its answer: an open one says nothing then. */
    boolean isQuestion() {
        return kind == Kind.READ || kind == Kind.CHECK || kind == Kind.COUNT;
    }

    /** Whether it changed nothing, by its kind or because its answer says so. */
    boolean changedNothing() {
        return isQuestion() || Models.ABSENT.equals(result) || Models.FULL.equals(result) || Models.NO.equals(result);
    }

    @Override
    public String toString() {
        String end = isOpen() ? "?" : Long.toString(returned / 1000);
        String what = argument.isEmpty() ? kind.name() : kind + " " + argument;
        return "[%d..%s us] %s at %s: %s %s -> %s".formatted(called / 1000, end, client, node, object, what, result);
    }
}
