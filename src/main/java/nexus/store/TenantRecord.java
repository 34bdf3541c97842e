package nexus.store;

import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import nexus.kernel.Limits;
import nexus.kernel.Must;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.lifecycle.Lifecycle;
import nexus.lifecycle.TenantStatus;
import nexus.quota.Plan;
import nexus.quota.QuotaLimits;
import nexus.quota.QuotaOverrides;
import org.jspecify.annotations.Nullable;

/**
 * What {@code .tenant.json} shows, but for the usage: the contract and the settings of one tenant.
 *
 * @param settingsRevision rises by one with every change of this record; the first is {@link #FIRST_REVISION}
 * @param trialEndsAt when a trial ends by itself; null if no end was set
 * @param cancelledAt when it was cancelled; null unless it is
 * @param suspensionReason why it was suspended, null if nobody said
 * @param retainedVersions how many versions of a file are kept
 * @param members the administrators' own members, settings among them, as JSON text by name, in their order
 * @param limitMembers the administrators' own members of {@code limits}, as JSON text by name
 */
public record TenantRecord(
        TenantId id,
        ZoneName zone,
        String displayName,
        Plan plan,
        TenantStatus status,
        @Nullable String suspensionReason,
        @Nullable Instant trialEndsAt,
        @Nullable Instant cancelledAt,
        QuotaOverrides overrides,
        int retainedVersions,
        Map<String, String> members,
        Map<String, String> limitMembers,
        Instant createdAt,
        long settingsRevision) {
    /** The settings revision of a tenant whose record nobody has written yet. */
    public static final long FIRST_REVISION = 1;

    /** A record; the maps are copied and keep their order. */
    public TenantRecord {
        Must.hold(settingsRevision >= FIRST_REVISION, "settings revisions start at 1", settingsRevision);
        Must.hold(
                (cancelledAt != null) == (status == TenantStatus.CANCELLED), "the cancelled have a time of it", status);
        Must.hold(
                retainedVersions >= 1 && retainedVersions <= Limits.RETAINED_VERSIONS_CEILING,
                "retained versions",
                retainedVersions);
        members = Collections.unmodifiableMap(new LinkedHashMap<>(members));
        limitMembers = Collections.unmodifiableMap(new LinkedHashMap<>(limitMembers));
    }

    /** The record of a tenant that was just made: active, on the free plan. */
    public static TenantRecord created(TenantId id, ZoneName zone, Instant now) {
        return new TenantRecord(
                id,
                zone,
                zone.value(),
                Plan.FREE,
                TenantStatus.ACTIVE,
                null,
                null,
                null,
                QuotaOverrides.NONE,
                Limits.RETAINED_VERSIONS,
                Map.of(),
                Map.of(),
                now,
                FIRST_REVISION);
    }

    /** When something happens to the tenant by itself; null: never. See {@link Lifecycle}. */
    public @Nullable Instant dueAt() {
        return Lifecycle.dueAt(status, trialEndsAt, cancelledAt);
    }

    /** The limits in force. */
    public QuotaLimits limits() {
        return overrides.over(plan);
    }

    /** The state at an instant: a trial that is over is suspended from that instant on. */
    public TenantStatus statusAt(Instant now) {
        return isTrialOver(now) ? TenantStatus.SUSPENDED : status;
    }

    /** Whether the tenant is on a trial whose end has come. */
    public boolean isTrialOver(Instant now) {
        return status == TenantStatus.TRIAL && trialEndsAt != null && !now.isBefore(trialEndsAt);
    }
}
