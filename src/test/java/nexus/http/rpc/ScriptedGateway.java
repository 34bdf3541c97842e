package nexus.http.rpc;

import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.tenant.Ask;
import nexus.tenant.Reply;
import nexus.tenant.TenantGateway;
import nexus.tenant.TenantRequest;

/** A gateway that answers by a script and keeps what it was asked. */
public final class ScriptedGateway implements TenantGateway {
    private final List<Ask> asks = new CopyOnWriteArrayList<>();
    private final ConcurrentMap<String, TenantId> tenants = new ConcurrentHashMap<>();
    private volatile Function<Ask, Future<Reply>> script =
            ask -> Future.failedFuture(new IllegalStateException("no script for " + ask.request()));

    /** From now on asks are answered by this. */
    public void script(Function<Ask, Reply> next) {
        futures(ask -> Future.succeededFuture(next.apply(ask)));
    }

    /** From now on asks are answered by this, in their own time. */
    public void futures(Function<Ask, Future<Reply>> next) {
        asks.clear();
        script = next;
    }

    public void tenant(String zone, TenantId id) {
        tenants.put(zone, id);
    }

    public List<Ask> asks() {
        return asks;
    }

    /** The requests, in the order in which they came. */
    public List<TenantRequest> requests() {
        return asks.stream().map(Ask::request).toList();
    }

    /** The only ask. */
    public Ask only() {
        if (asks.size() != 1) {
            throw new AssertionError("one ask was expected, there were " + requests());
        }
        return asks.get(0);
    }

    @Override
    public Future<Reply> ask(Ask ask) {
        asks.add(ask);
        try {
            return script.apply(ask);
        } catch (RuntimeException e) {
            return Future.failedFuture(e);
        }
    }

    @Override
    public Future<Optional<TenantId>> locate(ZoneName zone) {
        return Future.succeededFuture(Optional.ofNullable(tenants.get(zone.value())));
    }

    @Override
    public Future<Optional<ZoneName>> nameOf(TenantId tenant) {
        return Future.succeededFuture(tenants.entrySet().stream()
                .filter(entry -> entry.getValue().equals(tenant))
                .map(entry -> new ZoneName(entry.getKey()))
                .findAny());
    }
}
