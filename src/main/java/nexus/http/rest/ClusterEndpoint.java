package nexus.http.rest;

import io.vertx.core.Future;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import nexus.http.json.JsonWriter;
import nexus.kernel.Limits;
import nexus.kernel.NodeId;
import nexus.kernel.Problem;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.store.Leases;
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
    private static final int BODY_BYTES = 4096;

    private static final Schema.Members NODE = Schema.members(
            Schema.required("id", Schema.text(), "The id of this life of the process."),
            Schema.required("name", Schema.text(), "The name that the operator gave it."),
            Schema.required("http", Schema.text().orNull(), "Where it can be reached."),
            Schema.required("mode", Schema.choice("embedded", "single", "cluster"), "How it shares its database."),
            Schema.required("protocol", Schema.whole(0, Integer.MAX_VALUE), "The newest protocol that it speaks."),
            Schema.required("live", Schema.flag(), "Whether its lease runs."),
            Schema.required("draining", Schema.flag(), "Whether it gives its tenants away."),
            Schema.required(
                    "lease",
                    Schema.members(
                            Schema.required("remaining_ms", Schema.whole(0, Long.MAX_VALUE), "What is left of it."),
                            Schema.required("renewals", Schema.whole(0, Long.MAX_VALUE), "How often it was renewed.")),
                    "Its lease."),
            Schema.required("tenants", Schema.whole(0, Long.MAX_VALUE), "Tenants that it owns."),
            Schema.required("active", Schema.whole(0, Integer.MAX_VALUE), "Tenants that it has in memory."),
            Schema.required("moving", Schema.whole(0, Integer.MAX_VALUE), "Tenants that it is giving away."));

    private static final Schema.Members PIN = Schema.members(
            Schema.required("zone", Schema.text(), "The tenant."),
            Schema.required("node", Schema.text().orNull(), "The name of its node; null: wherever the hash says."));

    private static final Schema.Members CLUSTER = Schema.members(
            Schema.required(
                    "nodes", Schema.list(NODE, Integer.MAX_VALUE), "All nodes, and those that were there lately."),
            Schema.required("moves_in_progress", Schema.whole(0, Integer.MAX_VALUE), "Tenants that change their node."),
            Schema.required("pins", Schema.list(PIN, Integer.MAX_VALUE), "Tenants that should be on a certain node."));

    private static final Schema.Members DRAINED = Schema.members(
            Schema.required("id", Schema.text(), "The node."),
            Schema.required("name", Schema.text(), "Its name."),
            Schema.required("draining", Schema.flag(), "Whether it gives its tenants away now."));

    private final Leases leases;

    /** The operations over these leases. */
    public ClusterEndpoint(Leases leases) {
        this.leases = leases;
    }

    /** All operations. */
    public List<Route> routes() {
        return List.of(
                Route.of("GET", "/v1/cluster", "cluster_show", "Shows nodes, leases, moves and pins.", this::show)
                        .answers(200, CLUSTER),
                Route.of(
                                "POST",
                                "/v1/cluster/nodes/{id}/drain",
                                "cluster_drain",
                                "Lets a node, by its id or name, give its tenants away and take no more.",
                                call -> drain(call, true))
                        .answers(200, DRAINED)
                        .refuses(404),
                Route.of(
                                "DELETE",
                                "/v1/cluster/nodes/{id}/drain",
                                "cluster_undrain",
                                "Lets a node take tenants again.",
                                call -> drain(call, false))
                        .answers(200, DRAINED)
                        .refuses(404),
                Route.of(
                                "PUT",
                                "/v1/cluster/tenants/{zone}/node",
                                "cluster_pin",
                                "Pins a tenant to a node, which has it while it is there.",
                                this::pin)
                        .takes(
                                Schema.members(Schema.required(
                                        "node",
                                        Schema.text(1, Limits.IDENTIFIER_BYTES),
                                        "The name or the id of a live node.")),
                                BODY_BYTES)
                        .answers(200, PIN)
                        .refuses(404),
                Route.of(
                                "DELETE",
                                "/v1/cluster/tenants/{zone}/node",
                                "cluster_unpin",
                                "Unpins a tenant: it goes wherever the hash says.",
                                call -> call.systemAdministrator().compose(v -> pinned(call, null)))
                        .answers(200, PIN)
                        .refuses(404));
    }

    // ---- what is done -----------------------------------------------------------------------------------------------

    private Future<RestReply> show(RestCall call) {
        return call.systemAdministrator()
                .compose(v -> Future.all(leases.nodes(), leases.owned(), leases.pins()))
                .map(all -> RestReply.of(out -> write(
                        out,
                        all.<List<Leases.Node>>resultAt(0),
                        all.<Map<NodeId, Long>>resultAt(1),
                        all.<Map<TenantId, Leases.Pin>>resultAt(2).values())));
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

    private Future<RestReply> drain(RestCall call, boolean draining) {
        return call.systemAdministrator()
                .compose(v -> node(call.variable("id")))
                .compose(node -> call.ask(null, new TenantRequest.DrainNode(node.id(), draining))
                        .map(done -> RestReply.of(out -> out.object()
                                .put("id", node.id().toString())
                                .put("name", node.name())
                                .put("draining", draining)
                                .endObject())));
    }

    private Future<RestReply> pin(RestCall call) {
        String wanted = call.body().identifier("node");
        return call.systemAdministrator().compose(v -> node(wanted)).compose(node -> pinned(call, node.name()));
    }

    private static Future<RestReply> pinned(RestCall call, @Nullable String node) {
        ZoneName zone = call.zone("zone");
        return call.ask(null, new TenantRequest.PinTenant(zone, node))
                .map(done -> RestReply.of(out ->
                        out.object().put("zone", zone.value()).put("node", node).endObject()));
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
}
