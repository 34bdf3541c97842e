package nexus.placement;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.store.Leases;
import org.jspecify.annotations.Nullable;

/**
 * Which node should have a tenant: a pure function of the candidates, so that all nodes that see the same ones agree without
 * talking to each other.
 *
 * <p>Rendezvous hashing (Thaler and Ravishankar, "A Name-Based Mapping Scheme for Rendezvous", 1996): each candidate is
 * weighed by a hash of its name and the tenant, and the heaviest one has it. When a node comes or goes, only the tenants that
 * it gets or had move. Names are hashed, not ids: a node that restarts gets its tenants back.
 */
final class Rendezvous {
    private Rendezvous() {}

    /**
     * The node that should have the tenant; empty only if there is no candidate.
     *
     * @param pin the name of the node that should have it if it is a candidate; null: none
     */
    static Optional<NodeId> choose(TenantId tenant, List<Leases.Node> candidates, @Nullable String pin) {
        if (pin != null) {
            Optional<Leases.Node> pinned = candidates.stream()
                    .filter(node -> node.name().equals(pin))
                    .min(Comparator.comparing(node -> node.id().value()));
            if (pinned.isPresent()) {
                return Optional.of(pinned.get().id());
            }
        }
        Leases.Node heaviest = null;
        long most = 0;
        for (Leases.Node node : candidates) {
            long weight = weight(tenant, node.name());
            if (heaviest == null
                    || Long.compareUnsigned(weight, most) > 0
                    || weight == most
                            && node.id().value().compareTo(heaviest.id().value()) < 0) {
                heaviest = node;
                most = weight;
            }
        }
        return heaviest == null ? Optional.empty() : Optional.of(heaviest.id());
    }

    private static long weight(TenantId tenant, String name) {
        long hash = tenant.value().getMostSignificantBits();
        hash = mixed(hash ^ tenant.value().getLeastSignificantBits() * 0x9E3779B97F4A7C15L);
        for (int i = 0; i < name.length(); i++) {
            hash = (hash ^ name.charAt(i)) * 0x100000001B3L;
        }
        return mixed(hash);
    }

    /** The finalizer of SplitMix64 (Steele, Lea and Flood, 2014): every bit of the input moves every bit of the output. */
    private static long mixed(long value) {
        long z = value;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
