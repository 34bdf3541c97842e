package nexus.tenant;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import nexus.kernel.ContentHash;
import nexus.kernel.WorkspacePath;
import nexus.quota.Usage;
import nexus.store.AuditEntry;
import nexus.store.FileEntry;
import nexus.store.TenantRecord;
import org.jspecify.annotations.Nullable;

/** Turns what the actor knows of a path into what callers see of it. */
final class Infos {
    /** Who made what nobody made. */
    private static final String SERVER = "system";

    private Infos() {}

    static Reply.FileInfo of(TenantState state, FileEntry entry) {
        ContentHash hash = entry.hash();
        return new Reply.FileInfo(
                WorkspacePath.wire(state.zone, entry.path()),
                entry.directory(),
                entry.version(),
                entry.size(),
                hash == null ? null : hash.hex(),
                entry.createdAt(),
                entry.modifiedAt(),
                entry.createdBy());
    }

    /** The tenant's root folder, which has no entry of its own. */
    static Reply.FileInfo root(TenantState state) {
        return folder(state, WorkspacePath.ROOT);
    }

    /** One of the two folders above the tenants. */
    static Reply.FileInfo top(TenantState state, String wire) {
        return new Reply.FileInfo(wire, true, 0, 0, null, state.record.createdAt(), state.record.createdAt(), SERVER);
    }

    /** The audit log as it is. */
    static Reply.FileInfo auditLog(TenantState state) {
        return auditLog(state, state.auditSequence, state.auditBytes, state.lastAt);
    }

    private static Reply.FileInfo folder(TenantState state, String path) {
        return new Reply.FileInfo(
                WorkspacePath.wire(state.zone, path),
                true,
                0,
                0,
                null,
                state.record.createdAt(),
                state.record.createdAt(),
                SERVER);
    }

    /** One of the server's own files and directories, or null if the path is none that exists. */
    static Reply.@Nullable FileInfo control(TenantState state, String path, Instant now) {
        return switch (path) {
            case WorkspacePath.AUDIT_FOLDER -> folder(state, path);
            case WorkspacePath.AUDIT_LOG -> auditLog(state);
            case WorkspacePath.RECORD -> record(state, RecordText.render(state.record, state.usage, now));
            default -> null;
        };
    }

    /** The tenant's record as a file: its content is what {@link RecordText} renders at this moment. */
    static Reply.FileInfo record(TenantState state, byte[] rendered) {
        return record(state.record, rendered, state.lastAt);
    }

    /** The record as the group in the making leaves it. */
    static Reply.FileInfo record(Draft draft) {
        byte[] rendered = RecordText.render(draft.record(), draft.usage(), draft.now);
        return record(draft.record(), rendered, draft.now);
    }

    private static Reply.FileInfo record(TenantRecord record, byte[] rendered, Instant modifiedAt) {
        return new Reply.FileInfo(
                WorkspacePath.wire(record.zone(), WorkspacePath.RECORD),
                false,
                record.settingsRevision(),
                rendered.length,
                ContentHash.of(rendered).hex(),
                record.createdAt(),
                modifiedAt,
                SERVER);
    }

    /** The record as a group in the making leaves it. */
    static Reply.Tenant tenant(Draft draft) {
        return tenant(draft.record(), draft.usage(), draft.now);
    }

    static Reply.Tenant tenant(TenantRecord record, Usage usage, Instant now) {
        String document = new String(RecordText.render(record, usage, now), StandardCharsets.UTF_8);
        return new Reply.Tenant(record.id(), record.zone(), record.settingsRevision(), document);
    }

    /** The audit log as the group in the making leaves it, as far as it has come. */
    static Reply.FileInfo auditLog(Draft draft) {
        TenantState state = draft.state;
        long sequence = state.auditSequence;
        long bytes = state.auditBytes;
        for (AuditLine line : draft.auditLines()) {
            sequence++;
            bytes += Draft.auditBytes(line.render(sequence, draft.now, draft.revision));
        }
        return auditLog(state, sequence, bytes, draft.now);
    }

    /**
     * The audit log as a file: its etag moves with every entry, without reading the log.
     *
     * @param bytes of the lines, to which the hash of each comes
     */
    static Reply.FileInfo auditLog(TenantState state, long sequence, long bytes, Instant modifiedAt) {
        String mark = state.id + WorkspacePath.AUDIT_LOG + ":" + sequence;
        return new Reply.FileInfo(
                WorkspacePath.wire(state.zone, WorkspacePath.AUDIT_LOG),
                false,
                Math.max(1, sequence),
                bytes + sequence * AuditEntry.HASH_MEMBER_BYTES,
                ContentHash.of(mark.getBytes(StandardCharsets.UTF_8)).hex(),
                state.record.createdAt(),
                modifiedAt,
                SERVER);
    }
}
