package nexus.http.rest;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import nexus.http.json.Params;
import nexus.http.rpc.Caller;
import nexus.http.rpc.ListCursor;
import nexus.http.rpc.RpcOptions;
import nexus.http.rpc.RpcServices;
import nexus.kernel.CommandId;
import nexus.kernel.ContentHash;
import nexus.kernel.Problem;
import nexus.kernel.ZoneName;
import nexus.tenant.Ask;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;

/** One request of an operation, read and judged by its route: who asks, for what, and the way to the tenant. */
public final class RestCall {
    private static final CommandId NO_COMMAND = new CommandId(new UUID(0, 0));
    private static final String SYSTEM_ZONE = "system";

    private final RpcServices services;
    private final String operation;
    private final Caller caller;
    private final Map<String, String> path;
    private final Map<String, Object> query;
    private final Map<?, ?> body;
    private final byte[] bodyBytes;
    private final @Nullable String ifMatch;
    private final @Nullable Once once;
    private boolean replayed;

    /** What makes a request one that is done once: its sender's key, and a digest of all that it says. */
    record Once(UUID key, ContentHash digest) {}

    RestCall(
            RpcServices services,
            String operation,
            Caller caller,
            Map<String, String> path,
            Map<String, Object> query,
            Map<?, ?> body,
            byte[] bodyBytes,
            @Nullable String ifMatch,
            @Nullable Once once) {
        this.services = services;
        this.operation = operation;
        this.caller = caller;
        this.path = path;
        this.query = query;
        this.body = body;
        this.bodyBytes = bodyBytes;
        this.ifMatch = ifMatch;
        this.once = once;
    }

    RpcServices services() {
        return services;
    }

    /** Whoever sent the request. */
    public Caller caller() {
        return caller;
    }

    /** A variable of the path. */
    public String variable(String name) {
        String value = path.get(name);
        if (value == null) {
            throw new IllegalStateException("BUG: the path has no variable " + name);
        }
        return value;
    }

    /** The tenant that a variable of the path names. What cannot be a name is not found, or nobody's business. */
    public ZoneName zone(String name) {
        String text = variable(name);
        if (ZoneName.isValid(text) && !text.equals(SYSTEM_ZONE)) {
            return new ZoneName(text);
        }
        throw (caller.credential().isSystem()
                        ? Problem.notFound("there is no tenant of this name", null)
                        : Problem.forbidden("access denied to this tenant", null))
                .exception();
    }

    // ---- the query string -------------------------------------------------------------------------------------------

    /** A parameter, null if it is missing and nothing stands for it. */
    public @Nullable String text(String name) {
        return (String) query.get(name);
    }

    /** A parameter that has a value always. */
    public int whole(String name) {
        Object value = query.get(name);
        if (value instanceof Long number) {
            return Math.toIntExact(number);
        }
        throw new IllegalStateException("BUG: no number stands for the parameter " + name);
    }

    /** As {@link #whole}, for a number that may be large. */
    public long longWhole(String name) {
        Object value = query.get(name);
        if (value instanceof Long number) {
            return number;
        }
        throw new IllegalStateException("BUG: no number stands for the parameter " + name);
    }

    /** A parameter; false if it is missing. */
    public boolean flag(String name) {
        return Boolean.TRUE.equals(query.get(name));
    }

    /** The key behind which the page begins; null for the first page. A cursor of other filters is refused. */
    public @Nullable String after() {
        return ListCursor.parse(text(Parameter.CURSOR.name()), filters());
    }

    /** Everything that makes one listing another one. */
    String filters() {
        Map<String, Object> all = new TreeMap<>(query);
        all.remove(Parameter.CURSOR.name());
        all.remove("limit");
        return path + "?" + all;
    }

    // ---- the body and the headers -----------------------------------------------------------------------------------

    /** The body's members, of the shape that the route declares. */
    public Params body() {
        return Params.ofKnown(body);
    }

    /** The body as it came. */
    public byte[] bodyBytes() {
        return bodyBytes;
    }

    /** The etag of {@code If-Match}, without quotes; null if any will do. */
    public @Nullable String ifMatch() {
        return ifMatch;
    }

    // ---- the way to the tenant --------------------------------------------------------------------------------------

    /**
     * Asks a tenant, null for the caller's own, within what is left of the caller's time. A command is done once for the
     * request's idempotency key, if there is one.
     */
    public Future<Reply> ask(@Nullable ZoneName zone, TenantRequest request) {
        TenantRequest asked = once != null && request instanceof TenantRequest.Command command
                ? new TenantRequest.Idempotent(once.key(), once.digest(), command)
                : request;
        Duration left =
                Duration.ofNanos(caller.deadlineNanos() - services.ticker().getAsLong());
        if (left.compareTo(RpcOptions.LEAST_TIME) < 0) {
            return Future.failedFuture(
                    Problem.unavailable("the time of the request is over").exception());
        }
        return services.gateway()
                .ask(new Ask(
                        caller.requestId(),
                        caller.remote(),
                        request instanceof TenantRequest.Command
                                ? services.ids().nextCommand()
                                : NO_COMMAND,
                        caller.credential(),
                        caller.claims(),
                        zone,
                        left,
                        asked))
                .map(reply -> {
                    if (reply instanceof Reply.Replayed again) {
                        replayed = true;
                        return again.reply();
                    }
                    return reply;
                });
    }

    /** Whether the reply is that of the first request of this key. */
    boolean isReplayed() {
        return replayed;
    }

    /**
     * Fails unless the caller is a system administrator; for what is looked up outside of any tenant. The caller's own tenant
     * refuses, so that its audit has the denial.
     */
    public Future<Void> systemAdministrator() {
        return ask(null, new TenantRequest.RequireSystem(operation)).mapEmpty();
    }
}
