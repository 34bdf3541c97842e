package nexus.sim;

import java.util.ArrayList;
import java.util.List;
import nexus.kernel.CommandId;
import nexus.kernel.ZoneName;
import nexus.tenant.Credential;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;

/** One thing that a client wants, with all its attempts under one command id, and what became of it. */
final class Operation {
    /** How it ended. */
    enum Fate {
        /** It has not. */
        UNDER_WAY,
        /** It was done, or a question was answered. */
        ANSWERED,
        /** It was refused for a reason that a repetition does not change. */
        REFUSED,
        /** Every attempt was told that nothing was done. */
        NOT_DONE,
        /** Nobody told. */
        UNKNOWN
    }

    final long number;
    final ZoneName zone;
    final TenantHistory tenant;
    final Credential credential;
    /** The user who asks; {@code admin} for the system administrator. */
    final String user;

    final CommandId command;
    final TenantRequest request;
    final List<String> paths;
    final long beginsNanos;
    final long deadlineNanos;
    /** Up to which revision everybody who asks now must see. */
    final long floor;

    /** Whose permissions it changes; null if nobody's. */
    @Nullable
    String about;

    /** Whether it is asked of any node, wherever the tenant is. */
    boolean anywhere;

    final List<Attempt> attempts = new ArrayList<>();
    Fate fate = Fate.UNDER_WAY;

    @Nullable
    Reply reply;

    /** One way to one node. */
    static final class Attempt {
        final String node;
        final long sentNanos;
        final long floor;
        /** The same of the reserved tenant, which proves system keys. */
        final long systemFloor;
        /** When the node counts its deadline from; the end of time until it has come there. */
        long arrivedNanos = Long.MAX_VALUE;
        /** Whether it was told that it did nothing. */
        boolean surelyNothing;

        Attempt(String node, long sentNanos, long floor, long systemFloor) {
            this.node = node;
            this.sentNanos = sentNanos;
            this.floor = floor;
            this.systemFloor = systemFloor;
        }
    }

    Operation(
            long number,
            TenantHistory tenant,
            Credential credential,
            String user,
            CommandId command,
            TenantRequest request,
            List<String> paths,
            long beginsNanos,
            long deadlineNanos) {
        this.number = number;
        this.tenant = tenant;
        this.zone = tenant.zone();
        this.credential = credential;
        this.user = user;
        this.command = command;
        this.request = request;
        this.paths = List.copyOf(paths);
        this.beginsNanos = beginsNanos;
        this.deadlineNanos = deadlineNanos;
        this.floor = tenant.floor();
    }

    boolean isCommand() {
        return request instanceof TenantRequest.Command;
    }

    @Override
    public String toString() {
        return "#" + number + " " + user + "@" + zone + " " + request.operation() + " " + paths;
    }
}
