package nexus.http.rest;

import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Consumer;
import nexus.http.json.JsonFormatException;
import nexus.http.json.JsonReader;
import nexus.http.json.JsonWriter;
import nexus.http.rpc.Answer;
import nexus.http.rpc.Caller;
import nexus.http.rpc.Operation;
import nexus.http.rpc.QueryString;
import nexus.http.rpc.RequestHead;
import nexus.http.rpc.RpcServices;
import nexus.kernel.ContentHash;
import nexus.kernel.Problem;
import nexus.kernel.ProblemException;
import nexus.tenant.Credential;
import org.jspecify.annotations.Nullable;

/** One request on its way from the head to the answer: all that a route declares is judged here, once for all of them. */
record RestRequest(RpcServices services, Route route, Map<String, String> path, RequestHead head) implements Operation {
    private static final int ETAG_CHARS = 200;
    private static final int IDEMPOTENCY_KEY_CHARS = 255;

    @Override
    public int bodyBytesMax() {
        return route.input().bodyBytesMax();
    }

    @Override
    public Answer refused(byte[] body, Problem problem, Credential credential) {
        return ProblemDetails.of(problem);
    }

    @Override
    public Future<Answer> handle(Caller caller, byte[] body) {
        Future<Answer> answer;
        try {
            RestCall call = read(caller, body);
            answer = route.handler().handle(call).map(reply -> whole(call, reply));
        } catch (JsonFormatException e) {
            answer = Future.failedFuture(
                    Problem.invalid("the body: " + e.getMessage()).exception());
        } catch (RuntimeException e) {
            answer = Future.failedFuture(e);
        }
        return answer.recover(failure -> {
            if (!(failure instanceof ProblemException e)) {
                return Future.failedFuture(failure);
            }
            boolean precondition = e.problem() instanceof Problem.Conflict
                    && !head.headers(RequestHeader.IF_MATCH.text()).isEmpty();
            return Future.succeededFuture(
                    precondition ? ProblemDetails.precondition(e.problem()) : ProblemDetails.of(e.problem()));
        });
    }

    private RestCall read(Caller caller, byte[] body) {
        Map<String, Object> query = query();
        Map<?, ?> members = members(body);
        return new RestCall(
                services, route.operation(), caller, path, query, members, body, ifMatch(), once(caller, body));
    }

    /** What makes the request one that is done once. The key alone is not enough: it is its sender's. */
    private RestCall.@Nullable Once once(Caller caller, byte[] body) {
        String key = only(RequestHeader.IDEMPOTENCY_KEY);
        if (key == null) {
            return null;
        }
        boolean sane = !key.isEmpty()
                && key.length() <= IDEMPOTENCY_KEY_CHARS
                && key.chars().allMatch(c -> c > ' ' && c < 0x7f);
        if (!sane) {
            throw Problem.invalid(
                            "Idempotency-Key must have 1 to " + IDEMPOTENCY_KEY_CHARS + " visible ASCII characters")
                    .exception();
        }
        Credential credential = caller.credential();
        String whose = credential.tenant() + "/" + credential.key() + "/" + key;
        String what = String.join(
                "\n",
                route.operation(),
                path.toString(),
                String.valueOf(head.query()),
                String.valueOf(ifMatch()),
                ContentHash.of(body).hex());
        return new RestCall.Once(
                idOf(ContentHash.of(whose.getBytes(StandardCharsets.UTF_8))),
                ContentHash.of(what.getBytes(StandardCharsets.UTF_8)));
    }

    private Map<String, Object> query() {
        Map<String, String> given = QueryString.parse(head.query());
        Map<String, Object> values = new HashMap<>();
        for (Parameter parameter : route.input().parameters()) {
            String text = given.remove(parameter.name());
            Object value = text == null ? parameter.otherwise() : parameter.parse(text);
            if (value == null && parameter.required()) {
                throw Problem.invalid("parameter '" + parameter.name() + "' is required")
                        .exception();
            }
            if (value != null) {
                values.put(parameter.name(), value);
            }
        }
        if (!given.isEmpty()) {
            throw Problem.invalid(
                            "unknown parameter '" + given.keySet().iterator().next() + "' in the query string")
                    .exception();
        }
        return values;
    }

    private Map<?, ?> members(byte[] body) {
        Schema.Members shape = route.input().body();
        if (shape == null) {
            if (body.length > 0) {
                throw Problem.invalid("a request of this kind has no body").exception();
            }
            return Map.of();
        }
        Object value = JsonReader.read(body);
        shape.check(value, "the body");
        return (Map<?, ?>) Objects.requireNonNull(value);
    }

    /** The value of a header that may be there once, if the operation takes it. */
    private @Nullable String only(RequestHeader header) {
        List<String> values = head.headers(header.text());
        if (values.isEmpty() || route.method().equals("GET")) {
            return null;
        }
        if (!route.input().takes(header)) {
            // To go on as if it had not been said would do what the caller wanted prevented.
            throw Problem.invalid("this operation takes no " + header.text()).exception();
        }
        if (values.size() > 1) {
            throw Problem.invalid("there is more than one " + header.text()).exception();
        }
        return values.get(0).strip();
    }

    /** The first half of a digest: two of a tenant's requests of one day do not meet in 128 bits. */
    private static UUID idOf(ContentHash digest) {
        String hex = digest.hex();
        return new UUID(
                Long.parseUnsignedLong(hex.substring(0, 16), 16), Long.parseUnsignedLong(hex.substring(16, 32), 16));
    }

    private @Nullable String ifMatch() {
        String value = only(RequestHeader.IF_MATCH);
        if (value == null || value.equals("*")) {
            return null;
        }
        boolean quoted = value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"");
        String tag = quoted ? value.substring(1, value.length() - 1) : "";
        if (!quoted || tag.length() > ETAG_CHARS || tag.indexOf('"') >= 0) {
            throw Problem.invalid("If-Match must be one ETag in quotes, as this server has given it, or *")
                    .exception();
        }
        return tag;
    }

    private Answer whole(RestCall call, RestReply given) {
        RestReply reply = call.isReplayed() ? given.with("Idempotency-Replayed", "true") : given;
        Consumer<JsonWriter> body = reply.body();
        Route.Output output = route.output();
        if ((body == null) != (output.body() == null) || (reply.etag() != null) != output.etag()) {
            throw new IllegalStateException("BUG: " + route.operation() + " does not answer as it declares");
        }
        JsonWriter out = new JsonWriter(body == null ? 0 : 1024);
        if (body != null) {
            body.accept(out);
        }
        return new Answer.Whole(output.status(), "ok", Answer.Caching.NO_STORE, reply.etag(), 0, out, reply.headers());
    }
}
