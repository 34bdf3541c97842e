package nexus.tenant;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.UUID;
import nexus.kernel.KeyId;
import nexus.kernel.TenantId;
import org.junit.jupiter.api.Test;

class ApiKeysTest {
    private static final ApiKeys.ChecksumSecret FIRST = new ApiKeys.ChecksumSecret(1, new byte[32]);
    private final Random random = new Random(1);
    private final TenantId tenant = new TenantId(new UUID(1, 2));
    private final KeyId id = new KeyId(new UUID(3, 4));

    @Test
    void aMintedKeyTellsItsTenantAndItsHash() {
        ApiKeys keys = new ApiKeys(List.of(FIRST));
        ApiKeys.Minted minted = keys.mint(tenant, id, random);
        Credential credential = keys.parse(minted.text()).orElseThrow();
        assertEquals(tenant, credential.tenant());
        assertEquals(id, credential.key());
        assertArrayEquals(minted.secretHash(), credential.secretHash());
        assertTrue(minted.text().startsWith("sk-") && minted.text().length() >= 32);
    }

    @Test
    void noCharacterCanBeChanged() {
        ApiKeys keys = new ApiKeys(List.of(FIRST));
        String text = keys.mint(tenant, id, random).text();
        for (int i = 0; i < text.length(); i++) {
            char other = text.charAt(i) == '0' ? '1' : '0';
            String forged = text.substring(0, i) + other + text.substring(i + 1);
            assertFalse(keys.parse(forged).isPresent(), "position " + i);
        }
        assertFalse(keys.parse(text + "0").isPresent());
        assertFalse(keys.parse(text.substring(1)).isPresent());
        assertFalse(keys.parse("").isPresent());
        assertFalse(keys.parse("sk-" + "\u00e9".repeat(text.length() - 3)).isPresent());
    }

    @Test
    void keysOfAnOlderSecretStayValidAndOfAnUnknownOneAreNot() {
        String old = new ApiKeys(List.of(FIRST)).mint(tenant, id, random).text();
        ApiKeys.ChecksumSecret second = new ApiKeys.ChecksumSecret(2, new byte[] {
            1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
            30, 31, 32
        });
        ApiKeys both = new ApiKeys(List.of(FIRST, second));
        assertTrue(both.parse(old).isPresent());
        String fresh = both.mint(tenant, id, random).text();
        assertTrue(both.parse(fresh).isPresent());
        assertFalse(new ApiKeys(List.of(FIRST)).parse(fresh).isPresent());
    }

    @Test
    void aChosenKeyIsMatchedBeforeAnythingIsParsed() {
        String text = "an operator's own key of 32 characters or more";
        ApiKeys keys = new ApiKeys(List.of(FIRST)).withChosenKey(text);
        Credential credential = keys.parse(text).orElseThrow();
        assertTrue(credential.isSystem());
        assertEquals(
                credential.key(),
                new ApiKeys(List.of(FIRST)).chosenCredential(text).key());
        assertFalse(keys.parse(text + " ").isPresent());
    }

    @Test
    void theStoredHashIsNotInTheKey() {
        ApiKeys.Minted minted = new ApiKeys(List.of(FIRST)).mint(tenant, id, random);
        String stored = java.util.Base64.getUrlEncoder().withoutPadding().encodeToString(minted.secretHash());
        assertFalse(minted.text().contains(stored));
        assertFalse(minted.toString().contains(minted.text()));
    }
}
