package nexus.tenant;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nexus.kernel.KeyId;
import nexus.kernel.Limits;
import org.jspecify.annotations.Nullable;

/**
 * What the audit must tell although nothing changed: refused operations, and a system administrator's passing of the tenant's
 * boundary. Told together per key, operation, path and minute; written with the next group, or soon after; bounded. A crash
 * may lose the last second of them, never a change.
 */
final class Denials {
    private final Map<Kind, AuditLine> waiting = new LinkedHashMap<>(2);
    private long dropped;

    private record Kind(
            String kind,
            KeyId key,
            String operation,
            @Nullable String path,
            Instant minute) {}

    void add(String kind, Ask ask, Principal principal, @Nullable String path, Instant now) {
        AuditLine line = AuditLine.of(kind, ask, principal, ask.request().operation(), path);
        Kind same = new Kind(kind, principal.key(), line.operation(), path, now.truncatedTo(ChronoUnit.MINUTES));
        AuditLine before = waiting.get(same);
        if (before == null && waiting.size() >= Limits.PENDING_DENIALS) {
            dropped++;
        } else {
            waiting.put(same, before == null ? line : before.again());
        }
    }

    boolean isEmpty() {
        return waiting.isEmpty() && dropped == 0;
    }

    /** Those that wait, for a group; they wait on until {@link #written} says that the group is committed. */
    List<AuditLine> lines() {
        List<AuditLine> lines = new ArrayList<>(waiting.values());
        if (dropped > 0) {
            lines.add(new AuditLine(
                    "denial", "more_denials", "system", "", "", "", null, "{\"dropped\":" + dropped + "}", 1));
        }
        return lines;
    }

    /** Forgets what {@link #lines} told; what came since stays. */
    void written(List<AuditLine> lines) {
        waiting.values().removeAll(lines);
        dropped = 0;
    }
}
