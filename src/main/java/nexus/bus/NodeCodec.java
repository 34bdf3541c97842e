package nexus.bus;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.eventbus.MessageCodec;
import java.time.DateTimeException;
import nexus.kernel.Must;
import nexus.kernel.Problem;
import nexus.kernel.ProblemException;

/**
 * Carries {@link NodeRequest}s and {@link NodeReply}s over the event bus: by reference within a node, which is safe because they
 * are immutable, and as bytes between nodes.
 *
 * <p>A message is one byte with the protocol's version and then what {@link RequestForms} and {@link ReplyForms} say, up to the
 * end of the buffer; Vert.x puts nothing behind a body.
 *
 * <p>Nodes of two releases must understand each other while a cluster is upgraded node by node. So every node publishes the
 * {@link #NEWEST} version that it speaks, registers the codecs of that and the one before, and a sender takes the newest that
 * both speak: the version is part of the codec's name. What a version once wrote it writes for ever; golden bytes in the tests
 * show it. A new version is a new kind's row with {@code since}, or a form that asks for the version.
 */
public final class NodeCodec<T> implements MessageCodec<T, T> {
    /** The version that the protocol began with. */
    static final int FIRST = 1;

    /** The newest version of the protocol that this server speaks. */
    public static final int NEWEST = 1;

    /** The oldest one: that of the release before. */
    public static final int OLDEST = Math.max(FIRST, NEWEST - 1);

    private static final String REQUEST = "nexus.request.";
    private static final String REPLY = "nexus.reply.";

    private final String name;
    private final int version;
    private final Form<T> form;

    private NodeCodec(String name, int version, Form<T> form) {
        Must.hold(version >= OLDEST && version <= NEWEST, "a version that is spoken here", version);
        this.name = name + version;
        this.version = version;
        this.form = form;
    }

    /** The codec of requests in one version. */
    static NodeCodec<NodeRequest> requests(int version) {
        return new NodeCodec<>(REQUEST, version, RequestForms.NODE_REQUEST);
    }

    /** The codec of replies in one version. */
    static NodeCodec<NodeReply> replies(int version) {
        return new NodeCodec<>(REPLY, version, ReplyForms.NODE_REPLY);
    }

    /** Registers the codecs of all versions that this server speaks; once for each event bus. */
    public static void register(EventBus bus) {
        for (int version = OLDEST; version <= NEWEST; version++) {
            bus.registerCodec(requests(version));
            bus.registerCodec(replies(version));
        }
    }

    /** The name of the codec for requests to a node that speaks this version and older ones. */
    public static String requestsTo(int receiver) {
        return REQUEST + common(receiver);
    }

    /** The name of the codec for replies to a node that speaks this version and older ones. */
    public static String repliesTo(int receiver) {
        return REPLY + common(receiver);
    }

    private static int common(int receiver) {
        if (receiver < OLDEST) {
            throw Problem.unavailable("a node speaks version " + receiver + " of the protocol between nodes, this one "
                            + OLDEST + " to " + NEWEST)
                    .exception();
        }
        return Math.min(NEWEST, receiver);
    }

    /** Throws a {@link ProblemException} if the message would be longer than any answer may be. */
    @Override
    public void encodeToWire(Buffer buffer, T message) {
        MessageWriter out = new MessageWriter(buffer, version);
        out.code(version);
        form.write(out, message);
        out.finish();
    }

    /** Throws a {@link MessageFormatException} if the bytes are no message of this version. */
    @Override
    public T decodeFromWire(int position, Buffer buffer) {
        MessageReader in = new MessageReader(buffer, position, version);
        int found = in.code();
        if (found != version) {
            throw in.fault("version " + found + ", expected is " + version);
        }
        try {
            T message = form.read(in);
            in.finish();
            return message;
        } catch (ProblemException | IllegalArgumentException | IllegalStateException | DateTimeException e) {
            // What the type of a part refuses (a zone's name, a path, an object's id) is no message either.
            throw in.fault(e);
        }
    }

    @Override
    public T transform(T message) {
        return message;
    }

    @Override
    public String name() {
        return name;
    }

    /** None of Vert.x' own. */
    @Override
    public byte systemCodecID() {
        return -1;
    }
}
