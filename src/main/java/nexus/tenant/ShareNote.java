package nexus.tenant;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import nexus.kernel.ContentHash;
import nexus.kernel.JsonText;
import nexus.kernel.WorkspacePath;
import nexus.store.ShareRecord;
import org.jspecify.annotations.Nullable;

/**
 * The note of a share in the target's folder, {@code .share-<label>.json}: the live share, rendered at this moment. It is there
 * for as long as the share is.
 */
record ShareNote(Reply.FileInfo info, byte[] bytes) {
    private static final String PREFIX = ".share-";
    private static final String SUFFIX = ".json";

    /** The label in a note's name, or null if it is none. */
    static @Nullable String labelOf(String name) {
        return name.startsWith(PREFIX) && name.endsWith(SUFFIX) && name.length() > PREFIX.length() + SUFFIX.length()
                ? name.substring(PREFIX.length(), name.length() - SUFFIX.length())
                : null;
    }

    /** The note of a live share that has a label. */
    static ShareNote of(TenantState state, ShareRecord share) {
        Instant expiresAt = share.expiresAt();
        String path = share.path();
        byte[] bytes = new JsonText()
                .put("share_id", share.label())
                .put("source_tenant", state.zone.value())
                .put("target_tenant", share.targetZone().value())
                .put("file_path", path == null ? null : WorkspacePath.wire(state.zone, path))
                .put("permission", share.relation())
                .put("created_at", share.createdAt().toString())
                .put("expires_at", expiresAt == null ? null : expiresAt.toString())
                .put("status", "active")
                .end()
                .getBytes(StandardCharsets.UTF_8);
        String wire = WorkspacePath.wire(
                share.targetZone(), WorkspacePath.sharedFrom(state.zone) + "/" + PREFIX + share.label() + SUFFIX);
        return new ShareNote(
                new Reply.FileInfo(
                        wire,
                        false,
                        1,
                        bytes.length,
                        ContentHash.of(bytes).hex(),
                        share.createdAt(),
                        share.createdAt(),
                        Permissions.TENANT + ":" + state.zone),
                bytes);
    }
}
