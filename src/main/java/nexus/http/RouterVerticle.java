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
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import nexus.http.rest.OpenApi;
import nexus.http.rest.RouteTable;
import nexus.http.rpc.Answer;
import nexus.http.rpc.BodyMemory;
import nexus.http.rpc.Caller;
import nexus.http.rpc.Operation;
import nexus.http.rpc.RequestHead;
import nexus.http.rpc.Resource;
import nexus.http.rpc.RestEndpoint;
import nexus.http.rpc.RpcEndpoint;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.kernel.Ulid;
import nexus.tenant.Claims;
import nexus.tenant.Credential;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP server of one event loop. It reads heads and bodies within bounds, finds out which interface is meant, and hands
 * on; it knows nothing of methods and tenants.
 *
 * <pre>
 *   head ─▶ route ─▶ key's checksum ─▶ body ─▶ RpcEndpoint, RestEndpoint ─▶ answer
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
    private static final String OWN_PREFIX = "/v1/";
    private static final int REQUEST_ID_CHARS = 64;
    private static final String RPC_METHODS = "POST, OPTIONS";

    private final HttpOptions options;
    private final HttpServices services;
    private final RpcEndpoint rpc;
    private final RestEndpoint rest;
    private final RouteTable own;
    private final BodyMemory memory;
    private final WorkerExecutor worker;
    private final Connections connections;
    private final Pages pages;
    private final Promise<Void> drained = Promise.promise();
    private @Nullable HttpServer server;
    private String idPrefix = "";
    private long requests;
    private int inFlight;
    private boolean draining;

    RouterVerticle(
            HttpOptions options,
            HttpServices services,
            RpcEndpoint rpc,
            RestEndpoint rest,
            RouteTable own,
            BodyMemory memory,
            WorkerExecutor worker) {
        this.options = options;
        this.services = services;
        this.rpc = rpc;
        this.rest = rest;
        this.own = own;
        this.memory = memory;
        this.worker = worker;
        this.connections = new Connections(options.connections());
        this.pages = new Pages(options, services, rpc.methodNames(), new OpenApi(options.version(), own.routes()));
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
        // There are no web sockets yet, and their compression would look at every request and answer.
        return new HttpServerOptions()
                .setPerFrameWebSocketCompressionSupported(false)
                .setPerMessageWebSocketCompressionSupported(false)
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
            boolean plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
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
            exchange.bug(e);
        }
        if (!exchange.isReadingBody()) {
            discard(request);
        }
    }

    /** Throws a body away that nobody reads, and the connection with it if there is too much. */
    private static void discard(HttpServerRequest request) {
        long[] received = {0};
        request.handler(piece -> {
            received[0] += piece.length();
            if (received[0] > HttpOptions.DISCARDED_BYTES) {
                request.connection().close();
            }
        });
    }

    private void route(Exchange exchange, String path) {
        if (path.startsWith(RPC_PREFIX) && !path.equals("/api/nfs/status")) {
            rpc(exchange, path.substring(RPC_PREFIX.length()));
            return;
        }
        Optional<Resource> resource = rest.find(path);
        if (path.startsWith(OWN_PREFIX)) {
            exchange.saysProblemDetails();
            resource = own.find(path);
        }
        if (resource.isPresent()) {
            rest(exchange, resource.get());
            return;
        }
        pages.answer(exchange, path);
    }

    // ---- calls ------------------------------------------------------------------------------------------------------

    private void rpc(Exchange exchange, String method) {
        exchange.operation(rpc.serves(method) ? method : "unknown");
        HttpServerRequest request = exchange.request();
        if (HttpMethod.OPTIONS.equals(request.method())) {
            exchange.options(RPC_METHODS);
            return;
        }
        if (!HttpMethod.POST.equals(request.method())) {
            exchange.notAllowed(RPC_METHODS);
            return;
        }
        read(exchange, rpc.operation(method));
    }

    private void rest(Exchange exchange, Resource resource) {
        HttpServerRequest request = exchange.request();
        String method = request.method().name();
        Optional<String> name = resource.operationName(method);
        if (name.isPresent()) {
            exchange.operation(name.get());
            read(exchange, resource.operation(method, head(request)));
        } else if (HttpMethod.OPTIONS.equals(request.method())) {
            exchange.options(resource.allowed());
        } else {
            exchange.notAllowed(resource.allowed());
        }
    }

    private static RequestHead head(HttpServerRequest request) {
        return new RequestHead() {
            @Override
            public @Nullable String query() {
                return request.query();
            }

            @Override
            public List<String> headers(String name) {
                return request.headers().getAll(name);
            }
        };
    }

    /** Reads the body of a request, if its key is genuine, and has it answered. */
    private void read(Exchange exchange, Operation operation) {
        HttpServerRequest request = exchange.request();
        Optional<Credential> credential = Identity.credential(request.headers(), services.keys());
        if (credential.isEmpty()) {
            services.telemetry().unauthenticated();
            exchange.unauthenticated();
            return;
        }
        String encoding = request.getHeader(HttpHeaders.CONTENT_ENCODING);
        if (encoding != null && !encoding.equalsIgnoreCase("identity")) {
            exchange.detail(415, "Content-Encoding must be identity");
            return;
        }
        new BodyReader(exchange, operation, credential.get()).read();
    }

    /** Collects the body of one call. What comes after a refusal is thrown away, up to a bound. */
    private final class BodyReader {
        private final Exchange exchange;
        private final Operation operation;
        private final Credential credential;
        private final HttpServerRequest request;
        private final int bytesMax;
        private @Nullable Buffer body;
        private long received;
        private boolean refused;
        private boolean copied;

        BodyReader(Exchange exchange, Operation operation, Credential credential) {
            this.exchange = exchange;
            this.operation = operation;
            this.credential = credential;
            this.request = exchange.request();
            this.bytesMax = Math.min(options.bodyBytes(), operation.bodyBytesMax());
        }

        void read() {
            exchange.readsBody();
            connections.reading(request.connection(), exchange.started());
            request.handler(this::take);
            request.endHandler(ended -> end());
            long announced = announced();
            if (announced > bytesMax) {
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
            exchange.detail(413, "the body is larger than " + bytesMax + " bytes");
        }

        private void refuse() {
            refused = true;
            body = null;
            release(exchange);
        }

        private void take(Buffer piece) {
            received += piece.length();
            if (refused) {
                // A client reads its answer only when it has sent everything; but not everything is welcome.
                if (received > Math.max(2L * bytesMax, HttpOptions.DISCARDED_BYTES)) {
                    request.connection().close();
                }
                return;
            }
            if (received > bytesMax) {
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
            } else if (!copied) {
                copied = true;
                body = Buffer.buffer(before.length() + piece.length())
                        .appendBuffer(before)
                        .appendBuffer(piece);
            } else {
                before.appendBuffer(piece);
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
            body = null;
            call(whole == null ? new byte[0] : whole.getBytes());
        }

        private void call(byte[] bytes) {
            Claims claims;
            try {
                claims = Identity.claims(request.headers());
            } catch (ProblemException e) {
                exchange.send(operation.refused(bytes, e.problem(), credential));
                return;
            }
            Caller caller = new Caller(
                    exchange.requestId(),
                    ClientAddress.of(request, options.trustedProxies()),
                    credential,
                    claims,
                    now() + options.requestTimeout().toNanos());
            operation.handle(caller, bytes).onComplete(this::answer, failure -> exchange.bug(failure));
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
}
