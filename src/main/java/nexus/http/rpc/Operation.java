package nexus.http.rpc;

import io.vertx.core.Future;
import nexus.kernel.Problem;
import nexus.tenant.Credential;

/** What a request asks for, known from its head; what with comes in the body. */
public interface Operation {
    /** Answers. A failed future is a bug of ours. Must be called on the event loop on which the answer is wanted. */
    Future<Answer> handle(Caller caller, byte[] body);

    /** The largest body that it takes; what the server takes at all is less if need be. */
    default int bodyBytesMax() {
        return Integer.MAX_VALUE;
    }

    /** The answer to a request that is refused before it is looked at. */
    Answer refused(byte[] body, Problem problem, Credential credential);
}
