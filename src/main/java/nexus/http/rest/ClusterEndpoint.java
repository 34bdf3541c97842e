package nexus.http.rest;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import nexus.http.json.JsonFormatException;
import nexus.http.json.JsonReader;
import nexus.http.json.JsonWriter;
import nexus.http.json.Params;
import nexus.http.rpc.Answer;
import nexus.http.rpc.Caller;
import nexus.http.rpc.Operation;
import nexus.http.rpc.Resource;
import nexus.http.rpc.RpcServices;
import nexus.kernel.CommandId;
import nexus.kernel.NodeId;
import nexus.kernel.Problem;
import nexus.kernel.ProblemException;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.store.Leases;
import nexus.tenant.Ask;
import nexus.tenant.Credential;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;

/**
 * Which nodes there are and what they have, for system administrators.
 *
 * <pre>
 *   GET    /v1/cluster                       nodes, leases, tenants of each, moves in progress, pins
 *   POST   /v1/cluster/nodes/{id}/drain      the node gives its tenants away and takes no more
 *   DELETE /v1/cluster/nodes/{id}/drain      ... and takes them again
 *   PUT    /v1/cluster/tenants/{zone}/node   {"node": name or id}: the tenant should be there
 *   DELETE /v1/cluster/tenants/{zone}/node   ... and wherever the hash says
 * </pre>
 *
 * <p>Who may is judged by the reserved tenant, whose commands the changes are; a node is looked up only for him who may.
 *
 * <p>Thread-safe.
 */
public final class ClusterEndpoint {
    private static final String ROOT = "/v1/cluster";
    private static final String NODES = ROOT + "/nodes/";
    private static final String DRAIN = "/drain";
    private static final String TENANTS = ROOT + "/tenants/";
    private static final String NODE = "/node";
    private static final int BODY_BYTES = 4096;

    private final RpcServices services;
    private final Leases leases;

    /** The resources over these services. */
    public ClusterEndpoint(RpcServices services, Leases leases) {
        this.services = services;
        this.leases = leases;
    }

    /** What is at a path; empty if nothing is. */
    public Optional<Resource> find(String path) {
        if (path.equals(ROOT)) {
            return Optional.of(new Of("GET", Map.of("GET", new Action("cluster_show", false, this::show))));
        }
        Optional<String> node = between(path, NODES, DRAIN);
        if (node.isPresent()) {
            return Optional.of(new Of(
                    "POST, DELETE",
                    Map.of(
                            "POST",
                                    new Action(
                                            "cluster_drain", false, (caller, none) -> drain(caller, node.get(), true)),
                            "DELETE",
                                    new Action(
                                            "cluster_undrain",
                                            false,
                                            (caller, none) -> drain(caller, node.get(), false)))));
        }
        return between(path, TENANTS, NODE)
                .map(zone -> new Of(
                        "PUT, DELETE",
                        Map.of(
                                "PUT", new Action("cluster_pin", true, (caller, body) -> pin(caller, zone, body)),
                                "DELETE", new Action("cluster_unpin", false, (caller, none) -> unpin(caller, zone)))));
    }

    private static Optional<String> between(String path, String before, String after) {
        if (!path.startsWith(before) || !path.endsWith(after) || path.length() <= before.length() + after.length()) {
            return Optional.empty();
        }
        String name = path.substring(before.length(), path.length() - after.length());
        return name.indexOf('/') < 0 ? Optional.of(name) : Optional.empty();
    }

    // ---- what is done -----------------------------------------------------------------------------------------------

    private Future<Consumer<JsonWriter>> show(Caller caller, Map<?, ?> none) {
        return administrator(caller)
                .compose(v -> Future.all(leases.nodes(), leases.owned(), leases.pins()))
                .map(all -> out -> write(
                        out,
                        all.<List<Leases.Node>>resultAt(0),
                        all.<Map<NodeId, Long>>resultAt(1),
                        all.<Map<TenantId, Leases.Pin>>resultAt(2).values()));
    }

    private static void write(
            JsonWriter out, List<Leases.Node> nodes, Map<NodeId, Long> owned, Collection<Leases.Pin> pins) {
        out.object().name("nodes").list();
        int moving = 0;
        for (Leases.Node node : nodes) {
            boolean live = !node.remaining().isNegative();
            moving += live ? node.moving() : 0;
            out.object()
                    .put("id", node.id().toString())
                    .put("name", node.name())
                    .put("http", node.http())
                    .put("mode", node.mode().name().toLowerCase(Locale.ROOT))
                    .put("protocol", node.protocol())
                    .put("live", live)
                    .put("draining", node.draining())
                    .name("lease")
                    .object()
                    .put("remaining_ms", Math.max(0, node.remaining().toMillis()))
                    .put("renewals", node.renewals())
                    .endObject()
                    .put("tenants", owned.getOrDefault(node.id(), 0L))
                    .put("active", node.active())
                    .put("moving", node.moving())
                    .endObject();
        }
        out.endList().put("moves_in_progress", moving).name("pins").list();
        Map<String, String> sorted = new TreeMap<>();
        pins.forEach(pin -> sorted.put(pin.zone().value(), pin.node()));
        sorted.forEach(
                (zone, node) -> out.object().put("zone", zone).put("node", node).endObject());
        out.endList().endObject();
    }

    private Future<Consumer<JsonWriter>> drain(Caller caller, String id, boolean draining) {
        return administrator(caller)
                .compose(v -> node(id))
                .compose(node -> command(caller, new TenantRequest.DrainNode(node.id(), draining))
                        .map(done -> out -> out.object()
                                .put("id", node.id().toString())
                                .put("name", node.name())
                                .put("draining", draining)
                                .endObject()));
    }

    private Future<Consumer<JsonWriter>> pin(Caller caller, String zone, Map<?, ?> body) {
        String wanted = new Params(body, Set.of("node")).identifier("node");
        return administrator(caller).compose(v -> node(wanted)).compose(node -> pinned(caller, zone, node.name()));
    }

    private Future<Consumer<JsonWriter>> unpin(Caller caller, String zone) {
        return administrator(caller).compose(v -> pinned(caller, zone, null));
    }

    private Future<Consumer<JsonWriter>> pinned(Caller caller, String text, @Nullable String node) {
        if (!ZoneName.isValid(text)) {
            throw Problem.notFound("there is no tenant of this name", null).exception();
        }
        ZoneName zone = new ZoneName(text);
        return command(caller, new TenantRequest.PinTenant(zone, node))
                .map(done -> out ->
                        out.object().put("zone", zone.value()).put("node", node).endObject());
    }

    /** A live node by its id or its name. */
    private Future<Leases.Node> node(String wanted) {
        return leases.nodes()
                .recover(e -> Future.failedFuture(Problem.unavailable("the database cannot be reached at the moment")
                        .exception()))
                .map(nodes -> nodes.stream()
                        .filter(node -> !node.remaining().isNegative())
                        .filter(node -> node.name().equals(wanted)
                                || node.id().toString().equals(wanted))
                        .findFirst()
                        .orElseThrow(() -> Problem.notFound("no live node has this id or name", null)
                                .exception()));
    }

    private Future<Void> administrator(Caller caller) {
        return ask(caller, new TenantRequest.WhoAmI()).map(reply -> {
            if (reply instanceof Reply.Identity identity && identity.systemAdministrator()) {
                return null;
            }
            throw Problem.forbidden("Admin privileges required for this operation", null)
                    .exception();
        });
    }

    private Future<Reply> command(Caller caller, TenantRequest.Command command) {
        return ask(caller, command);
    }

    private Future<Reply> ask(Caller caller, TenantRequest request) {
        CommandId id =
                request instanceof TenantRequest.Command ? services.ids().nextCommand() : new CommandId(new UUID(0, 0));
        Duration left = Duration.ofNanos(
                Math.max(1, caller.deadlineNanos() - services.ticker().getAsLong()));
        return services.gateway()
                .ask(new Ask(
                        caller.requestId(),
                        caller.remote(),
                        id,
                        caller.credential(),
                        caller.claims(),
                        null,
                        left,
                        request));
    }

    // ---- one request ------------------------------------------------------------------------------------------------

    /** What a method of HTTP does. */
    private record Action(String name, boolean hasBody, Handler handler) {}

    private interface Handler {
        Future<Consumer<JsonWriter>> handle(Caller caller, Map<?, ?> body);
    }

    private record Of(String methods, Map<String, Action> actions) implements Resource {
        @Override
        public String allowed() {
            return methods + ", OPTIONS";
        }

        @Override
        public Optional<String> operationName(String httpMethod) {
            return Optional.ofNullable(actions.get(httpMethod)).map(Action::name);
        }

        @Override
        public Operation operation(String httpMethod, @Nullable String query) {
            Action action = actions.get(httpMethod);
            if (action == null) {
                throw new IllegalStateException("BUG: there is no " + httpMethod + " here");
            }
            return new Request(action, query);
        }
    }

    private record Request(Action action, @Nullable String query) implements Operation {
        @Override
        public int bodyBytesMax() {
            return BODY_BYTES;
        }

        @Override
        public Answer refused(byte[] body, Problem problem, Credential credential) {
            return ProblemDetails.of(problem);
        }

        @Override
        public Future<Answer> handle(Caller caller, byte[] body) {
            Future<Consumer<JsonWriter>> result;
            try {
                result = action.handler().handle(caller, parsed(body));
            } catch (JsonFormatException e) {
                result = Future.failedFuture(
                        Problem.invalid(String.valueOf(e.getMessage())).exception());
            } catch (ProblemException e) {
                result = Future.failedFuture(e);
            }
            return result.<Answer>map(Request::whole).recover(failure -> {
                if (!(failure instanceof ProblemException e)) {
                    return Future.failedFuture(failure);
                }
                return Future.succeededFuture(ProblemDetails.of(e.problem()));
            });
        }

        private Map<?, ?> parsed(byte[] body) {
            if (query != null && !query.isEmpty()) {
                throw Problem.invalid("this resource takes no query string").exception();
            }
            if (!action.hasBody()) {
                if (body.length > 0) {
                    throw Problem.invalid("a request of this kind has no body").exception();
                }
                return Map.of();
            }
            if (JsonReader.read(body) instanceof Map<?, ?> members) {
                return members;
            }
            throw Problem.invalid("the body must be a JSON object").exception();
        }

        private static Answer.Whole whole(Consumer<JsonWriter> text) {
            JsonWriter out = new JsonWriter(1024);
            text.accept(out);
            return new Answer.Whole(200, "ok", Answer.Caching.NO_STORE, null, 0, out);
        }
    }
}
