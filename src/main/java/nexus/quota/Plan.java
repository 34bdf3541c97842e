package nexus.quota;

import java.util.Optional;
import nexus.kernel.Limits;

/** The plans that a tenant can be on, with the limits that each brings. */
public enum Plan {
    FREE("free", new QuotaLimits(5, 1_000, 10 * Limits.GIB)),
    PRO("pro", new QuotaLimits(50, 50_000, 500 * Limits.GIB)),
    ENTERPRISE("enterprise", new QuotaLimits(QuotaLimits.UNLIMITED, QuotaLimits.UNLIMITED, QuotaLimits.UNLIMITED));

    private final String text;
    private final QuotaLimits limits;

    Plan(String text, QuotaLimits limits) {
        this.text = text;
        this.limits = limits;
    }

    /** The name on the wire. */
    public String text() {
        return text;
    }

    /** What the plan allows. */
    public QuotaLimits limits() {
        return limits;
    }

    /** The plan of a name. */
    public static Optional<Plan> parse(String text) {
        for (Plan plan : values()) {
            if (plan.text.equals(text)) {
                return Optional.of(plan);
            }
        }
        return Optional.empty();
    }
}
