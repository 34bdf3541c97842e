package nexus.lifecycle;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The whole machine: every move there is, and what happens by itself. */
class LifecycleTest {
    private static final Instant NOW = Instant.parse("2026-11-24T10:00:00Z");

    @Test
    void theMovesAreTheseAndNoOthers() {
        Set<String> moves = new LinkedHashSet<>();
        for (TenantStatus from : TenantStatus.values()) {
            for (TenantStatus to : TenantStatus.values()) {
                if (from != to && from.canBecome(to, false)) {
                    moves.add(from.text() + " > " + to.text());
                }
            }
        }
        assertEquals(
                new LinkedHashSet<>(List.of(
                        "trial > active",
                        "trial > suspended",
                        "trial > cancelled",
                        "active > suspended",
                        "active > cancelled",
                        "suspended > active",
                        "suspended > cancelled")),
                moves);
    }

    @Test
    void onlyTrialsAndTheCancelledHaveSomethingComing() {
        Instant trialEnd = NOW.plusSeconds(1);
        Instant cancelled = NOW.minus(Lifecycle.RETENTION).plusSeconds(1);
        for (TenantStatus status : TenantStatus.values()) {
            assertEquals(
                    Lifecycle.Due.NOTHING, Lifecycle.dueAt(status, trialEnd, cancelled, NOW), status + ": not yet");
        }
        Instant then = NOW.plusSeconds(1);
        assertEquals(Lifecycle.Due.TRIAL_OVER, Lifecycle.dueAt(TenantStatus.TRIAL, trialEnd, null, then));
        assertEquals(Lifecycle.Due.RETENTION_OVER, Lifecycle.dueAt(TenantStatus.CANCELLED, null, cancelled, then));
        assertEquals(Lifecycle.Due.NOTHING, Lifecycle.dueAt(TenantStatus.ACTIVE, trialEnd, null, then));
        assertEquals(Lifecycle.Due.NOTHING, Lifecycle.dueAt(TenantStatus.SUSPENDED, trialEnd, null, then));
        assertEquals(Lifecycle.Due.NOTHING, Lifecycle.dueAt(TenantStatus.TRIAL, null, null, then), "no end was set");
    }
}
