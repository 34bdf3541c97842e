package nexus.tenant;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * One tenant's time: the node's view of the database's time, in the database's microseconds, never running back, neither here
 * nor behind what a former owner committed. So an expired tuple does not revive.
 */
final class TenantClock {
    private final NodeTime time;
    private Instant last = Instant.EPOCH;

    TenantClock(NodeTime time) {
        this.time = time;
    }

    void notBefore(Instant committed) {
        if (committed.isAfter(last)) {
            last = committed;
        }
    }

    Instant now() {
        Instant now = time.now().truncatedTo(ChronoUnit.MICROS);
        if (now.isAfter(last)) {
            last = now;
        }
        return last;
    }
}
