package nexus.store;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import nexus.kernel.ContentHash;
import nexus.kernel.TenantId;

/**
 * The hash chain over a tenant's audit log: each entry's hash covers the hash of the entry before it and the entry's whole
 * text, so nothing can be edited, taken out, put in or moved without breaking every later link.
 *
 * <pre>
 *   start   = SHA-256( the 16 bytes of the tenant's id )                       the id's bits, most significant byte first
 *   hash(1) = SHA-256( start || line(1) )
 *   hash(n) = SHA-256( hash(n-1) || line(n) )
 * </pre>
 *
 * <p>{@code ||} joins bytes: the 32 raw bytes of a hash, then the UTF-8 of the line. {@code line(n)} is the JSON object of the
 * n-th entry as {@code .audit/log.jsonl} shows it, from the opening brace to the closing one, without its last member
 * {@code ,"hash":"..."} and without the line end. It holds the entry's number, time, revision and everything else, and is
 * never rendered anew: the text is what is stored. A hash is of fixed length, so the two parts cannot be mistaken for others.
 *
 * <p>The hash of the last entry lies in the tenant's own row and moves in the transaction of the group that adds entries: a
 * cut end does not fit to it. Entries of releases that had no chain have the same hashes; they were computed when the tenant
 * was first taken by a release that has it, and prove nothing about the time before.
 *
 * <p>What the chain cannot show: somebody who may write to the database can compute all of it anew. Who keeps a number and its
 * hash elsewhere can show that, because {@code verify} begins at what he knows.
 */
public final class AuditChain {
    private AuditChain() {}

    /** What the first entry follows. */
    public static ContentHash start(TenantId tenant) {
        ByteBuffer id = ByteBuffer.allocate(16)
                .putLong(tenant.value().getMostSignificantBits())
                .putLong(tenant.value().getLeastSignificantBits());
        return ContentHash.of(id.array());
    }

    /** The hash of the entry that follows the one with the hash {@code previous}. */
    public static ContentHash next(ContentHash previous, String line) {
        MessageDigest digest = ContentHash.newDigest();
        digest.update(HexFormat.of().parseHex(previous.hex()));
        digest.update(line.getBytes(StandardCharsets.UTF_8));
        return ContentHash.ofDigest(digest.digest());
    }
}
