package nexus.http;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.Base64;
import nexus.http.json.JsonWriter;
import nexus.http.rest.ProblemDetails;
import nexus.http.rpc.Answer;
import nexus.http.rpc.RpcEndpoint;
import nexus.http.rpc.RpcOptions;
import nexus.kernel.Problem;
import nexus.kernel.ProblemException;
import nexus.kernel.Ulid;
import nexus.store.BlobStore;
import nexus.store.StoreException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One request and its one answer. Belongs to the event loop of its connection. */
final class Exchange {
    private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);
    private static final CharSequence REQUEST_ID = HttpHeaders.createOptimized("X-Request-Id");
    private static final CharSequence NO_SNIFF = HttpHeaders.createOptimized("X-Content-Type-Options");
    private static final CharSequence NO_SNIFF_VALUE = HttpHeaders.createOptimized("nosniff");
    private static final CharSequence JSON = HttpHeaders.createOptimized("application/json");
    private static final CharSequence GZIP = HttpHeaders.createOptimized("gzip");
    private static final CharSequence PROBLEM = HttpHeaders.createOptimized("application/problem+json");
    private static final CharSequence CLOSE = HttpHeaders.createOptimized("close");
    private static final Base64.Encoder BASE64 = Base64.getEncoder();

    private final RouterVerticle router;
    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final String requestId;
    private final long started;
    private String operation = "unknown";
    private String outcome = "ok";
    private long reserved;
    private boolean answered;
    private boolean closing;
    private boolean reading;
    private boolean problemDetails;

    Exchange(RouterVerticle router, HttpServerRequest request, String requestId, long started) {
        this.router = router;
        this.request = request;
        this.response = request.response();
        this.requestId = requestId;
        this.started = started;
    }

    HttpServerRequest request() {
        return request;
    }

    String requestId() {
        return requestId;
    }

    long started() {
        return started;
    }

    String operation() {
        return operation;
    }

    String outcome() {
        return outcome;
    }

    /** Names the request in metrics and logs; one of a fixed set. */
    void operation(String name) {
        operation = name;
    }

    /** Counts bytes that are given back at the end. */
    void reserved(long bytes) {
        reserved += bytes;
    }

    /** What was counted; it is given back by asking. */
    long takeReserved() {
        long bytes = reserved;
        reserved = 0;
        return bytes;
    }

    /** Somebody takes care of the body. */
    void readsBody() {
        reading = true;
    }

    boolean isReadingBody() {
        return reading;
    }

    /** Errors of this interface are problem details, as in RFC 9457. */
    void saysProblemDetails() {
        problemDetails = true;
    }

    /** The connection ends with this answer. */
    void closeAfter() {
        closing = true;
    }

    // ---- answers ----------------------------------------------------------------------------------------------------

    /** An answer that says only why. */
    void detail(int status, String detail) {
        JsonWriter out = opened(status).put("detail", detail).endObject();
        String kind = "http_" + status;
        send(new Answer.Whole(status, kind, Answer.Caching.NO_STORE, null, 0, out));
    }

    /** Who asks is not known. */
    void unauthenticated() {
        send(problemDetails ? ProblemDetails.unauthenticated() : RpcEndpoint.unauthenticated());
    }

    private JsonWriter opened(int status) {
        JsonWriter out = new JsonWriter(128).object();
        return problemDetails
                ? out.put("type", "about:blank")
                        .put("title", HttpResponseStatus.valueOf(status).reasonPhrase())
                        .put("status", status)
                : out;
    }

    /** Not now. */
    void unavailable(String detail) {
        JsonWriter out = opened(503)
                .put("detail", detail)
                .put("retry_after", HttpOptions.RETRY_AFTER_SECONDS)
                .endObject();
        send(new Answer.Whole(503, "http_503", Answer.Caching.NO_STORE, null, HttpOptions.RETRY_AFTER_SECONDS, out));
    }

    /** A method that the path does not have. */
    void notAllowed(String allowed) {
        response.putHeader("Allow", allowed);
        detail(405, "Method Not Allowed");
    }

    /** Which methods the path has. */
    void options(String allowed) {
        if (begin(204, "ok")) {
            response.putHeader("Allow", allowed);
            response.end();
        }
    }

    /** A text. */
    void text(int status, String type, String text) {
        if (begin(status, "ok")) {
            response.putHeader(HttpHeaders.CONTENT_TYPE, type);
            response.putHeader(HttpHeaders.CACHE_CONTROL, Answer.Caching.NO_STORE.header());
            end(Buffer.buffer(text));
        }
    }

    void send(Answer answer) {
        if (answer instanceof Answer.Whole whole) {
            sendWhole(whole);
        } else if (answer instanceof Answer.Streamed streamed) {
            sendStreamed(streamed);
        }
    }

    /** Whether the answer may begin: there is only one, and nobody listens on a closed connection. */
    private boolean begin(int status, String result) {
        if (answered) {
            return false;
        }
        answered = true;
        outcome = result;
        if (response.closed()) {
            return false;
        }
        response.setStatusCode(status);
        response.putHeader(REQUEST_ID, requestId);
        response.putHeader(NO_SNIFF, NO_SNIFF_VALUE);
        if (closing) {
            response.putHeader(HttpHeaders.CONNECTION, CLOSE);
        }
        return true;
    }

    private void head(Answer answer) {
        if (answer.status() != 204) {
            response.putHeader(HttpHeaders.CONTENT_TYPE, problemDetails && answer.status() >= 400 ? PROBLEM : JSON);
        }
        response.putHeader(HttpHeaders.CACHE_CONTROL, answer.caching().header());
        String etag = answer.etag();
        if (etag != null) {
            response.putHeader(HttpHeaders.ETAG, '"' + etag + '"');
        }
    }

    private void sendWhole(Answer.Whole answer) {
        JsonWriter body = answer.body();
        boolean compressed = body.size() >= HttpOptions.GZIP_BYTES
                && body.size() <= HttpOptions.GZIP_BYTES_MAX
                && Gzip.isAccepted(request.getHeader(HttpHeaders.ACCEPT_ENCODING));
        if (!begin(answer.status(), answer.outcome())) {
            return;
        }
        head(answer);
        if (answer.status() == 401) {
            response.putHeader("WWW-Authenticate", "Bearer");
        }
        answer.headers().forEach(response::putHeader);
        if (answer.retryAfter() > 0) {
            response.putHeader("Retry-After", Integer.toString(answer.retryAfter()));
        }
        if (body.size() >= HttpOptions.GZIP_BYTES) {
            response.putHeader(HttpHeaders.VARY, HttpHeaders.ACCEPT_ENCODING);
        }
        if (!compressed) {
            end(Buffer.buffer(body.size()).appendBytes(body.array(), 0, body.size()));
            return;
        }
        response.putHeader(HttpHeaders.CONTENT_ENCODING, GZIP);
        if (body.size() <= HttpOptions.GZIP_OFF_LOOP_BYTES) {
            end(Buffer.buffer(Gzip.compress(body.array(), body.size())));
            return;
        }
        router.worker()
                .executeBlocking(() -> Gzip.compress(body.array(), body.size()), false)
                .onComplete(bytes -> end(Buffer.buffer(bytes)), failure -> abort());
    }

    /** Sends the last, or only, part; a large one in pieces, each when the one before has left. */
    private void end(Buffer body) {
        if (response.closed()) {
            return;
        }
        if (HttpMethod.HEAD.equals(request.method())) {
            response.putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(body.length()));
            response.end();
        } else if (body.length() <= HttpOptions.WRITE_BYTES) {
            response.end(body);
        } else {
            response.putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(body.length()));
            pieces(body, 0);
        }
    }

    private void pieces(Buffer body, int start) {
        if (response.closed()) {
            return;
        }
        int end = Math.min(body.length(), start + HttpOptions.WRITE_BYTES);
        Buffer piece = body.slice(start, end);
        if (end == body.length()) {
            response.end(piece);
            return;
        }
        response.write(piece);
        whenWritable(() -> pieces(body, end));
    }

    private void whenWritable(Runnable next) {
        if (response.writeQueueFull()) {
            response.drainHandler(drained -> {
                response.drainHandler(null);
                next.run();
            });
        } else {
            // Not called directly: a long answer must not become a deep stack.
            router.context().runOnContext(now -> next.run());
        }
    }

    /** What has begun cannot be mended: the client must see that it is not whole. */
    private void abort() {
        response.reset();
    }

    // ---- stored contents --------------------------------------------------------------------------------------------

    private void sendStreamed(Answer.Streamed answer) {
        // The first piece is read before anything is said, so that a content that is not there is still an error.
        piece(answer, 0).onComplete(first -> beginStreamed(answer, first), this::streamFailed);
    }

    private void streamFailed(Throwable failure) {
        if (response.headWritten()) {
            brokenOff(failure);
            abort();
        } else {
            unreachable(failure);
        }
    }

    private void beginStreamed(Answer.Streamed answer, Buffer first) {
        if (!begin(answer.status(), answer.outcome())) {
            return;
        }
        head(answer);
        response.putHeader(HttpHeaders.CONTENT_LENGTH, Long.toString(answer.bodyBytes()));
        response.write(Buffer.buffer(answer.head()));
        continueStreamed(answer, first, 0);
    }

    private void continueStreamed(Answer.Streamed answer, Buffer piece, long at) {
        if (response.closed()) {
            return;
        }
        long next = at + piece.length();
        Buffer text = Buffer.buffer(BASE64.encode(piece.getBytes()));
        if (next >= answer.length()) {
            response.end(text.appendBytes(answer.tail()));
            return;
        }
        response.write(text);
        whenWritable(
                () -> piece(answer, next).onComplete(more -> continueStreamed(answer, more, next), this::streamFailed));
    }

    private Future<Buffer> piece(Answer.Streamed answer, long at) {
        int length = (int) Math.min(RpcOptions.PIECE_BYTES, answer.length() - at);
        if (length == 0) {
            return Future.succeededFuture(Buffer.buffer());
        }
        BlobStore blobs = router.services().blobs();
        return blobs.read(answer.tenant(), answer.content().place(), answer.start() + at, length)
                .map(piece -> {
                    if (piece.length() != length) {
                        throw new IllegalStateException("BUG: the blob store read " + piece.length() + " of " + length);
                    }
                    return piece;
                });
    }

    private void unreachable(Throwable failure) {
        if (problemOf(failure) != null || failure instanceof StoreException) {
            LOG.warn("content unreachable request={} operation={}", requestId, operation, failure);
            unavailable("the content cannot be reached at the moment");
        } else {
            bug(failure);
        }
    }

    private void brokenOff(Throwable failure) {
        router.services().telemetry().bug();
        LOG.error("answer broken off request={} operation={}", requestId, operation, failure);
    }

    /** Something of ours is broken: the caller gets an id, the log has the rest. */
    void bug(Throwable failure) {
        String errorId = Ulid.print(router.services().ids().next());
        router.services().telemetry().bug();
        LOG.error("BUG error={} request={} operation={}", errorId, requestId, operation, failure);
        JsonWriter out = opened(500)
                .put("detail", "Internal error, see the server's log for " + errorId)
                .put("error_id", errorId)
                .endObject();
        send(new Answer.Whole(500, "bug", Answer.Caching.NO_STORE, null, 0, out));
    }

    /** The problem that a failure carries; null for a bug. */
    static @Nullable Problem problemOf(Throwable failure) {
        return failure instanceof ProblemException e ? e.problem() : null;
    }
}
