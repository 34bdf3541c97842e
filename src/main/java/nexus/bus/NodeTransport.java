package nexus.bus;

import io.vertx.core.Future;
import java.time.Duration;
import nexus.kernel.NodeId;

/**
 * Carries requests to other nodes. Requests may be lost, delayed or doubled on their way; a command's id makes sure that it
 * acts at most once.
 */
public interface NodeTransport {
    /**
     * Sends a request and waits for its answer.
     *
     * <p>Must be called on a Vert.x context; the future completes on it.
     *
     * @param protocol the highest version that the receiver speaks
     * @return fails with an {@link UnreachableException} if no answer came: the request may have been carried out all the same
     */
    Future<NodeReply> send(NodeId to, int protocol, NodeRequest request, Duration timeout);

    /** The transport of a node that is alone. */
    NodeTransport NOBODY = (to, protocol, request, timeout) ->
            Future.failedFuture(new UnreachableException("there is no other node", false));

    /** No answer came. */
    final class UnreachableException extends RuntimeException {
        private final boolean delivered;

        /** @param delivered whether the request may have reached the node */
        public UnreachableException(String message, boolean delivered) {
            super(message, null, false, false);
            this.delivered = delivered;
        }

        /** Whether the request may have been carried out. */
        public boolean mayBeDelivered() {
            return delivered;
        }
    }
}
