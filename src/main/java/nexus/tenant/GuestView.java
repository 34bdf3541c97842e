package nexus.tenant;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import nexus.kernel.Must;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.store.ShareRecord;
import org.jspecify.annotations.Nullable;

/**
 * One guest's request as the tenant that shares sees it, and its answer as the guest may see it.
 *
 * <pre>
 *   /tenants/beta/shared/from-acme/plan/q3.txt     what the guest of beta asks for
 *   /tenants/acme/projects/x/plan/q3.txt           what it is, if /projects/x/plan is shared as "plan" with him now
 * </pre>
 *
 * <p>It only finds what is meant. A path that leads to no share stays as it is, and is therefore none of this tenant's: the
 * same refusal as for everything that is not there or not for him. Whether he may is judged where it is judged for
 * everybody, by the path that it leads to.
 *
 * <p>On the way back nothing of this tenant's tree outside of the share is told, nor who its users are, nor what it has left
 * of its quotas.
 */
final class GuestView {
    private final TenantState state;
    private final Principal.Guest guest;
    private final String rootWire;
    private final List<ShareRecord> shares;
    /** Wire paths of the shares that were used and what the guest calls them, the longest first. */
    private final Map<String, String> names = new TreeMap<>((a, b) -> {
        int byLength = Integer.compare(b.length(), a.length());
        return byLength != 0 ? byLength : a.compareTo(b);
    });

    GuestView(TenantState state, Principal principal, Instant now) {
        Principal.Guest known = principal.guest();
        if (known == null) {
            throw new IllegalStateException("BUG: only guests use shares");
        }
        this.state = state;
        this.guest = known;
        this.rootWire = WorkspacePath.wire(known.home(), WorkspacePath.sharedFrom(state.zone));
        this.shares = state.usableShares(principal, now);
    }

    // ---- in
    // ----------------------------------------------------------------------------------------------------------

    /** The path in this tenant that is meant, or the path itself if it leads to no share. */
    WorkspacePath inside(WorkspacePath path) {
        String wire = path.wire();
        if (!isBelowRoot(path)) {
            return path;
        }
        int start = rootWire.length() + 1;
        int end = wire.indexOf('/', start);
        String name = wire.substring(start, end < 0 ? wire.length() : end);
        for (ShareRecord share : shares) {
            String shared = share.path();
            if (share.name().equals(name) && shared != null) {
                String relative = shared + (end < 0 ? "" : wire.substring(end));
                if (!WorkspacePath.fits(relative)) {
                    return path;
                }
                names.put(WorkspacePath.wire(state.zone, shared), rootWire + "/" + name);
                return WorkspacePath.inTenant(state.zone, relative);
            }
        }
        return path;
    }

    private boolean isBelowRoot(WorkspacePath path) {
        return guest.home().equals(path.zone()) && path.wire().startsWith(rootWire + "/");
    }

    /** The query about what is meant. */
    TenantRequest.Query inside(TenantRequest.Query query) {
        if (query instanceof TenantRequest.Stat stat) {
            return new TenantRequest.Stat(
                    stat.paths().stream().map(this::inside).toList());
        } else if (query instanceof TenantRequest.ReadFile read) {
            return new TenantRequest.ReadFile(inside(read.path()), read.version());
        } else if (query instanceof TenantRequest.PrepareWrite prepare) {
            return new TenantRequest.PrepareWrite(inside(prepare.path()), prepare.size());
        } else if (query instanceof TenantRequest.ListFiles list) {
            return inside(list);
        }
        throw otherKind(query);
    }

    private TenantRequest.Query inside(TenantRequest.ListFiles list) {
        WorkspacePath folder = inside(list.folder());
        if (folder.equals(list.folder())) {
            return list;
        }
        String outer = list.folder().wire();
        String prefix = list.prefix();
        String after = list.after();
        // What cannot be below the folder matches nothing: the folder's own path with a slash is behind and before all.
        String nothing = folder.wire() + "//";
        String innerPrefix = prefix == null || outer.startsWith(prefix)
                ? null
                : isWithin(prefix, outer) ? folder.wire() + prefix.substring(outer.length()) : nothing;
        String innerAfter = null;
        if (after != null && isWithin(after, outer)) {
            innerAfter = folder.wire() + after.substring(outer.length());
        } else if (after != null && Queries.BY_BYTES.compare(after, outer + "/") > 0) {
            innerPrefix = nothing;
        }
        return new TenantRequest.ListFiles(folder, list.recursive(), innerPrefix, innerAfter, list.limit());
    }

    private static boolean isWithin(String wire, String folder) {
        return WorkspacePath.isWithin(wire, folder);
    }

    /** The command on what is meant. */
    TenantRequest.Command inside(TenantRequest.Command command) {
        if (command instanceof TenantRequest.WriteFiles writes) {
            return new TenantRequest.WriteFiles(writes.writes().stream()
                    .map(write -> new TenantRequest.FileWrite(
                            inside(write.path()), write.content(), write.ifMatch(), write.ifNoneMatch()))
                    .toList());
        } else if (command instanceof TenantRequest.AppendFile append) {
            return new TenantRequest.AppendFile(inside(append.path()), append.bytes(), append.ifMatch());
        } else if (command instanceof TenantRequest.MakeDirectory make) {
            return new TenantRequest.MakeDirectory(inside(make.path()), make.parents(), make.existOk());
        }
        throw otherKind(command);
    }

    /** The actor lets no guest in with anything else. */
    private static RuntimeException otherKind(TenantRequest request) {
        return new IllegalStateException("BUG: '" + request.operation() + "' does not go through a share");
    }

    // ---- what is in the folder of the shares
    // -------------------------------------------------------------------------

    /** Whether a path is the folder in which this tenant's shares appear to the guest. */
    boolean isRoot(WorkspacePath path) {
        return path.wire().equals(rootWire);
    }

    /** Whether there is anything for the guest. */
    private boolean isEmpty() {
        return shares.isEmpty() && !guest.everybody();
    }

    /** The folder as the guest sees it. */
    private Reply.FileInfo root() {
        return new Reply.FileInfo(
                rootWire, true, 0, 0, null, state.record.createdAt(), state.record.createdAt(), owner());
    }

    /** The folder itself, or a note in it; null for everything else. */
    Reply.@Nullable FileInfo known(WorkspacePath path) {
        if (isRoot(path)) {
            return isEmpty() ? null : root();
        }
        ShareNote note = note(path);
        return note == null ? null : note.info();
    }

    /** The names in the folder and what they lead to. */
    Map<String, String> entries() {
        Map<String, String> entries = new TreeMap<>(Queries.BY_BYTES);
        for (ShareRecord share : shares) {
            String path = share.path();
            if (path != null) {
                entries.putIfAbsent(rootWire + "/" + share.name(), path);
            }
        }
        return entries;
    }

    /** The notes in the folder: one for each share that came with one. */
    List<ShareNote> notes() {
        List<ShareNote> notes = new ArrayList<>();
        for (ShareRecord share : shares) {
            if (share.label() != null) {
                notes.add(ShareNote.of(state, share));
            }
        }
        return notes;
    }

    /** The note of a path, or null if there is none. */
    @Nullable
    ShareNote note(WorkspacePath path) {
        String label = isBelowRoot(path) ? ShareNote.labelOf(path.wire().substring(rootWire.length() + 1)) : null;
        for (ShareRecord share : shares) {
            if (label != null && label.equals(share.label())) {
                return ShareNote.of(state, share);
            }
        }
        return null;
    }

    // ---- out
    // ---------------------------------------------------------------------------------------------------------

    /** The answer as the guest may see it, who asked in his own terms. */
    Reply outside(TenantRequest asked, Reply reply) {
        if (reply instanceof Reply.Written written) {
            List<WorkspacePath> paths = asked instanceof TenantRequest.WriteFiles writes
                    ? writes.writes().stream()
                            .map(TenantRequest.FileWrite::path)
                            .toList()
                    : List.of(((TenantRequest.AppendFile) asked).path());
            Must.hold(paths.size() == written.files().size(), "an answer for each write");
            List<Reply.FileInfo> files = new ArrayList<>(paths.size());
            for (int i = 0; i < paths.size(); i++) {
                files.add(named(written.files().get(i), paths.get(i).wire()));
            }
            return new Reply.Written(files);
        } else if (reply instanceof Reply.Stats stats) {
            List<WorkspacePath> paths = ((TenantRequest.Stat) asked).paths();
            List<Reply.StatResult> results = new ArrayList<>(paths.size());
            for (int i = 0; i < paths.size(); i++) {
                Reply.StatResult result = stats.results().get(i);
                Reply.FileInfo info = result.info();
                Problem problem = result.problem();
                results.add(new Reply.StatResult(
                        info == null ? null : named(info, paths.get(i).wire()),
                        problem == null ? null : outside(problem)));
            }
            return new Reply.Stats(results);
        } else if (reply instanceof Reply.FileContent file) {
            return new Reply.FileContent(
                    file.tenant(),
                    named(file.info(), ((TenantRequest.ReadFile) asked).path().wire()),
                    file.content());
        } else if (reply instanceof Reply.Listing listing) {
            List<Reply.FileInfo> entries = new ArrayList<>(listing.entries().size());
            for (Reply.FileInfo entry : listing.entries()) {
                entries.add(named(entry, outside(entry.path())));
            }
            String next = listing.next();
            return new Reply.Listing(entries, next == null ? null : outside(next));
        }
        Must.hold(reply instanceof Reply.Done, "an answer that tells nothing", reply.getClass());
        return reply;
    }

    private Reply.FileInfo named(Reply.FileInfo info, String wire) {
        return new Reply.FileInfo(
                wire,
                info.directory(),
                info.version(),
                info.size(),
                info.etag(),
                info.createdAt(),
                info.modifiedAt(),
                owner());
    }

    /** Who made it is this tenant's own affair. */
    private String owner() {
        return Permissions.TENANT + ":" + state.zone;
    }

    private String outside(String wire) {
        for (Map.Entry<String, String> name : names.entrySet()) {
            if (isWithin(wire, name.getKey())) {
                return name.getValue() + wire.substring(name.getKey().length());
            }
        }
        return wire;
    }

    /** The problem as the guest may see it. */
    Problem outside(Problem problem) {
        String path = problem.path();
        String told = path == null ? null : outside(path);
        if (told != null && isInside(told)) {
            told = null;
        }
        if (problem instanceof Problem.Conflict conflict) {
            return new Problem.Conflict("Conflict detected", told, conflict.expected(), conflict.current());
        } else if (problem instanceof Problem.QuotaExceeded quota) {
            // The limit and what is used of it are this tenant's own affair.
            return new Problem.Plain(
                    ProblemCode.QUOTA_EXCEEDED,
                    "Quota exceeded for " + quota.resource() + ": the tenant that shares has no room for it",
                    told);
        }
        String message = problem.message();
        for (Map.Entry<String, String> name : names.entrySet()) {
            message = message.replace(name.getKey(), name.getValue());
        }
        if (message.contains(state.rootWire + "/")) {
            message = "the tenant that shares does not take this";
        }
        return problem instanceof Problem.Retry retry
                ? new Problem.Retry(retry.code(), message, retry.after())
                : new Problem.Plain(problem.code(), message, told);
    }

    private boolean isInside(String wire) {
        ZoneName own = state.zone;
        return isWithin(wire, WorkspacePath.wire(own, WorkspacePath.ROOT));
    }
}
