package nexus.store.postgres;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.net.NetClientOptions;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import io.vertx.sqlclient.impl.SocketConnectionBase;
import io.vertx.sqlclient.internal.Connection;
import io.vertx.sqlclient.internal.SqlConnectionBase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.store.StoreException;
import nexus.store.StoreException.Reason;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections, and the brackets that every statement runs in.
 *
 * <p><b>Four pools</b>, so that nobody starves a writer and nobody starves a lease: groups, queries, leases and registry,
 * large contents.
 *
 * <p><b>A connection</b> works as {@code nexus_app}, and is refused unless row security binds that role, and unless what it
 * commits is durable. A connection that may be in the middle of something is never used again.
 *
 * <p><b>A batch</b> is a whole transaction that is sent without waiting for any answer: {@code BEGIN} and the tenant's
 * setting in one message, the statements, {@code COMMIT}. The server never waits inside of it for this process. Each
 * statement is a message of its own, so a failed one leaves an aborted transaction behind, in which all others fail and
 * which the commit rolls back. And if {@code BEGIN} itself fails the setting is not made, without which row security
 * refuses every statement.
 */
public final class PgDatabase {
    private static final Logger LOG = LoggerFactory.getLogger(PgDatabase.class);

    /** Statements that may be under way on one connection: more than any batch has. */
    private static final int PIPELINE = 256;

    private static final int CONTROL_CONNECTIONS = 2;

    /** For the farewells to the server; then the sockets are closed without them. */
    private static final Duration CLOSE_MAX = Duration.ofSeconds(5);

    /** A few saturate a disk with large contents; each may have a window of one in memory, see {@link PgBlobStore}. */
    private static final int CONTENT_CONNECTIONS = 4;

    private static final String BEGIN = "BEGIN; SET LOCAL nexus.tenant = '%s'; SET LOCAL nexus.steps = '0'";
    private static final String BEGIN_QUERY = "BEGIN READ ONLY; SET LOCAL nexus.tenant = '%s'";
    private static final String BEGIN_SNAPSHOT =
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL nexus.tenant = '%s'";
    private static final String REFUSES = "the database refuses to serve: ";
    private static final String COMMIT = "COMMIT";
    private static final String ROLLBACK = "ROLLBACK";

    /**
     * Every statement is about one tenant, or about a list of keys: reading a whole table, or hashing one, is never right,
     * however small the planner believes the table to be.
     */
    private static final String SESSION = """
            SET ROLE nexus_app;
            SET search_path TO nexus;
            SET idle_in_transaction_session_timeout TO '%1$dms';
            SET lock_timeout TO '%1$dms';
            SET statement_timeout TO '%2$dms';
            SET enable_seqscan TO off;
            SET enable_hashjoin TO off;
            SET enable_mergejoin TO off;
            SET jit TO off""";

    private static final String CHECK = """
            SELECT r.rolname::text AS role,
                   r.rolsuper AS superuser,
                   r.rolbypassrls AS bypass,
                   current_setting('synchronous_commit') IN ('on', 'remote_apply') AS synchronous,
                   current_setting('fsync') = 'on' AS fsync,
                   (SELECT bool_and(row_security_active(c.oid))
                    FROM pg_class c
                    JOIN pg_attribute a ON a.attrelid = c.oid
                    WHERE c.relnamespace = 'nexus'::regnamespace AND c.relkind = 'r' AND a.attname = 'tenant_id') AS bound
            FROM pg_roles r
            WHERE r.rolname = current_user""";

    private final Vertx vertx;
    private final PgOptions options;
    private final PgConnectOptions connect;
    private final Pool commits;
    private final Pool queries;
    private final Pool control;
    private final Pool contents;
    private volatile @Nullable String refusal;

    private PgDatabase(Vertx vertx, PgOptions options, NodeId node) {
        this.vertx = vertx;
        this.options = options;
        this.connect = connectOptions(options, node);
        this.commits = pool("commits", options.commitConnections(), GroupStatements.all());
        this.queries = pool("queries", options.queryConnections(), List.of());
        this.control = pool("control", CONTROL_CONNECTIONS, List.of());
        this.contents = pool("contents", CONTENT_CONNECTIONS, List.of());
    }

    /** Migrates the database and opens the connections; fails with the reason if it cannot serve. */
    public static Future<PgDatabase> open(Vertx vertx, PgOptions options, NodeId node) {
        WorkerExecutor worker = vertx.createSharedWorkerExecutor("nexus-migration", 1);
        return worker.executeBlocking(() -> migrated(options))
                .eventually(worker::close)
                .compose(done -> connect(vertx, options, node));
    }

    /** Opens the connections to a database that is migrated already. */
    public static Future<PgDatabase> connect(Vertx vertx, PgOptions options, NodeId node) {
        PgDatabase database = new PgDatabase(vertx, options, node);
        return database.verified().recover(e -> database.close().transform(closed -> Future.failedFuture(e)));
    }

    private static PgOptions migrated(PgOptions options) {
        PgMigrations.migrate(options.url());
        return options;
    }

    /**
     * Looks at the database through a connection outside of the pools, which would give up too early: the first one of a
     * process may take seconds where all processors are busy.
     */
    private Future<PgDatabase> verified() {
        return PgConnection.connect(vertx, connect)
                .compose(connection -> entered(connection).eventually(connection::close))
                .timeout(options.openTimeout().toMillis(), TimeUnit.MILLISECONDS)
                .map(this)
                .recover(e -> Future.failedFuture(new IllegalStateException(
                        e instanceof IllegalStateException
                                ? REFUSES + e.getMessage()
                                : "the database cannot be reached: " + e.getMessage(),
                        e)));
    }

    /**
     * Closes all connections. One that is still being made with a silent server keeps its pool from closing, so that is not
     * waited for longer than {@link #CLOSE_MAX}.
     */
    public Future<Void> close() {
        return Future.join(commits.close(), queries.close(), control.close(), contents.close())
                .<Void>mapEmpty()
                .timeout(CLOSE_MAX.toMillis(), TimeUnit.MILLISECONDS)
                .recover(e -> {
                    LOG.warn("connections not closed in good order reason={}", e.getMessage());
                    return Future.succeededFuture();
                });
    }

    /** Connections without a bracket: what row security does then is tested with them. */
    Pool control() {
        return control;
    }

    // ------------------------------------------------------------------------------------------------------- brackets

    /**
     * Runs one statement on the control plane's tables: a transaction of its own, without a tenant. A failure may be an
     * answer that was lost; what such a statement does is safe to be done late, and twice.
     */
    Future<RowSet<Row>> control(String sql, Tuple args) {
        return connection(control)
                .compose(connection -> connection
                        .preparedQuery(sql)
                        .execute(args)
                        .timeout(options.controlTimeout().toMillis(), TimeUnit.MILLISECONDS)
                        .onComplete(done -> release(connection, !(done.cause() instanceof TimeoutException))))
                .recover(e -> Future.failedFuture(PgFailures.of(e)));
    }

    /** Runs one statement that changes nothing. */
    Future<RowSet<Row>> query(TenantId tenant, Step step) {
        return query(queries, tenant, step);
    }

    /** As {@link #query}, for a piece of a large content. */
    Future<RowSet<Row>> contentQuery(TenantId tenant, Step step) {
        return query(contents, tenant, step);
    }

    private Future<RowSet<Row>> query(Pool pool, TenantId tenant, Step step) {
        return connection(pool)
                .compose(connection -> send(connection, BEGIN_QUERY.formatted(tenant.value()), List.of(step)))
                .map(answers -> answers.get(0))
                .recover(e -> Future.failedFuture(readFailure(e)));
    }

    /** Runs a whole transaction in one go; the rows that each statement returned. */
    Future<List<RowSet<Row>>> batch(TenantId tenant, List<Step> steps) {
        return batch(commits, tenant, steps);
    }

    /** As {@link #batch}, for pieces of large contents. */
    Future<List<RowSet<Row>>> contentBatch(TenantId tenant, List<Step> steps) {
        return batch(contents, tenant, steps);
    }

    private Future<List<RowSet<Row>>> batch(Pool pool, TenantId tenant, List<Step> steps) {
        return connection(pool).compose(connection -> send(connection, BEGIN.formatted(tenant.value()), steps));
    }

    /** Runs steps that need each other's answers on one snapshot of the database, which they cannot change. */
    <T> Future<T> snapshot(TenantId tenant, Function<SqlConnection, Future<T>> steps) {
        return connection(queries)
                .compose(connection -> snapshot(connection, tenant, steps))
                .recover(e -> Future.failedFuture(PgFailures.of(e)));
    }

    private <T> Future<T> snapshot(
            SqlConnection connection, TenantId tenant, Function<SqlConnection, Future<T>> steps) {
        return answered(connection
                        .query(BEGIN_SNAPSHOT.formatted(tenant.value()))
                        .execute())
                .compose(begun -> steps.apply(connection))
                .transform(done -> ended(connection, done.cause() instanceof TimeoutException)
                        .transform(ended -> done.succeeded()
                                ? Future.succeededFuture(done.result())
                                : Future.failedFuture(done.cause())));
    }

    /** A step of a snapshot, which is not waited for longer than for the answer to a group. */
    <T> Future<T> answered(Future<T> step) {
        return step.timeout(options.answerTimeout().toMillis(), TimeUnit.MILLISECONDS);
    }

    private Future<Void> ended(SqlConnection connection, boolean silent) {
        Future<Void> rolledBack = silent
                ? Future.failedFuture("the server is silent")
                : answered(connection.query(ROLLBACK).execute()).mapEmpty();
        return rolledBack.onComplete(done -> release(connection, done.succeeded()));
    }

    /**
     * A connection, in time. The pool's own limit is not used: a pool that is closed while a connection is being made for a
     * call that has given up throws, and then neither it nor the Vert.x instance ever closes.
     */
    private Future<SqlConnection> connection(Pool pool) {
        Future<SqlConnection> wanted = pool.getConnection();
        return wanted.timeout(options.connectTimeout().toMillis(), TimeUnit.MILLISECONDS)
                .map(connection -> connection.exceptionHandler(PgDatabase::lost))
                .recover(e -> {
                    if (e instanceof TimeoutException) {
                        wanted.onSuccess(SqlConnection::close);
                    }
                    return Future.failedFuture(new StoreException(
                            Reason.FAILED, refusal == null ? "no connection to the database" : refusal, e));
                });
    }

    private Future<List<RowSet<Row>>> send(SqlConnection connection, String opening, List<Step> steps) {
        List<Future<RowSet<Row>>> answers = new ArrayList<>(steps.size() + 2);
        answers.add(connection.query(opening).execute());
        for (Step step : steps) {
            answers.add(connection.preparedQuery(step.sql()).execute(step.args()));
        }
        answers.add(connection.query(COMMIT).execute());
        return Future.join(answers)
                .timeout(options.answerTimeout().toMillis(), TimeUnit.MILLISECONDS)
                .transform(all -> {
                    boolean answered = !(all.cause() instanceof TimeoutException);
                    release(
                            connection,
                            answered && answers.get(answers.size() - 1).succeeded());
                    if (all.succeeded()) {
                        return Future.succeededFuture(answers.subList(1, answers.size() - 1).stream()
                                .map(Future::result)
                                .toList());
                    }
                    return Future.failedFuture(
                            answered
                                    ? PgFailures.ofBatch(
                                            answers.stream().map(Future::cause).toList())
                                    : PgFailures.unknown(all.cause()));
                });
    }

    /** A lost commit of a transaction that changed nothing is a plain failure. */
    private static Throwable readFailure(Throwable e) {
        return e instanceof StoreException failure && failure.reason() == Reason.OUTCOME_UNKNOWN
                ? new StoreException(Reason.FAILED, "the database did not answer", failure)
                : PgFailures.of(e);
    }

    // ---------------------------------------------------------------------------------------------------- connections

    private static PgConnectOptions connectOptions(PgOptions options, NodeId node) {
        PgConnectOptions connect = PgUrl.parse(options.url()).connectOptions();
        connect.setPipeliningLimit(PIPELINE)
                .setCachePreparedStatements(true)
                .setPreparedStatementCacheMaxSize(PIPELINE)
                .setPreparedStatementCacheSqlFilter(sql -> true);
        connect.getProperties().put("application_name", "nexus-" + node);
        return connect;
    }

    private Pool pool(String name, int size, List<Step> warmUp) {
        PoolOptions pool = new PoolOptions()
                .setName("nexus-" + name)
                .setMaxSize(size)
                .setMaxWaitQueueSize(options.waiting())
                .setConnectionTimeout(0);
        return PgBuilder.pool()
                .with(pool)
                .with(new NetClientOptions()
                        .setConnectTimeout((int) options.connectTimeout().toMillis()))
                .connectingTo(connect)
                .using(vertx)
                .withConnectHandler(connection -> enter(connection, warmUp))
                .build();
    }

    /** Closing the connection gives it to the pool; one that is refused must go for good. */
    private void enter(SqlConnection connection, List<Step> warmUp) {
        entered(connection)
                .compose(checked -> warmUp(connection, warmUp))
                .onSuccess(ready -> {
                    refusal = null;
                    connection.close();
                })
                .onFailure(e -> {
                    refusal = REFUSES + e.getMessage();
                    LOG.error("connection refused reason={}", e.getMessage());
                    destroy(connection);
                });
    }

    /** Makes the session ours, and checks that it is. */
    private Future<Void> entered(SqlConnection connection) {
        connection.exceptionHandler(PgDatabase::lost);
        String session = SESSION.formatted(
                options.lockTimeout().toMillis(), options.statementTimeout().toMillis());
        return connection
                .query(session)
                .execute()
                .compose(set -> connection.query(CHECK).execute())
                .compose(rows -> bound(rows.iterator().next()));
    }

    /** What the server says when it ends a connection: whoever uses it only learns that it is closed. */
    private static void lost(Throwable e) {
        LOG.warn("connection lost reason={}", e.getMessage());
    }

    /** Whether row security binds this connection and its commits are durable. */
    private static Future<Void> bound(Row row) {
        String role = row.getString("role");
        String fault = null;
        if (row.getBoolean("superuser") || row.getBoolean("bypass") || !row.getBoolean("bound")) {
            fault = "role " + role + " is not bound by row security";
        } else if (!row.getBoolean("synchronous")) {
            fault = "synchronous_commit is off";
        } else if (!row.getBoolean("fsync")) {
            fault = "fsync is off";
        }
        return fault == null ? Future.succeededFuture() : Future.failedFuture(new IllegalStateException(fault));
    }

    /**
     * Runs every statement of a group without an effect, and rolls back: from then on the connection has them prepared. To
     * prepare one costs a round trip, which a group would otherwise pay inside its transaction.
     */
    private static Future<Void> warmUp(SqlConnection connection, List<Step> steps) {
        if (steps.isEmpty()) {
            return Future.succeededFuture();
        }
        List<Future<RowSet<Row>>> answers = new ArrayList<>(steps.size() + 2);
        answers.add(connection.query(BEGIN.formatted(GroupStatements.NOBODY)).execute());
        for (Step step : steps) {
            answers.add(connection.preparedQuery(step.sql()).execute(step.args()));
        }
        answers.add(connection.query(ROLLBACK).execute());
        return Future.all(answers).mapEmpty();
    }

    private static void release(SqlConnection connection, boolean clean) {
        if (clean) {
            connection.close();
        } else {
            destroy(connection);
        }
    }

    /**
     * Ends a connection whose state is not known. The client can only give it back to the pool, and says farewell to the
     * server before it lets go, for as long as that takes; so its socket is closed beneath it, and then what is left of it is
     * given back.
     */
    private static void destroy(SqlConnection connection) {
        Connection physical = ((SqlConnectionBase<?>) connection).unwrap().unwrap();
        if (physical instanceof SocketConnectionBase socket) {
            socket.socket()
                    .channelHandlerContext()
                    .pipeline()
                    .firstContext()
                    .close()
                    .addListener(closed -> connection.close());
        } else {
            connection.close();
        }
    }
}
