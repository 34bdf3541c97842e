package nexus.http;

import io.vertx.core.http.HttpServerRequest;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import nexus.kernel.AddressRanges;

/**
 * Where a request came from, for the audit and the log; nothing is allowed or refused by it.
 *
 * <p>The address is the peer's. Behind proxies that the operator trusts it is what they say in {@code X-Forwarded-For}: each
 * proxy adds, at the right, the address that spoke to it. So the list is read from the right for as long as a trusted proxy has
 * written it, and the first address that is none counts. What stands left of that the client may have written itself, and is
 * not looked at; of a peer that is not trusted nothing is.
 */
final class ClientAddress {
    private static final String FORWARDED_FOR = "X-Forwarded-For";
    private static final String UNKNOWN = "unknown";

    private ClientAddress() {}

    /** The address of the peer. */
    static String peer(HttpServerRequest request) {
        return request.remoteAddress() == null
                ? UNKNOWN
                : String.valueOf(request.remoteAddress().hostAddress());
    }

    /** The address of the client. */
    static String of(HttpServerRequest request, AddressRanges trusted) {
        String peer = peer(request);
        return trusted.ranges().isEmpty() ? peer : of(peer, request.headers().getAll(FORWARDED_FOR), trusted);
    }

    /** The address of the client of a peer that sent these headers, the first one first. */
    static String of(String peer, List<String> forwardedFor, AddressRanges trusted) {
        String hop = peer;
        if (!isTrusted(hop, trusted)) {
            return hop;
        }
        String[] path = String.join(",", forwardedFor).split(",", -1);
        for (int i = path.length - 1; i >= 0; i--) {
            Optional<InetAddress> before = AddressRanges.address(path[i].strip());
            if (before.isEmpty()) {
                // What is no address was not written by a proxy of ours, or it does not know either.
                return hop;
            }
            hop = before.get().getHostAddress();
            if (!trusted.contains(before.get())) {
                return hop;
            }
        }
        return hop;
    }

    private static boolean isTrusted(String hop, AddressRanges trusted) {
        // An address of the link has the name of its interface behind it.
        int scope = hop.indexOf('%');
        return AddressRanges.address(scope < 0 ? hop : hop.substring(0, scope))
                .filter(trusted::contains)
                .isPresent();
    }
}
