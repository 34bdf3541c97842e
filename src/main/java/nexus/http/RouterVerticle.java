package nexus.http;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import nexus.http.json.JsonWriter;
import nexus.http.rpc.Answer;
import nexus.http.rpc.BodyMemory;
import nexus.http.rpc.Caller;
import nexus.http.rpc.RpcEndpoint;
import nexus.kernel.CommandId;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.kernel.Ulid;
import nexus.store.StoreException;
import nexus.tenant.Ask;
import nexus.tenant.Claims;
import nexus.tenant.Credential;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP server of one event loop. It reads heads and bodies within bounds, finds out which interface is meant, and hands
 * on; it knows nothing of methods and tenants.
 *
 * <pre>
 *   head ─▶ route ─▶ key's checksum ─▶ body ─▶ RpcEndpoint ─▶ answer
 *             │            │             │
 *            404 405      401        413 503   (before the body is read)
 * </pre>
 *
 * <p>Nothing of a body is read for a key that is forged. A connection serves one request at a time; pipelined ones wait in
 * the socket.
 */
public final class RouterVerticle extends VerticleBase {
    private static final Logger LOG = LoggerFactory.getLogger(RouterVerticle.class);
    private static final String WIRE = "nexus";
    private static final String RPC_PREFIX = "/api/nfs/";
    private static final int REQUEST_ID_CHARS = 64;
    private static final String GET_METHODS = "GET, HEAD, OPTIONS";
    private static final String RPC_METHODS = "POST, OPTIONS";
    private static final Set<String> FORWARDED = Set.of("X-Forwarded-For", "Forwarded", "X-Real-IP");

    private final HttpOptions options;
    private final HttpServices services;
    private final RpcEndpoint rpc;
    private final BodyMemory memory;
    private final WorkerExecutor worker;
    private final Connections connections;
    private final Promise<Void> drained = Promise.promise();
    private @Nullable HttpServer server;
    private String idPrefix = "";
    private long requests;
    private int inFlight;
    private boolean draining;

    RouterVerticle(
            HttpOptions options, HttpServices services, RpcEndpoint rpc, BodyMemory memory, WorkerExecutor worker) {
        this.options = options;
        this.services = services;
        this.rpc = rpc;
        this.memory = memory;
        this.worker = worker;
        this.connections = new Connections(options.connections());
    }

    Context context() {
        return context;
    }

    HttpServices services() {
        return services;
    }

    WorkerExecutor worker() {
        return worker;
    }

    // ---- life -------------------------------------------------------------------------------------------------------

    @Override
    public Future<?> start() {
        idPrefix = Ulid.print(services.ids().next()) + "-";
        vertx.setPeriodic(HttpOptions.SWEEP.toMillis(), timer -> sweep());
        HttpServer created = vertx.createHttpServer(serverOptions())
                .connectionHandler(this::connected)
                .requestHandler(this::handle)
                .invalidRequestHandler(this::invalid);
        server = created;
        return created.listen();
    }

    private HttpServerOptions serverOptions() {
        // A negative port is a free one that all instances share.
        return new HttpServerOptions()
                .setHost(options.host())
                .setPort(options.port() == 0 ? -1 : options.port())
                .setIdleTimeout((int) options.idleTimeout().toMillis())
                .setIdleTimeoutUnit(TimeUnit.MILLISECONDS)
                .setMaxInitialLineLength(HttpOptions.LINE_BYTES)
                .setMaxHeaderSize(HttpOptions.HEADER_BYTES)
                .setMaxChunkSize(HttpOptions.CHUNK_BYTES)
                .setTcpKeepAlive(true);
    }

    /** The port that is open. */
    int port() {
        HttpServer open = server;
        return open == null ? -1 : open.actualPort();
    }

    Future<Void> drain(Duration atMost) {
        context.runOnContext(now -> {
            draining = true;
            checkDrained();
            vertx.setTimer(Math.max(1, atMost.toMillis()), timer -> drained.tryComplete());
        });
        return drained.future();
    }

    private void checkDrained() {
        if (draining && inFlight == 0) {
            drained.tryComplete();
        }
    }

    @Override
    public Future<?> stop() {
        HttpServer open = server;
        return open == null ? Future.succeededFuture() : open.shutdown(0, TimeUnit.SECONDS);
    }

    private long now() {
        return services.ticker().getAsLong();
    }

    private void connected(HttpConnection connection) {
        if (connections.open(connection, now())) {
            connection.closeHandler(closed -> connections.close(connection));
        } else {
            connection.close();
        }
    }

    private void sweep() {
        connections.sweep(now(), options.idleTimeout(), options.bodyTimeout());
    }

    // ---- head -------------------------------------------------------------------------------------------------------

    private Exchange begin(HttpServerRequest request) {
        long started = now();
        Exchange exchange = new Exchange(this, request, requestId(request), started);
        inFlight++;
        boolean[] over = {false};
        request.response().endHandler(ended -> finish(exchange, over));
        request.response().closeHandler(closed -> finish(exchange, over));
        request.response().exceptionHandler(failure -> LOG.debug("answer broken request={}", exchange.requestId()));
        request.exceptionHandler(failure -> finish(exchange, over));
        return exchange;
    }

    private void finish(Exchange exchange, boolean[] over) {
        if (over[0]) {
            return;
        }
        over[0] = true;
        inFlight--;
        release(exchange);
        long now = now();
        connections.waiting(exchange.request().connection(), now);
        long nanos = now - exchange.started();
        services.telemetry().request(WIRE, exchange.operation(), exchange.outcome(), nanos);
        if (nanos > options.slowRequest().toNanos()) {
            LOG.info(
                    "slow request request={} operation={} outcome={} millis={}",
                    exchange.requestId(),
                    exchange.operation(),
                    exchange.outcome(),
                    TimeUnit.NANOSECONDS.toMillis(nanos));
        }
        checkDrained();
    }

    private void release(Exchange exchange) {
        long bytes = exchange.takeReserved();
        if (bytes > 0) {
            memory.release(bytes);
        }
    }

    private String requestId(HttpServerRequest request) {
        String given = request.getHeader("X-Request-Id");
        return given != null && isSane(given) ? given : idPrefix + Long.toString(++requests, 36);
    }

    private static boolean isSane(String id) {
        if (id.isEmpty() || id.length() > REQUEST_ID_CHARS) {
            return false;
        }
        for (int i = 0; i < id.length(); i++) {
            char c = id.charAt(i);
            boolean plain = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
            if (!plain && c != '.' && c != '_' && c != '-') {
                return false;
            }
        }
        return true;
    }

    private void invalid(HttpServerRequest request) {
        Exchange exchange = begin(request);
        exchange.closeAfter();
        Throwable cause = request.decoderResult().cause();
        String reason = String.valueOf(cause == null ? null : cause.getMessage());
        if (reason.contains("line is larger") || reason.contains("An HTTP line")) {
            exchange.detail(414, "the first line is longer than " + HttpOptions.LINE_BYTES + " bytes");
        } else if (reason.contains("header is larger")) {
            exchange.detail(431, "the headers are longer than " + HttpOptions.HEADER_BYTES + " bytes");
        } else {
            exchange.detail(400, "not an HTTP request");
        }
    }

    private void handle(HttpServerRequest request) {
        Exchange exchange = begin(request);
        connections.answering(request.connection(), exchange.started());
        try {
            if (draining) {
                exchange.closeAfter();
                exchange.unavailable("the server is going down");
            } else {
                route(exchange, String.valueOf(request.path()));
            }
        } catch (RuntimeException e) {
            bug(exchange, e);
        }
    }

    private void route(Exchange exchange, String path) {
        if (path.startsWith(RPC_PREFIX) && !path.equals("/api/nfs/status")) {
            rpc(exchange, path.substring(RPC_PREFIX.length()));
            return;
        }
        switch (path) {
            case "/health" -> get(exchange, "health", this::health);
            case "/ready" -> get(exchange, "ready", this::ready);
            case "/metrics" -> get(exchange, "metrics", this::metrics);
            case "/api/auth/whoami" -> get(exchange, "whoami", this::whoami);
            case "/api/nfs/status" -> get(exchange, "status", this::status);
            default -> exchange.detail(404, "Not Found");
        }
    }

    private interface Page {
        void answer(Exchange exchange);
    }

    private void get(Exchange exchange, String operation, Page page) {
        exchange.operation(operation);
        HttpMethod method = exchange.request().method();
        if (method == HttpMethod.GET || method == HttpMethod.HEAD) {
            page.answer(exchange);
        } else if (method == HttpMethod.OPTIONS) {
            exchange.options(GET_METHODS);
        } else {
            exchange.notAllowed(GET_METHODS);
        }
    }

    // ---- pages ------------------------------------------------------------------------------------------------------

    private static Answer.Whole json(int status, JsonWriter out) {
        return new Answer.Whole(status, status < 400 ? "ok" : "http_" + status, Answer.Caching.NO_STORE, null, 0, out);
    }

    private void health(Exchange exchange) {
        exchange.send(json(
                200,
                new JsonWriter(128)
                        .object()
                        .put("status", "ok")
                        .put("version", options.version())
                        .put("mode", options.mode())
                        .endObject()));
    }

    private void ready(Exchange exchange) {
        boolean ready = services.ready().getAsBoolean();
        exchange.send(json(
                ready ? 200 : 503,
                new JsonWriter(64).object().put("ready", ready).endObject()));
    }

    private void status(Exchange exchange) {
        JsonWriter out = new JsonWriter(2048)
                .object()
                .put("status", "running")
                .put("service", "nexus-rpc")
                .put("version", options.version())
                .put("async", true)
                .name("methods")
                .list();
        rpc.methodNames().forEach(out::value);
        exchange.send(json(200, out.endList().endObject()));
    }

    /** Metrics hold no tenant's name or content, but they tell how the server is doing: to its own machine, or to a system key. */
    private void metrics(Exchange exchange) {
        if (isLocal(exchange.request())) {
            sendMetrics(exchange);
            return;
        }
        Optional<Credential> credential = Identity.credential(exchange.request().headers(), services.keys());
        if (credential.isEmpty() || !credential.get().isSystem()) {
            exchange.detail(401, "metrics are for this machine, or for a system key");
            return;
        }
        identity(exchange, credential.get(), Claims.NONE)
                .onComplete(
                        identity -> {
                            if (identity.systemAdministrator()) {
                                sendMetrics(exchange);
                            } else {
                                exchange.detail(401, "metrics are for this machine, or for a system key");
                            }
                        },
                        failure -> exchange.detail(401, "metrics are for this machine, or for a system key"));
    }

    private void sendMetrics(Exchange exchange) {
        exchange.text(
                200,
                "text/plain; version=0.0.4; charset=utf-8",
                services.metrics().get());
    }

    /** Whether a request comes from this machine itself, and not by a proxy on it. */
    private static boolean isLocal(HttpServerRequest request) {
        for (String header : FORWARDED) {
            if (request.headers().contains(header)) {
                return false;
            }
        }
        try {
            // The text is an address, so no name is looked up.
            return InetAddress.getByName(remote(request)).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }

    private static String remote(HttpServerRequest request) {
        return request.remoteAddress() == null
                ? "unknown"
                : String.valueOf(request.remoteAddress().hostAddress());
    }

    private void whoami(Exchange exchange) {
        Optional<Credential> credential = Identity.credential(exchange.request().headers(), services.keys());
        if (credential.isEmpty()) {
            services.telemetry().unauthenticated();
            nobody(exchange);
            return;
        }
        Claims claims;
        try {
            claims = Identity.claims(exchange.request().headers());
        } catch (ProblemException e) {
            nobody(exchange);
            return;
        }
        identity(exchange, credential.get(), claims)
                .onComplete(identity -> somebody(exchange, identity), failure -> notIdentified(exchange, failure));
    }

    private Future<Reply.Identity> identity(Exchange exchange, Credential credential, Claims claims) {
        return services.gateway()
                .ask(new Ask(
                        exchange.requestId(),
                        remote(exchange.request()),
                        new CommandId(new java.util.UUID(0, 0)),
                        credential,
                        claims,
                        null,
                        options.requestTimeout(),
                        new TenantRequest.WhoAmI()))
                .map(reply -> {
                    if (reply instanceof Reply.Identity identity) {
                        return identity;
                    }
                    throw new IllegalStateException("BUG: an identity was promised");
                });
    }

    private void notIdentified(Exchange exchange, Throwable failure) {
        Problem problem = Exchange.problemOf(failure);
        if (problem == null) {
            bug(exchange, failure);
        } else if (problem.code().isRetryable() || problem.code() == ProblemCode.RATE_LIMITED) {
            exchange.unavailable(problem.message());
        } else {
            nobody(exchange);
        }
    }

    private void nobody(Exchange exchange) {
        identityAnswer(exchange, false, null);
    }

    private void somebody(Exchange exchange, Reply.Identity identity) {
        identityAnswer(exchange, true, identity);
    }

    private static void identityAnswer(Exchange exchange, boolean authenticated, Reply.@Nullable Identity identity) {
        exchange.send(json(
                200,
                new JsonWriter(256)
                        .object()
                        .put("authenticated", authenticated)
                        .put("subject_type", identity == null ? null : identity.subjectType())
                        .put("subject_id", identity == null ? null : identity.subjectId())
                        .put(
                                "zone_id",
                                identity == null || identity.zone() == null
                                        ? null
                                        : identity.zone().value())
                        .put("is_admin", identity != null && identity.systemAdministrator())
                        .put("inherit_permissions", true)
                        .put("user", identity == null ? null : identity.subjectId())
                        .endObject()));
    }

    // ---- calls ------------------------------------------------------------------------------------------------------

    private void rpc(Exchange exchange, String method) {
        exchange.operation(rpc.serves(method) ? method : "unknown");
        HttpServerRequest request = exchange.request();
        if (request.method() == HttpMethod.OPTIONS) {
            exchange.options(RPC_METHODS);
            return;
        }
        if (request.method() != HttpMethod.POST) {
            exchange.notAllowed(RPC_METHODS);
            return;
        }
        Optional<Credential> credential = Identity.credential(request.headers(), services.keys());
        if (credential.isEmpty()) {
            services.telemetry().unauthenticated();
            exchange.send(RpcEndpoint.unauthenticated());
            return;
        }
        String encoding = request.getHeader(HttpHeaders.CONTENT_ENCODING);
        if (encoding != null && !encoding.equalsIgnoreCase("identity")) {
            exchange.detail(415, "Content-Encoding must be identity");
            return;
        }
        new BodyReader(exchange, method, credential.get()).read();
    }

    /** Collects the body of one call. What comes after a refusal is thrown away, up to a bound. */
    private final class BodyReader {
        private final Exchange exchange;
        private final String method;
        private final Credential credential;
        private final HttpServerRequest request;
        private @Nullable Buffer first;
        private @Nullable Buffer body;
        private long received;
        private boolean refused;

        BodyReader(Exchange exchange, String method, Credential credential) {
            this.exchange = exchange;
            this.method = method;
            this.credential = credential;
            this.request = exchange.request();
        }

        void read() {
            connections.reading(request.connection(), exchange.started());
            request.handler(this::take);
            request.endHandler(ended -> end());
            long announced = announced();
            if (announced > options.bodyBytes()) {
                tooLarge();
            } else if (request.getHeader("Expect") != null) {
                request.response().writeContinue();
            }
        }

        private long announced() {
            String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
            try {
                return length == null ? -1 : Long.parseLong(length);
            } catch (NumberFormatException e) {
                return Long.MAX_VALUE;
            }
        }

        private void tooLarge() {
            refuse();
            exchange.detail(413, "the body is larger than " + options.bodyBytes() + " bytes");
        }

        private void refuse() {
            refused = true;
            first = null;
            body = null;
            release(exchange);
        }

        private void take(Buffer piece) {
            received += piece.length();
            if (refused) {
                // A client reads its answer only when it has sent everything; but not everything is welcome.
                if (received > 2L * options.bodyBytes()) {
                    request.connection().close();
                }
                return;
            }
            if (received > options.bodyBytes()) {
                tooLarge();
                return;
            }
            if (received > HttpOptions.UNCOUNTED_BODY_BYTES && !count(piece.length())) {
                refuse();
                exchange.unavailable("the server has no memory for this body at the moment");
                return;
            }
            collect(piece);
        }

        /** The first piece is often the only one, and is not copied then. */
        private void collect(Buffer piece) {
            Buffer before = body;
            if (before == null) {
                body = piece;
            } else if (before == first) {
                body = Buffer.buffer(before.length() + piece.length())
                        .appendBuffer(before)
                        .appendBuffer(piece);
            } else {
                before.appendBuffer(piece);
            }
            if (first == null) {
                first = piece;
            }
        }

        private boolean count(int bytes) {
            if (!memory.reserve(bytes)) {
                return false;
            }
            exchange.reserved(bytes);
            return true;
        }

        private void end() {
            if (refused) {
                return;
            }
            connections.answering(request.connection(), now());
            Buffer whole = body;
            first = null;
            body = null;
            call(whole == null ? new byte[0] : whole.getBytes());
        }

        private void call(byte[] bytes) {
            Claims claims;
            try {
                claims = Identity.claims(request.headers());
            } catch (ProblemException e) {
                exchange.send(rpc.refused(bytes, e.problem(), credential));
                return;
            }
            Caller caller = new Caller(
                    exchange.requestId(),
                    remote(request),
                    credential,
                    claims,
                    now() + options.requestTimeout().toNanos());
            rpc.handle(caller, method, bytes).onComplete(this::answer, failure -> bug(exchange, failure));
        }

        private void answer(Answer answer) {
            if (answer.status() == 401) {
                services.telemetry().unauthenticated();
            } else if (answer.outcome().equals(ProblemCode.FORBIDDEN.text())) {
                services.telemetry().denied();
            }
            exchange.send(answer);
        }
    }

    // ---- failures ---------------------------------------------------------------------------------------------------

    private void bug(Exchange exchange, Throwable failure) {
        String errorId = Ulid.print(services.ids().next());
        services.telemetry().bug();
        LOG.error("BUG error={} request={} operation={}", errorId, exchange.requestId(), exchange.operation(), failure);
        exchange.send(json(
                500,
                new JsonWriter(128)
                        .object()
                        .put("detail", "Internal error, see the server's log for " + errorId)
                        .put("error_id", errorId)
                        .endObject()));
    }

    /** A stored content could not be read, and nothing has been said yet. */
    void contentFailed(Exchange exchange, Throwable failure) {
        if (Exchange.problemOf(failure) != null || failure instanceof StoreException) {
            LOG.warn(
                    "content unreachable request={} operation={}", exchange.requestId(), exchange.operation(), failure);
            exchange.unavailable("the content cannot be reached at the moment");
        } else {
            bug(exchange, failure);
        }
    }

    /** A stored content broke off in the middle of an answer. */
    void streamFailed(Exchange exchange, Throwable failure) {
        services.telemetry().bug();
        LOG.error("answer broken off request={} operation={}", exchange.requestId(), exchange.operation(), failure);
    }
}
