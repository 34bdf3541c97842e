package nexus.http.rpc;

import nexus.tenant.Claims;
import nexus.tenant.Credential;

/**
 * Whoever sent a request, as far as the request itself tells.
 *
 * @param requestId names the request in logs, audit and answer
 * @param remote the address of the peer
 * @param deadlineNanos when the caller gives up, on the ticker's scale
 */
public record Caller(String requestId, String remote, Credential credential, Claims claims, long deadlineNanos) {}
