package nexus.benchmarks;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;

/** The yardstick: a Vert.x server that reads the body and answers a constant, the answer to a check. */
public final class BareServer extends VerticleBase {
    private static final Buffer ANSWER = Buffer.buffer("{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":true}");

    private HttpServer server;

    /** Argument: the number of event loops. */
    public static void main(String... arguments) {
        int loops = Integer.parseInt(arguments[0]);
        BareServer[] last = new BareServer[1];
        Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(loops));
        vertx.deployVerticle(() -> last[0] = new BareServer(), new DeploymentOptions().setInstances(loops))
                .onSuccess(id -> System.out.println("listening on http://127.0.0.1:" + last[0].server.actualPort()))
                .onFailure(e -> {
                    e.printStackTrace();
                    vertx.close();
                });
    }

    @Override
    public Future<?> start() {
        // A negative port is a free one that all instances share.
        server = vertx.createHttpServer(new HttpServerOptions().setPort(-1).setHost("127.0.0.1"))
                .requestHandler(request -> request.body()
                        .onSuccess(body -> request.response()
                                .putHeader("content-type", "application/json")
                                .end(ANSWER)));
        return server.listen();
    }
}
