package nexus.quota;

import org.jspecify.annotations.Nullable;

/**
 * A tenant's own limits, which win over its plan's.
 *
 * @param users the limit, {@link QuotaLimits#UNLIMITED}, or null where the plan decides
 * @param files likewise
 * @param bytes likewise
 */
public record QuotaOverrides(
        @Nullable Long users,
        @Nullable Long files,
        @Nullable Long bytes) {
    /** The plan decides everything. */
    public static final QuotaOverrides NONE = new QuotaOverrides(null, null, null);

    /** The limits in force under a plan. */
    public QuotaLimits over(Plan plan) {
        QuotaLimits limits = plan.limits();
        return new QuotaLimits(
                users == null ? limits.users() : users,
                files == null ? limits.files() : files,
                bytes == null ? limits.bytes() : bytes);
    }
}
