package nexus.http.rest;

import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import nexus.kernel.Limits;
import nexus.kernel.Must;
import org.jspecify.annotations.Nullable;

/**
 * One operation of {@code /v1}, as data: the server answers by it, and the OpenAPI document is written from it.
 *
 * @param operation its name in metrics, logs and the document; one of a fixed set
 * @param summary what it does, in one line
 */
public record Route(
        String method, String path, String operation, String summary, Input input, Output output, Handler handler) {
    /** For a request whose body must be empty: enough to see that it is not. */
    private static final int NO_BODY_BYTES = 1024;

    /** What an operation does: it reads the call, asks a tenant, and says what to answer. Expected failures are problems. */
    @FunctionalInterface
    public interface Handler {
        /** Must be called on the event loop on which the answer is wanted. */
        Future<RestReply> handle(RestCall call);
    }

    /**
     * What an operation takes.
     *
     * @param body the shape of the request's body; null if it has none
     * @param bodyBytesMax the largest body
     */
    public record Input(
            Schema.@Nullable Members body, int bodyBytesMax, List<Parameter> parameters, Set<RequestHeader> headers) {
        /** Copied; the body is bounded. */
        public Input {
            parameters = List.copyOf(parameters);
            headers = Set.copyOf(headers);
            Must.hold(bodyBytesMax <= Limits.MIB, "a body is read on the event loop", bodyBytesMax);
        }

        boolean takes(RequestHeader header) {
            return headers.contains(header);
        }
    }

    /**
     * What an operation answers.
     *
     * @param status when it went well
     * @param body the shape of that answer; null if it has no body
     * @param etag whether that answer has an {@code ETag}
     * @param refusals the statuses of its own refusals, besides those that every operation has
     */
    public record Output(int status, Schema.@Nullable Members body, boolean etag, List<Integer> refusals) {
        /** Copied. */
        public Output {
            refusals = List.copyOf(refusals);
        }
    }

    /** An operation without a body, parameters or headers, that answers 204. */
    public static Route of(String method, String path, String operation, String summary, Handler handler) {
        return new Route(
                method,
                path,
                operation,
                summary,
                new Input(null, NO_BODY_BYTES, List.of(), Set.of()),
                new Output(204, null, false, List.of()),
                handler);
    }

    private Route taking(Input changed) {
        return new Route(method, path, operation, summary, changed, output, handler);
    }

    private Route answering(Output changed) {
        return new Route(method, path, operation, summary, input, changed, handler);
    }

    /** It takes a body of this shape and of at most so many bytes. */
    public Route takes(Schema.Members shape, int bytesMax) {
        return taking(new Input(shape, bytesMax, input.parameters(), input.headers()));
    }

    /** It takes these parameters in the query string. */
    public Route with(Parameter... parameters) {
        return taking(new Input(input.body(), input.bodyBytesMax(), List.of(parameters), input.headers()));
    }

    /** It answers in pages: {@code limit} and {@code cursor}, and these filters. */
    public Route pages(int limit, int limitMax, Parameter... filters) {
        List<Parameter> all = new ArrayList<>(List.of(filters));
        all.add(Parameter.limit(limit, limitMax));
        all.add(Parameter.CURSOR);
        return with(all.toArray(Parameter[]::new));
    }

    /** It takes these headers. */
    public Route heeds(RequestHeader... headers) {
        return taking(new Input(input.body(), input.bodyBytesMax(), input.parameters(), Set.of(headers)));
    }

    /** What it answers when it went well. */
    public Route answers(int status, Schema.Members shape) {
        return answering(new Output(status, shape, output.etag(), output.refusals()));
    }

    /** Its answer has an {@code ETag}. */
    public Route tagged() {
        return answering(new Output(output.status(), output.body(), true, output.refusals()));
    }

    /** How it refuses, besides what every operation says. */
    public Route refuses(Integer... statuses) {
        return answering(new Output(output.status(), output.body(), output.etag(), List.of(statuses)));
    }
}
