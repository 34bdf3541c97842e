package nexus.placement;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.store.Leases;

/**
 * What a node knows of the others at one moment: who is alive, who may have tenants. Immutable; it may be a moment old, and
 * nothing that must be right depends on it: the database judges who owns a tenant.
 *
 * @param self this node
 * @param nodes all nodes with a lease row that matters, dead ones too
 * @param live those whose lease was live, and that the cluster's membership has
 * @param candidates those of the live ones that may get tenants: announced and not draining; in the order of their ids
 * @param pins where tenants should be, whatever the hash says
 */
public record ClusterView(
        NodeId self,
        List<Leases.Node> nodes,
        Set<NodeId> live,
        List<Leases.Node> candidates,
        Map<TenantId, Leases.Pin> pins) {
    /** A node that is alone by its mode of running: it has every tenant. */
    public static ClusterView alone(NodeId self) {
        return new ClusterView(self, List.of(), Set.of(self), List.of(), Map.of());
    }

    /** The node that should have the tenant; a node that sees no candidate takes it for itself. */
    public NodeId desired(TenantId tenant) {
        Leases.Pin pin = pins.get(tenant);
        return candidates.isEmpty()
                ? self
                : Rendezvous.choose(tenant, candidates, pin == null ? null : pin.node())
                        .orElse(self);
    }

    /** Whether requests may be sent to this node. */
    public boolean isLive(NodeId node) {
        return live.contains(node);
    }

    /** What is known of a node. */
    public Optional<Leases.Node> node(NodeId id) {
        return nodes.stream().filter(node -> node.id().equals(id)).findFirst();
    }

    /** Whether this node is giving its tenants away. */
    public boolean isDraining() {
        return node(self).map(Leases.Node::draining).orElse(false);
    }
}
