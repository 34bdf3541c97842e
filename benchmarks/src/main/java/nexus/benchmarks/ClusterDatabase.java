package nexus.benchmarks;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import nexus.embedded.DatabaseAddress;
import nexus.embedded.DatabaseListener;
import nexus.embedded.EmbeddedDatabase;
import nexus.embedded.EmbeddedDatabaseOptions;

/** The PostgreSQL that the jar brings, as the external database of a cluster's nodes. */
final class ClusterDatabase implements AutoCloseable {
    /** Registered and never used: a name and an empty record. */
    private static final String REGISTER = """
            INSERT INTO nexus.tenant (id, name, display_name, plan, status, retained_versions, created_at,
                                      settings_revision, last_at)
            SELECT gen_random_uuid(), 'registered-' || n, 'registered', 'free', 'active', 10, now(), 1, now()
            FROM generate_series(1, %d) n""";

    private final EmbeddedDatabase server;
    private final DatabaseAddress address;

    private ClusterDatabase(EmbeddedDatabase server, DatabaseAddress address) {
        this.server = server;
        this.address = address;
    }

    /** Starts an empty one in a directory. */
    static ClusterDatabase start(Path directory) {
        EmbeddedDatabaseOptions options = EmbeddedDatabaseOptions.of(directory.resolve("postgres"));
        EmbeddedDatabase server = new EmbeddedDatabase(options, new Loud(), new SecureRandom());
        return new ClusterDatabase(server, server.start());
    }

    /** A benchmark whose database was away has measured something else. */
    private static final class Loud implements DatabaseListener {
        @Override
        public void down(String reason) {
            System.err.println("PostgreSQL is down: " + reason);
        }

        @Override
        public void restartFailed(int attempt, Duration delay, String reason) {
            System.err.println("PostgreSQL did not restart: " + reason);
        }

        @Override
        public void up(Duration outage) {
            System.err.println("PostgreSQL is up again after " + outage);
        }
    }

    /** As a node is told where it is. */
    String url() {
        return "postgresql://" + address.user() + ":" + address.password() + "@" + address.host() + ":" + address.port()
                + "/" + address.database();
    }

    /** Registers so many tenants. */
    void register(int tenants) throws SQLException {
        try (Connection connection = DriverManager.getConnection(
                        "jdbc:postgresql://" + address.host() + ":" + address.port() + "/" + address.database(),
                        address.user(),
                        address.password());
                Statement statement = connection.createStatement()) {
            statement.execute(REGISTER.formatted(tenants));
            statement.execute("ANALYZE nexus.tenant");
        }
    }

    @Override
    public void close() {
        server.close();
    }
}
