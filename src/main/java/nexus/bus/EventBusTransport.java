package nexus.bus;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import nexus.kernel.NodeId;
import nexus.placement.ClusterView;
import nexus.tenant.NodeTime;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Requests between nodes over the clustered event bus: one address per node, however many tenants there are, so that a
 * tenant costs the cluster nothing.
 *
 * <p>A request says when it was sent, by the database's time as both nodes know it: one that hung on the way for too long is
 * not carried out any more. Who waits for a node that is seen to be dead does not wait for his time to be up.
 *
 * <p>Thread-safe.
 */
public final class EventBusTransport implements NodeTransport {
    private static final Logger LOG = LoggerFactory.getLogger(EventBusTransport.class);
    private static final String ADDRESS = "nexus.node.";
    private static final String SENT = "sent";
    private static final String PROTOCOL = "protocol";

    /** The bus forgets to tell of an answer that it cannot read: what is so much overdue never comes. */
    private static final Duration OVERDUE = Duration.ofSeconds(1);

    private final Vertx vertx;
    private final Supplier<NodeTime> time;
    private final Map<NodeId, Set<Waiting>> waiting = new ConcurrentHashMap<>();

    /** Somebody who waits for an answer, and until when. */
    private record Waiting(Promise<NodeReply> promise, long untilNanos) {}

    /**
     * A transport on this bus, which gets its codecs here.
     *
     * @param time of the node's present incarnation
     */
    public EventBusTransport(Vertx vertx, Supplier<NodeTime> time) {
        this.vertx = vertx;
        this.time = time;
        NodeCodec.register(vertx.eventBus());
    }

    /** Opens this node's address. The consumer must be unregistered when the node's incarnation ends. */
    public Future<MessageConsumer<NodeRequest>> open(LocalNode node) {
        NodeEndpoint endpoint = new NodeEndpoint(node);
        MessageConsumer<NodeRequest> consumer = vertx.eventBus().consumer(ADDRESS + node.id());
        consumer.handler(message -> receive(endpoint, message));
        return consumer.completion().map(consumer);
    }

    private void receive(NodeEndpoint endpoint, Message<NodeRequest> message) {
        endpoint.receive(message.body(), age(message))
                .onSuccess(reply -> message.reply(
                        reply, new DeliveryOptions().setCodecName(NodeCodec.repliesTo(protocol(message)))));
    }

    private static int protocol(Message<NodeRequest> message) {
        return Integer.parseInt(message.headers().get(PROTOCOL));
    }

    /** How long a message was under way; nothing if the clocks say that it came before it was sent. */
    private Duration age(Message<NodeRequest> message) {
        long micros = nowMicros() - Long.parseLong(message.headers().get(SENT));
        return Duration.of(Math.max(0, micros), ChronoUnit.MICROS);
    }

    private long nowMicros() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, time.get().now());
    }

    @Override
    public Future<NodeReply> send(NodeId to, int protocol, NodeRequest request, Duration timeout) {
        Promise<NodeReply> promise = ContextInternal.current().promise();
        Set<Waiting> pending = waiting.computeIfAbsent(to, node -> ConcurrentHashMap.newKeySet());
        Waiting one = new Waiting(
                promise, time.get().nanoTime() + timeout.plus(OVERDUE).toNanos());
        pending.add(one);
        DeliveryOptions options = new DeliveryOptions()
                .setCodecName(NodeCodec.requestsTo(protocol))
                .setSendTimeout(Math.max(1, timeout.toMillis()))
                .addHeader(SENT, Long.toString(nowMicros()))
                .addHeader(PROTOCOL, Integer.toString(NodeCodec.NEWEST));
        vertx.eventBus().<NodeReply>request(ADDRESS + to, request, options).onComplete(done -> {
            pending.remove(one);
            if (done.succeeded()) {
                promise.tryComplete(done.result().body());
            } else {
                promise.tryFail(unreachable(to, done.cause()));
            }
        });
        return promise.future();
    }

    private static UnreachableException unreachable(NodeId to, Throwable cause) {
        boolean nobody = cause instanceof ReplyException e && e.failureType() == ReplyFailure.NO_HANDLERS;
        LOG.debug("no answer node={} reason={}", to, cause.getMessage());
        return new UnreachableException("node " + to + " did not answer: " + cause.getMessage(), !nobody);
    }

    /** Ends the waiting for nodes that are not alive any more, and what is overdue. Called after every look at the nodes. */
    public void look(ClusterView view) {
        long now = time.get().nanoTime();
        waiting.forEach((node, pending) -> {
            boolean live = view.isLive(node);
            pending.removeIf(one -> {
                boolean over = !live || now - one.untilNanos() >= 0;
                if (over) {
                    String reason = live ? " did not answer" : " is not alive";
                    one.promise().tryFail(new UnreachableException("node " + node + reason, true));
                }
                return over;
            });
            if (!live && pending.isEmpty()) {
                waiting.remove(node, pending);
            }
        });
    }
}
