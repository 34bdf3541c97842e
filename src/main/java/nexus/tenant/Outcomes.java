package nexus.tenant;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import nexus.kernel.CommandId;
import nexus.kernel.Limits;
import nexus.store.TenantSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * The answers that commands got in the last {@link Limits#OUTCOME_MEMORY}: a command that comes again gets the same answer
 * and does nothing. Bounded by time, not by number: forgetting one early would let a retry act twice.
 */
final class Outcomes {
    private final Map<CommandId, Reply> byCommand = new HashMap<>(2);
    private final Deque<Remembered> byAge = new ArrayDeque<>(2);

    private record Remembered(Instant at, List<CommandId> commands) {}

    Outcomes(List<TenantSnapshot.RecentGroup> groups) {
        for (TenantSnapshot.RecentGroup group : groups) {
            remember(group.at(), ReplyCodec.decode(group.replies()));
        }
    }

    @Nullable
    Reply of(CommandId command) {
        return byCommand.get(command);
    }

    void remember(Instant at, Map<CommandId, Reply> replies) {
        Instant horizon = at.minus(Limits.OUTCOME_MEMORY);
        while (!byAge.isEmpty() && byAge.getFirst().at().isBefore(horizon)) {
            byAge.removeFirst().commands().forEach(byCommand::remove);
        }
        if (!replies.isEmpty()) {
            byCommand.putAll(replies);
            byAge.addLast(new Remembered(at, new ArrayList<>(replies.keySet())));
        }
    }
}
