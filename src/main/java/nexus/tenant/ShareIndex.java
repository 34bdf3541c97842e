package nexus.tenant;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.UUID;
import nexus.kernel.Limits;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.store.ShareRecord;
import org.jspecify.annotations.Nullable;

/**
 * The committed shares of one tenant, and the judgement by them: whether a guest may, at this very instant. There is no other
 * way for a guest, and no memory of an earlier judgement.
 *
 * <p>Only the actor's own loop uses it.
 */
final class ShareIndex {
    /** Whatever begins with a folder and a slash is before the folder with this character. */
    private static final char AFTER_SLASH = '/' + 1;

    private final Map<UUID, ShareRecord> all = new LinkedHashMap<>(2);
    private final Map<TenantId, Map<UUID, ShareRecord>> byTarget = new HashMap<>(2);

    /** By what is shared, so that a change of a file costs nothing for the shares of others. */
    private final NavigableMap<String, Map<UUID, ShareRecord>> byPath = new TreeMap<>();

    void put(ShareRecord share) {
        ShareRecord before = all.put(share.id(), share);
        if (before != null) {
            unlink(before);
        }
        if (share.path() != null) {
            byPath.computeIfAbsent(share.path(), path -> new LinkedHashMap<>(2)).put(share.id(), share);
        }
        byTarget.computeIfAbsent(share.target(), target -> new LinkedHashMap<>(2))
                .put(share.id(), share);
    }

    void remove(UUID id) {
        ShareRecord gone = all.remove(id);
        if (gone != null) {
            unlink(gone);
            Map<UUID, ShareRecord> others = byTarget.get(gone.target());
            if (others != null) {
                others.remove(id);
                if (others.isEmpty()) {
                    byTarget.remove(gone.target());
                }
            }
        }
    }

    private void unlink(ShareRecord share) {
        Map<UUID, ShareRecord> others = share.path() == null ? null : byPath.get(share.path());
        if (others != null) {
            others.remove(share.id());
            if (others.isEmpty()) {
                byPath.remove(share.path());
            }
        }
    }

    @Nullable
    ShareRecord get(UUID id) {
        return all.get(id);
    }

    Collection<ShareRecord> all() {
        return all.values();
    }

    int size() {
        return all.size();
    }

    Collection<ShareRecord> with(TenantId target) {
        Map<UUID, ShareRecord> found = byTarget.get(target);
        return found == null ? List.of() : found.values();
    }

    /** Those of exactly this path. */
    Collection<ShareRecord> at(String path) {
        Map<UUID, ShareRecord> found = byPath.get(path);
        return found == null ? List.of() : found.values();
    }

    /** Those of a folder, which is not the root, and of all below it. */
    Collection<ShareRecord> within(String folder) {
        List<ShareRecord> found = new ArrayList<>(at(folder));
        byPath.subMap(folder + '/', folder + AFTER_SLASH).values().forEach(shares -> found.addAll(shares.values()));
        return found;
    }

    // ---- the judgement
    // -----------------------------------------------------------------------------------------------

    /** The shares that a guest may use now. */
    List<ShareRecord> usable(Principal guest, Instant now) {
        List<ShareRecord> found = new ArrayList<>();
        for (ShareRecord share : with(guest.tenant())) {
            if (share.isLive(now) && isFor(share, guest)) {
                found.add(share);
            }
        }
        return found;
    }

    /** Whether a guest may read, or write, at a path now. */
    boolean permits(Principal guest, boolean write, String relative, Instant now) {
        for (ShareRecord share : with(guest.tenant())) {
            String path = share.path();
            if (path != null
                    && (share.write() || !write)
                    && WorkspacePath.isWithin(relative, path)
                    && share.isLive(now)
                    && isFor(share, guest)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isFor(ShareRecord share, Principal principal) {
        Principal.Guest guest = principal.guest();
        if (guest == null) {
            return false;
        }
        if (guest.everybody() || share.subjectType().equals(ShareRecord.EVERYBODY)) {
            return true;
        }
        if (share.subjectType().equals(Permissions.GROUP)) {
            return guest.groups().contains(share.subjectId());
        }
        Instant since = guest.registeredAt();
        return share.subjectType().equals(principal.subjectType())
                && share.subjectId().equals(principal.subjectId())
                && since != null
                && !since.isAfter(share.createdAt().plus(Limits.SHARE_USER_GRACE));
    }
}
