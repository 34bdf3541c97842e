package nexus.tenant;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import nexus.kernel.CommandId;
import nexus.kernel.ContentHash;
import nexus.kernel.FileId;
import nexus.kernel.KeyId;
import nexus.kernel.Limits;
import nexus.kernel.Must;
import nexus.kernel.NodeId;
import nexus.kernel.Problem;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.quota.QuotaLedger;
import nexus.quota.Usage;
import nexus.quota.UsageDelta;
import nexus.rebac.tuple.RelationTuple;
import nexus.rebac.tuple.StoredTuple;
import nexus.store.AuditChain;
import nexus.store.AuditEntry;
import nexus.store.Content;
import nexus.store.FileEntry;
import nexus.store.FileVersion;
import nexus.store.Group;
import nexus.store.KeyRecord;
import nexus.store.KeyedReply;
import nexus.store.ShareRecord;
import nexus.store.TenantRecord;
import nexus.store.TupleRow;
import nexus.store.UserRecord;
import org.jspecify.annotations.Nullable;

/**
 * The group in the making: the committed state with the changes of the commands that were taken before, and the effects as
 * data. Commands look things up here, so that the second sees what the first did; permission is never asked of it, but of
 * the committed state.
 *
 * <p>A command changes the draft only after nothing can refuse it any more, so a refused command leaves no trace.
 */
final class Draft {
    final TenantState state;
    final Instant now;
    final long revision;
    private final Loaded loaded;

    private final int ridingLines;
    private Usage usage;
    private @Nullable TenantRecord record;
    private Group.@Nullable Folder folder;
    private boolean tombstone;

    private final HashMap<String, Optional<FileEntry>> entries = new HashMap<>();
    private final Set<FileId> created = new HashSet<>();
    private final Set<String> vacated = new HashSet<>();
    private final LinkedHashSet<FileId> filesRemoved = new LinkedHashSet<>();
    private final LinkedHashMap<FileId, FileEntry> filesPut = new LinkedHashMap<>();
    private final List<FileVersion> versionsPut = new ArrayList<>();
    private final List<Group.DroppedVersion> versionsDropped = new ArrayList<>();
    private final LinkedHashMap<ContentHash, Content> contents = new LinkedHashMap<>();
    private final LinkedHashMap<UUID, RelationTuple> tuplesRemoved = new LinkedHashMap<>();
    private final LinkedHashMap<UUID, TupleRow> tuplesPut = new LinkedHashMap<>();
    private final LinkedHashSet<UUID> sharesRemoved = new LinkedHashSet<>();
    private final LinkedHashMap<UUID, ShareRecord> sharesPut = new LinkedHashMap<>();
    private final LinkedHashMap<KeyId, KeyRecord> keysPut = new LinkedHashMap<>();
    private final Map<String, Integer> liveKeys = new HashMap<>();
    private final LinkedHashSet<String> usersRemoved = new LinkedHashSet<>();
    private final LinkedHashMap<String, UserRecord> usersPut = new LinkedHashMap<>();
    private final List<AuditLine> audit = new ArrayList<>();
    private final LinkedHashMap<CommandId, Reply> replies = new LinkedHashMap<>();
    private final LinkedHashMap<UUID, Keyed> keyed = new LinkedHashMap<>();
    private final LinkedHashMap<String, TenantRecord> tenantsMade = new LinkedHashMap<>();
    private final Map<String, Draft> foundings = new HashMap<>();
    private final List<Group.Control> controls = new ArrayList<>();

    private List<AuditEntry> auditEntries = List.of();
    private ContentHash auditHead;

    /**
     * A group on top of the committed state.
     *
     * @param denials lines that ride along; they alone are no reason to commit
     */
    Draft(TenantState state, Instant now, Loaded loaded, List<AuditLine> denials) {
        this.ridingLines = denials.size();
        this.audit.addAll(denials);
        this.state = state;
        this.now = now;
        this.loaded = loaded;
        this.revision = state.revision + 1;
        this.usage = state.usage;
        this.auditHead = state.auditHead;
    }

    // ---- what the commands see
    // ---------------------------------------------------------------------------------------

    TenantRecord record() {
        return record == null ? state.record : record;
    }

    Usage usage() {
        return usage;
    }

    /** The file or directory at a path; the root is implied and has no entry. */
    @Nullable
    FileEntry entry(String path) {
        Optional<FileEntry> changed = entries.get(path);
        if (changed == null) {
            changed = loaded.entry(path);
        }
        return changed.orElse(null);
    }

    Loaded loaded() {
        return loaded;
    }

    /** Whether one of these paths lost its file to a rename in this group: whoever needs it waits for the next. */
    boolean isVacated(List<String> paths) {
        if (!vacated.isEmpty()) {
            for (String path : paths) {
                if (vacated.contains(path)) {
                    return true;
                }
            }
        }
        return false;
    }

    boolean isEmpty() {
        return replies.isEmpty();
    }

    boolean hasEffects() {
        return audit.size() > ridingLines || !keyed.isEmpty();
    }

    @Nullable
    KeyRecord key(KeyId id) {
        KeyRecord put = keysPut.get(id);
        return put == null ? state.key(id) : put;
    }

    /** Whether any key is so, those of this draft included. */
    boolean anyKey(Predicate<KeyRecord> wanted) {
        if (keysPut.values().stream().anyMatch(wanted)) {
            return true;
        }
        for (KeyRecord key : state.keys()) {
            if (!keysPut.containsKey(key.id()) && wanted.test(key)) {
                return true;
            }
        }
        return false;
    }

    int keyCount() {
        int count = state.keyCount();
        for (KeyId id : keysPut.keySet()) {
            count += state.key(id) == null ? 1 : 0;
        }
        return count;
    }

    int liveKeysOf(String userId) {
        return state.liveKeysOf(userId) + liveKeys.getOrDefault(userId, 0);
    }

    /** All keys as they are after the commands before, revoked ones too. */
    List<KeyRecord> keys() {
        List<KeyRecord> all = new ArrayList<>(state.keyCount() + keysPut.size());
        for (KeyRecord key : state.keys()) {
            if (!keysPut.containsKey(key.id())) {
                all.add(key);
            }
        }
        all.addAll(keysPut.values());
        return all;
    }

    @Nullable
    UserRecord user(String subject) {
        UserRecord put = usersPut.get(subject);
        return put != null || usersRemoved.contains(subject) ? put : state.user(subject);
    }

    boolean hasTuple(UUID id, RelationTuple tuple) {
        return tuplesPut.containsKey(id) || !tuplesRemoved.containsKey(id) && state.tuples.contains(tuple);
    }

    /** Whether the tuple is stored without an expiry. */
    boolean isGrantedForGood(UUID id, RelationTuple tuple) {
        TupleRow put = tuplesPut.get(id);
        if (put != null) {
            return put.expiresAt() == null;
        }
        StoredTuple stored = tuplesRemoved.containsKey(id) ? null : state.tuples.find(tuple);
        return stored != null && stored.expiresAt() == null;
    }

    boolean isPut(UUID tuple) {
        return tuplesPut.containsKey(tuple);
    }

    /** A content of this tenant that a command before brought, or that was asked for. */
    @Nullable
    Content content(ContentHash hash) {
        Content brought = contents.get(hash);
        return brought == null ? loaded.content(hash) : brought;
    }

    long tupleCount() {
        return (long) state.tuples.size() + tuplesPut.size();
    }

    /** The tuple of an id, as it is after the commands before; null if there is none. */
    @Nullable
    TupleRow tuple(UUID id) {
        TupleRow put = tuplesPut.get(id);
        if (put != null) {
            return put;
        }
        return tuplesRemoved.containsKey(id) ? null : loaded.tuple(id);
    }

    /** The share of an id, as it is after the commands before; null if there is none. */
    @Nullable
    ShareRecord share(UUID id) {
        ShareRecord put = sharesPut.get(id);
        return put != null || sharesRemoved.contains(id) ? put : state.shares.get(id);
    }

    /** The shares of exactly a path, as they are after the commands before. */
    List<ShareRecord> sharesAt(String path) {
        return changed(state.shares.at(path), put -> path.equals(put.path()));
    }

    /** Those of a folder, which is not the root, and of all below it. */
    List<ShareRecord> sharesWithin(String folder) {
        return changed(
                state.shares.within(folder), put -> put.path() != null && WorkspacePath.isWithin(put.path(), folder));
    }

    /** How many there are. */
    int shareCount() {
        long replaced = sharesPut.keySet().stream()
                .filter(id -> state.shares.get(id) != null && !sharesRemoved.contains(id))
                .count();
        return state.shares.size() - sharesRemoved.size() - (int) replaced + sharesPut.size();
    }

    /** Those with one tenant. */
    List<ShareRecord> sharesWith(TenantId target) {
        return changed(state.shares.with(target), put -> put.target().equals(target));
    }

    private List<ShareRecord> changed(Collection<ShareRecord> committed, Predicate<ShareRecord> wanted) {
        List<ShareRecord> now = new ArrayList<>(committed.size() + sharesPut.size());
        for (ShareRecord share : committed) {
            if (!sharesPut.containsKey(share.id()) && !sharesRemoved.contains(share.id())) {
                now.add(share);
            }
        }
        sharesPut.values().stream().filter(wanted).forEach(now::add);
        return now;
    }

    /** What was done under an idempotency key, now or a while ago. */
    record Keyed(ContentHash digest, Reply reply) {}

    /** What a command before, or one that is remembered still, did under an idempotency key; null: nothing. */
    @Nullable
    Keyed keyed(UUID key) {
        Keyed here = keyed.get(key);
        if (here != null) {
            return here;
        }
        KeyedReply stored = loaded.keyed(key);
        if (stored == null || !stored.at().isAfter(now.minus(Limits.IDEMPOTENCY_MEMORY))) {
            return null;
        }
        return new Keyed(stored.digest(), ReplyCodec.decodeOne(stored.reply()));
    }

    boolean hasMadeTenant(String zone) {
        return tenantsMade.containsKey(zone);
    }

    // ---- what the commands do
    // ----------------------------------------------------------------------------------------

    /** Fails with the quota's problem if the change would break it. */
    void requireRoom(UsageDelta delta) {
        Problem refusal = QuotaLedger.refusal(usage, delta, record == null ? state.limits() : record.limits());
        if (refusal != null) {
            throw refusal.exception();
        }
    }

    void charge(UsageDelta delta) {
        usage = usage.plus(delta);
    }

    /** A file or directory that was not there. */
    void createEntry(FileEntry entry) {
        created.add(entry.id());
        updateEntry(entry);
    }

    /** Another state of a file that is there. */
    void updateEntry(FileEntry entry) {
        entries.put(entry.path(), Optional.of(entry));
        filesPut.put(entry.id(), entry);
    }

    /** Moves a file to a path that is free. */
    void moveEntry(FileEntry from, FileEntry to) {
        Must.hold(from.id().equals(to.id()), "a rename keeps the id");
        entries.put(from.path(), Optional.empty());
        vacated.add(from.path());
        entries.put(to.path(), Optional.of(to));
        filesPut.put(to.id(), to);
    }

    void removeEntry(FileEntry entry) {
        entries.put(entry.path(), Optional.empty());
        filesPut.remove(entry.id());
        versionsPut.removeIf(version -> version.file().equals(entry.id()));
        versionsDropped.removeIf(version -> version.file().equals(entry.id()));
        if (!created.remove(entry.id())) {
            filesRemoved.add(entry.id());
        }
    }

    void addVersion(FileVersion version) {
        versionsPut.add(version);
    }

    void dropVersion(Group.DroppedVersion version) {
        versionsDropped.add(version);
    }

    void addContent(Content content) {
        contents.putIfAbsent(content.hash(), content);
    }

    void changeFolder(Group.Folder change) {
        Must.hold(folder == null && filesRemoved.isEmpty() && versionsPut.isEmpty(), "a folder changes alone");
        folder = change;
    }

    void endTenant() {
        tombstone = true;
    }

    void putTuple(TupleRow row) {
        tuplesPut.put(row.id(), row);
    }

    void removeTuple(UUID id, RelationTuple tuple) {
        tuplesPut.remove(id);
        // One that came in this very group is in no row yet, and the database counts the rows that it is told of.
        if (state.tuples.contains(tuple)) {
            tuplesRemoved.put(id, tuple);
        }
    }

    /** Tuples that this group has put so far. */
    List<TupleRow> tuplesPut() {
        return new ArrayList<>(tuplesPut.values());
    }

    void putShare(ShareRecord share) {
        sharesPut.put(share.id(), share);
    }

    void removeShare(UUID id) {
        sharesPut.remove(id);
        if (state.shares.get(id) != null) {
            sharesRemoved.add(id);
        }
    }

    void putKey(KeyRecord key) {
        KeyRecord former = key(key.id());
        int before = former != null && former.revokedAt() == null ? 1 : 0;
        int after = key.revokedAt() == null ? 1 : 0;
        if (after != before) {
            liveKeys.merge(key.userId(), after - before, Integer::sum);
        }
        keysPut.put(key.id(), key);
    }

    void putUser(UserRecord user) {
        usersPut.put(user.subject(), user);
    }

    void removeUser(String subject) {
        usersPut.remove(subject);
        if (state.user(subject) != null) {
            usersRemoved.add(subject);
        }
    }

    void putRecord(TenantRecord changed) {
        record = changed;
    }

    void makeTenant(TenantRecord made) {
        tenantsMade.put(made.zone().value(), made);
    }

    /** Makes a tenant with all that the first group of its own, in the making, says. */
    void foundTenant(Draft first) {
        makeTenant(first.record());
        foundings.put(first.record().zone().value(), first);
    }

    /** Remembers what was done under an idempotency key. */
    void remember(UUID key, ContentHash digest, Reply reply) {
        keyed.put(key, new Keyed(digest, reply));
    }

    void audit(AuditLine line) {
        audit.add(line);
    }

    List<AuditLine> auditLines() {
        return audit;
    }

    /** Changes what the control plane says of nodes; of the reserved tenant only. */
    void control(Group.Control change) {
        controls.add(change);
    }

    void reply(CommandId command, Reply reply) {
        replies.put(command, reply);
    }

    // ---- the end
    // -----------------------------------------------------------------------------------------------------

    /** The group as data. */
    Group toGroup(NodeId node) {
        auditEntries = renderAudit();
        Set<ContentHash> needed = new HashSet<>();
        for (FileVersion version : versionsPut) {
            needed.add(version.hash());
        }
        List<Content> blobs = new ArrayList<>();
        for (Content content : contents.values()) {
            if (needed.contains(content.hash())) {
                blobs.add(content);
            }
        }
        return new Group(
                state.id,
                node,
                state.epoch,
                revision,
                now,
                usage,
                record,
                folder,
                List.copyOf(filesRemoved),
                List.copyOf(filesPut.values()),
                List.copyOf(versionsPut),
                List.copyOf(versionsDropped),
                blobs,
                List.copyOf(tuplesRemoved.keySet()),
                List.copyOf(tuplesPut.values()),
                List.copyOf(sharesRemoved),
                List.copyOf(sharesPut.values()),
                List.copyOf(keysPut.values()),
                List.copyOf(usersRemoved),
                List.copyOf(usersPut.values()),
                auditEntries,
                replies.isEmpty() ? null : new Group.Outcome(ReplyCodec.encode(replies), keyedReplies()),
                tenantsMade.values().stream().map(made -> founding(made, node)).toList(),
                List.copyOf(controls),
                tombstone);
    }

    private Group.Founding founding(TenantRecord made, NodeId node) {
        Draft first = foundings.get(made.zone().value());
        return new Group.Founding(made, first == null ? null : first.toGroup(node));
    }

    private List<KeyedReply> keyedReplies() {
        List<KeyedReply> rows = new ArrayList<>(keyed.size());
        keyed.forEach(
                (key, done) -> rows.add(new KeyedReply(key, done.digest(), now, ReplyCodec.encode(done.reply()))));
        return rows;
    }

    private List<AuditEntry> renderAudit() {
        List<AuditEntry> rendered = new ArrayList<>(audit.size());
        long sequence = state.auditSequence;
        ContentHash head = state.auditHead;
        for (AuditLine line : audit) {
            sequence++;
            String text = line.render(sequence, now, revision);
            head = AuditChain.next(head, text);
            rendered.add(new AuditEntry(sequence, now, text, head));
        }
        auditHead = head;
        return rendered;
    }

    /** Makes the committed state what this group made of it. Only when the commit is known. */
    void apply() {
        state.revision = revision;
        state.lastAt = now;
        state.usage = usage;
        if (record != null) {
            state.record = record;
        }
        if (folder != null) {
            state.entries.forgetWithin(folder.path());
            if (folder instanceof Group.Folder.Moved moved) {
                state.entries.forgetWithin(moved.to());
            }
        }
        state.entries.putAll(entries);
        tuplesRemoved.values().forEach(state.tuples::remove);
        for (TupleRow row : tuplesPut.values()) {
            state.tuples.put(row.tuple(), row.expiresAt());
        }
        sharesRemoved.forEach(state.shares::remove);
        sharesPut.values().forEach(state.shares::put);
        keysPut.values().forEach(state::putKey);
        usersRemoved.forEach(state::removeUser);
        usersPut.values().forEach(state::putUser);
        for (AuditEntry entry : auditEntries) {
            state.auditSequence = entry.sequence();
            state.auditBytes += auditBytes(entry.line());
        }
        state.auditHead = auditHead;
        state.remember(now, replies);
        state.gone |= tombstone;
    }

    /** Bytes of a line with its line end, as they are counted; in the log the entry's hash comes on top. */
    static int auditBytes(String line) {
        return line.getBytes(StandardCharsets.UTF_8).length + 1;
    }

    Map<CommandId, Reply> replies() {
        return replies;
    }
}
