package nexus.store.postgres;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import nexus.kernel.ContentHash;
import nexus.kernel.Epoch;
import nexus.kernel.FileId;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.quota.Usage;
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

/** Groups in tests: everything that is not named is empty. */
final class GroupBuilder {
    final TenantId tenant;
    NodeId node;
    Epoch epoch;
    long revision;
    Instant at = Instant.parse("2026-01-23T10:00:00Z");
    Usage usage = Usage.NONE;

    @Nullable
    TenantRecord record;

    Group.@Nullable Folder folder;
    final List<FileId> filesRemoved = new ArrayList<>();
    final List<FileEntry> filesPut = new ArrayList<>();
    final List<FileVersion> versionsPut = new ArrayList<>();
    final List<Group.DroppedVersion> versionsDropped = new ArrayList<>();
    final List<Content> blobsPut = new ArrayList<>();
    final List<UUID> tuplesRemoved = new ArrayList<>();
    final List<TupleRow> tuplesPut = new ArrayList<>();
    final List<UUID> sharesRemoved = new ArrayList<>();
    final List<ShareRecord> sharesPut = new ArrayList<>();
    final List<KeyRecord> keysPut = new ArrayList<>();
    final List<String> usersRemoved = new ArrayList<>();
    final List<UserRecord> usersPut = new ArrayList<>();
    final List<AuditEntry> audit = new ArrayList<>();
    byte @Nullable [] replies;
    final List<KeyedReply> keyed = new ArrayList<>();
    final List<Group.Founding> tenantsMade = new ArrayList<>();
    final List<Group.Control> controls = new ArrayList<>();
    boolean tombstone;

    GroupBuilder(TenantId tenant, NodeId node, Epoch epoch, long revision) {
        this.tenant = tenant;
        this.node = node;
        this.epoch = epoch;
        this.revision = revision;
    }

    GroupBuilder put(FileEntry... entries) {
        filesPut.addAll(Arrays.asList(entries));
        return this;
    }

    /** Adds an entry as the owner would: behind those that are there, and after {@code previous} if it is the first. */
    GroupBuilder audited(ContentHash previous, long sequence, String line) {
        ContentHash last = audit.isEmpty()
                ? previous
                : Objects.requireNonNull(audit.get(audit.size() - 1).hash());
        audit.add(AuditEntry.following(last, sequence, at, line));
        return this;
    }

    Group build() {
        return new Group(
                tenant,
                node,
                epoch,
                revision,
                at,
                usage,
                record,
                folder,
                filesRemoved,
                filesPut,
                versionsPut,
                versionsDropped,
                blobsPut,
                tuplesRemoved,
                tuplesPut,
                sharesRemoved,
                sharesPut,
                keysPut,
                usersRemoved,
                usersPut,
                audit,
                replies == null ? null : new Group.Outcome(replies, keyed),
                tenantsMade,
                controls,
                tombstone);
    }
}
