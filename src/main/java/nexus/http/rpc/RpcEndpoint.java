package nexus.http.rpc;

import io.vertx.core.Future;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import nexus.http.json.JsonFormatException;
import nexus.http.json.JsonReader;
import nexus.http.json.JsonWriter;
import nexus.kernel.JsonText;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.Ulid;
import nexus.store.StoreException;
import nexus.tenant.Credential;
import nexus.tenant.Telemetry;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The JSON-RPC interface: reads the envelope, finds the method, and turns whatever comes of it into an answer. Its futures
 * never fail. Thread-safe; each call must be made on the event loop on which its answer is wanted.
 */
public final class RpcEndpoint {
    private static final Logger LOG = LoggerFactory.getLogger(RpcEndpoint.class);
    private static final Set<String> ENVELOPE = Set.of("jsonrpc", "method", "id", "params");
    private static final int ID_CHARS = 256;
    private static final int NAME_CHARS = 64;
    private static final String NO_ID = "null";

    private final RpcServices services;
    private final Telemetry telemetry;
    private final MethodTable methods = new MethodTable();

    /** All methods over these services. */
    public RpcEndpoint(RpcServices services, Telemetry telemetry) {
        this.services = services;
        this.telemetry = telemetry;
        new FileMethods().register(methods);
        new ListingMethods(services.options()).register(methods);
        new BulkMethods().register(methods);
        new SearchMethods().register(methods);
        new VersionMethods().register(methods);
        new RebacMethods().register(methods);
        new ShareMethods().register(methods);
        new AdminMethods().register(methods);
        new UserMethods().register(methods);
    }

    /** The names of the served methods, sorted. */
    public Collection<String> methodNames() {
        return methods.names();
    }

    /** Whether there is such a method; only then may its name go into metrics and logs. */
    public boolean serves(String method) {
        return methods.find(method) != null;
    }

    /**
     * An envelope that was read.
     *
     * @param id as JSON
     */
    private record Envelope(String id, Map<?, ?> params) {}

    /** Thrown for an envelope that cannot be used. */
    private static final class EnvelopeException extends RuntimeException {
        private final String id;
        private final int code;

        EnvelopeException(String id, int code, String message) {
            super(message, null, false, false);
            this.id = id;
            this.code = code;
        }
    }

    /** The answer to a key that is missing or forged. */
    public static Answer unauthenticated() {
        return RpcErrors.unauthenticated();
    }

    /** A call of the method of this name; there may be none. */
    public Operation operation(String name) {
        return new Operation() {
            @Override
            public Future<Answer> handle(Caller caller, byte[] body) {
                return RpcEndpoint.this.handle(caller, name, body);
            }

            @Override
            public Answer refused(byte[] body, Problem problem, Credential credential) {
                return RpcEndpoint.refused(body, problem, credential);
            }
        };
    }

    /** The answer to a call that is refused before its method is looked at; it carries the id of the call if it can. */
    private static Answer refused(byte[] body, Problem problem, Credential credential) {
        String id = NO_ID;
        if (body.length > 0 && body.length <= RpcOptions.OFF_LOOP_BYTES) {
            try {
                id = JsonReader.read(body) instanceof Map<?, ?> members ? idOf(members.get("id")) : NO_ID;
            } catch (JsonFormatException | EnvelopeException e) {
                LOG.debug("the refused call has no readable id");
            }
        }
        return RpcErrors.answer(id, problem, credential.isSystem());
    }

    /** Answers a call; {@code body} may be empty. */
    private Future<Answer> handle(Caller caller, String name, byte[] body) {
        boolean large = body.length > RpcOptions.OFF_LOOP_BYTES;
        Future<Envelope> envelope = large ? services.offLoop(() -> envelope(name, body)) : parsedHere(name, body);
        return envelope.compose(
                read -> dispatch(caller, name, read),
                failure -> Future.succeededFuture(refusedEnvelope(caller, name, failure)));
    }

    private static Future<Envelope> parsedHere(String name, byte[] body) {
        try {
            return Future.succeededFuture(envelope(name, body));
        } catch (RuntimeException e) {
            return Future.failedFuture(e);
        }
    }

    private Answer refusedEnvelope(Caller caller, String name, Throwable failure) {
        if (failure instanceof EnvelopeException e) {
            return RpcErrors.plain(
                    e.id, e.code, ProblemCode.INVALID_REQUEST.text(), String.valueOf(e.getMessage()), null);
        }
        return bug(caller, name, NO_ID, failure);
    }

    private static Envelope envelope(String method, byte[] body) {
        if (body.length == 0) {
            return new Envelope(NO_ID, Map.of());
        }
        Object tree;
        try {
            tree = JsonReader.read(body);
        } catch (JsonFormatException e) {
            throw new EnvelopeException(NO_ID, RpcErrors.PARSE, String.valueOf(e.getMessage()));
        }
        if (!(tree instanceof Map<?, ?> members)) {
            throw new EnvelopeException(
                    NO_ID,
                    RpcErrors.INVALID_REQUEST,
                    tree instanceof java.util.List<?> ? "batches are not served" : "a request must be an object");
        }
        String id = idOf(members.get("id"));
        for (Object name : members.keySet()) {
            if (!ENVELOPE.contains(name)) {
                throw new EnvelopeException(id, RpcErrors.INVALID_REQUEST, "unknown member '" + cut(name) + "'");
            }
        }
        Object version = members.get("jsonrpc");
        if (version != null && !version.equals("2.0")) {
            throw new EnvelopeException(id, RpcErrors.INVALID_REQUEST, "'jsonrpc' must be \"2.0\"");
        }
        Object named = members.get("method");
        if (named != null && !named.equals(method)) {
            throw new EnvelopeException(
                    id, RpcErrors.INVALID_REQUEST, "'method' must be the method of the URL, " + cut(method));
        }
        Object params = members.get("params");
        if (params != null && !(params instanceof Map<?, ?>)) {
            throw new EnvelopeException(id, RpcErrors.INVALID_PARAMS, "'params' must be an object");
        }
        return new Envelope(id, params instanceof Map<?, ?> values ? values : Map.of());
    }

    private static String idOf(@Nullable Object id) {
        if (id == null) {
            return NO_ID;
        }
        if (id instanceof Long number) {
            return number.toString();
        }
        if (id instanceof String text && text.length() <= ID_CHARS) {
            StringBuilder out = new StringBuilder(text.length() + 2);
            JsonText.quote(out, text);
            // The writer takes ASCII only; JSON has an escape for everything else.
            for (int i = 0; i < out.length(); i++) {
                if (out.charAt(i) > 0x7e) {
                    out.replace(i, i + 1, String.format("\\u%04x", (int) out.charAt(i)));
                }
            }
            return out.toString();
        }
        throw new EnvelopeException(
                NO_ID,
                RpcErrors.INVALID_REQUEST,
                "'id' must be null, a whole number, or a string of up to " + ID_CHARS + " characters");
    }

    private static String cut(Object name) {
        String text = String.valueOf(name);
        return text.length() <= NAME_CHARS ? text : text.substring(0, NAME_CHARS) + "...";
    }

    private Future<Answer> dispatch(Caller caller, String name, Envelope envelope) {
        MethodTable.Method method = methods.find(name);
        if (method == null) {
            return Future.succeededFuture(RpcErrors.plain(
                    envelope.id(),
                    RpcErrors.NO_METHOD,
                    ProblemCode.INVALID_REQUEST.text(),
                    NotServed.messageOf(cut(name)),
                    null));
        }
        Future<Result> result;
        try {
            result = method.call(services, caller, envelope.params());
        } catch (RuntimeException e) {
            result = Future.failedFuture(e);
        }
        return result.compose(value -> render(method, envelope.id(), value))
                .recover(failure -> Future.succeededFuture(failed(caller, name, envelope.id(), failure)));
    }

    private Future<Answer> render(MethodTable.Method method, String id, Result result) {
        Answer.Caching caching = method.mutates() ? Answer.Caching.NO_STORE : Answer.Caching.REVALIDATE;
        if (result instanceof Result.Json json) {
            return json.items() > RpcOptions.OFF_LOOP_ITEMS
                    ? services.offLoop(() -> whole(caching, id, json))
                    : Future.succeededFuture(whole(caching, id, json));
        }
        Result.Stored stored = (Result.Stored) result;
        JsonWriter out = open(id);
        stored.before().accept(out);
        byte[] head = out.toBytes();
        stored.after().accept(out);
        out.endObject();
        byte[] all = out.toBytes();
        return Future.succeededFuture(new Answer.Streamed(
                caching,
                stored.etag(),
                head,
                stored.tenant(),
                stored.content(),
                stored.start(),
                stored.length(),
                java.util.Arrays.copyOfRange(all, head.length, all.length)));
    }

    private static Answer whole(Answer.Caching caching, String id, Result.Json json) {
        JsonWriter out = open(id);
        json.text().accept(out);
        out.endObject();
        return new Answer.Whole(200, "ok", caching, json.etag(), 0, out);
    }

    private static JsonWriter open(String id) {
        return new JsonWriter(512)
                .object()
                .put("jsonrpc", "2.0")
                .name("id")
                .raw(id)
                .name("result");
    }

    private Answer failed(Caller caller, String name, String id, Throwable failure) {
        Problem problem = Call.problemOf(failure);
        if (problem == null && failure instanceof StoreException e) {
            problem = storeProblem(caller, e);
        }
        return problem == null
                ? bug(caller, name, id, failure)
                : RpcErrors.answer(id, problem, caller.credential().isSystem());
    }

    /** The blob store's failures; the database's are translated behind the gateway. */
    private static Problem storeProblem(Caller caller, StoreException e) {
        return switch (e.reason()) {
            case TENANT_GONE -> Problem.tenantGone();
            case FENCED, OWNED, FAILED, OUTCOME_UNKNOWN -> {
                LOG.warn(
                        "blob store failed request={} tenant={} reason={}",
                        caller.requestId(),
                        caller.credential().tenant(),
                        e.reason(),
                        e);
                yield Problem.unavailable("the contents cannot be reached at the moment");
            }
        };
    }

    private Answer bug(Caller caller, String name, String id, Throwable failure) {
        String errorId = Ulid.print(services.ids().next());
        telemetry.bug();
        LOG.error(
                "BUG error={} request={} tenant={} method={}",
                errorId,
                caller.requestId(),
                caller.credential().tenant(),
                serves(name) ? name : "unknown",
                failure);
        return RpcErrors.plain(
                id, RpcErrors.INTERNAL, "bug", "Internal error, see the server's log for " + errorId, errorId);
    }
}
