package nexus.bus;

import nexus.kernel.Must;
import nexus.kernel.NodeId;
import nexus.kernel.Problem;
import nexus.tenant.Principal;
import nexus.tenant.Reply;
import org.jspecify.annotations.Nullable;

/** What a node answers to a {@link NodeRequest}. Immutable. */
public sealed interface NodeReply {
    /** The tenant's answer. */
    record Answered(Reply reply) implements NodeReply {}

    /** Who the system key belongs to. */
    record Proved(Principal principal) implements NodeReply {}

    /** Who asks for what another tenant shares with his own. */
    record Vouched(Principal guest) implements NodeReply {
        /** Only guests are vouched for. */
        public Vouched {
            Must.hold(guest.isGuest(), "only guests are vouched for");
        }
    }

    /** The tenant is loaded. */
    record Activated() implements NodeReply {
        /** The only one. */
        public static final Activated ACTIVATED = new Activated();
    }

    /** An expected failure. */
    record Refused(Problem problem) implements NodeReply {}

    /**
     * The tenant is not here; nothing was done.
     *
     * @param owner the node whose live lease has it, if one is known
     */
    record Moved(@Nullable NodeId owner) implements NodeReply {}

    /** Something of ours is broken on that node; its log has the details under the request's id. */
    record Broken() implements NodeReply {
        /** The only one. */
        public static final Broken BROKEN = new Broken();
    }
}
