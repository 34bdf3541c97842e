package nexus.quota;

import nexus.kernel.Problem;
import org.jspecify.annotations.Nullable;

/** The one rule of quotas, applied by the only actor that counts. */
public final class QuotaLedger {
    private static final Resource[] RESOURCES = Resource.values();

    private QuotaLedger() {}

    /**
     * Why a change would break a quota, or null if it may be made. A change that takes nothing is always allowed, also when
     * the usage is over a limit that was lowered: giving back must be possible.
     */
    public static @Nullable Problem refusal(Usage usage, UsageDelta delta, QuotaLimits limits) {
        for (Resource resource : RESOURCES) {
            long asked = delta.of(resource);
            long limit = limits.of(resource);
            long used = usage.of(resource);
            // used + asked > limit, written so that it cannot overflow.
            if (asked > 0 && (used > limit || asked > limit - used)) {
                return new Problem.QuotaExceeded(resource.text(), limit, used, asked);
            }
        }
        return null;
    }
}
