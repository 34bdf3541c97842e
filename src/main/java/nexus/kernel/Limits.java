package nexus.kernel;

import java.time.Duration;

/**
 * The server's limits: each has a name, a reason, and an answer of its own when it is reached. Relations between them are
 * asserted when the class loads.
 */
public final class Limits {
    /** One kibibyte, in bytes. */
    public static final int KIB = 1024;

    /** One mebibyte, in bytes. */
    public static final int MIB = 1024 * KIB;

    /** One gibibyte, in bytes: the tutorial's "GB". */
    public static final long GIB = 1024L * MIB;

    /** Contents up to this size travel in the command and commit in its group; larger ones go to the blob store. */
    public static final int INLINE_CONTENT_BYTES = 64 * KIB;

    /** The longest path, in bytes of UTF-8: as Linux' PATH_MAX. */
    public static final int PATH_BYTES = 4096;

    /** The longest name of one file or directory, in bytes of UTF-8: as Linux' NAME_MAX. */
    public static final int NAME_BYTES = 255;

    /** The deepest path, in components below the tenant's root: a check walks up all of them. */
    public static final int PATH_DEPTH = 64;

    /** The longest name or id of a user, group, agent or key, in bytes of UTF-8. */
    public static final int IDENTIFIER_BYTES = 256;

    /** What a file can grow to by appending, in bytes: its content is hashed anew each time. */
    public static final long APPENDED_FILE_BYTES = 64L * MIB;

    /** Files in one batch request (write_batch, read_bulk, delete_bulk ...): a batch must fit into a group. */
    public static final int BATCH_ITEMS = 1000;

    /** Checks in one batch request: they are answered in one turn of the actor, some 2 ms at the most. */
    public static final int CHECK_BATCH_ITEMS = 1000;

    /** Commands in one group: the transaction stays short, its callers wait for each other. */
    public static final int GROUP_COMMANDS = 1000;

    /** Contents and other payload of one group, in bytes. */
    public static final int GROUP_BYTES = 4 * MIB;

    /** Commands that wait for a tenant's next groups: with some 5,000 a second that is about a second of work. */
    public static final int MAILBOX_COMMANDS = 5000;

    /** Payload bytes of the commands that wait. */
    public static final int MAILBOX_BYTES = 32 * MIB;

    /** Queries of one tenant that wait for the database at the same time; answers from memory do not count. */
    public static final int PENDING_FETCHES = 256;

    /** The longest deadline of a request: the original client reads for 30 seconds. */
    public static final Duration DEADLINE = Duration.ofSeconds(30);

    /** How long the reserved tenant's verdict on a system key is good on its way to another tenant. */
    public static final Duration SYSTEM_PROOF = Duration.ofSeconds(1);

    /** How long a command's outcome is remembered: longer than any retry of it can come. */
    public static final Duration OUTCOME_MEMORY = Duration.ofSeconds(60);

    /** How long the answer to a request with an idempotency key is remembered: a client's retries end within a day. */
    public static final Duration IDEMPOTENCY_MEMORY = Duration.ofHours(24);

    /** Tuples of one tenant: about 150 MB of memory, a few seconds of activation. */
    public static final int TUPLES = 2_000_000;

    /** Keys of one tenant, revoked ones too: they are resident. */
    public static final int KEYS = 100_000;

    /** File entries that an active tenant keeps in memory. */
    public static final int CACHED_ENTRIES = 4096;

    /** Entries in one page of a listing. */
    public static final int PAGE_ITEMS = 10_000;

    /** Entries of a listing, glob or tuple list that was asked for without a limit; more is an error, not a cut. */
    public static final int UNPAGED_ITEMS = 100_000;

    /** Bytes of one rendered answer; more is an error that names paging. */
    public static final int REPLY_BYTES = 96 * MIB;

    /** Files that one grep reads; more is an error that asks for a narrower path or file pattern. */
    public static final int GREP_FILES = 10_000;

    /** Bytes that one grep reads. */
    public static final long GREP_BYTES = 256L * MIB;

    /** A file larger than this is not searched by grep, in bytes. */
    public static final int GREP_FILE_BYTES = 4 * MIB;

    /** The longest pattern of glob and grep, in characters. */
    public static final int PATTERN_CHARS = 1000;

    /** The path ranges that a caller's grants may make of one listing. */
    public static final int GRANT_ROOTS = 10_000;

    /** Versions of a file that are kept unless the tenant says otherwise. */
    public static final int RETAINED_VERSIONS = 10;

    /** The most versions of a file that a tenant may ask to keep. */
    public static final int RETAINED_VERSIONS_CEILING = 100;

    /** Bytes of the tenant's own members and settings in {@code .tenant.json}. */
    public static final int RECORD_BYTES = 64 * KIB;

    /** Bytes of one application entry in the audit log. */
    public static final int AUDIT_ENTRY_BYTES = 16 * KIB;

    /** Audit entries in one page: they are 300 to 500 bytes each, seldom more. */
    public static final int AUDIT_PAGE = 1000;

    /** Audit entries that one page looks through for those that a filter wants: a fraction of a second in the database. */
    public static final int AUDIT_SCANNED = 20_000;

    /** Audit entries that one request proves: a second or two, well within its deadline. */
    public static final int AUDIT_PROVED = 100_000;

    /** Kinds of denials that wait to be written; more are counted and dropped. */
    public static final int PENDING_DENIALS = 1000;

    /** How long a denial may wait for a group to ride on. */
    public static final Duration DENIAL_DELAY = Duration.ofSeconds(1);

    /** Tenants that are pinned to a node: every node keeps all of them in memory. */
    public static final int PINS = 10_000;

    /** Shares of one tenant with all others: they are resident, some 10 MB. */
    public static final int SHARES = 20_000;

    /** Shares of one tenant with one other: every use looks through them, some 10 microseconds. */
    public static final int SHARES_PER_TARGET = 1000;

    /** Groups of a caller that come with a use of a share; more is an error, never a part of them. */
    public static final int GUEST_GROUPS = 1000;

    /** How long a share that the tutorial's first call announced waits for its second. */
    public static final Duration PENDING_SHARE = Duration.ofHours(1);

    /**
     * How much later than a share with him its user may be registered: a moment for nodes whose clocks differ and for calls
     * that cross. Later ones of his name are somebody else.
     */
    public static final Duration SHARE_USER_GRACE = Duration.ofMinutes(1);

    /** The longest id that a note of a share bears in its file's name, in characters. */
    public static final int SHARE_LABEL_CHARS = 128;

    static {
        Must.hold(BATCH_ITEMS <= GROUP_COMMANDS, "a batch fits into a group");
        Must.hold(INLINE_CONTENT_BYTES * 2 <= GROUP_BYTES, "a group holds more than one inline content");
        Must.hold(GROUP_BYTES <= MAILBOX_BYTES, "a mailbox holds a group");
        Must.hold(OUTCOME_MEMORY.compareTo(DEADLINE) > 0, "an outcome outlives every retry");
        Must.hold(RETAINED_VERSIONS <= RETAINED_VERSIONS_CEILING, "the default is allowed");
        Must.hold(AUDIT_PAGE <= AUDIT_SCANNED && AUDIT_PAGE <= AUDIT_PROVED, "a page of the audit is within the scans");
        Must.hold((long) AUDIT_PAGE * AUDIT_ENTRY_BYTES * 2 <= REPLY_BYTES, "a page of the audit fits into an answer");
        Must.hold(PAGE_ITEMS <= UNPAGED_ITEMS, "a page is no longer than the whole");
        Must.hold(SHARES_PER_TARGET <= SHARES, "one target's shares are some of all");
    }

    private Limits() {}
}
