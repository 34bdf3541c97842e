package nexus.placement;

import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.store.Leases;

/** Lease rows that a test writes by hand. */
public final class Nodes implements Leases {
    public final List<Node> rows = new ArrayList<>();
    public final Map<TenantId, Pin> pinned = new HashMap<>();

    public static NodeId id(int number) {
        return new NodeId(new UUID(7, number));
    }

    /** A live node that has announced itself; its member id is its name. */
    public static Node node(int number, String name) {
        return node(number, name, 1, Duration.ofSeconds(3), false);
    }

    public static Node node(int number, String name, long renewals, Duration remaining, boolean draining) {
        return new Node(id(number), name, Mode.CLUSTER, name, "http://" + name, 1, draining, renewals, remaining, 0, 0);
    }

    public void pin(TenantId tenant, String node) {
        pinned.put(tenant, new Pin(new ZoneName("pinned"), node));
    }

    @Override
    public Future<List<Node>> nodes() {
        return Future.succeededFuture(List.copyOf(rows));
    }

    @Override
    public Future<Map<TenantId, Pin>> pins() {
        return Future.succeededFuture(Map.copyOf(pinned));
    }

    @Override
    public Future<Map<NodeId, Long>> owned() {
        return Future.succeededFuture(Map.of());
    }

    @Override
    public Future<Void> report(NodeId node, int active, int moving) {
        return Future.succeededFuture();
    }

    @Override
    public Future<List<Lease>> join(NodeId node, String name, Mode mode, Duration term) {
        throw new IllegalStateException("not asked for in this test");
    }

    @Override
    public Future<Optional<Instant>> renew(NodeId node, Duration term) {
        throw new IllegalStateException("not asked for in this test");
    }

    @Override
    public Future<Void> leave(NodeId node) {
        throw new IllegalStateException("not asked for in this test");
    }

    @Override
    public Future<Void> announce(NodeId node, String member, String http, int protocol) {
        throw new IllegalStateException("not asked for in this test");
    }

    @Override
    public Future<Boolean> drain(NodeId node, boolean draining) {
        throw new IllegalStateException("not asked for in this test");
    }
}
