package nexus.tenant;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.UUID;
import nexus.kernel.ContentHash;
import nexus.rebac.tuple.RelationTuple;

/**
 * A tuple's id follows from the tuple: granting twice names the same tuple, and no id need be kept in memory. It is the first
 * half of the SHA-256 of the six texts, each with its length before it so that no two tuples read alike.
 */
final class TupleIds {
    private TupleIds() {}

    static UUID of(RelationTuple tuple) {
        MessageDigest digest = ContentHash.newDigest();
        add(digest, tuple.object().type());
        add(digest, tuple.object().id());
        add(digest, tuple.relation());
        add(digest, tuple.subject().type());
        add(digest, tuple.subject().id());
        add(digest, tuple.subject().relation());
        ByteBuffer hash = ByteBuffer.wrap(digest.digest());
        return new UUID(hash.getLong(), hash.getLong());
    }

    private static void add(MessageDigest digest, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, bytes.length));
        digest.update(bytes);
    }
}
