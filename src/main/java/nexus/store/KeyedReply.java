package nexus.store;

import java.time.Instant;
import java.util.UUID;
import nexus.kernel.ContentHash;

/**
 * The reply to a command whose caller gave it an idempotency key.
 *
 * @param key made of the caller's own key and his credential
 * @param digest of the whole request: the same key with another request is a mistake
 * @param at when it was done
 * @param reply versioned, see {@code ReplyCodec}
 */
@SuppressWarnings("ArrayRecordComponent")
public record KeyedReply(UUID key, ContentHash digest, Instant at, byte[] reply) {}
