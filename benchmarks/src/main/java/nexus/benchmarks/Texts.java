package nexus.benchmarks;

/** What is written. */
final class Texts {
    /** The length of the line that the audit log gets for one write. */
    static final int AUDIT_LINE_CHARS = 290;

    /** What is remembered of one write's outcome. */
    static final int OUTCOME_BYTES = 120;

    private static final String FILLER = "x".repeat(1024);

    private Texts() {}

    /** A text of 1 KiB of its own: equal contents would be stored once. */
    static String kibibyte(long number) {
        String start = number + " ";
        return start + FILLER.substring(start.length());
    }
}
