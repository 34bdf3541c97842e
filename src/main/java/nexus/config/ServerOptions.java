package nexus.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import nexus.kernel.AddressRanges;
import org.jspecify.annotations.Nullable;

/**
 * How a server runs. What each option means is said in {@link ServerOption}.
 *
 * @param databaseUrl null: the embedded database
 * @param cluster null: one node
 * @param nodeName null: made of host name and port
 * @param blobsAccessKey null: what the storage service's own library finds
 * @param blobsSecretKey null if and only if the access key is
 * @param adminKey null: a key is made at the first start
 */
public record ServerOptions(
        String host,
        int port,
        Path dataDir,
        @Nullable DatabaseUrl databaseUrl,
        @Nullable Path cluster,
        @Nullable String nodeName,
        BlobLocation blobs,
        ListEntries listEntries,
        long bodyMaxBytes,
        AddressRanges trustedProxies,
        int eventLoops,
        Duration idlePassivation,
        Duration slowOperation,
        LogFormat logFormat,
        @Nullable Secret adminKey,
        @Nullable Secret blobsAccessKey,
        @Nullable Secret blobsSecretKey) {

    static final int ADMIN_KEY_LENGTH_MIN = 32;

    private static final String NODE_NAME = "[A-Za-z0-9._:-]{1,100}";
    private static final int PORT_MAX = 65_535;

    /** A body is held in memory while it is read, and an array is indexed by an int. */
    private static final long BODY_MAX_BYTES_MIN = 1L << 10;

    private static final long BODY_MAX_BYTES_MAX = 1L << 30;
    private static final int EVENT_LOOPS_MAX = 256;
    private static final Duration IDLE_PASSIVATION_MIN = Duration.ofSeconds(1);
    private static final Duration IDLE_PASSIVATION_MAX = Duration.ofDays(1);
    private static final Duration SLOW_OPERATION_MIN = Duration.ofMillis(1);
    private static final Duration SLOW_OPERATION_MAX = Duration.ofMinutes(10);

    /**
     * Checks the values.
     *
     * @throws OptionsException with every rule that is broken
     */
    public ServerOptions {
        List<String> errors = new ArrayList<>();
        if (!host.matches("[A-Za-z0-9.:%_-]+")) {
            errors.add(of(ServerOption.HOST) + " is not a host name or address: \"" + host + "\"");
        }
        range(errors, ServerOption.PORT, port, 0, PORT_MAX);
        range(errors, ServerOption.BODY_MAX, bodyMaxBytes, BODY_MAX_BYTES_MIN, BODY_MAX_BYTES_MAX);
        range(errors, ServerOption.EVENT_LOOPS, eventLoops, 1, EVENT_LOOPS_MAX);
        range(errors, ServerOption.IDLE_PASSIVATION, idlePassivation, IDLE_PASSIVATION_MIN, IDLE_PASSIVATION_MAX);
        range(errors, ServerOption.SLOW_OPERATION, slowOperation, SLOW_OPERATION_MIN, SLOW_OPERATION_MAX);
        if (cluster != null && databaseUrl == null) {
            errors.add(of(ServerOption.CLUSTER) + " needs " + of(ServerOption.DATABASE_URL)
                    + ": the nodes share one PostgreSQL");
        }
        if (nodeName != null && !nodeName.matches(NODE_NAME)) {
            errors.add(of(ServerOption.NODE_NAME)
                    + " must be 1 to 100 letters, digits, dots, dashes, colons or underscores");
        }
        if (adminKey != null && adminKey.value().length() < ADMIN_KEY_LENGTH_MIN) {
            errors.add(of(ServerOption.ADMIN_KEY) + " has " + adminKey.value().length() + " characters, the least is "
                    + ADMIN_KEY_LENGTH_MIN);
        }
        if (adminKey != null && !adminKey.value().matches("[\\x21-\\x7e]*")) {
            errors.add(of(ServerOption.ADMIN_KEY) + " has characters that an HTTP header cannot carry");
        }
        if (cluster != null && !blobs.isShared()) {
            errors.add(
                    of(ServerOption.BLOBS) + " is " + blobs + ", which is this machine's own; the contents of a cluster"
                            + " must be where every node reaches them: database, directory:/path or s3://bucket");
        }
        if ((blobsAccessKey == null) != (blobsSecretKey == null)) {
            errors.add(of(ServerOption.BLOBS_S3_ACCESS_KEY) + " and " + of(ServerOption.BLOBS_S3_SECRET_KEY)
                    + " go together, one is missing");
        }
        if (blobsAccessKey != null && !(blobs instanceof BlobLocation.Bucket)) {
            errors.add(of(ServerOption.BLOBS_S3_ACCESS_KEY) + " is for s3://..., but " + of(ServerOption.BLOBS) + " is "
                    + blobs);
        }
        if (!errors.isEmpty()) {
            throw new OptionsException(errors);
        }
    }

    /**
     * Reads the options. The command line beats the environment, which beats the default.
     *
     * @param commandLine texts as given; an absent key is an option that was not given
     * @param environment all variables; those that begin with NEXUS_ must be known
     * @param processors the default of the event loops
     * @throws OptionsException with all errors
     */
    public static ServerOptions read(
            Map<ServerOption, String> commandLine, Map<String, String> environment, int processors) {
        OptionTexts texts = new OptionTexts(commandLine, environment);
        Optional<ServerOptions> options = Optional.empty();
        Path cluster = texts.ifGiven(ServerOption.CLUSTER, Path::of).orElse(null);
        BlobLocation blobs = texts.ifGiven(ServerOption.BLOBS, BlobLocation::parse)
                .orElse(cluster == null ? new BlobLocation.OwnDirectory() : new BlobLocation.Database());
        try {
            options = Optional.of(new ServerOptions(
                    texts.text(ServerOption.HOST),
                    texts.number(ServerOption.PORT),
                    texts.path(ServerOption.DATA_DIR),
                    texts.ifGiven(ServerOption.DATABASE_URL, DatabaseUrl::parse).orElse(null),
                    cluster,
                    texts.ifGiven(ServerOption.NODE_NAME, Function.identity()).orElse(null),
                    blobs,
                    texts.choice(ServerOption.LIST_ENTRIES, ListEntries.class),
                    texts.bytes(ServerOption.BODY_MAX),
                    texts.ifGiven(ServerOption.TRUSTED_PROXIES, ServerOptions::ranges)
                            .orElse(AddressRanges.NONE),
                    texts.ifGiven(ServerOption.EVENT_LOOPS, Integer::valueOf).orElse(Math.max(1, processors)),
                    texts.duration(ServerOption.IDLE_PASSIVATION),
                    texts.duration(ServerOption.SLOW_OPERATION),
                    texts.choice(ServerOption.LOG_FORMAT, LogFormat.class),
                    texts.ifGiven(ServerOption.ADMIN_KEY, Secret::new).orElse(null),
                    texts.ifGiven(ServerOption.BLOBS_S3_ACCESS_KEY, Secret::new).orElse(null),
                    texts.ifGiven(ServerOption.BLOBS_S3_SECRET_KEY, Secret::new).orElse(null)));
        } catch (OptionsException e) {
            texts.add(e.errors());
        }
        texts.check();
        return options.orElseThrow();
    }

    private static AddressRanges ranges(String text) {
        return AddressRanges.parse(text)
                .orElseThrow(() -> new OptionsException(
                        List.of("must be addresses or ranges in numbers such as 10.0.0.0/8,192.0.2.7,::1, not \"" + text
                                + "\"")));
    }

    private static void range(List<String> errors, ServerOption option, long value, long min, long max) {
        if (value < min || value > max) {
            errors.add(of(option) + " is " + value + ", allowed is " + min + " to " + max);
        }
    }

    private static void range(List<String> errors, ServerOption option, Duration value, Duration min, Duration max) {
        if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
            errors.add(of(option) + " is " + OptionTexts.format(value) + ", allowed is " + OptionTexts.format(min)
                    + " to " + OptionTexts.format(max));
        }
    }

    private static String of(ServerOption option) {
        return OptionTexts.names(option);
    }
}
