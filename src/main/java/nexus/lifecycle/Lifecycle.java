package nexus.lifecycle;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What happens to a tenant by itself, when its time has come. The states and the moves that somebody makes are
 * {@link TenantStatus}'s; here is what nobody makes.
 *
 * <pre>
 *   TRIAL ──── its end ────────────────▶ SUSPENDED (trial_expired)
 *   CANCELLED ── {@link #RETENTION} later ──▶ deleted, with all that it had
 * </pre>
 *
 * <p>A trial that is over <em>counts</em> as suspended from that very instant, whether or not anybody has written it down: no
 * timer, no restart and no move of the tenant can make it last longer. Writing it down only makes the record say so.
 */
public final class Lifecycle {
    /** How long a trial lasts that nobody has given another end. */
    public static final Duration TRIAL = Duration.ofDays(14);

    /** How long what a cancelled tenant had is kept: a quarter, in which its bills and exports are settled. */
    public static final Duration RETENTION = Duration.ofDays(90);

    /** What is due at an instant. */
    public enum Due {
        /** Nothing. */
        NOTHING,
        /** The trial is over: it is to be written down that the tenant is suspended. */
        TRIAL_OVER,
        /** The retention is over: the tenant is to be deleted. */
        RETENTION_OVER
    }

    private Lifecycle() {}

    /** When something becomes due; null: never. */
    public static @Nullable Instant dueAt(
            TenantStatus status, @Nullable Instant trialEndsAt, @Nullable Instant cancelledAt) {
        return switch (status) {
            case TRIAL -> trialEndsAt;
            case CANCELLED -> cancelledAt == null ? null : cancelledAt.plus(RETENTION);
            case ACTIVE, SUSPENDED -> null;
        };
    }

    /** What is due at an instant. */
    public static Due dueAt(
            TenantStatus status, @Nullable Instant trialEndsAt, @Nullable Instant cancelledAt, Instant now) {
        Instant due = dueAt(status, trialEndsAt, cancelledAt);
        if (due == null || now.isBefore(due)) {
            return Due.NOTHING;
        }
        return status == TenantStatus.TRIAL ? Due.TRIAL_OVER : Due.RETENTION_OVER;
    }
}
