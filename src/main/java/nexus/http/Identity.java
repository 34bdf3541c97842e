package nexus.http;

import io.vertx.core.MultiMap;
import java.util.List;
import java.util.Optional;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.tenant.ApiKeys;
import nexus.tenant.Claims;
import nexus.tenant.Credential;
import org.jspecify.annotations.Nullable;

/**
 * What a request's headers say about its sender: the key, which alone proves something, and claims, which must agree among
 * themselves here and with the key later.
 */
final class Identity {
    private static final String BEARER = "bearer ";
    private static final String[] ZONE_HEADERS = {"X-Nexus-Zone-ID", "X-Zone-Id"};
    private static final String USER_HEADER = "X-User-Id";
    private static final String AGENT_HEADER = "X-Agent-ID";
    private static final String SUBJECT_HEADER = "X-Nexus-Subject";

    private Identity() {}

    /** The credential of the only {@code Authorization} header, if it is a genuine key's. */
    static Optional<Credential> credential(MultiMap headers, ApiKeys keys) {
        List<String> values = headers.getAll("Authorization");
        if (values.size() != 1) {
            return Optional.empty();
        }
        String value = values.get(0);
        if (!value.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            return Optional.empty();
        }
        return keys.parse(value.substring(BEARER.length()).strip());
    }

    /** The claims; headers that contradict each other are a problem. */
    static Claims claims(MultiMap headers) {
        String zone = null;
        for (String name : ZONE_HEADERS) {
            zone = agreed(zone, only(headers, name), "tenant");
        }
        String subject = null;
        String user = only(headers, USER_HEADER);
        if (user != null) {
            subject = agreed(subject, "user:" + user, "subject");
        }
        String agent = only(headers, AGENT_HEADER);
        if (agent != null) {
            subject = agreed(subject, "agent:" + agent, "subject");
        }
        String full = only(headers, SUBJECT_HEADER);
        if (full != null) {
            subject = agreed(subject, withColon(full), "subject");
        }
        if (zone == null && subject == null) {
            return Claims.NONE;
        }
        int colon = subject == null ? 0 : subject.indexOf(':');
        return new Claims(
                zone,
                subject == null ? null : subject.substring(0, colon),
                subject == null ? null : subject.substring(colon + 1));
    }

    /** {@code user:alice} of that or of {@code user,alice}. */
    private static String withColon(String subject) {
        int at = 0;
        while (at < subject.length() && subject.charAt(at) != ':' && subject.charAt(at) != ',') {
            at++;
        }
        if (at == 0 || at >= subject.length() - 1) {
            throw Problem.forbidden("the header " + SUBJECT_HEADER + " must be as user:alice", null)
                    .exception();
        }
        return subject.substring(0, at).strip() + ":"
                + subject.substring(at + 1).strip();
    }

    /** The value of a header that may come once, or several times with one value. An empty one says nothing. */
    private static @Nullable String only(MultiMap headers, String name) {
        String found = null;
        for (String value : headers.getAll(name)) {
            String text = value.strip();
            if (text.length() > Limits.IDENTIFIER_BYTES) {
                throw Problem.forbidden("the header " + name + " is longer than " + Limits.IDENTIFIER_BYTES, null)
                        .exception();
            }
            if (!text.isEmpty()) {
                found = agreed(found, text, name);
            }
        }
        return found;
    }

    private static @Nullable String agreed(@Nullable String one, @Nullable String other, String what) {
        if (one != null && other != null && !one.equals(other)) {
            throw Problem.forbidden("the headers contradict each other about the " + what, null)
                    .exception();
        }
        return one == null ? other : one;
    }
}
