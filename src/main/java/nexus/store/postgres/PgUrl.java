package nexus.store.postgres;

import io.vertx.pgclient.PgConnectOptions;
import org.postgresql.ds.PGSimpleDataSource;

/** One database, said to two drivers: the asynchronous one works, the JDBC one migrates. */
final class PgUrl {
    private final String url;

    private PgUrl(String url) {
        this.url = url;
    }

    /** A URL as {@code postgresql://user:password@host:port/database?sslmode=require}. */
    static PgUrl parse(String url) {
        String plain = url.startsWith("jdbc:") ? url.substring("jdbc:".length()) : url;
        if (!plain.startsWith("postgresql://") && !plain.startsWith("postgres://")) {
            // Without the text: it may hold a password.
            throw new IllegalArgumentException("a database URL starts with postgresql://");
        }
        return new PgUrl(plain);
    }

    PgConnectOptions connectOptions() {
        return PgConnectOptions.fromUri(url);
    }

    PGSimpleDataSource dataSource() {
        PgConnectOptions options = connectOptions();
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setServerNames(new String[] {options.getHost()});
        source.setPortNumbers(new int[] {options.getPort()});
        source.setDatabaseName(options.getDatabase());
        source.setUser(options.getUser());
        source.setPassword(options.getPassword());
        source.setSslMode(options.getSslMode().value);
        source.setApplicationName("nexus-migration");
        source.setConnectTimeout(5);
        return source;
    }
}
