package nexus.tenant;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.WorkspacePath;
import nexus.quota.QuotaLedger;
import nexus.quota.UsageDelta;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.SubjectRef;
import nexus.store.Content;
import nexus.store.Registry;
import nexus.store.ShareRecord;
import nexus.store.TenantStore;
import org.jspecify.annotations.Nullable;

/** Judges the queries on the committed state: answers those that memory can answer, says what the others need. */
final class Queries {
    /** Either an answer or what it takes to give one. */
    record Outcome(@Nullable Reply reply, @Nullable Fetch fetch) {
        static Outcome of(Reply reply) {
            return new Outcome(reply, null);
        }

        static Outcome of(Fetch fetch) {
            return new Outcome(null, fetch);
        }
    }

    /** Paths in the order of their UTF-8 bytes, as the database has them. */
    static final Comparator<String> BY_BYTES = Queries::compareByCodePoints;

    private final TenantState state;
    private final Permissions permissions;
    private final TupleCommands tuples;
    private final KeyCommands keys;

    Queries(TenantState state, Permissions permissions, TupleCommands tuples, KeyCommands keys) {
        this.state = state;
        this.permissions = permissions;
        this.tuples = tuples;
        this.keys = keys;
    }

    Outcome judge(TenantRequest.Query query, Principal principal, Instant now) {
        if (query instanceof TenantRequest.Check check) {
            return Outcome.of(check(check, principal, now));
        } else if (query instanceof TenantRequest.Stat stat) {
            return stat(stat, principal, now);
        } else if (query instanceof TenantRequest.ReadFile read) {
            return read(read, principal, now);
        } else if (query instanceof TenantRequest.ListFiles list) {
            return list(list, principal, now);
        } else if (query instanceof TenantRequest.ListTenants list) {
            return listTenants(list, principal, now);
        } else if (query instanceof TenantRequest.ShowTenant) {
            permissions.require(principal, Permissions.READ, WorkspacePath.RECORD, now);
            return Outcome.of(Infos.tenant(state.record, state.usage, now));
        } else if (query instanceof TenantRequest.SearchTenants search) {
            return searchTenants(search, principal, now);
        } else if (query instanceof TenantRequest.ListVersions versions) {
            String relative = readable(versions.path(), principal, now);
            refuseControl(relative);
            return Outcome.of(new Fetch.Versions(versions.path().wire(), relative));
        } else if (query instanceof TenantRequest.PrepareWrite prepare) {
            return prepareWrite(prepare, principal);
        } else if (query instanceof TenantRequest.Expand expand) {
            return Outcome.of(expand(expand, principal, now));
        } else if (query instanceof TenantRequest.ListTuples list) {
            return Outcome.of(listTuples(list, principal, now));
        } else if (query instanceof TenantRequest.ListKeys list) {
            return Outcome.of(keys.list(list, principal, now));
        } else if (query instanceof TenantRequest.GetKey get) {
            return Outcome.of(keys.get(get, principal));
        } else if (query instanceof TenantRequest.ListShares list) {
            return Outcome.of(listShares(list, principal, now));
        } else if (query instanceof TenantRequest.WhoAmI) {
            return Outcome.of(identity(principal));
        } else if (query instanceof TenantRequest.RequireSystem) {
            KeyCommands.requireSystem(principal);
            return Outcome.of(identity(principal));
        } else if (query instanceof TenantRequest.ListAudit list) {
            return listAudit(list, principal, now);
        } else if (query instanceof TenantRequest.VerifyAudit verify) {
            return verifyAudit(verify, principal, now);
        }
        throw new IllegalStateException("BUG: no rule for " + query.operation());
    }

    private Reply identity(Principal principal) {
        return new Reply.Identity(
                principal.subjectType(),
                principal.subjectId(),
                state.isSystem() ? null : state.zone,
                principal.systemAdministrator());
    }

    // ---- the audit log
    // -----------------------------------------------------------------------------------------------

    private Outcome listAudit(TenantRequest.ListAudit query, Principal principal, Instant now) {
        permissions.require(principal, Permissions.READ, WorkspacePath.AUDIT_LOG, now);
        if (query.limit() < 1 || query.limit() > Limits.AUDIT_PAGE) {
            throw Problem.invalid("limit must be 1 to " + Limits.AUDIT_PAGE + ", it is " + query.limit())
                    .exception();
        }
        return Outcome.of(new Fetch.AuditPage(query, state.auditSequence));
    }

    private Outcome verifyAudit(TenantRequest.VerifyAudit query, Principal principal, Instant now) {
        permissions.require(principal, Permissions.READ, WorkspacePath.AUDIT_LOG, now);
        if (query.after() < 0) {
            throw Problem.invalid("an entry's number is 1 or more, 'after' is " + query.after())
                    .exception();
        }
        if (query.after() > 0 == (query.hash() == null)) {
            throw Problem.invalid("an entry to begin at is given by its number and its hash, the beginning by neither")
                    .exception();
        }
        return Outcome.of(new Fetch.AuditProof(query, state.auditSequence, state.auditHead));
    }

    // ---- checks
    // ------------------------------------------------------------------------------------------------------

    private Reply check(TenantRequest.Check query, Principal principal, Instant now) {
        requireAtMost(query.items().size(), Limits.CHECK_BATCH_ITEMS, "checks");
        boolean[] allowed = new boolean[query.items().size()];
        for (int i = 0; i < allowed.length; i++) {
            allowed[i] = check(query.items().get(i), principal, now);
        }
        return new Reply.Checks(allowed);
    }

    private boolean check(TenantRequest.CheckItem item, Principal principal, Instant now) {
        ObjectRef object = tuples.inside(item.object());
        boolean aboutSelf = item.subject().equals(Permissions.subjectOf(principal));
        if (!aboutSelf && !principal.systemAdministrator()) {
            requireMayAsk(item.object(), object, principal, now);
        }
        if (object == null) {
            return false;
        }
        SubjectRef subject = item.subject();
        if (subject.type().equals(Permissions.TENANT) && !subject.id().equals(state.zone.value())) {
            return false;
        }
        return permissions.holds(tuples.inside(subject), item.permission(), object, now);
    }

    /** Who asks about others must be able to read the file, or own the group, that he asks about. */
    private void requireMayAsk(ObjectRef wire, @Nullable ObjectRef object, Principal principal, Instant now) {
        String needed = wire.type().equals(Permissions.FILE) ? Permissions.READ : Permissions.OWNER;
        boolean may = object != null
                && (wire.type().equals(Permissions.FILE) || wire.type().equals(Permissions.GROUP))
                && permissions.holds(Permissions.subjectOf(principal), needed, object, now);
        if (!may) {
            throw Permissions.denied(principal, needed, wire.id()).exception();
        }
    }

    private Reply expand(TenantRequest.Expand query, Principal principal, Instant now) {
        ObjectRef object = tuples.inside(query.object());
        if (object == null) {
            if (!principal.systemAdministrator()) {
                throw Permissions.denied(
                                principal, Permissions.OWNER, query.object().id())
                        .exception();
            }
            return new Reply.Subjects(List.of());
        }
        tuples.requireOwner(object, principal, now);
        return new Reply.Subjects(permissions.subjectsOf(object, query.permission(), now));
    }

    private Fetch listTuples(TenantRequest.ListTuples query, Principal principal, Instant now) {
        SubjectRef self = Permissions.subjectOf(principal);
        boolean own = self.equals(query.subject());
        ObjectRef object = query.object() == null ? null : tuples.inside(query.object());
        if (query.object() != null && object == null) {
            if (!principal.systemAdministrator()) {
                throw Permissions.denied(
                                principal, Permissions.OWNER, query.object().id())
                        .exception();
            }
            throw Problem.refused(
                            "the object is not of the tenant '" + state.zone + "': "
                                    + query.object().id(),
                            null)
                    .exception();
        }
        if (!own) {
            if (object != null) {
                tuples.requireOwner(object, principal, now);
            } else {
                permissions.require(principal, Permissions.OWNER, WorkspacePath.ROOT, now);
            }
        }
        SubjectRef subject = query.subject() == null ? null : tuples.inside(query.subject());
        return new Fetch.Tuples(new TenantStore.TupleQuery(
                object == null ? null : object.type(),
                object == null ? null : object.id(),
                query.relations(),
                subject == null ? null : subject.type(),
                subject == null ? null : subject.id(),
                subject == null ? null : subject.relation(),
                null,
                Limits.PAGE_ITEMS));
    }

    private Fetch listShares(TenantRequest.ListShares query, Principal principal, Instant now) {
        WorkspacePath resource = query.resource();
        ObjectRef object = null;
        if (resource == null) {
            permissions.require(principal, Permissions.OWNER, WorkspacePath.ROOT, now);
        } else {
            object = tuples.ownedObject(new ObjectRef(Permissions.FILE, resource.wire()), principal, now);
        }
        List<ShareRecord> shares = new ArrayList<>();
        for (ShareRecord share : state.shares.all()) {
            if (share.isLive(now) && (object == null || object.id().equals(share.path()))) {
                shares.add(share);
            }
        }
        return new Fetch.Shares(
                shares,
                new TenantStore.TupleQuery(
                        Permissions.FILE,
                        object == null ? null : object.id(),
                        ShareCommands.WITHIN,
                        null,
                        null,
                        null,
                        null,
                        Limits.PAGE_ITEMS),
                now,
                query.limit(),
                query.offset());
    }

    // ---- what guests find in the folder of the shares
    // ----------------------------------------------------------------

    /** The answer to a guest about the folder of the shares or a note in it; null for everything else. */
    @Nullable
    Outcome judgeRoot(TenantRequest.Query query, GuestView view, Principal principal, Instant now) {
        if (query instanceof TenantRequest.Stat stat) {
            requireAtMost(stat.paths().size(), Limits.BATCH_ITEMS, "paths");
            List<Fetch.Target> targets = new ArrayList<>(stat.paths().size());
            for (WorkspacePath path : stat.paths()) {
                Reply.FileInfo known = view.known(path);
                targets.add(
                        known == null
                                ? target(view.inside(path), principal, now)
                                : new Fetch.Target(path.wire(), null, new Reply.StatResult(known, null)));
            }
            return Outcome.of(new Fetch.Stats(targets));
        } else if (query instanceof TenantRequest.ReadFile read) {
            ShareNote note = view.note(read.path());
            return note == null
                    ? null
                    : Outcome.of(new Reply.FileContent(state.id, note.info(), Content.Inline.of(note.bytes())));
        } else if (query instanceof TenantRequest.ListFiles list && view.isRoot(list.folder())) {
            requirePage(list.limit());
            return Outcome.of(new Fetch.SharedListing(
                    view.entries(),
                    view.notes().stream().map(ShareNote::info).toList(),
                    list.recursive(),
                    list.prefix(),
                    list.after(),
                    list.limit()));
        }
        return null;
    }

    // ---- files
    // -------------------------------------------------------------------------------------------------------

    private Outcome stat(TenantRequest.Stat query, Principal principal, Instant now) {
        requireAtMost(query.paths().size(), Limits.BATCH_ITEMS, "paths");
        List<Fetch.Target> targets = new ArrayList<>(query.paths().size());
        for (WorkspacePath path : query.paths()) {
            targets.add(target(path, principal, now));
        }
        return Outcome.of(new Fetch.Stats(targets));
    }

    private Fetch.Target target(WorkspacePath path, Principal principal, Instant now) {
        String wire = path.wire();
        if (state.isSystem() && path.zone() == null) {
            return new Fetch.Target(wire, null, atTheTop(path));
        }
        if (!isOwn(path) || !permissions.may(principal, Permissions.READ, path.relative(), now)) {
            return new Fetch.Target(
                    wire, null, new Reply.StatResult(null, Permissions.denied(principal, Permissions.READ, wire)));
        }
        Reply.FileInfo known = path.isTenantRoot() ? Infos.root(state) : Infos.control(state, path.relative(), now);
        return known == null
                ? new Fetch.Target(wire, path.relative(), null)
                : new Fetch.Target(wire, null, new Reply.StatResult(known, null));
    }

    /** What a system administrator finds outside of the tenants: the two folders that hold them, and nothing else. */
    private Reply.StatResult atTheTop(WorkspacePath path) {
        if (path.place() == WorkspacePath.Place.ELSEWHERE) {
            return new Reply.StatResult(null, Problem.notFound("File not found: " + path, path.wire()));
        }
        return new Reply.StatResult(Infos.top(state, path.wire()), null);
    }

    private Outcome read(TenantRequest.ReadFile query, Principal principal, Instant now) {
        String wire = query.path().wire();
        if (state.isSystem() && query.path().zone() == null) {
            Reply.StatResult top = atTheTop(query.path());
            throw (top.problem() != null ? top.problem() : Problem.refused("Is a directory: " + wire, wire))
                    .exception();
        }
        String relative = readable(query.path(), principal, now);
        if (relative.equals(WorkspacePath.ROOT) || relative.equals(WorkspacePath.AUDIT_FOLDER)) {
            throw Problem.refused("Is a directory: " + wire, wire).exception();
        }
        if (query.version() != null) {
            refuseControl(relative);
        } else if (relative.equals(WorkspacePath.RECORD)) {
            byte[] rendered = RecordText.render(state.record, state.usage, now);
            return Outcome.of(
                    new Reply.FileContent(state.id, Infos.record(state, rendered), Content.Inline.of(rendered)));
        } else if (relative.equals(WorkspacePath.AUDIT_LOG)) {
            return Outcome.of(new Fetch.AuditContent(Infos.auditLog(state)));
        }
        return Outcome.of(new Fetch.File(wire, relative, query.version()));
    }

    private Outcome prepareWrite(TenantRequest.PrepareWrite query, Principal principal) {
        WorkspacePath path = query.path();
        if (!isOwn(path)) {
            throw principal.systemAdministrator()
                    ? Problem.refused(
                                    "nothing can be made at " + path + ": everything is below /tenants/{zone_id}",
                                    path.wire())
                            .exception()
                    : Permissions.denied(principal, Permissions.WRITE, path.wire())
                            .exception();
        }
        return Outcome.of(new Fetch.BeforeWrite(principal, path.wire(), path.relative(), query.size()));
    }

    /** Judges a write that is to come, when it is known whether the file exists. */
    Reply judgeWrite(Fetch.BeforeWrite write, boolean exists, Instant now) {
        String parent = WorkspacePath.parentOf(write.relative());
        permissions.requireAt(
                write.principal(),
                Permissions.WRITE,
                exists || parent == null ? write.relative() : parent,
                write.relative(),
                now);
        refuseControl(write.relative());
        Problem refusal =
                QuotaLedger.refusal(state.usage, UsageDelta.files(exists ? 0 : 1, write.size()), state.limits());
        if (refusal != null) {
            throw refusal.exception();
        }
        return Reply.Done.DONE;
    }

    private Outcome list(TenantRequest.ListFiles query, Principal principal, Instant now) {
        WorkspacePath folder = query.folder();
        if (!isOwn(folder)) {
            // What a caller cannot see lists as empty, and so does what cannot exist.
            return Outcome.of(new Reply.Listing(List.of(), null));
        }
        Integer limit = query.limit();
        requirePage(limit);
        List<String> roots = permissions.readableRoots(principal, folder.relative(), now);
        if (roots.isEmpty()) {
            return Outcome.of(new Reply.Listing(List.of(), null));
        }
        String prefix = relativeText(query.prefix());
        String after = relativeText(query.after());
        TenantStore.FileRange range = new TenantStore.FileRange(
                roots,
                folder.relative(),
                !query.recursive(),
                prefix,
                after,
                (limit == null ? Limits.UNPAGED_ITEMS : limit) + 1);
        return Outcome.of(new Fetch.Listing(range, controlEntries(range, now), limit));
    }

    private static void requirePage(@Nullable Integer limit) {
        if (limit != null && (limit < 1 || limit > Limits.PAGE_ITEMS)) {
            throw Problem.invalid("limit must be 1 to " + Limits.PAGE_ITEMS + ", it is " + limit)
                    .exception();
        }
    }

    /** Whether a path is this tenant's; what others share with it is not. */
    private boolean isOwn(WorkspacePath path) {
        return state.zone.equals(path.zone()) && WorkspacePath.sourceOf(path.relative()) == null;
    }

    /** The relative form of a wire path's beginning; what is not of this tenant matches nothing below its root. */
    private @Nullable String relativeText(@Nullable String wire) {
        if (wire == null) {
            return null;
        }
        String relative = state.relative(wire);
        if (relative != null) {
            // "/tenants/acme" itself is the beginning of everything, "/tenants/acme/" too.
            return relative;
        }
        return state.rootWire.startsWith(wire) ? WorkspacePath.ROOT : wire;
    }

    private List<Reply.FileInfo> controlEntries(TenantStore.FileRange range, Instant now) {
        List<Reply.FileInfo> entries = new ArrayList<>(3);
        for (String path : List.of(WorkspacePath.AUDIT_FOLDER, WorkspacePath.AUDIT_LOG, WorkspacePath.RECORD)) {
            boolean below = WorkspacePath.isWithin(path, range.folder()) && !path.equals(range.folder());
            boolean child = range.folder().equals(WorkspacePath.parentOf(path));
            boolean visible = range.roots().stream().anyMatch(root -> WorkspacePath.isWithin(path, root));
            Reply.FileInfo info = Infos.control(state, path, now);
            if (info != null
                    && visible
                    && (range.directChildren() ? child : below)
                    && (range.prefix() == null || path.startsWith(range.prefix()))
                    && (range.after() == null || BY_BYTES.compare(path, range.after()) > 0)) {
                entries.add(info);
            }
        }
        return entries;
    }

    private Outcome listTenants(TenantRequest.ListTenants query, Principal principal, Instant now) {
        if (state.isSystem()) {
            KeyCommands.requireSystem(principal);
            return Outcome.of(new Fetch.Tenants(query.after(), query.limit()));
        }
        boolean listed = (query.after() == null || query.after().value().compareTo(state.zone.value()) < 0)
                && permissions.may(principal, Permissions.READ, WorkspacePath.ROOT, now);
        return Outcome.of(new Reply.Listing(listed ? List.of(Infos.root(state)) : List.of(), null));
    }

    private Outcome searchTenants(TenantRequest.SearchTenants query, Principal principal, Instant now) {
        if (query.limit() < 1 || query.limit() > Limits.PAGE_ITEMS) {
            throw Problem.invalid("limit must be 1 to " + Limits.PAGE_ITEMS + ", it is " + query.limit())
                    .exception();
        }
        if (state.isSystem()) {
            KeyCommands.requireSystem(principal);
            // One more than asked for tells whether there is another page.
            return Outcome.of(new Fetch.Records(
                    new Registry.Search(query.after(), query.plan(), query.status(), now, query.limit() + 1)));
        }
        boolean found = (query.after() == null || query.after().value().compareTo(state.zone.value()) < 0)
                && (query.plan() == null || query.plan() == state.record.plan())
                && (query.status() == null || query.status() == state.record.statusAt(now))
                && permissions.may(principal, Permissions.READ, WorkspacePath.RECORD, now);
        return Outcome.of(
                new Reply.TenantPage(found ? List.of(Infos.tenant(state.record, state.usage, now)) : List.of(), false));
    }

    /** The relative path if the principal may read it: the same refusal whether or not it exists. */
    private String readable(WorkspacePath path, Principal principal, Instant now) {
        if (!isOwn(path)) {
            throw principal.systemAdministrator()
                    ? Problem.notFound("File not found: " + path, path.wire()).exception()
                    : Permissions.denied(principal, Permissions.READ, path.wire())
                            .exception();
        }
        permissions.require(principal, Permissions.READ, path.relative(), now);
        return path.relative();
    }

    private void refuseControl(String relative) {
        if (WorkspacePath.isControl(relative)) {
            String wire = WorkspacePath.wire(state.zone, relative);
            throw Problem.refused("this path belongs to the server: " + wire, wire)
                    .exception();
        }
    }

    private static void requireAtMost(int count, int limit, String what) {
        if (count > limit) {
            throw Problem.invalid("a batch has at most " + limit + " " + what + ", this one has " + count)
                    .exception();
        }
    }

    private static int compareByCodePoints(String a, String b) {
        int length = Math.min(a.length(), b.length());
        for (int i = 0; i < length; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                // Surrogates stand for code points above all other characters, though their own values do not.
                boolean xHigh = Character.isSurrogate(x);
                boolean yHigh = Character.isSurrogate(y);
                return xHigh == yHigh ? Character.compare(x, y) : xHigh ? 1 : -1;
            }
        }
        return Integer.compare(a.length(), b.length());
    }
}
