package nexus.tenant;

import java.time.Instant;
import nexus.kernel.JsonText;
import org.jspecify.annotations.Nullable;

/**
 * What one line of the audit log says, before it has its number.
 *
 * @param kind {@code change}, {@code denial}, {@code access} (a system administrator passed the boundary) or
 *     {@code application}
 * @param path relative to the tenant's root: the log carries no tenant's name
 * @param detail members of the operation's own, as a JSON object's text
 * @param count how often it happened, if several are told in one line
 */
record AuditLine(
        String kind,
        String operation,
        String subject,
        String key,
        String remote,
        String requestId,
        @Nullable String path,
        @Nullable String detail,
        int count) {
    static AuditLine of(String kind, Ask ask, Principal principal, String operation, @Nullable String path) {
        return new AuditLine(
                kind,
                operation,
                principal.subject(),
                principal.key().toString(),
                ask.remote(),
                ask.requestId(),
                path,
                null,
                1);
    }

    AuditLine withDetail(String json) {
        return new AuditLine(kind, operation, subject, key, remote, requestId, path, json, count);
    }

    /** The same, once more. */
    AuditLine again() {
        return new AuditLine(kind, operation, subject, key, remote, requestId, path, detail, count + 1);
    }

    /** How the text of an entry begins. */
    static String beginning(long sequence, Instant at) {
        String text = new JsonText()
                .put("seq", sequence)
                .put("timestamp", at.toString())
                .end();
        return text.substring(0, text.length() - 1) + ",";
    }

    /** The JSON object of the line. The order of the members is part of the format: filters and proofs rely on it. */
    String render(long sequence, Instant at, long revision) {
        JsonText json = new JsonText()
                .put("seq", sequence)
                .put("timestamp", at.toString())
                .put("revision", revision)
                .put("kind", kind)
                .put("action", operation)
                .put("user", subject)
                .put("key_id", key)
                .put("remote", remote)
                .put("request_id", requestId);
        if (path != null) {
            json.put("resource", path);
        }
        if (count > 1) {
            json.put("count", count);
        }
        if (detail != null) {
            json.putRaw("detail", detail);
        }
        return json.end();
    }
}
