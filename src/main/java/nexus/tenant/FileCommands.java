package nexus.tenant;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import nexus.kernel.ContentHash;
import nexus.kernel.FileId;
import nexus.kernel.Ids;
import nexus.kernel.JsonText;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.quota.UsageDelta;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.RelationTuple;
import nexus.rebac.tuple.StoredTuple;
import nexus.store.Content;
import nexus.store.FileEntry;
import nexus.store.FileVersion;
import nexus.store.Group;
import nexus.store.ShareRecord;
import nexus.store.TenantStore;
import nexus.store.TupleRow;
import org.jspecify.annotations.Nullable;

/**
 * The commands on files and directories: each judges permission first, then existence, preconditions and quota, and changes
 * the draft last. All of them are here because they are one set of rules about one tree.
 *
 * <p>{@code write} on a folder implies {@code write} on everything below it (the model inherits along paths and takes nothing
 * away), so a change of a whole folder is judged at the folder.
 */
final class FileCommands {
    private final TenantState state;
    private final Permissions permissions;
    private final Ids ids;

    FileCommands(TenantState state, Permissions permissions, Ids ids) {
        this.state = state;
        this.permissions = permissions;
        this.ids = ids;
    }

    // ---- what they look at
    // -------------------------------------------------------------------------------------------

    /** The relative paths that a command looks at; those of other tenants are left out, they are refused later. */
    List<String> paths(TenantRequest.Command command) {
        List<String> paths = new ArrayList<>(4);
        if (command instanceof TenantRequest.WriteFiles writes) {
            writes.writes().forEach(write -> add(paths, write.path()));
        } else if (command instanceof TenantRequest.AppendFile append) {
            add(paths, append.path());
        } else if (command instanceof TenantRequest.MakeDirectory make) {
            add(paths, make.path());
        } else if (command instanceof TenantRequest.RemoveDirectory remove) {
            add(paths, remove.path());
        } else if (command instanceof TenantRequest.DeleteFile delete) {
            add(paths, delete.path());
        } else if (command instanceof TenantRequest.Rename rename) {
            add(paths, rename.from());
            add(paths, rename.to());
        } else if (command instanceof TenantRequest.CopyFile copy) {
            add(paths, copy.from());
            add(paths, copy.to());
        } else if (command instanceof TenantRequest.Rollback rollback) {
            add(paths, rollback.path());
        } else if (command instanceof TenantRequest.ProvisionUser provision) {
            paths.addAll(UserPlaces.of(provision.userId(), provision.agents()));
        } else if (command instanceof TenantRequest.DeprovisionUser deprovision) {
            paths.addAll(UserPlaces.of(deprovision.userId(), false));
        }
        return paths;
    }

    private void add(List<String> paths, WorkspacePath path) {
        if (state.zone.equals(path.zone())) {
            paths.add(path.relative());
        }
    }

    /** Declares what must be loaded before the command can be decided; more may be asked for when that has come. */
    void need(TenantRequest.Command command, Loaded loaded) {
        for (String path : paths(command)) {
            loaded.needPathAndParents(path);
        }
        if (command instanceof TenantRequest.AppendFile append) {
            FileEntry file = committed(append.path(), loaded);
            if (file != null
                    && !file.directory()
                    && file.size() + append.bytes().length <= Limits.INLINE_CONTENT_BYTES) {
                loaded.needContent(file.contentHash());
            }
        }
    }

    /** Declares what a command that goes alone needs besides. */
    void needAlone(TenantRequest.Command command, Loaded loaded) {
        if (command instanceof TenantRequest.RemoveDirectory remove
                && !remove.path().isTenantRoot()) {
            loaded.needTotals(remove.path().relative());
        }
        if (command instanceof TenantRequest.Rename rename) {
            loaded.needTotals(rename.from().relative());
        }
        if (command instanceof TenantRequest.DeprovisionUser) {
            paths(command).forEach(loaded::needTotals);
        }
    }

    /**
     * Whether the command must have a group of its own: it changes a whole folder, or its content is made from the committed
     * one in the blob store.
     */
    boolean isAlone(TenantRequest.Command command, Loaded loaded) {
        if (command instanceof TenantRequest.RemoveDirectory
                || command instanceof TenantRequest.DeprovisionUser
                || command instanceof TenantRequest.DeleteTenant
                || command instanceof TenantRequest.AdvanceLifecycle) {
            return true;
        }
        if (command instanceof TenantRequest.Rename rename) {
            FileEntry from = committed(rename.from(), loaded);
            return from != null && from.directory();
        }
        return command instanceof TenantRequest.AppendFile append && isLargeAppend(append, loaded);
    }

    /** Whether the file that an append makes is too large to be in the group. */
    boolean isLargeAppend(TenantRequest.AppendFile append, Loaded loaded) {
        FileEntry file = committed(append.path(), loaded);
        long size = append.bytes().length + (file == null || file.directory() ? 0 : file.size());
        return size > Limits.INLINE_CONTENT_BYTES
                && !WorkspacePath.isControl(append.path().relative());
    }

    /** Whether a command needs what an earlier one of the same group has changed, and so waits for the next group. */
    boolean mustWait(TenantRequest.Command command, Draft draft) {
        if (draft.isVacated(paths(command))) {
            return true;
        }
        if (command instanceof TenantRequest.Rename rename
                && state.zone.equals(rename.from().zone())
                && !rename.from().isTenantRoot()) {
            // A directory that an earlier command of the group has made: a folder changes alone.
            FileEntry from = draft.entry(rename.from().relative());
            return from != null && from.directory();
        }
        if (!(command instanceof TenantRequest.AppendFile append)
                || draft.loaded().largeAppends.containsKey(append)
                || !state.zone.equals(append.path().zone())) {
            return false;
        }
        FileEntry present = draft.entry(append.path().relative());
        return present != null
                && !present.directory()
                && present.size() > 0
                && (present.size() + append.bytes().length > Limits.INLINE_CONTENT_BYTES
                        || draft.content(present.contentHash()) == null);
    }

    /** What is committed at a path, as far as it was loaded. */
    @Nullable
    FileEntry committed(WorkspacePath path, Loaded loaded) {
        return state.zone.equals(path.zone()) && loaded.hasEntry(path.relative())
                ? loaded.entry(path.relative()).orElse(null)
                : null;
    }

    // ---- directories
    // -------------------------------------------------------------------------------------------------

    Reply makeDirectory(Ask ask, TenantRequest.MakeDirectory command, Principal principal, Draft draft) {
        if (isFolderOfShares(command.path()) && principal.systemAdministrator()) {
            // The server makes it, when there is something in it.
            return Reply.Done.DONE;
        }
        String path = ownPath(command.path(), principal, Permissions.WRITE);
        if (path.equals(WorkspacePath.ROOT)) {
            // The tenant is there: making it is the system administrator's, and so is being told that it exists.
            requireSystem(principal, command.path());
            if (command.existOk()) {
                return Reply.Done.DONE;
            }
            throw Problem.exists(
                            "Directory already exists: " + command.path(),
                            command.path().wire())
                    .exception();
        }
        permissions.require(principal, Permissions.WRITE, parent(path), draft.now);
        refuseControl(path);
        FileEntry present = draft.entry(path);
        if (present != null) {
            if (present.directory() && command.existOk()) {
                return Reply.Done.DONE;
            }
            throw Problem.exists(
                            (present.directory() ? "Directory" : "File") + " already exists: " + command.path(),
                            command.path().wire())
                    .exception();
        }
        List<FileEntry> made = missingFolders(parent(path), principal, draft);
        if (!made.isEmpty() && !command.parents()) {
            String missing = WorkspacePath.wire(state.zone, parent(path));
            throw Problem.notFound("Parent directory does not exist: " + missing, missing)
                    .exception();
        }
        made.forEach(draft::createEntry);
        draft.createEntry(FileEntry.directory(newFileId(), path, draft.now, principal.subject()));
        draft.audit(AuditLine.of("change", ask, principal, "mkdir", path));
        return Reply.Done.DONE;
    }

    private boolean isFolderOfShares(WorkspacePath path) {
        ZoneName source = path.source();
        return state.zone.equals(path.zone())
                && source != null
                && path.relative().equals(WorkspacePath.sharedFrom(source));
    }

    Reply removeDirectory(Ask ask, TenantRequest.RemoveDirectory command, Principal principal, Draft draft) {
        String path = ownPath(command.path(), principal, Permissions.WRITE);
        if (path.equals(WorkspacePath.ROOT)) {
            requireSystem(principal, command.path());
            if (!command.recursive()) {
                throw Problem.refused(
                                "Directory not empty: " + command.path(),
                                command.path().wire())
                        .exception();
            }
            return RecordCommands.end(ask, principal, draft);
        }
        permissions.require(principal, Permissions.WRITE, path, draft.now);
        refuseControl(path);
        FileEntry folder = draft.entry(path);
        if (folder == null) {
            throw notFound(command.path());
        }
        if (!folder.directory()) {
            throw Problem.refused(
                            "Not a directory: " + command.path(), command.path().wire())
                    .exception();
        }
        TenantStore.FolderTotals totals = draft.loaded().totals(path);
        if (totals.entries() > 0 && !command.recursive()) {
            throw Problem.refused(
                            "Directory not empty: " + command.path(),
                            command.path().wire())
                    .exception();
        }
        removeFolder(path, draft);
        draft.audit(AuditLine.of("change", ask, principal, "rmdir", path)
                .withDetail(new JsonText()
                        .put("files", totals.files())
                        .put("bytes", totals.bytes())
                        .end()));
        return Reply.Done.DONE;
    }

    /** Takes a directory that is there away with everything below it and the grants on it; its group is its own. */
    void removeFolder(String path, Draft draft) {
        TenantStore.FolderTotals totals = draft.loaded().totals(path);
        draft.changeFolder(new Group.Folder.Removed(path));
        draft.charge(UsageDelta.files(-totals.files(), -totals.bytes()));
        for (StoredTuple tuple : state.tuples.under(Permissions.FILE, path)) {
            draft.removeTuple(TupleIds.of(tuple.tuple()), tuple.tuple());
        }
        draft.sharesWithin(path).forEach(share -> draft.removeShare(share.id()));
    }

    /** The directories that a path needs and that are not there yet, outermost first. */
    List<FileEntry> missingFolders(String folder, Principal principal, Draft draft) {
        List<FileEntry> missing = new ArrayList<>();
        String at = folder;
        while (!at.equals(WorkspacePath.ROOT)) {
            FileEntry present = draft.entry(at);
            if (present != null) {
                if (!present.directory()) {
                    String wire = WorkspacePath.wire(state.zone, at);
                    throw Problem.refused("Not a directory: " + wire, wire).exception();
                }
                break;
            }
            refuseControl(at);
            missing.add(0, FileEntry.directory(newFileId(), at, draft.now, principal.subject()));
            at = parent(at);
        }
        return missing;
    }

    // ---- contents
    // ----------------------------------------------------------------------------------------------------

    Reply write(Ask ask, TenantRequest.WriteFiles command, Principal principal, Draft draft) {
        Writes writes = new Writes(ask, principal, draft);
        for (TenantRequest.FileWrite write : command.writes()) {
            String path = ownPath(write.path(), principal, Permissions.WRITE);
            FileEntry present = writes.entry(path);
            requireWrite(principal, path, present, draft);
            refuseControl(path);
            requireInlineSize(write.content());
            checkConditions(write.path(), present, write.ifMatch(), write.ifNoneMatch());
            writes.add(path, present, write.content(), "original", null);
        }
        return writes.commit("write");
    }

    Reply append(Ask ask, TenantRequest.AppendFile command, Principal principal, Draft draft) {
        String path = ownPath(command.path(), principal, Permissions.WRITE);
        FileEntry present = draft.entry(path);
        requireWrite(principal, path, present, draft);
        refuseControl(path);
        checkConditions(command.path(), present, command.ifMatch(), false);
        if (present != null && present.directory()) {
            throw isDirectory(command.path());
        }
        long size = command.bytes().length + (present == null ? 0 : present.size());
        if (size > Limits.APPENDED_FILE_BYTES) {
            throw Problem.tooLarge("appending would make the file " + size + " bytes long, the limit is "
                            + Limits.APPENDED_FILE_BYTES)
                    .exception();
        }
        Content content = size > Limits.INLINE_CONTENT_BYTES
                ? draft.loaded().largeAppends.get(command)
                : joined(present, command.bytes(), draft);
        if (content == null) {
            Problem refusal = draft.loaded().refusedAppends.get(command);
            throw (refusal == null ? Problem.unavailable("the file changed while it was appended to") : refusal)
                    .exception();
        }
        Writes writes = new Writes(ask, principal, draft);
        writes.add(path, present, content, "append", null);
        return writes.commit("append");
    }

    private static Content joined(@Nullable FileEntry present, byte[] more, Draft draft) {
        if (present == null || present.size() == 0) {
            return Content.Inline.of(more);
        }
        Content old = draft.content(present.contentHash());
        if (!(old instanceof Content.Inline inline)) {
            throw new IllegalStateException("BUG: a small content is not at hand");
        }
        byte[] joined = Arrays.copyOf(inline.bytes(), inline.bytes().length + more.length);
        System.arraycopy(more, 0, joined, inline.bytes().length, more.length);
        return Content.Inline.of(joined);
    }

    Reply copy(Ask ask, TenantRequest.CopyFile command, Principal principal, Draft draft) {
        String from = ownPath(command.from(), principal, Permissions.READ);
        String to = ownPath(command.to(), principal, Permissions.WRITE);
        permissions.require(principal, Permissions.READ, from, draft.now);
        FileEntry target = draft.entry(to);
        requireWrite(principal, to, target, draft);
        refuseControl(from);
        refuseControl(to);
        FileEntry source = draft.entry(from);
        if (source == null) {
            throw notFound(command.from());
        }
        if (source.directory()) {
            throw isDirectory(command.from());
        }
        if (target != null) {
            throw Problem.exists(
                            "File already exists: " + command.to(), command.to().wire())
                    .exception();
        }
        Writes writes = new Writes(ask, principal, draft);
        writes.addKnown(to, null, source.contentHash(), source.size(), "copy", null);
        return writes.commit("copy");
    }

    Reply rollback(Ask ask, TenantRequest.Rollback command, Principal principal, Draft draft) {
        String path = ownPath(command.path(), principal, Permissions.WRITE);
        FileEntry present = draft.entry(path);
        requireWrite(principal, path, present, draft);
        refuseControl(path);
        if (present == null) {
            throw notFound(command.path());
        }
        if (present.directory()) {
            throw isDirectory(command.path());
        }
        for (FileEntry.RetainedVersion version : present.retained()) {
            if (version.version() == command.version()) {
                Writes writes = new Writes(ask, principal, draft);
                writes.addKnown(path, present, version.hash(), version.size(), "rollback", version.version());
                return writes.commit("rollback");
            }
        }
        throw Problem.notFound(
                        "Version " + command.version() + " of " + command.path() + " is not retained",
                        command.path().wire())
                .exception();
    }

    /** The writes of one command: planned one after another, then made all at once. */
    private final class Writes {
        private final Ask ask;
        private final Principal principal;
        private final Draft draft;
        private final Map<String, FileEntry> planned = new HashMap<>();
        private final List<FileEntry> folders = new ArrayList<>();
        private final List<FileEntry> files = new ArrayList<>();
        private final List<Boolean> isNew = new ArrayList<>();
        private final List<FileVersion> versions = new ArrayList<>();
        private final List<Group.DroppedVersion> dropped = new ArrayList<>();
        private final List<Content> contents = new ArrayList<>();
        private UsageDelta delta = UsageDelta.NONE;

        Writes(Ask ask, Principal principal, Draft draft) {
            this.ask = ask;
            this.principal = principal;
            this.draft = draft;
        }

        @Nullable
        FileEntry entry(String path) {
            FileEntry own = planned.get(path);
            return own == null ? draft.entry(path) : own;
        }

        void add(String path, @Nullable FileEntry present, Content content, String source, @Nullable Long parent) {
            addKnown(path, present, content.hash(), content.size(), source, parent);
            contents.add(content);
        }

        void addKnown(
                String path,
                @Nullable FileEntry present,
                ContentHash hash,
                long size,
                String source,
                @Nullable Long parent) {
            if (present == null) {
                for (FileEntry folder : missingFolders(parent(path), principal, draft)) {
                    FileEntry own = planned.putIfAbsent(folder.path(), folder);
                    if (own == null) {
                        folders.add(folder);
                    } else if (!own.directory()) {
                        String wire = WorkspacePath.wire(state.zone, own.path());
                        throw Problem.refused("Not a directory: " + wire, wire).exception();
                    }
                }
            } else if (present.directory()) {
                throw isDirectory(WorkspacePath.inTenant(state.zone, path));
            }
            long version = present == null ? 1 : present.version() + 1;
            FileId id = present == null ? newFileId() : present.id();
            List<FileEntry.RetainedVersion> retained =
                    new ArrayList<>(present == null ? List.of() : present.retained());
            retained.add(new FileEntry.RetainedVersion(version, size, hash));
            long bytes = size;
            while (retained.size() > draft.record().retainedVersions()) {
                FileEntry.RetainedVersion oldest = retained.remove(0);
                bytes -= oldest.size();
                dropped.add(new Group.DroppedVersion(id, oldest.version(), oldest.hash()));
            }
            FileEntry entry = new FileEntry(
                    id,
                    path,
                    false,
                    version,
                    size,
                    hash,
                    present == null ? draft.now : present.createdAt(),
                    draft.now,
                    present == null ? principal.subject() : present.createdBy(),
                    retained);
            planned.put(path, entry);
            files.add(entry);
            isNew.add(present == null);
            versions.add(new FileVersion(id, version, size, hash, draft.now, principal.subject(), source, parent));
            delta = delta.plus(UsageDelta.files(present == null ? 1 : 0, bytes));
        }

        Reply commit(String operation) {
            draft.requireRoom(delta);
            folders.forEach(draft::createEntry);
            for (int i = 0; i < files.size(); i++) {
                if (isNew.get(i)) {
                    draft.createEntry(files.get(i));
                } else {
                    draft.updateEntry(files.get(i));
                }
            }
            versions.forEach(draft::addVersion);
            dropped.forEach(draft::dropVersion);
            contents.forEach(draft::addContent);
            draft.charge(delta);
            List<Reply.FileInfo> infos = new ArrayList<>(files.size());
            for (FileEntry file : files) {
                infos.add(Infos.of(state, file));
                draft.audit(AuditLine.of("change", ask, principal, operation, file.path())
                        .withDetail(new JsonText()
                                .put("version", file.version())
                                .put("size", file.size())
                                .put("etag", file.contentHash().hex())
                                .end()));
            }
            return new Reply.Written(infos);
        }
    }

    // ---- removing and moving
    // -----------------------------------------------------------------------------------------

    Reply delete(Ask ask, TenantRequest.DeleteFile command, Principal principal, Draft draft) {
        String path = ownPath(command.path(), principal, Permissions.WRITE);
        permissions.require(principal, Permissions.WRITE, path, draft.now);
        refuseRoot(path);
        refuseControl(path);
        FileEntry file = draft.entry(path);
        if (file == null) {
            throw notFound(command.path());
        }
        if (file.directory()) {
            throw isDirectory(command.path());
        }
        draft.removeEntry(file);
        draft.charge(UsageDelta.files(-1, -file.retainedBytes()));
        for (TupleRow grant : grantsOn(path, draft)) {
            draft.removeTuple(grant.id(), grant.tuple());
        }
        draft.sharesAt(path).forEach(share -> draft.removeShare(share.id()));
        draft.audit(AuditLine.of("change", ask, principal, "delete", path));
        return Reply.Done.DONE;
    }

    Reply rename(Ask ask, TenantRequest.Rename command, Principal principal, Draft draft) {
        String from = ownPath(command.from(), principal, Permissions.WRITE);
        String to = ownPath(command.to(), principal, Permissions.WRITE);
        permissions.require(principal, Permissions.WRITE, from, draft.now);
        FileEntry target = to.equals(WorkspacePath.ROOT) ? null : draft.entry(to);
        if (to.equals(WorkspacePath.ROOT)) {
            permissions.require(principal, Permissions.WRITE, to, draft.now);
        } else {
            requireWrite(principal, to, target, draft);
        }
        refuseRoot(from);
        refuseRoot(to);
        refuseControl(from);
        refuseControl(to);
        FileEntry source = draft.entry(from);
        if (source == null) {
            throw notFound(command.from());
        }
        if (target != null) {
            throw Problem.exists(
                            "File already exists: " + command.to(), command.to().wire())
                    .exception();
        }
        if (source.directory()) {
            if (WorkspacePath.isWithin(to, from)) {
                throw Problem.refused(
                                "a directory cannot be moved into itself",
                                command.to().wire())
                        .exception();
            }
            requireDepth(source, to, draft);
        }
        List<FileEntry> folders = missingFolders(parent(to), principal, draft);
        folders.forEach(draft::createEntry);
        if (source.directory()) {
            draft.changeFolder(new Group.Folder.Moved(from, to));
        } else {
            draft.moveEntry(source, moved(source, to, draft));
        }
        List<TupleRow> grants = source.directory() ? grantsWithin(from) : grantsOn(from, draft);
        for (TupleRow grant : grants) {
            draft.removeTuple(grant.id(), grant.tuple());
        }
        for (TupleRow grant : grants) {
            draft.putTuple(movedGrant(grant, from, to));
        }
        for (ShareRecord share : draft.sharesWithin(from)) {
            String shared = share.path();
            if (shared != null) {
                draft.putShare(share.movedTo(to + shared.substring(from.length())));
            }
        }
        draft.audit(AuditLine.of("change", ask, principal, "rename", from)
                .withDetail(new JsonText().put("to", to).end()));
        return Reply.Done.DONE;
    }

    private static FileEntry moved(FileEntry file, String to, Draft draft) {
        return new FileEntry(
                file.id(),
                to,
                false,
                file.version(),
                file.size(),
                file.hash(),
                file.createdAt(),
                draft.now,
                file.createdBy(),
                file.retained());
    }

    /** A folder's content must still have legal paths where it goes. */
    private static void requireDepth(FileEntry folder, String to, Draft draft) {
        TenantStore.FolderTotals totals = draft.loaded().totals(folder.path());
        long deepest = (long) depth(to) + totals.deepest();
        long longest = (long) to.length() * 3 + totals.longest();
        if (deepest > Limits.PATH_DEPTH || longest > Limits.PATH_BYTES) {
            throw Problem.refused(
                            "what is in the directory would be too deep or too long there: the limits are "
                                    + Limits.PATH_DEPTH + " levels and " + Limits.PATH_BYTES + " bytes",
                            null)
                    .exception();
        }
    }

    private static int depth(String path) {
        int depth = 0;
        for (int i = 0; i < path.length(); i++) {
            depth += path.charAt(i) == '/' ? 1 : 0;
        }
        return depth;
    }

    /** Grants on exactly this path, those of this group included. */
    private List<TupleRow> grantsOn(String path, Draft draft) {
        List<TupleRow> grants = new ArrayList<>();
        ObjectRef object = new ObjectRef(Permissions.FILE, path);
        for (StoredTuple stored : state.tuples.byObject(object)) {
            UUID id = TupleIds.of(stored.tuple());
            if (draft.hasTuple(id, stored.tuple()) && !draft.isPut(id)) {
                grants.add(new TupleRow(id, stored.tuple(), draft.now, stored.expiresAt()));
            }
        }
        for (TupleRow put : draft.tuplesPut()) {
            if (put.tuple().object().equals(object)) {
                grants.add(put);
            }
        }
        return grants;
    }

    private List<TupleRow> grantsWithin(String folder) {
        List<TupleRow> grants = new ArrayList<>();
        for (StoredTuple stored : state.tuples.under(Permissions.FILE, folder)) {
            grants.add(new TupleRow(TupleIds.of(stored.tuple()), stored.tuple(), state.lastAt, stored.expiresAt()));
        }
        return grants;
    }

    private static TupleRow movedGrant(TupleRow grant, String from, String to) {
        String path = to + grant.tuple().object().id().substring(from.length());
        RelationTuple tuple = new RelationTuple(
                new ObjectRef(Permissions.FILE, path),
                grant.tuple().relation(),
                grant.tuple().subject());
        return new TupleRow(TupleIds.of(tuple), tuple, grant.createdAt(), grant.expiresAt());
    }

    // ---- shared rules
    // ------------------------------------------------------------------------------------------------

    /** The relative path, or a refusal for a path that is not this tenant's. */
    String ownPath(WorkspacePath path, Principal principal, String permission) {
        if (state.zone.equals(path.zone())) {
            if (WorkspacePath.sourceOf(path.relative()) == null) {
                return path.relative();
            }
            if (principal.systemAdministrator()) {
                throw Problem.refused(
                                "what another tenant shares is changed at its own path there: " + path, path.wire())
                        .exception();
            }
            // Another tenant's, and this one's has no say in it: as with any path of another tenant.
            throw Permissions.denied(principal, permission, path.wire()).exception();
        }
        if (!principal.systemAdministrator()) {
            throw Permissions.denied(principal, permission, path.wire()).exception();
        }
        throw Problem.refused(
                        path.place() == WorkspacePath.Place.TENANT
                                ? "the paths of one request must be of one tenant"
                                : "nothing can be made at " + path + ": everything is below /tenants/{zone_id}",
                        path.wire())
                .exception();
    }

    /** A write needs {@code write} on the file, or on the directory that it is to be in. */
    private void requireWrite(Principal principal, String path, @Nullable FileEntry present, Draft draft) {
        boolean root = path.equals(WorkspacePath.ROOT);
        permissions.requireAt(
                principal, Permissions.WRITE, present == null && !root ? parent(path) : path, path, draft.now);
        refuseRoot(path);
    }

    private static void requireInlineSize(Content content) {
        if (content.inlineBytes() > Limits.INLINE_CONTENT_BYTES) {
            throw new IllegalStateException("BUG: a large content came in hand");
        }
    }

    private static void checkConditions(
            WorkspacePath path, @Nullable FileEntry present, @Nullable String ifMatch, boolean ifNoneMatch) {
        if (ifNoneMatch && present != null) {
            throw Problem.exists("File already exists: " + path, path.wire()).exception();
        }
        if (ifMatch != null) {
            String current = present == null
                    ? "(file does not exist)"
                    : present.hash() == null ? "(no etag)" : present.hash().hex();
            if (!ifMatch.equals(current)) {
                throw new Problem.Conflict("Conflict detected", path.wire(), ifMatch, current).exception();
            }
        }
    }

    private void refuseControl(String path) {
        if (WorkspacePath.isControl(path)) {
            String wire = WorkspacePath.wire(state.zone, path);
            throw Problem.refused("this path belongs to the server: " + wire, wire)
                    .exception();
        }
    }

    private void refuseRoot(String path) {
        if (path.equals(WorkspacePath.ROOT)) {
            throw Problem.refused(
                            "a tenant's root folder can only be removed by rmdir with a system key", state.rootWire)
                    .exception();
        }
    }

    private static void requireSystem(Principal principal, WorkspacePath path) {
        if (!principal.systemAdministrator()) {
            throw Permissions.denied(principal, Permissions.WRITE, path.wire()).exception();
        }
    }

    private static RuntimeException notFound(WorkspacePath path) {
        return Problem.notFound("File not found: " + path, path.wire()).exception();
    }

    private static RuntimeException isDirectory(WorkspacePath path) {
        return Problem.refused("Is a directory: " + path, path.wire()).exception();
    }

    private static String parent(String path) {
        String parent = WorkspacePath.parentOf(path);
        if (parent == null) {
            throw new IllegalStateException("BUG: the root has no parent");
        }
        return parent;
    }

    private FileId newFileId() {
        return new FileId(ids.next());
    }
}
