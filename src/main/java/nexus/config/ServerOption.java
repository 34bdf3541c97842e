package nexus.config;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The table of options: names, defaults and explanations, from which the command line, its help and the reading of the
 * environment are made.
 */
public enum ServerOption {
    HOST("<address>", "127.0.0.1", "The address to listen on."),
    PORT("<port>", "2026", "The TCP port to listen on; 0 takes any free one."),
    DATA_DIR("<directory>", "./nexus-data", "Where everything is kept. Made if it is missing; one server at a time."),
    DATABASE_URL(
            "<url>",
            null,
            "postgresql://user:password@host:port/database. Without it an embedded PostgreSQL runs in"
                    + " <data-dir>/postgres. Prefer the variable: other users can see command lines."),
    CLUSTER(
            "<file>",
            null,
            "The cluster's configuration, as cluster-config/local.yaml. Needs --database-url; without it one node runs."),
    NODE_NAME(
            "<name>",
            null,
            "What this node is called in a cluster; keep it over restarts, so that it gets its tenants back."
                    + " Host name and port if not given."),
    BLOBS(
            "<place>",
            null,
            "Where contents over 64 KiB are: directory (<data-dir>/blobs), directory:/path (shared by all servers),"
                    + " database, or s3://bucket/prefix?region=...&endpoint=https://...&path-style=true. Not given it is"
                    + " directory, in a cluster database."),
    LIST_ENTRIES("<form>", "object", "What listings contain: object or string."),
    BODY_MAX("<size>", "64MiB", "The largest request body, such as 512KiB or 64MiB."),
    TRUSTED_PROXIES(
            "<ranges>",
            null,
            "Whose X-Forwarded-For is believed, such as 10.0.0.0/8,::1: then the audit has the client's address and not the"
                    + " proxy's. Without it nobody's."),
    EVENT_LOOPS("<count>", null, "The number of event loops; the number of processors if not given."),
    IDLE_PASSIVATION("<time>", "10m", "How long a tenant stays in memory without a request, such as 90s or 10m."),
    SLOW_OPERATION("<time>", "250ms", "Operations that take longer are logged, such as 250ms or 2s."),
    LOG_FORMAT("<format>", "text", "How log lines look: text or json."),
    ADMIN_KEY(
            "<key>",
            null,
            "The system administrator's key, at least " + ServerOptions.ADMIN_KEY_LENGTH_MIN
                    + " characters. Without it one is made at the first start."),
    BLOBS_S3_ACCESS_KEY(
            "<name>",
            null,
            "The access key for --blobs s3://.... Without it the usual places of AWS are searched: AWS_ACCESS_KEY_ID,"
                    + " the profile, the machine's role."),
    BLOBS_S3_SECRET_KEY("<key>", null, "The secret of that access key.");

    /** Variables that belong to us but are no options. */
    public static final String DEBUG_VARIABLE = "NEXUS_DEBUG";

    static final String VARIABLE_PREFIX = "NEXUS_";

    private final String parameter;
    private final @Nullable String defaultText;
    private final String explanation;

    ServerOption(String parameter, @Nullable String defaultText, String explanation) {
        this.parameter = parameter;
        this.defaultText = defaultText;
        this.explanation = explanation;
    }

    /** As on the command line: {@code --data-dir}. */
    public String flag() {
        return "--" + name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** As in the environment: {@code NEXUS_DATA_DIR}. */
    public String variable() {
        return VARIABLE_PREFIX + name();
    }

    /** Secrets are not accepted there, because other users can see command lines. */
    public boolean isOnCommandLine() {
        return switch (this) {
            case ADMIN_KEY, BLOBS_S3_ACCESS_KEY, BLOBS_S3_SECRET_KEY -> false;
            case HOST,
                    PORT,
                    DATA_DIR,
                    DATABASE_URL,
                    CLUSTER,
                    NODE_NAME,
                    BLOBS,
                    LIST_ENTRIES,
                    BODY_MAX,
                    TRUSTED_PROXIES,
                    EVENT_LOOPS,
                    IDLE_PASSIVATION,
                    SLOW_OPERATION,
                    LOG_FORMAT -> true;
        };
    }

    public String parameter() {
        return parameter;
    }

    public @Nullable String defaultText() {
        return defaultText;
    }

    public String explanation() {
        return explanation;
    }
}
