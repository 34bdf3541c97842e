package nexus.http.rpc;

import java.time.Duration;
import nexus.kernel.Limits;
import nexus.kernel.Must;

/**
 * How the JSON-RPC interface behaves.
 *
 * @param version of the server, as {@code 0.5.0}
 * @param listEntriesAsStrings whether {@code list} without details gives bare paths rather than objects
 */
public record RpcOptions(String version, boolean listEntriesAsStrings) {
    /** JSON texts from this size on are parsed and rendered off the event loop, in bytes: about a millisecond's work. */
    public static final int OFF_LOOP_BYTES = 256 * Limits.KIB;

    /** The largest body of a REST request: a few names, read on the event loop. */
    public static final int REST_BODY_BYTES = 64 * Limits.KIB;

    /** Entries of an answer from which on it is rendered off the event loop. */
    public static final int OFF_LOOP_ITEMS = 2000;

    /** Bytes of one append; the content travels in the command and is written again with the file. */
    public static final int APPEND_BYTES = Limits.MIB;

    /** Bytes of all inline contents of one write_batch: they must fit into one group with room for their rows. */
    public static final int BATCH_BYTES = Limits.GROUP_BYTES - Limits.BATCH_ITEMS * 512;

    /** Asks of one bulk call that are under way at the same time: half of what a tenant lets wait for the database. */
    public static final int FAN_OUT = 64;

    /** The largest content that one answer can carry: base64 makes four bytes of three. */
    public static final long READ_BYTES = (Limits.REPLY_BYTES - Limits.MIB) / 4L * 3;

    /** Bytes of the pieces in which a stored content is sent; a multiple of three, so that base64 needs no padding. */
    public static final int PIECE_BYTES = 192 * Limits.KIB;

    /** Entries of one page when glob or grep walk a tree: a few milliseconds of matching at the most. */
    public static final int WALK_PAGE = 2000;

    /** Patterns of one glob_batch: each is matched against each path. */
    public static final int GLOB_PATTERNS = 100;

    /** The most results of one grep. */
    public static final int GREP_RESULTS = 10_000;

    /** Characters of all lines that one grep answers. */
    public static final int GREP_RESULT_CHARS = 8 * Limits.MIB;

    /** Files that one grep reads at the same time. */
    public static final int GREP_FAN_OUT = 16;

    /** The largest version that diff_versions compares, in bytes. */
    public static final int DIFF_BYTES = 4 * Limits.MIB;

    /** The longest life of a key, in days. */
    public static final int KEY_DAYS = 36_500;

    /** Tenants over which a listing of a system key that names none goes; with more, it must name one. */
    public static final int SWEEP_TENANTS = 1000;

    /** Tenants that such a listing asks at the same time. */
    public static final int SWEEP_FAN_OUT = 8;

    /** Keys in one page of a listing. */
    public static final int KEY_PAGE = 1000;

    /** The offset up to which keys can be paged. */
    public static final int KEY_OFFSET = Limits.KEYS;

    /** What is left of a caller's time must be more than this to be worth an ask. */
    public static final Duration LEAST_TIME = Duration.ofMillis(1);

    static {
        Must.hold(REST_BODY_BYTES <= OFF_LOOP_BYTES, "what is read on the event loop is small");
        Must.hold(PIECE_BYTES % 3 == 0, "pieces join without padding");
        Must.hold(BATCH_BYTES > Limits.GROUP_BYTES / 2, "a batch may fill most of a group");
        Must.hold(READ_BYTES / 3 * 4 < Limits.REPLY_BYTES, "what may be read fits into an answer");
        Must.hold(APPEND_BYTES <= Limits.GROUP_BYTES / 2, "a group holds more than one append");
    }
}
