package nexus.placement;

import nexus.kernel.NodeId;
import org.jspecify.annotations.Nullable;

/** The tenant is not on this node; nothing was done: ask its owner. */
public final class ElsewhereException extends RuntimeException {
    private final @Nullable NodeId owner;

    /** A tenant of somebody else. @param owner null if it is not known who has it */
    public ElsewhereException(@Nullable NodeId owner) {
        super("the tenant is on another node", null, false, false);
        this.owner = owner;
    }

    /** Who has it, if that is known. */
    public @Nullable NodeId owner() {
        return owner;
    }
}
