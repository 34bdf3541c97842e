package nexus.store.postgres;

import io.vertx.sqlclient.Tuple;
import org.jspecify.annotations.Nullable;

/** One statement of a transaction with its parameters. */
record Step(String sql, Tuple args) {
    static Step of(String sql, @Nullable Object... args) {
        return new Step(sql, Tuple.wrap(args));
    }
}
