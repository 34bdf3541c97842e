package nexus.http.rpc;

import nexus.tenant.Reply;

/** A reply as the kind that the request promises; another one is a bug of the tenant. */
final class Replies {
    private Replies() {}

    static <T extends Reply> T as(Class<T> kind, Reply reply) {
        if (!kind.isInstance(reply)) {
            throw new IllegalStateException("BUG: a " + kind.getSimpleName() + " was promised, there came a "
                    + reply.getClass().getSimpleName());
        }
        return kind.cast(reply);
    }

    /** What was written, of a request that writes one file. */
    static Reply.FileInfo onlyWritten(Reply reply) {
        Reply.Written written = as(Reply.Written.class, reply);
        if (written.files().size() != 1) {
            throw new IllegalStateException(
                    "BUG: one file was written, there came " + written.files().size());
        }
        return written.files().get(0);
    }
}
