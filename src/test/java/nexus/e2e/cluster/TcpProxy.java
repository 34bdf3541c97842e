package nexus.e2e.cluster;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A wire between two parties that can be cut: bytes go through it, or they hang on it until it is healed, or it breaks. A
 * hanging wire tells nothing of an end's death either, as a network does not.
 */
final class TcpProxy implements AutoCloseable {
    private enum State {
        WHOLE,
        HANGING,
        BROKEN
    }

    private final Context context;
    private final NetServer server;
    private final NetClient client;
    private final String host;
    private final int target;
    private final Set<Wire> wires = new HashSet<>();
    private State state = State.WHOLE;
    private int port;

    /** A wire from a free port of {@code listen} to a port of this machine. */
    TcpProxy(Vertx vertx, String listen, String host, int target) {
        this.context = vertx.getOrCreateContext();
        this.server = vertx.createNetServer();
        this.client = vertx.createNetClient();
        this.host = host;
        this.target = target;
        server.connectHandler(this::accepted);
        this.port = await(onContext(() -> server.listen(0, listen))).actualPort();
    }

    int port() {
        return port;
    }

    /** Bytes hang, new connections too. */
    void hang() {
        to(State.HANGING);
    }

    /** All connections break, and new ones at once. */
    void cut() {
        to(State.BROKEN);
    }

    /** What hangs goes on. */
    void heal() {
        to(State.WHOLE);
    }

    private void to(State next) {
        await(onContext(() -> {
            state = next;
            Set.copyOf(wires).forEach(Wire::look);
            return Future.succeededFuture();
        }));
    }

    private void accepted(NetSocket near) {
        Wire wire = new Wire(near);
        wires.add(wire);
        near.pause();
        near.closeHandler(closed -> wire.ended());
        wire.look();
    }

    /** One connection, from end to end. */
    private final class Wire {
        private final NetSocket near;
        private @Nullable NetSocket far;
        private boolean connecting;
        private boolean ended;

        Wire(NetSocket near) {
            this.near = near;
        }

        void look() {
            switch (state) {
                case WHOLE -> flow();
                case HANGING -> {
                    near.pause();
                    NetSocket other = far;
                    if (other != null) {
                        other.pause();
                    }
                }
                case BROKEN -> close();
            }
        }

        private void flow() {
            NetSocket other = far;
            if (ended) {
                close();
            } else if (other != null) {
                near.resume();
                other.resume();
            } else if (!connecting) {
                connecting = true;
                client.connect(target, host).onComplete(done -> {
                    if (done.succeeded()) {
                        far = done.result();
                        join(done.result());
                    } else {
                        close();
                    }
                });
            }
        }

        private void join(NetSocket other) {
            other.pause();
            other.closeHandler(closed -> ended());
            carry(near, other);
            carry(other, near);
            look();
        }

        private void carry(NetSocket from, NetSocket to) {
            from.handler(bytes -> {
                to.write(bytes);
                if (to.writeQueueFull()) {
                    from.pause();
                    to.drainHandler(drained -> {
                        if (state == State.WHOLE) {
                            from.resume();
                        }
                    });
                }
            });
        }

        private void ended() {
            ended = true;
            if (state != State.HANGING) {
                close();
            }
        }

        private void close() {
            wires.remove(this);
            near.close();
            NetSocket other = far;
            if (other != null) {
                other.close();
            }
        }
    }

    private <T> Future<T> onContext(Supplier<Future<T>> call) {
        Promise<T> promise = Promise.promise();
        context.runOnContext(v -> call.get().onComplete(promise));
        return promise.future();
    }

    private static <T> T await(Future<T> future) {
        try {
            return future.await(10, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("the proxy hangs", e);
        }
    }

    @Override
    public void close() {
        cut();
        await(onContext(server::close));
        await(onContext(client::close));
    }
}
