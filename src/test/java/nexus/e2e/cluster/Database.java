package nexus.e2e.cluster;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import nexus.e2e.Await;
import nexus.embedded.DatabaseAddress;
import nexus.embedded.DatabaseListener;
import nexus.embedded.EmbeddedDatabase;
import nexus.embedded.EmbeddedDatabaseOptions;

/**
 * A real PostgreSQL that belongs to no node: the programs that the jar brings, started by the test. When it is killed it is
 * started again at once, as its operator would.
 */
final class Database implements AutoCloseable {
    /** Eighteen per node and incarnation, and what a killed node's sessions take to be noticed. */
    private static final int CONNECTIONS = 200;

    private static final Duration UP = Duration.ofSeconds(60);

    private final EmbeddedDatabase server;
    private final DatabaseAddress address;

    private Database(EmbeddedDatabase server, DatabaseAddress address) {
        this.server = server;
        this.address = address;
    }

    static Database start(Path directory) {
        EmbeddedDatabaseOptions usual = EmbeddedDatabaseOptions.of(directory.resolve("postgres"));
        EmbeddedDatabase server = new EmbeddedDatabase(
                new EmbeddedDatabaseOptions(
                        usual.directory(),
                        usual.binaryCache(),
                        CONNECTIONS,
                        usual.sharedBuffersMebibytes(),
                        usual.startMax(),
                        usual.stopMax()),
                new Silent(),
                new SecureRandom());
        return new Database(server, server.start());
    }

    private static final class Silent implements DatabaseListener {
        @Override
        public void down(String reason) {}

        @Override
        public void restartFailed(int attempt, Duration delay, String reason) {
            System.err.println("PostgreSQL did not restart: " + reason);
        }

        @Override
        public void up(Duration outage) {}
    }

    int port() {
        return address.port();
    }

    String host() {
        return address.host();
    }

    /** As a node is told where it is, if it reaches it at this address. */
    String url(String host, int port) {
        return "postgresql://" + address.user() + ":" + address.password() + "@" + host + ":" + port + "/"
                + address.database();
    }

    /** A session of the tables' owner, past every proxy. */
    Connection connect() throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://" + address.host() + ":" + address.port() + "/" + address.database()
                        + "?connectTimeout=5&socketTimeout=20",
                address.user(),
                address.password());
    }

    /** Runs a statement. */
    void execute(String sql) {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    /** The rows of a query, cell by cell. */
    List<List<String>> rows(String sql) {
        try (Connection connection = connect()) {
            return rows(connection, sql);
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    static List<List<String>> rows(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            List<List<String>> rows = new ArrayList<>();
            int columns = result.getMetaData().getColumnCount();
            while (result.next()) {
                List<String> row = new ArrayList<>();
                for (int i = 1; i <= columns; i++) {
                    row.add(String.valueOf(result.getString(i)));
                }
                rows.add(row);
            }
            return rows;
        }
    }

    /** As kill -9 of its first process; returns when it is up again. */
    void kill() {
        ProcessHandle first = server.process().orElseThrow();
        first.destroyForcibly();
        Await.until("PostgreSQL is up again", UP, () -> isUpAfter(first), () -> "it is not");
    }

    private boolean isUpAfter(ProcessHandle former) {
        boolean another =
                server.process().filter(now -> now.pid() != former.pid()).isPresent();
        if (!another) {
            return false;
        }
        try (Connection connection = connect()) {
            return connection.isValid(5);
        } catch (SQLException e) {
            return false;
        }
    }

    @Override
    public void close() {
        server.close();
    }
}
