package nexus.tenant;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.BiConsumer;
import nexus.http.json.JsonReader;
import nexus.kernel.ContentHash;
import nexus.kernel.Epoch;
import nexus.kernel.FileId;
import nexus.kernel.Limits;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.quota.Usage;
import nexus.rebac.tuple.RelationTuple;
import nexus.store.AuditChain;
import nexus.store.AuditEntry;
import nexus.store.BlobPlace;
import nexus.store.Content;
import nexus.store.FileEntry;
import nexus.store.FileVersion;
import nexus.store.Group;
import nexus.store.KeyRecord;
import nexus.store.KeyedReply;
import nexus.store.ShareRecord;
import nexus.store.StoreException;
import nexus.store.StoreException.Reason;
import nexus.store.TenantRecord;
import nexus.store.TenantSnapshot;
import nexus.store.TenantStore;
import nexus.store.TenantStore.FileRange;
import nexus.store.TenantStore.FolderTotals;
import nexus.store.TenantStore.TupleQuery;
import nexus.store.TupleRow;
import nexus.store.UserRecord;
import org.jspecify.annotations.Nullable;

/**
 * One tenant's rows in memory, with the rules that the database has: epochs, the fence, revisions, remembered outcomes, counted
 * contents. Every call is one transaction and takes no time.
 *
 * <p>What the database refuses and the actor must know how to bear is a {@link StoreException}; a group that a correct actor
 * never makes (a wrong revision, a row that is not there) is an {@link IllegalStateException}, that is: it fails the test.
 */
public final class MemoryTenant {
    private static final int PRUNE_EVERY = 64;

    final Map<FileId, FileEntry> files = new LinkedHashMap<>();
    final Map<FileId, TreeMap<Long, FileVersion>> versions = new HashMap<>();
    final Map<UUID, TupleRow> tuples = new LinkedHashMap<>();
    final List<AuditEntry> audit = new ArrayList<>();
    private final Map<ContentHash, Blob> blobs = new LinkedHashMap<>();
    private final Map<UUID, KeyRecord> keys = new LinkedHashMap<>();
    private final Map<String, UserRecord> users = new LinkedHashMap<>();
    private final Map<UUID, ShareRecord> shares = new LinkedHashMap<>();
    private final Map<UUID, KeyedReply> keyed = new LinkedHashMap<>();
    private final List<TenantSnapshot.RecentGroup> outcomes = new ArrayList<>();

    private TenantRecord record;
    private @Nullable NodeId owner;
    private long epoch;
    private long revision;
    private Instant lastAt;
    private Usage usage = Usage.NONE;
    private long auditBytes;
    private boolean gone;

    /** A content and how many versions name it. */
    private static final class Blob {
        final Content content;
        long refs;

        @Nullable
        Instant unreferencedSince;

        Blob(Content content) {
            this.content = content;
        }
    }

    /** A tenant that was just made. */
    public MemoryTenant(TenantRecord record, Instant now) {
        this.record = record;
        this.lastAt = now;
    }

    // ---- seeding and looking
    // ----------------------------------------------------------------------------------------

    /** A key that is there from the start. */
    public void seed(KeyRecord key) {
        boolean first = keys.values().stream()
                .noneMatch(other -> other.userId().equals(key.userId()) && other.revokedAt() == null);
        keys.put(key.id().value(), key);
        users.put(key.subject(), new UserRecord(key.subject(), true, key.createdAt()));
        usage = new Usage(usage.users() + (first ? 1 : 0), usage.files(), usage.bytes());
    }

    /** A tuple that is there from the start. */
    public void seed(TupleRow tuple) {
        tuples.put(tuple.id(), tuple);
    }

    /** Another record from the start on. */
    public void seed(TenantRecord other) {
        record = other;
    }

    public TenantRecord record() {
        return record;
    }

    public Usage usage() {
        return usage;
    }

    public long revision() {
        return revision;
    }

    public Instant lastAt() {
        return lastAt;
    }

    public boolean isGone() {
        return gone;
    }

    public @Nullable NodeId owner() {
        return owner;
    }

    public long epoch() {
        return epoch;
    }

    public long auditSequence() {
        return audit.size();
    }

    /** The hash of the last audit entry, or where the chain begins. */
    public ContentHash auditHead() {
        ContentHash last = audit.isEmpty() ? null : audit.get(audit.size() - 1).hash();
        return last == null ? AuditChain.start(record.id()) : last;
    }

    public long auditBytes() {
        return auditBytes;
    }

    public Map<UUID, KeyRecord> keys() {
        return keys;
    }

    public Map<String, UserRecord> users() {
        return users;
    }

    public Map<UUID, ShareRecord> shares() {
        return shares;
    }

    public Map<UUID, TupleRow> tuples() {
        return tuples;
    }

    /** The files and directories by their paths. */
    public Map<String, FileEntry> entries() {
        Map<String, FileEntry> byPath = new TreeMap<>();
        files.values().forEach(entry -> byPath.put(entry.path(), entry));
        return byPath;
    }

    /** What the rows add up to, counted anew. */
    public Usage recount() {
        long bytes = 0;
        for (TreeMap<Long, FileVersion> history : versions.values()) {
            for (FileVersion version : history.values()) {
                bytes += version.size();
            }
        }
        long regular = files.values().stream().filter(file -> !file.directory()).count();
        long seats = keys.values().stream()
                .filter(key -> key.revokedAt() == null)
                .map(KeyRecord::userId)
                .distinct()
                .count();
        return new Usage(seats, regular, bytes);
    }

    // ---- ownership
    // --------------------------------------------------------------------------------------------------

    /** Makes the node the owner in a new epoch; whether it may is for the caller to judge. */
    public Epoch take(NodeId node) {
        if (gone) {
            throw new StoreException(Reason.TENANT_GONE, "gone");
        }
        epoch++;
        owner = node;
        return new Epoch(epoch);
    }

    /** Gives the tenant up, if the node has it in that epoch. */
    public void release(NodeId node, Epoch of, Instant at) {
        if (of.value() == epoch && node.equals(owner)) {
            owner = null;
            lastAt = at.isAfter(lastAt) ? at : lastAt;
        }
    }

    /** Gives the tenant up, if the node has it. */
    public void release(NodeId node) {
        if (node.equals(owner)) {
            owner = null;
        }
    }

    /** All that its owner loads; the tuples go to the consumer. */
    public TenantSnapshot load(
            NodeId node, Epoch of, Instant clock, BiConsumer<RelationTuple, @Nullable Instant> into) {
        if (gone || of.value() != epoch || !node.equals(owner)) {
            throw new StoreException(Reason.FENCED, "the tenant was taken again while it loaded");
        }
        tuples.values().forEach(row -> into.accept(row.tuple(), row.expiresAt()));
        Instant horizon = (lastAt.isBefore(clock) ? lastAt : clock).minus(Limits.OUTCOME_MEMORY);
        return new TenantSnapshot(
                record,
                of,
                revision,
                lastAt,
                usage,
                audit.size(),
                auditBytes,
                auditHead(),
                List.copyOf(keys.values()),
                List.copyOf(users.values()),
                List.copyOf(shares.values()),
                outcomes.stream().filter(group -> !group.at().isBefore(horizon)).toList());
    }

    // ---- groups
    // -----------------------------------------------------------------------------------------------------

    /** Commits a group or changes nothing. */
    public void commit(Group group) {
        if (gone || !group.node().equals(owner) || group.epoch().value() != epoch) {
            throw new StoreException(Reason.FENCED, "fenced");
        }
        write(group);
    }

    /** Writes the group with which the tenant begins; nobody can own what is not there yet. */
    public void found(Group first) {
        must(epoch == 0, "a tenant begins once");
        write(first);
    }

    private void write(Group group) {
        must(group.revision() == revision + 1, "revision " + group.revision() + " follows " + revision);
        must(group.tenant().equals(record.id()), "a group of this tenant");
        revision = group.revision();
        lastAt = group.at().isAfter(lastAt) ? group.at() : lastAt;
        usage = group.usage();
        TenantRecord changed = group.record();
        if (changed != null) {
            must(changed.id().equals(record.id()), "a group changes its own record only");
            record = changed;
        }
        Group.Folder folder = group.folder();
        if (folder != null) {
            change(folder, group.at());
        }
        group.filesRemoved().forEach(id -> remove(id, group.at()));
        putFiles(group);
        for (UUID id : group.tuplesRemoved()) {
            must(tuples.remove(id) != null, "a removed tuple was there");
        }
        group.tuplesPut().forEach(row -> tuples.put(row.id(), row));
        for (UUID id : group.sharesRemoved()) {
            must(shares.remove(id) != null, "a removed share was there");
        }
        group.sharesPut().forEach(share -> shares.put(share.id(), share));
        group.keysPut().forEach(key -> keys.put(key.id().value(), key));
        for (String subject : group.usersRemoved()) {
            must(users.remove(subject) != null, "a removed user was there");
        }
        group.usersPut().forEach(user -> users.put(user.subject(), user));
        for (AuditEntry entry : group.audit()) {
            must(entry.sequence() == audit.size() + 1, "audit numbers have no gap");
            must(AuditChain.next(auditHead(), entry.line()).equals(entry.hash()), "audit entries are chained");
            audit.add(entry);
            auditBytes += Draft.auditBytes(entry.line());
        }
        Group.Outcome outcome = group.outcome();
        if (outcome != null) {
            outcomes.add(new TenantSnapshot.RecentGroup(group.revision(), group.at(), outcome.replies()));
            outcome.keyed().forEach(reply -> keyed.put(reply.key(), reply));
        }
        if (revision % PRUNE_EVERY == 0) {
            keyed.values().removeIf(old -> old.at().isBefore(group.at().minus(Limits.IDEMPOTENCY_MEMORY)));
            outcomes.removeIf(old -> old.at().isBefore(group.at().minus(Limits.OUTCOME_MEMORY)));
        }
        blobs.values().removeIf(blob -> blob.refs == 0 && blob.content instanceof Content.Inline);
        if (group.tombstone()) {
            gone = true;
            owner = null;
        }
    }

    private void putFiles(Group group) {
        for (FileEntry entry : group.filesPut()) {
            files.put(entry.id(), entry);
        }
        must(files.values().stream().map(FileEntry::path).distinct().count() == files.size(), "one entry a path");
        group.blobsPut().forEach(content -> blobs.putIfAbsent(content.hash(), new Blob(content)));
        for (FileVersion version : group.versionsPut()) {
            FileVersion before = versions.computeIfAbsent(version.file(), id -> new TreeMap<>())
                    .put(version.version(), version);
            must(before == null, "a version is new");
            Blob blob = blobs.get(version.hash());
            if (blob == null) {
                throw new IllegalStateException("a version has its content: " + version);
            }
            blob.refs++;
            blob.unreferencedSince = null;
        }
        for (Group.DroppedVersion dropped : group.versionsDropped()) {
            TreeMap<Long, FileVersion> history = versions.get(dropped.file());
            FileVersion version = history == null ? null : history.remove(dropped.version());
            must(version != null && version.hash().equals(dropped.hash()), "a dropped version was there");
            unreference(dropped.hash(), group.at());
        }
    }

    private void remove(FileId id, Instant at) {
        must(files.remove(id) != null, "a removed file was there");
        TreeMap<Long, FileVersion> history = versions.remove(id);
        if (history != null) {
            history.values().forEach(version -> unreference(version.hash(), at));
        }
    }

    private void unreference(ContentHash hash, Instant at) {
        Blob blob = blobs.get(hash);
        if (blob == null || blob.refs == 0) {
            throw new IllegalStateException("a content is named by its versions: " + hash);
        }
        blob.refs--;
        blob.unreferencedSince = blob.refs == 0 ? at : null;
    }

    private void change(Group.Folder folder, Instant at) {
        boolean found = folder.path().equals(WorkspacePath.ROOT);
        for (FileEntry entry : List.copyOf(files.values())) {
            if (!WorkspacePath.isWithin(entry.path(), folder.path())) {
                continue;
            }
            found |= entry.path().equals(folder.path());
            if (folder instanceof Group.Folder.Moved moved) {
                files.put(
                        entry.id(),
                        at(
                                entry,
                                moved.to()
                                        + entry.path().substring(folder.path().length())));
            } else {
                remove(entry.id(), at);
            }
        }
        must(found, "a changed folder was there");
    }

    private static FileEntry at(FileEntry entry, String path) {
        return new FileEntry(
                entry.id(),
                path,
                entry.directory(),
                entry.version(),
                entry.size(),
                entry.hash(),
                entry.createdAt(),
                entry.modifiedAt(),
                entry.createdBy(),
                entry.retained());
    }

    private static void must(boolean condition, String message) {
        if (!condition) {
            throw new IllegalStateException(message);
        }
    }

    // ---- reading
    // ----------------------------------------------------------------------------------------------------

    /** As {@link nexus.store.TenantStore#entries}. */
    public List<FileEntry> entries(List<String> paths) {
        return files.values().stream()
                .filter(file -> paths.contains(file.path()))
                .toList();
    }

    /** As {@link nexus.store.TenantStore#folderTotals}. */
    public FolderTotals folderTotals(String folder) {
        long entries = 0;
        long regular = 0;
        long bytes = 0;
        int deepest = 0;
        int longest = 0;
        for (FileEntry entry : files.values()) {
            if (WorkspacePath.isWithin(entry.path(), folder) && !entry.path().equals(folder)) {
                entries++;
                regular += entry.directory() ? 0 : 1;
                bytes += entry.retainedBytes();
                String below = entry.path().substring(folder.length());
                deepest = Math.max(
                        deepest, (int) below.chars().filter(c -> c == '/').count());
                longest = Math.max(longest, below.length());
            }
        }
        return new FolderTotals(entries, regular, bytes, deepest, longest);
    }

    /** As {@link nexus.store.TenantStore#content}. */
    public Optional<Content> content(ContentHash hash) {
        return Optional.ofNullable(blobs.get(hash)).map(blob -> blob.content);
    }

    /** As {@link nexus.store.TenantStore#contents}. */
    public List<Content> contents(List<ContentHash> hashes) {
        return hashes.stream()
                .distinct()
                .flatMap(hash -> content(hash).stream())
                .toList();
    }

    /** As {@link nexus.store.TenantStore#list}. */
    public List<FileEntry> list(FileRange range) {
        return files.values().stream()
                .filter(file -> range.roots().stream().anyMatch(root -> WorkspacePath.isWithin(file.path(), root)))
                .filter(file -> WorkspacePath.isWithin(file.path(), range.folder())
                        && !file.path().equals(range.folder()))
                .filter(file -> !range.directChildren() || range.folder().equals(WorkspacePath.parentOf(file.path())))
                .filter(file -> range.prefix() == null || file.path().startsWith(range.prefix()))
                .filter(file -> range.after() == null || Queries.BY_BYTES.compare(file.path(), range.after()) > 0)
                .sorted((a, b) -> Queries.BY_BYTES.compare(a.path(), b.path()))
                .limit(range.limit())
                .toList();
    }

    /** As {@link nexus.store.TenantStore#versions}. */
    public List<FileVersion> versions(FileId file) {
        return List.copyOf(
                versions.getOrDefault(file, new TreeMap<>()).descendingMap().values());
    }

    /** As {@link nexus.store.TenantStore#tuple}. */
    public Optional<TupleRow> tuple(UUID id) {
        return Optional.ofNullable(tuples.get(id));
    }

    /** As {@link nexus.store.TenantStore#tuples}. */
    public List<TupleRow> tuples(TupleQuery query) {
        return tuples.values().stream()
                .filter(row -> matches(row, query))
                .sorted((a, b) -> compare(a.id(), b.id()))
                .limit(query.limit())
                .toList();
    }

    private static boolean matches(TupleRow row, TupleQuery query) {
        RelationTuple tuple = row.tuple();
        return (query.after() == null || compare(row.id(), query.after()) > 0)
                && isAnyOr(query.objectType(), tuple.object().type())
                && isAnyOr(query.objectId(), tuple.object().id())
                && (query.relations().isEmpty() || query.relations().contains(tuple.relation()))
                && isAnyOr(query.subjectType(), tuple.subject().type())
                && isAnyOr(query.subjectId(), tuple.subject().id())
                && isAnyOr(query.subjectRelation(), tuple.subject().relation());
    }

    private static boolean isAnyOr(@Nullable String wanted, String actual) {
        return wanted == null || wanted.equals(actual);
    }

    /** The database compares the bytes, Java signed numbers. */
    private static int compare(UUID a, UUID b) {
        int high = Long.compareUnsigned(a.getMostSignificantBits(), b.getMostSignificantBits());
        return high != 0 ? high : Long.compareUnsigned(a.getLeastSignificantBits(), b.getLeastSignificantBits());
    }

    /** As {@link TenantStore#audit}. */
    public List<AuditEntry> audit(TenantStore.AuditRange range) {
        Comparator<AuditEntry> byNumber = Comparator.comparingLong(AuditEntry::sequence);
        return audit.stream()
                .filter(entry -> entry.sequence() >= range.from() && entry.sequence() <= range.to())
                .filter(entry -> passes(entry, range.filter()))
                .sorted(range.newestFirst() ? byNumber.reversed() : byNumber)
                .limit(range.limit())
                .toList();
    }

    private static boolean passes(AuditEntry entry, TenantStore.AuditFilter filter) {
        if (filter.equals(TenantStore.AuditFilter.ALL)) {
            return true;
        }
        Map<?, ?> line = (Map<?, ?>) JsonReader.read(entry.line().getBytes(StandardCharsets.UTF_8));
        return line != null
                && isAnyOr(filter.kind(), String.valueOf(line.get("kind")))
                && isAnyOr(filter.action(), String.valueOf(line.get("action")))
                && isAnyOr(filter.user(), String.valueOf(line.get("user")))
                && (filter.pathPrefix() == null
                        || line.get("resource") instanceof String path && path.startsWith(filter.pathPrefix()));
    }

    /** As {@link TenantStore#auditSince}. */
    public long auditSince(Instant since, long last) {
        return audit.stream()
                .filter(entry -> entry.sequence() <= last && !entry.at().isBefore(since))
                .mapToLong(AuditEntry::sequence)
                .min()
                .orElse(last + 1);
    }

    /** As {@link TenantStore#auditLinks}. */
    public TenantStore.AuditLinks auditLinks(long after, int limit) {
        List<AuditEntry> entries = audit.stream()
                .filter(entry -> entry.sequence() > after)
                .limit(limit)
                .toList();
        return new TenantStore.AuditLinks(entries, audit.size(), auditHead());
    }

    // ---- what no group does
    // -----------------------------------------------------------------------------------------

    /** As {@link nexus.store.TenantStore#touchKeys}. */
    public void touchKeys(List<UUID> used, Instant at) {
        for (UUID id : used) {
            KeyRecord key = keys.get(id);
            if (key != null) {
                Instant before = key.lastUsedAt();
                keys.put(id, key.usedAt(before != null && before.isAfter(at) ? before : at));
            }
        }
    }

    /** As {@link nexus.store.TenantStore#collectBlobs}. */
    public List<BlobPlace> collectBlobs(NodeId node, Epoch of, Instant until) {
        if (gone || of.value() != epoch || !node.equals(owner)) {
            throw new StoreException(Reason.FENCED, "fenced");
        }
        List<BlobPlace> places = new ArrayList<>();
        for (Iterator<Blob> i = blobs.values().iterator(); i.hasNext(); ) {
            Blob blob = i.next();
            if (blob.refs == 0
                    && blob.content instanceof Content.Stored stored
                    && blob.unreferencedSince != null
                    && blob.unreferencedSince.isBefore(until)) {
                places.add(stored.place());
                i.remove();
            }
        }
        return places;
    }

    /** As {@link nexus.store.TenantStore#knownBlobs}. */
    public List<BlobPlace> knownBlobs(List<BlobPlace> places) {
        List<BlobPlace> known = new ArrayList<>(places);
        known.retainAll(blobs.values().stream()
                .filter(blob -> blob.content instanceof Content.Stored)
                .map(blob -> ((Content.Stored) blob.content).place())
                .toList());
        return known;
    }

    /** As {@link nexus.store.TenantStore#purge}, of everything at once. */
    public void purge() {
        must(gone, "rows of a living tenant stay");
        files.clear();
        versions.clear();
        blobs.clear();
        tuples.clear();
        keys.clear();
        users.clear();
        shares.clear();
        audit.clear();
        outcomes.clear();
        keyed.clear();
    }

    /** As {@link nexus.store.TenantStore#keyedReply}. */
    public Optional<KeyedReply> keyedReply(UUID key) {
        return Optional.ofNullable(keyed.get(key));
    }

    // ---- what was answered
    // ------------------------------------------------------------------------------------------

    /** The id of this tenant. */
    public TenantId id() {
        return record.id();
    }

    /** The answers that a group remembers, by the command. */
    public static Map<nexus.kernel.CommandId, Reply> repliesOf(Group group) {
        Group.Outcome outcome = group.outcome();
        return outcome == null ? Map.of() : ReplyCodec.decode(outcome.replies());
    }

    /** A grant as the workspace stores it. */
    public static TupleRow grant(RelationTuple tuple, Instant now) {
        return new TupleRow(TupleIds.of(tuple), tuple, now, null);
    }
}
