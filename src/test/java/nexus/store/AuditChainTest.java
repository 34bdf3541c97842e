package nexus.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.time.Instant;
import java.util.UUID;
import nexus.kernel.ContentHash;
import nexus.kernel.TenantId;
import org.junit.jupiter.api.Test;

/** The bytes that are hashed: an auditor computes the same, with these commands among others. */
class AuditChainTest {
    private static final TenantId TENANT = new TenantId(UUID.fromString("0190a1b2-c3d4-e5f6-8899-aabbccddeeff"));
    private static final Instant AT = Instant.parse("2026-11-24T10:00:00Z");

    /** {@code printf 0190a1b2c3d4e5f68899aabbccddeeff | xxd -r -p | sha256sum}. */
    private static final String START = "b38271a428d88c56190a3140814d62aff16a73c964dcd670025ce1fcb0cb9eaa";

    /** {@code (printf $START | xxd -r -p; printf '{"seq":1,"user":"ü"}') | sha256sum}. */
    private static final String FIRST = "29f529912d304dfe25d6982a06bc9452339f22cdf76ce1581428736af0a0f507";

    @Test
    void theFirstEntryFollowsTheTenantsId() {
        assertEquals(START, AuditChain.start(TENANT).hex());
        assertEquals(
                FIRST,
                AuditChain.next(AuditChain.start(TENANT), "{\"seq\":1,\"user\":\"ü\"}")
                        .hex());
    }

    @Test
    void anotherTenantsChainBeginsElsewhere() {
        assertNotEquals(AuditChain.start(TENANT), AuditChain.start(new TenantId(new UUID(1, 1))));
    }

    @Test
    void theRenderedEntryIsTheLineWithItsHash() {
        AuditEntry entry = AuditEntry.following(new ContentHash(START), 1, AT, "{\"seq\":1,\"user\":\"ü\"}");
        String rendered = entry.rendered();
        assertEquals("{\"seq\":1,\"user\":\"ü\",\"hash\":\"" + FIRST + "\"}", rendered);
        assertEquals(
                AuditEntry.HASH_MEMBER_BYTES, rendered.length() - entry.line().length());
    }
}
