package nexus.tenant;

import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nexus.kernel.CommandId;
import nexus.kernel.ContentHash;
import nexus.kernel.Epoch;
import nexus.kernel.KeyId;
import nexus.kernel.Must;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.quota.QuotaLimits;
import nexus.quota.Usage;
import nexus.rebac.tuple.TupleIndex;
import nexus.store.KeyRecord;
import nexus.store.ShareRecord;
import nexus.store.TenantRecord;
import nexus.store.TenantSnapshot;
import nexus.store.UserRecord;
import org.jspecify.annotations.Nullable;

/**
 * The committed state of one tenant in memory. It changes only when a group is known to be committed; it is thrown away and
 * loaded anew when that is not known.
 *
 * <p>Only the actor's own loop uses it.
 */
final class TenantState {
    private static final QuotaLimits NO_LIMITS =
            new QuotaLimits(QuotaLimits.UNLIMITED, QuotaLimits.UNLIMITED, QuotaLimits.UNLIMITED);

    final TenantId id;
    final ZoneName zone;
    final Epoch epoch;
    /** Wire path of the tenant's root folder. */
    final String rootWire;

    final TupleIndex tuples;
    final ShareIndex shares = new ShareIndex();
    final EntryCache entries = new EntryCache();

    TenantRecord record;
    long revision;
    Instant lastAt;
    Usage usage;
    long auditSequence;
    long auditBytes;
    ContentHash auditHead;
    boolean gone;

    private final Map<KeyId, KeyRecord> keys;
    private final Map<String, UserRecord> users;
    /** Unrevoked keys of each user id: a user with any takes a seat. */
    private final Map<String, Integer> liveKeys = new HashMap<>();

    private final Outcomes outcomes;

    TenantState(TenantSnapshot snapshot, TupleIndex tuples) {
        this.record = snapshot.record();
        this.id = record.id();
        this.zone = record.zone();
        this.epoch = snapshot.epoch();
        this.rootWire = WorkspacePath.wire(zone, WorkspacePath.ROOT);
        this.tuples = tuples;
        this.revision = snapshot.revision();
        this.lastAt = snapshot.lastAt();
        this.usage = snapshot.usage();
        this.auditSequence = snapshot.auditSequence();
        this.auditBytes = snapshot.auditBytes();
        this.auditHead = snapshot.auditHead();
        this.keys = new LinkedHashMap<>(Math.max(4, snapshot.keys().size() * 2));
        this.users = new HashMap<>(Math.max(4, snapshot.users().size() * 2));
        snapshot.keys().forEach(this::putKey);
        snapshot.users().forEach(this::putUser);
        snapshot.shares().forEach(shares::put);
        this.outcomes = new Outcomes(snapshot.outcomes());
        Must.hold(
                id.equals(TenantId.SYSTEM) || usage.users() == liveKeys.size(),
                "seats counted from keys equal the stored counter",
                usage.users(),
                liveKeys.size());
    }

    boolean isSystem() {
        return id.equals(TenantId.SYSTEM);
    }

    /** The quotas in force; the reserved tenant has none. */
    QuotaLimits limits() {
        return isSystem() ? NO_LIMITS : record.limits();
    }

    @Nullable
    KeyRecord key(KeyId key) {
        return keys.get(key);
    }

    Iterable<KeyRecord> keys() {
        return keys.values();
    }

    int keyCount() {
        return keys.size();
    }

    @Nullable
    UserRecord user(String subject) {
        return users.get(subject);
    }

    Iterable<UserRecord> users() {
        return users.values();
    }

    /** Unrevoked keys of a user. */
    int liveKeysOf(String userId) {
        return liveKeys.getOrDefault(userId, 0);
    }

    void putKey(KeyRecord key) {
        KeyRecord former = keys.put(key.id(), key);
        if (former != null && former.revokedAt() == null) {
            liveKeys.computeIfPresent(former.userId(), (user, count) -> count == 1 ? null : count - 1);
        }
        if (key.revokedAt() == null) {
            liveKeys.merge(key.userId(), 1, Integer::sum);
        }
    }

    void putUser(UserRecord user) {
        users.put(user.subject(), user);
    }

    void removeUser(String subject) {
        users.remove(subject);
    }

    /** The shares that a guest may use now; none while the tenant is not served. */
    List<ShareRecord> usableShares(Principal guest, Instant now) {
        return record.statusAt(now).isServed() ? shares.usable(guest, now) : List.of();
    }

    /** Whether a guest may read, or write, at a path now; nothing while the tenant is not served. */
    boolean permitsGuest(Principal guest, boolean write, String relative, Instant now) {
        return record.statusAt(now).isServed() && shares.permits(guest, write, relative, now);
    }

    /** The answer that a command got, if it was here before. */
    @Nullable
    Reply outcomeOf(CommandId command) {
        return outcomes.of(command);
    }

    void remember(Instant at, Map<CommandId, Reply> replies) {
        outcomes.remember(at, replies);
    }

    /** The path below this tenant's root that a wire path names, or null if it is not this tenant's. */
    @Nullable
    String relative(String wirePath) {
        if (!wirePath.startsWith(rootWire)) {
            return null;
        }
        if (wirePath.length() == rootWire.length()) {
            return WorkspacePath.ROOT;
        }
        return wirePath.charAt(rootWire.length()) == '/' ? wirePath.substring(rootWire.length()) : null;
    }
}
