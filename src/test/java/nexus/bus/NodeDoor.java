package nexus.bus;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;

/** What the simulation needs of the bus between nodes: a node's endpoint, and messages as the bytes that they are on the wire. */
public final class NodeDoor {
    private final NodeEndpoint endpoint;

    /** The door of a node. */
    public NodeDoor(LocalNode node) {
        endpoint = new NodeEndpoint(node);
    }

    /** As {@link NodeEndpoint#receive}, from bytes to bytes. */
    public Future<Buffer> receive(Buffer request, Duration age) {
        return endpoint.receive(NodeCodec.requests(NodeCodec.NEWEST).decodeFromWire(0, request), age)
                .map(reply -> {
                    Buffer bytes = Buffer.buffer();
                    NodeCodec.replies(NodeCodec.NEWEST).encodeToWire(bytes, reply);
                    return bytes;
                });
    }

    /** A request as bytes. */
    public static Buffer bytes(NodeRequest request) {
        Buffer bytes = Buffer.buffer();
        NodeCodec.requests(NodeCodec.NEWEST).encodeToWire(bytes, request);
        return bytes;
    }

    /** The reply of these bytes. */
    public static NodeReply reply(Buffer bytes) {
        return NodeCodec.replies(NodeCodec.NEWEST).decodeFromWire(0, bytes);
    }
}
