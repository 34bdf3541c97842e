package nexus.lifecycle;

import java.util.Optional;

/**
 * The state of a customer's contract.
 *
 * <pre>
 *            first write of the record
 *   mkdir ─▶ ACTIVE ──────────────────▶ TRIAL
 *              │ ▲ ◀──── upgrade ─────────┤
 *              │ │                        │ its end
 *      suspend │ │ reactivate             │
 *              ▼ │                        │
 *           SUSPENDED ◀───────────────────┤
 *              │                          │
 *              ▼                          ▼
 *           CANCELLED  (also from ACTIVE): kept for the retention, then deleted
 * </pre>
 */
public enum TenantStatus {
    TRIAL("trial"),
    ACTIVE("active"),
    SUSPENDED("suspended"),
    CANCELLED("cancelled");

    private final String text;

    TenantStatus(String text) {
        this.text = text;
    }

    /** The name on the wire. */
    public String text() {
        return text;
    }

    /** Whether the tenant's own keys are served. */
    public boolean isServed() {
        return this == TRIAL || this == ACTIVE;
    }

    /**
     * Whether an administrator may move a tenant from this state to another; staying is always allowed.
     *
     * @param firstWrite whether the tenant's record was never written since the tenant was made
     */
    public boolean canBecome(TenantStatus next, boolean firstWrite) {
        return next == this
                || switch (this) {
                    case TRIAL -> true;
                    case ACTIVE -> next != TRIAL || firstWrite;
                    case SUSPENDED -> next != TRIAL;
                    case CANCELLED -> false;
                };
    }

    /** The state of a name. */
    public static Optional<TenantStatus> parse(String text) {
        for (TenantStatus status : values()) {
            if (status.text.equals(text)) {
                return Optional.of(status);
            }
        }
        return Optional.empty();
    }
}
