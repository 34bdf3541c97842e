package nexus.store;

import java.time.Instant;
import java.util.List;
import nexus.kernel.ContentHash;
import nexus.kernel.Epoch;
import nexus.quota.Usage;

/**
 * What an actor knows of its tenant when it starts: everything resident but the tuples, which are handed over one by one.
 *
 * @param epoch the epoch of this owner
 * @param revision of the last committed group; 0 if there was none
 * @param lastAt the time of the last group: the actor's time never runs back behind it
 * @param auditSequence of the last audit entry
 * @param auditBytes bytes of the audit log's lines, line ends included, hashes not
 * @param auditHead the hash of the last audit entry, or where the chain begins
 * @param shares with tenants that there are
 * @param outcomes the groups younger than {@link nexus.kernel.Limits#OUTCOME_MEMORY}
 */
public record TenantSnapshot(
        TenantRecord record,
        Epoch epoch,
        long revision,
        Instant lastAt,
        Usage usage,
        long auditSequence,
        long auditBytes,
        ContentHash auditHead,
        List<KeyRecord> keys,
        List<UserRecord> users,
        List<ShareRecord> shares,
        List<RecentGroup> outcomes) {
    /** The remembered outcome of one group. */
    public record RecentGroup(long revision, Instant at, byte[] replies) {}
}
