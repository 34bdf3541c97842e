package nexus.http.rpc;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import nexus.http.json.Params;
import nexus.kernel.CommandId;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.tenant.Ask;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;

/** One call of a method: who, with what, and the way to the tenant. It decides where a request goes, never whether it may. */
final class Call {
    /** Queries are not remembered, so they need no id of their own, and chance is not free. */
    private static final CommandId NO_COMMAND = new CommandId(new UUID(0, 0));

    /** The reserved zone of system keys: no tenant has it. */
    static final String SYSTEM_ZONE = "system";

    private final RpcServices services;
    private final Caller caller;
    private final Params params;

    Call(RpcServices services, Caller caller, Params params) {
        this.services = services;
        this.caller = caller;
        this.params = params;
    }

    Params params() {
        return params;
    }

    RpcServices services() {
        return services;
    }

    Caller caller() {
        return caller;
    }

    /** Whether the key claims to be a system key; that it is one is judged behind the gateway. */
    boolean isSystem() {
        return caller.credential().isSystem();
    }

    /** A path of the workspace. */
    WorkspacePath path(String name) {
        return WorkspacePath.parse(params.string(name));
    }

    /** A path, or the default. */
    WorkspacePath path(String name, String otherwise) {
        String text = params.optionalString(name);
        return WorkspacePath.parse(text == null ? otherwise : text);
    }

    /** The texts of a list of paths, each once, in their order; they are parsed one by one. */
    List<String> pathTexts(String name) {
        List<String> texts = new ArrayList<>();
        java.util.Set<String> seen = new java.util.HashSet<>();
        for (Object item : params.list(name, Limits.BATCH_ITEMS)) {
            if (!(item instanceof String text)) {
                throw Problem.invalid("parameter '" + name + "' must be a list of strings")
                        .exception();
            }
            if (seen.add(text)) {
                texts.add(text);
            }
        }
        return texts;
    }

    /** Where a request about a path goes. */
    @Nullable
    ZoneName zoneOf(@Nullable WorkspacePath path) {
        return zone(null, path);
    }

    /**
     * Where a request goes that may name a tenant by {@code zone_id} and by a path. A system key goes to the tenant that is
     * named, first by the parameter, then by the path, then by the header; two that differ are refused. Any other key goes to
     * its own tenant, whose actor compares the path and the {@code zone_id} with its own name.
     */
    @Nullable
    ZoneName zone(@Nullable String zoneId, @Nullable WorkspacePath path) {
        ZoneName named = zoneId == null || (zoneId.equals(SYSTEM_ZONE) && isSystem()) ? null : zoneName(zoneId);
        if (!isSystem()) {
            return named;
        }
        ZoneName inPath = path == null ? null : path.zone();
        if (named != null && inPath != null && !named.equals(inPath)) {
            throw Problem.refused(
                            "zone_id names the tenant " + named + ", the path belongs to " + inPath
                                    + ": nothing can be granted across tenants",
                            path == null ? null : path.wire())
                    .exception();
        }
        if (named != null) {
            return named;
        }
        if (inPath != null) {
            return inPath;
        }
        String header = caller.claims().zone();
        return header == null || header.equals(SYSTEM_ZONE) ? null : zoneName(header);
    }

    private ZoneName zoneName(String text) {
        if (ZoneName.isValid(text)) {
            return new ZoneName(text);
        }
        // What cannot be a name belongs to nobody.
        throw (isSystem()
                        ? Problem.refused("there is no such tenant: a name has 1 to 63 of a-z, 0-9 and inner '-'", null)
                        : Problem.forbidden("access denied to this tenant", null))
                .exception();
    }

    /** Asks the tenant that a path names. */
    Future<Reply> ask(WorkspacePath path, TenantRequest request) {
        return ask(zoneOf(path), request);
    }

    /** Asks a tenant within what is left of the caller's time. */
    Future<Reply> ask(@Nullable ZoneName zone, TenantRequest request) {
        Duration left = left();
        if (left.compareTo(RpcOptions.LEAST_TIME) < 0) {
            return Future.failedFuture(
                    Problem.unavailable("the time of the request is over").exception());
        }
        boolean command = request instanceof TenantRequest.Command;
        return services.gateway()
                .ask(new Ask(
                        caller.requestId(),
                        caller.remote(),
                        command ? services.ids().nextCommand() : NO_COMMAND,
                        caller.credential(),
                        caller.claims(),
                        zone,
                        left,
                        request));
    }

    /** What is left of the caller's time. */
    Duration left() {
        return Duration.ofNanos(caller.deadlineNanos() - services.ticker().getAsLong());
    }

    /** The tenant whose blobs a write to this path goes to. */
    Future<TenantId> tenantOf(WorkspacePath path) {
        ZoneName source = path.source();
        if (source != null) {
            // What is written through a share is the owner's.
            return services.gateway()
                    .locate(source)
                    .map(id -> id.orElseThrow(() -> Problem.forbidden("nothing can be written here", path.wire())
                            .exception()));
        }
        if (!isSystem()) {
            return Future.succeededFuture(caller.credential().tenant());
        }
        ZoneName zone = zoneOf(path);
        if (zone == null) {
            return Future.failedFuture(
                    Problem.refused("nothing can be written here", path.wire()).exception());
        }
        return services.gateway()
                .locate(zone)
                .map(id -> id.orElseThrow(() ->
                        Problem.notFound("there is no such tenant", path.wire()).exception()));
    }

    /** Who asks; fails if the key is dead. */
    Future<Reply.Identity> identity() {
        return ask((ZoneName) null, new TenantRequest.WhoAmI()).map(reply -> Replies.as(Reply.Identity.class, reply));
    }

    /**
     * Fails unless the caller is a system administrator. The caller's own tenant refuses, so that its audit has the denial.
     *
     * @param operation what it is called in the audit
     */
    Future<Reply.Identity> systemAdministrator(String operation) {
        return ask((ZoneName) null, new TenantRequest.RequireSystem(operation))
                .map(reply -> Replies.as(Reply.Identity.class, reply));
    }

    /** The problem that a failure carries, or null if it is a bug of ours. */
    static @Nullable Problem problemOf(Throwable failure) {
        return failure instanceof ProblemException e ? e.problem() : null;
    }

    /** Whether a failure says that a path is not there: a system key may name a tenant that there is not. */
    static boolean isMissing(Throwable failure) {
        Problem problem = problemOf(failure);
        return problem != null
                && (problem.code() == ProblemCode.NOT_FOUND || problem.code() == ProblemCode.TENANT_GONE);
    }

    /** Whether a failure says that the caller may not see one path; which then simply is not there. */
    static boolean hidesPath(Throwable failure) {
        Problem problem = problemOf(failure);
        return problem != null && problem.code() == ProblemCode.FORBIDDEN && problem.path() != null;
    }
}
