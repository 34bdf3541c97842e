package nexus.tenant;

import java.time.Duration;
import nexus.kernel.CommandId;
import nexus.kernel.ZoneName;
import org.jspecify.annotations.Nullable;

/**
 * One request on its way to a tenant.
 *
 * @param requestId names the request in logs and the audit
 * @param remote the caller's address, for the audit
 * @param command the id under which a command acts at most once; queries ignore it
 * @param credential the caller's key
 * @param claims what the headers say
 * @param zone the tenant that the request itself names (a path, a {@code zone_id}); null if it names none. A system key goes
 *     there; any other key must belong there
 * @param timeout how long the caller waits
 */
public record Ask(
        String requestId,
        String remote,
        CommandId command,
        Credential credential,
        Claims claims,
        @Nullable ZoneName zone,
        Duration timeout,
        TenantRequest request) {
    /** The same ask with less time. */
    public Ask withTimeout(Duration left) {
        return new Ask(requestId, remote, command, credential, claims, zone, left, request);
    }
}
