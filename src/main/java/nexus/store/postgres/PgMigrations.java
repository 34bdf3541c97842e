package nexus.store.postgres;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.callback.BaseCallback;
import org.flywaydb.core.api.callback.Context;
import org.flywaydb.core.api.callback.Event;
import org.postgresql.ds.PGSimpleDataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a database to the schema of this server. Blocks: for the start only.
 *
 * <p>Two servers may start at once: a lock in the database lets one migrate and the other find the work done.
 */
public final class PgMigrations {
    /** The schema of this server: the version of the newest script. */
    static final int VERSION = 6;

    private static final int OLDEST_SERVER = 140_000;

    /**
     * Nodes of the release before serve while a script runs. A script that waits for a lock makes everybody wait who comes
     * after it, so it waits this long only, and lets them go first.
     */
    private static final Duration LOCK_TIMEOUT = Duration.ofSeconds(3);

    /** More than a backup's pauses, less than an operator's patience. */
    private static final int TRIES = 20;

    /** The states of a script that met somebody else's locks: lock_not_available, deadlock_detected. */
    private static final Set<String> BUSY = Set.of("55P03", "40P01");

    private static final Logger LOG = LoggerFactory.getLogger(PgMigrations.class);

    private PgMigrations() {}

    private static final String SCHEMA_EXISTS = """
            SELECT to_regclass('nexus.schema_history') IS NOT NULL""";

    private static final String APPLIED = """
            SELECT max(version::integer) FROM nexus.schema_history WHERE success AND version IS NOT NULL""";

    private static final String LOCK = """
            SELECT pg_advisory_lock(7310579611350230125)""";

    private static final String PAUSE = """
            SELECT pg_sleep(0.5)""";

    private static final String UNLOCK = """
            SELECT pg_advisory_unlock(7310579611350230125)""";

    /**
     * Migrates the database of a URL; fails with a clear message where that is impossible. A script that meets the locks of
     * those who work is undone whole, and tried again.
     */
    public static void migrate(String url) {
        PGSimpleDataSource source = PgUrl.parse(url).dataSource();
        try (Connection connection = source.getConnection();
                Statement statement = connection.createStatement()) {
            requireServer(connection);
            if (isCurrent(statement)) {
                return;
            }
            statement.execute(LOCK);
            try {
                if (!isCurrent(statement)) {
                    run(source, statement, TRIES);
                }
            } finally {
                statement.execute(UNLOCK);
            }
        } catch (SQLException e) {
            throw failed(e);
        } catch (FlywayException e) {
            // Its message is a page; what the server said is a line.
            throw told(e).map(PgMigrations::failed).orElseThrow(() -> e);
        }
    }

    private static Optional<SQLException> told(FlywayException e) {
        return Stream.<Throwable>iterate(e, Objects::nonNull, Throwable::getCause)
                .filter(SQLException.class::isInstance)
                .map(SQLException.class::cast)
                .findFirst();
    }

    private static IllegalStateException failed(SQLException e) {
        String message = String.valueOf(e.getMessage());
        return new IllegalStateException(
                "the database cannot be migrated: "
                        + message.lines().findFirst().orElse(message),
                e);
    }

    private static void requireServer(Connection connection) throws SQLException {
        int major = connection.getMetaData().getDatabaseMajorVersion();
        if (major * 10_000 < OLDEST_SERVER) {
            throw new IllegalStateException(
                    "PostgreSQL " + OLDEST_SERVER / 10_000 + " or newer is needed, this one is " + major);
        }
    }

    /** Asked first, because the answer is nearly always yes and Flyway takes half a second to say so. */
    private static boolean isCurrent(Statement statement) throws SQLException {
        OptionalInt applied = applied(statement);
        if (applied.isPresent() && applied.getAsInt() > VERSION) {
            throw new IllegalStateException("the database has schema version " + applied.getAsInt()
                    + ", this server knows only " + VERSION + ": start a newer server");
        }
        return applied.isPresent() && applied.getAsInt() == VERSION;
    }

    private static OptionalInt applied(Statement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery(SCHEMA_EXISTS)) {
            if (!row.next() || !row.getBoolean(1)) {
                return OptionalInt.empty();
            }
        }
        try (ResultSet row = statement.executeQuery(APPLIED)) {
            int version = row.next() ? row.getInt(1) : 0;
            return version == 0 ? OptionalInt.empty() : OptionalInt.of(version);
        }
    }

    private static void run(PGSimpleDataSource source, Statement statement, int tries) throws SQLException {
        try {
            run(source);
        } catch (FlywayException e) {
            if (tries <= 1
                    || told(e).map(SQLException::getSQLState)
                            .filter(BUSY::contains)
                            .isEmpty()) {
                throw e;
            }
            LOG.info("the database is busy, the migration is tried again tries={}", tries - 1);
            statement.execute(PAUSE);
            run(source, statement, tries - 1);
        }
    }

    private static void run(PGSimpleDataSource source) {
        int applied = Flyway.configure(PgMigrations.class.getClassLoader())
                .dataSource(source)
                .callbacks(new Patience())
                .locations("classpath:nexus/migrations")
                .defaultSchema("nexus")
                .schemas("nexus")
                .createSchemas(true)
                .table("schema_history")
                .cleanDisabled(true)
                .load()
                .migrate()
                .migrationsExecuted;
        LOG.info("schema migrated scripts={} version={}", applied, VERSION);
    }

    /** Bounds the waits of each of Flyway's connections. */
    private static final class Patience extends BaseCallback {
        @Override
        public boolean supports(Event event, Context context) {
            return event == Event.AFTER_CONNECT;
        }

        @Override
        public void handle(Event event, Context context) {
            try (Statement statement = context.getConnection().createStatement()) {
                statement.execute("SET lock_timeout = " + LOCK_TIMEOUT.toMillis());
            } catch (SQLException e) {
                throw new FlywayException("the lock timeout was not set", e);
            }
        }
    }
}
