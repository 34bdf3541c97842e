package nexus.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import nexus.embedded.DataDirectory;
import nexus.embedded.DatabaseAddress;
import nexus.embedded.DatabaseListener;
import nexus.embedded.EmbeddedDatabase;
import nexus.embedded.EmbeddedDatabaseOptions;

/** A PostgreSQL of the test's own, which passwords open and which stops, freezes and starts again as the test wants. */
final class ExternalDatabase implements AutoCloseable {
    /** With characters that a URL must escape. */
    static final String PASSWORD = "s3cret: p@ss/w%rd?";

    private static final AtomicInteger NAMES = new AtomicInteger();

    private final DataDirectory directory;
    private EmbeddedDatabase server;
    private DatabaseAddress address;

    ExternalDatabase(Path path) {
        directory = DataDirectory.open(path, InstantSource.system());
        server = new EmbeddedDatabase(options(), new Silent(), new SecureRandom());
        address = server.start();
    }

    private EmbeddedDatabaseOptions options() {
        return EmbeddedDatabaseOptions.of(directory.postgres());
    }

    private static final class Silent implements DatabaseListener {
        @Override
        public void down(String reason) {}

        @Override
        public void restartFailed(int attempt, Duration delay, String reason) {}

        @Override
        public void up(Duration outage) {}
    }

    int port() {
        return address.port();
    }

    // ---- databases and roles ----------------------------------------------------------------------------------------

    /** Makes a role that may log in with {@link #PASSWORD}, and no superuser. @param may such as CREATEROLE */
    void role(String name, String may) {
        execute(
                "postgres",
                "CREATE ROLE " + name + " LOGIN NOSUPERUSER NOBYPASSRLS " + may + " PASSWORD '" + PASSWORD + "'");
    }

    /** Makes an empty database of a role, and tells its name. */
    String database(String owner) {
        String name = "test_" + NAMES.incrementAndGet();
        execute("postgres", "CREATE DATABASE " + name + " OWNER " + owner);
        return name;
    }

    /** The URL of a database for a role. */
    String url(String role, String database) {
        return url(role, database, port());
    }

    /** The same by way of another port. */
    static String url(String role, String database, int port) {
        return "postgresql://" + role + ":" + escaped(PASSWORD) + "@127.0.0.1:" + port + "/" + database;
    }

    /** As it stands in a URL. */
    static String escaped(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** Runs a statement as the superuser. */
    void execute(String database, String sql) {
        try (Connection connection = connect(database);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    /** The first column of a query as the superuser. */
    List<String> column(String database, String sql) {
        try (Connection connection = connect(database);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<String> column = new ArrayList<>();
            while (rows.next()) {
                column.add(rows.getString(1));
            }
            return column;
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    private Connection connect(String database) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://" + address.host() + ":" + address.port() + "/" + database,
                address.user(),
                address.password());
    }

    // ---- outages ----------------------------------------------------------------------------------------------------

    /** Ends it in good order. */
    void stop() {
        server.close();
    }

    /** Starts it again on the same port. */
    void start() {
        server = new EmbeddedDatabase(options(), new Silent(), new SecureRandom());
        DatabaseAddress now = server.start();
        if (now.port() != address.port()) {
            throw new IllegalStateException("somebody took the port " + address.port());
        }
        address = now;
    }

    /** Stops all its processes in the middle of whatever they do: connections stay, and nothing is answered. */
    void freeze() {
        signal("-STOP");
    }

    /** Lets them go on. */
    void thaw() {
        signal("-CONT");
    }

    private void signal(String signal) {
        List<String> command = new ArrayList<>(List.of("kill", signal));
        ServerProcess.postgresOf(directory.path()).forEach(process -> command.add(Long.toString(process.pid())));
        try {
            Process kill = new ProcessBuilder(command).inheritIO().start();
            if (!kill.waitFor(10, TimeUnit.SECONDS) || kill.exitValue() != 0) {
                throw new IllegalStateException("could not signal: " + command);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    @Override
    public void close() {
        thawIfFrozen();
        server.close();
        directory.close();
    }

    private void thawIfFrozen() {
        if (!ServerProcess.postgresOf(directory.path()).isEmpty()) {
            thaw();
        }
    }
}
