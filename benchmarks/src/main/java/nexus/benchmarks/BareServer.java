package nexus.benchmarks;

import io.vertx.core.AbstractVerticle;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerOptions;

/** The yardstick: a Vert.x server that reads the body and answers a constant of the size of a check's answer. */
public final class BareServer {
    private static final Buffer ANSWER = Buffer.buffer("{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":true}");

    private BareServer() {}

    /** Arguments: port, event loops. */
    public static void main(String... arguments) {
        int port = Integer.parseInt(arguments[0]);
        int loops = Integer.parseInt(arguments[1]);
        Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(loops));
        vertx.deployVerticle(() -> new Bare(port), new DeploymentOptions().setInstances(loops))
                .onSuccess(id -> System.out.println("listening on http://127.0.0.1:" + port));
    }

    private static final class Bare extends AbstractVerticle {
        private final int port;

        Bare(int port) {
            this.port = port;
        }

        @Override
        public void start() {
            vertx.createHttpServer(new HttpServerOptions().setPort(port).setHost("127.0.0.1"))
                    .requestHandler(request -> request.body()
                            .onSuccess(body -> request.response()
                                    .putHeader("content-type", "application/json")
                                    .end(ANSWER)))
                    .listen();
        }
    }
}
