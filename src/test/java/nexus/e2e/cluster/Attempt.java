package nexus.e2e.cluster;

/**
 * One request of a client and how it ended.
 *
 * @param called when, in nanoseconds of this process
 * @param detail what was said, if it did not end well
 */
record Attempt(String tenant, String node, String what, long called, long returned, End end, String detail) {
    /** How a request ends. */
    enum End {
        /** With an answer, which may be a refusal for a reason that repeating does not change. */
        ANSWERED,
        /** It was told that nothing was done. */
        NOT_DONE,
        /** Nobody knows what became of it. */
        UNKNOWN,
        /** With something that should never be said. */
        WRONG
    }

    long nanos() {
        return returned - called;
    }

    @Override
    public String toString() {
        return "%s of %s at %s after %d ms: %s %s"
                .formatted(
                        what,
                        tenant,
                        node,
                        nanos() / 1_000_000,
                        end,
                        detail.lines().findFirst().orElse(""));
    }
}
