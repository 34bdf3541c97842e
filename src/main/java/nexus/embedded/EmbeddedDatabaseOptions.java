package nexus.embedded;

import java.nio.file.Path;
import java.time.Duration;

/**
 * How the embedded PostgreSQL runs. Durability is not an option: fsync, full_page_writes and synchronous_commit are on.
 *
 * @param directory {@link DataDirectory#postgres()}; whoever starts a database must hold that directory's lock
 * @param binaryCache where the programs are unpacked to, once for all data directories; ignored where it is not safe
 * @param connectionsMax all pools together, with some to spare for an operator
 * @param startMax for one start, including the recovery after a crash (at most about 1 GB of log to replay)
 * @param stopMax for open transactions to be cancelled and the last checkpoint to be written; then it is cut short
 */
public record EmbeddedDatabaseOptions(
        Path directory,
        Path binaryCache,
        int connectionsMax,
        int sharedBuffersMebibytes,
        Duration startMax,
        Duration stopMax) {

    private static final int CONNECTIONS = 60;
    private static final int SHARED_BUFFERS_MEBIBYTES = 128;
    private static final Duration START_MAX = Duration.ofSeconds(60);
    private static final Duration STOP_MAX = Duration.ofSeconds(10);

    public EmbeddedDatabaseOptions {
        directory = directory.toAbsolutePath().normalize();
        binaryCache = binaryCache.toAbsolutePath().normalize();
        if (connectionsMax < 10) {
            throw new IllegalArgumentException("connectionsMax is " + connectionsMax + ", the least is 10");
        }
        if (sharedBuffersMebibytes < 1) {
            throw new IllegalArgumentException("sharedBuffersMebibytes is " + sharedBuffersMebibytes);
        }
        if (startMax.isNegative() || startMax.isZero() || stopMax.isNegative() || stopMax.isZero()) {
            throw new IllegalArgumentException("startMax is " + startMax + ", stopMax is " + stopMax);
        }
    }

    /** For a small server. The cache is in the user's home, because unpacking takes two seconds of processor time. */
    public static EmbeddedDatabaseOptions of(Path directory) {
        return new EmbeddedDatabaseOptions(
                directory,
                Path.of(System.getProperty("user.home", "."), ".cache", "nexus"),
                CONNECTIONS,
                SHARED_BUFFERS_MEBIBYTES,
                START_MAX,
                STOP_MAX);
    }
}
