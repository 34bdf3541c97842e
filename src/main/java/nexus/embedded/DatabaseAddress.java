package nexus.embedded;

import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where the embedded database listens, and how to log in. It stays the same until the database is closed.
 *
 * @param socketDirectory for clients that can use a Unix socket; null where its path would be too long for one
 */
public record DatabaseAddress(
        String host,
        int port,
        String database,
        String user,
        String password,
        @Nullable Path socketDirectory) {

    /** Holds the password: not for logs. */
    public String url() {
        return "postgresql://" + user + ":" + password + "@" + host + ":" + port + "/" + database;
    }

    public Optional<Path> socket() {
        return Optional.ofNullable(socketDirectory);
    }

    @Override
    public String toString() {
        return "postgresql://" + user + ":***@" + host + ":" + port + "/" + database;
    }
}
