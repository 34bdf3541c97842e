package nexus.http;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import nexus.http.rest.AuditEndpoint;
import nexus.http.rest.ClusterEndpoint;
import nexus.http.rest.RouteTable;
import nexus.http.rest.TenantEndpoint;
import nexus.http.rpc.BodyMemory;
import nexus.http.rpc.RestEndpoint;
import nexus.http.rpc.RpcEndpoint;
import nexus.http.rpc.RpcOptions;
import nexus.http.rpc.RpcServices;
import nexus.kernel.Must;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP server: one {@link RouterVerticle} per event loop, all on one port.
 *
 * <p>The port opens with {@link #start} and not before. {@link #drain}, then {@link #stop}, ends it without a request lost.
 */
public final class HttpAdapter {
    /** Threads for large JSON texts, searches and differences; more would only take the processors from the event loops. */
    private static final int WORKERS = 2;

    private final Vertx vertx;
    private final HttpOptions options;
    private final HttpServices services;
    private final BodyMemory memory;
    private final WorkerExecutor worker;
    private final RpcEndpoint rpc;
    private final RestEndpoint rest;
    private final RouteTable own;
    private final List<RouterVerticle> routers = Collections.synchronizedList(new ArrayList<>());
    private @Nullable String deployment;

    /** A server that does not listen yet. */
    public HttpAdapter(Vertx vertx, HttpOptions options, HttpServices services) {
        this.vertx = vertx;
        this.options = options;
        this.services = services;
        this.memory = new BodyMemory(options.bodyMemoryBytes());
        this.worker = vertx.createSharedWorkerExecutor("http", WORKERS);
        RpcServices rpcServices = new RpcServices(
                services.gateway(),
                services.blobs(),
                services.keys(),
                services.ids(),
                services.secrets(),
                services.clock(),
                services.ticker(),
                memory,
                worker,
                new RpcOptions(options.version(), options.listEntriesAsStrings()));
        this.rpc = new RpcEndpoint(rpcServices, services.telemetry());
        this.rest = new RestEndpoint(rpcServices);
        this.own = new RouteTable(
                rpcServices,
                Stream.of(
                                new TenantEndpoint().routes(),
                                new AuditEndpoint().routes(),
                                new ClusterEndpoint(services.leases()).routes())
                        .flatMap(List::stream)
                        .toList());
    }

    /** Opens the port; the future tells which one it is. */
    public Future<Integer> start(int eventLoops) {
        return vertx.deployVerticle(this::newRouter, new DeploymentOptions().setInstances(eventLoops))
                .map(id -> {
                    deployment = id;
                    return routers.get(0).port();
                });
    }

    private RouterVerticle newRouter() {
        RouterVerticle router = new RouterVerticle(options, services, rpc, rest, own, memory, worker);
        routers.add(router);
        return router;
    }

    /** Takes no new request; ends when those under way have ended, or after this long. */
    public Future<Void> drain(Duration atMost) {
        List<Future<Void>> all = new ArrayList<>();
        for (RouterVerticle router : List.copyOf(routers)) {
            all.add(router.drain(atMost));
        }
        return Future.all(all).mapEmpty();
    }

    /** Closes the port and all connections. */
    public Future<Void> stop() {
        String id = deployment;
        Must.hold(id != null, "only what was started can be stopped");
        return vertx.undeploy(id).compose(done -> worker.close());
    }

    /** Bytes of bodies and collected contents in memory at the moment. */
    public long bodyMemoryUsed() {
        return memory.used();
    }
}
