package nexus.http.rpc;

import java.time.Instant;
import java.util.Map;
import java.util.Set;
import nexus.http.json.JsonFormatException;
import nexus.http.json.JsonReader;
import nexus.http.json.SpecialValues;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.ProblemException;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;

/**
 * A written {@code .share-<id>.json} in the folder {@code /tenants/{target}/shared/from-{source}} as the share that it makes
 * live. {@code created_at} is the server's and ignored; everything else must agree with the path.
 */
final class ShareDocument {
    private static final String PREFIX = ".share-";
    private static final String SUFFIX = ".json";
    private static final int BYTES = 16 * Limits.KIB;
    private static final Set<String> MEMBERS = Set.of(
            "share_id",
            "source_tenant",
            "target_tenant",
            "file_path",
            "permission",
            "created_at",
            "expires_at",
            "status");

    private final WorkspacePath path;
    private final Map<?, ?> members;

    private ShareDocument(WorkspacePath path, Map<?, ?> members) {
        this.path = path;
        this.members = members;
    }

    /** Whether a path is that of a note: directly in the folder of a tenant's shares. */
    static boolean isNote(WorkspacePath path) {
        ZoneName source = path.source();
        return source != null
                && WorkspacePath.isControl(path.relative())
                && WorkspacePath.sharedFrom(source).equals(WorkspacePath.parentOf(path.relative()));
    }

    /** The share that a document describes; one that is none is refused with the reason. */
    static TenantRequest.BindShare parse(byte[] bytes, WorkspacePath path) {
        if (bytes.length > BYTES) {
            throw Problem.tooLarge("the note of a share has " + bytes.length + " bytes, the limit is " + BYTES)
                    .exception();
        }
        try {
            if (JsonReader.read(bytes) instanceof Map<?, ?> members) {
                return new ShareDocument(path, members).share();
            }
        } catch (JsonFormatException e) {
            throw Problem.refused("the note of a share: " + e.getMessage(), path.wire())
                    .exception();
        }
        throw Problem.refused("the note of a share must be an object", path.wire())
                .exception();
    }

    private TenantRequest.BindShare share() {
        for (Object name : members.keySet()) {
            if (!MEMBERS.contains(String.valueOf(name))) {
                throw Problem.refused(
                                "the note of a share has the unknown member '" + cut(String.valueOf(name)) + "'",
                                path.wire())
                        .exception();
            }
        }
        ZoneName source = path.source();
        ZoneName target = path.zone();
        if (source == null || target == null) {
            throw new IllegalStateException("BUG: a note lies in the folder of a tenant's shares");
        }
        String name = WorkspacePath.nameOf(path.relative());
        String label = name.substring(PREFIX.length(), Math.max(PREFIX.length(), name.length() - SUFFIX.length()));
        if (label.isEmpty() || label.length() > Limits.SHARE_LABEL_CHARS) {
            throw refused("share_id", "in the file's name and have 1 to " + Limits.SHARE_LABEL_CHARS + " characters");
        }
        requireSame("share_id", label);
        requireSame("source_tenant", source.value());
        requireSame("target_tenant", target.value());
        requireSame("status", "active");
        WorkspacePath shared = WorkspacePath.parse(required("file_path"));
        if (!source.equals(shared.zone())) {
            throw refused("file_path", "a path below " + WorkspacePath.wire(source, WorkspacePath.ROOT));
        }
        return new TenantRequest.BindShare(target, label, shared, required("permission"), expiresAt());
    }

    private void requireSame(String name, String value) {
        String found = text(name);
        if (found != null && !found.equals(value)) {
            throw refused(name, "'" + value + "'");
        }
    }

    private @Nullable Instant expiresAt() {
        String text = text("expires_at");
        if (text == null) {
            return null;
        }
        try {
            return SpecialValues.parseTime(text, "expires_at");
        } catch (ProblemException e) {
            throw refused("expires_at", "a time as 2026-02-14T03:04:05+00:00");
        }
    }

    private String required(String name) {
        String text = text(name);
        if (text == null) {
            throw refused(name, "there");
        }
        return text;
    }

    private @Nullable String text(String name) {
        Object value = members.get(name);
        if (value == null || value instanceof String) {
            return (String) value;
        }
        throw refused(name, "a string");
    }

    private static String cut(String text) {
        return text.length() <= 64 ? text : text.substring(0, 64) + "...";
    }

    private ProblemException refused(String name, String rule) {
        return Problem.refused("member '" + name + "' of the note of a share must be " + rule, path.wire())
                .exception();
    }
}
