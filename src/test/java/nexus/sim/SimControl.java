package nexus.sim;

import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.sim.SimDatabase.Loss;
import nexus.store.Leases;
import nexus.store.Registry;
import org.jspecify.annotations.Nullable;

/** The control plane's tables as one process sees them: through the network to the {@link SimDatabase}. */
final class SimControl implements Leases, Registry {
    private final SimDatabase database;
    private final SimVertx process;

    SimControl(SimDatabase database, SimVertx process) {
        this.database = database;
        this.process = process;
    }

    private <T extends @Nullable Object> Future<T> call(String what, Supplier<T> transaction) {
        return database.call(process, what, null, Loss.FAILURE, transaction);
    }

    @Override
    public Future<List<Lease>> join(NodeId node, String name, Mode mode, Duration term) {
        return call("join", () -> database.join(node, name, mode, term));
    }

    @Override
    public Future<Optional<Instant>> renew(NodeId node, Duration term) {
        return call("renew", () -> database.renew(node, term));
    }

    @Override
    public Future<Void> leave(NodeId node) {
        return call("leave", () -> database.leave(node));
    }

    @Override
    public Future<Void> announce(NodeId node, String member, String http, int protocol) {
        return call("announce", () -> database.announce(node, member, http, protocol));
    }

    @Override
    public Future<Void> report(NodeId node, int active, int moving) {
        return call("report", () -> database.report(node, active, moving));
    }

    @Override
    public Future<Boolean> drain(NodeId node, boolean draining) {
        return call("drain", () -> database.drain(node, draining));
    }

    @Override
    public Future<List<Node>> nodes() {
        return call("nodes", database::nodes);
    }

    @Override
    public Future<Map<TenantId, Pin>> pins() {
        return call("pins", database::pins);
    }

    @Override
    public Future<Map<NodeId, Long>> owned() {
        return call("owned", database::owned);
    }

    @Override
    public Future<Optional<TenantId>> find(ZoneName zone) {
        return call("find", () -> database.find(zone));
    }

    @Override
    public Future<Optional<ZoneName>> nameOf(TenantId tenant) {
        return call("name", () -> database.nameOf(tenant));
    }

    @Override
    public Future<List<Listed>> list(@Nullable ZoneName after, int limit) {
        return call("tenants", () -> database.list(after, limit));
    }

    @Override
    public Future<List<Registered>> records(Search search) {
        return call("records", () -> database.records(search));
    }

    @Override
    public Future<List<TenantId>> due(Instant now, int limit) {
        return call("due", () -> database.due(now, limit));
    }

    @Override
    public Future<List<TenantId>> tombstones(int limit) {
        return call("tombstones", () -> database.tombstones(limit));
    }

    @Override
    public Future<Void> forget(TenantId tenant) {
        return call("forget", () -> database.forget(tenant));
    }

    @Override
    public Future<List<ChecksumSecret>> checksumSecrets(byte[] fresh) {
        return Future.succeededFuture(List.of(new ChecksumSecret(1, fresh)));
    }
}
