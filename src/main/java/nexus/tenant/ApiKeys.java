package nexus.tenant;

import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.random.RandomGenerator;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import nexus.kernel.KeyId;
import nexus.kernel.Must;
import nexus.kernel.TenantId;
import nexus.kernel.Ulid;
import org.jspecify.annotations.Nullable;

/**
 * Makes API keys and reads them.
 *
 * <pre>
 *   sk-TTTTTTTTTTTTTTTTTTTTTTTTTTKKKKKKKKKKKKKKKKKKKKKKKKKKSSSS...SSSSVCCCCCCCCCCCCCCCCCCCCCC
 *      tenant (ULID)             key (ULID)                secret 32  version, checksum 22
 * </pre>
 *
 * <p>One HMAC-SHA256 over everything before the checksum gives 32 bytes: the first half is the checksum that ends the key,
 * the second half is the hash that is stored. So a forged key is refused by the checksum alone, without waking its tenant;
 * what the database holds does not open anything; and a request costs one HMAC. Halves of a pseudo-random function's output
 * say nothing about each other. Neither does the database's content together with the checksum secret: the key's own secret
 * has 192 random bits.
 *
 * <p>Secrets of checksums have versions, so that a new one can be introduced while keys of the old one are in use.
 *
 * <p>A key that the operator chose himself ({@code NEXUS_ADMIN_KEY}) is any text of 32 characters or more: it is matched by
 * its keyed hash before anything is parsed.
 *
 * <p>Thread-safe.
 */
public final class ApiKeys {
    /** The fewest characters of a key that an operator may choose. */
    public static final int CHOSEN_KEY_CHARS = 32;

    private static final String PREFIX = "sk-";
    private static final int SECRET_BYTES = 24;
    private static final int SECRET_CHARS = 32;
    private static final int HALF = 16;
    private static final int CHECKSUM_CHARS = 22;
    private static final int BODY_CHARS = PREFIX.length() + 2 * Ulid.LENGTH + SECRET_CHARS + 1;
    private static final int KEY_CHARS = BODY_CHARS + CHECKSUM_CHARS;
    private static final String VERSIONS = "0123456789abcdefghijklmnopqrstuvwxyz";
    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

    private final ThreadLocal<Mac>[] macs;
    private final int newest;
    private final @Nullable Chosen chosen;

    private record Chosen(byte[] hash, Credential credential) {}

    /** A key just made: its text is shown once and never stored. */
    public record Minted(KeyId id, byte[] secretHash, String text) {
        /** Without the secret. */
        @Override
        public String toString() {
            return "Minted[" + id + "]";
        }
    }

    /** A secret and its version, 1 to 35. */
    public record ChecksumSecret(int version, byte[] secret) {
        /** At least 256 bits. */
        public ChecksumSecret {
            Must.hold(version > 0 && version < VERSIONS.length(), "checksum version", version);
            Must.hold(secret.length >= 32, "a checksum secret has 32 bytes or more", secret.length);
        }
    }

    /** Keys under these secrets; the highest version makes the new ones. */
    public ApiKeys(List<ChecksumSecret> secrets) {
        this(secrets, null);
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private ApiKeys(List<ChecksumSecret> secrets, @Nullable Chosen chosen) {
        Must.hold(!secrets.isEmpty(), "there is a checksum secret");
        ThreadLocal<Mac>[] byVersion = new ThreadLocal[VERSIONS.length()];
        int highest = 0;
        for (ChecksumSecret secret : secrets) {
            byVersion[secret.version()] = ThreadLocal.withInitial(() -> macOf(secret.secret()));
            highest = Math.max(highest, secret.version());
        }
        this.macs = byVersion;
        this.newest = highest;
        this.chosen = chosen;
    }

    private ApiKeys(ThreadLocal<Mac>[] macs, int newest, Chosen chosen) {
        this.macs = macs;
        this.newest = newest;
        this.chosen = chosen;
    }

    /** The same keys, and a system key that the operator chose. */
    public ApiKeys withChosenKey(String text) {
        return new ApiKeys(macs, newest, chosenKey(text));
    }

    /** The credential of a chosen system key: its id is made of its keyed hash, so it is the same at every start. */
    public Credential chosenCredential(String text) {
        return chosenKey(text).credential();
    }

    private Chosen chosenKey(String text) {
        Must.hold(text.length() >= CHOSEN_KEY_CHARS, "a chosen key has 32 characters or more");
        // Version 1 always: the id must not move when a newer secret is introduced.
        byte[] hash = mac(1, text);
        long high = 0;
        long low = 0;
        for (int i = 0; i < 8; i++) {
            high = high << 8 | hash[i] & 0xff;
            low = low << 8 | hash[8 + i] & 0xff;
        }
        // A time of 0 keeps such ids apart from all that are made.
        KeyId id = new KeyId(new UUID(high & 0xffff, low));
        return new Chosen(hash, new Credential(TenantId.SYSTEM, id, Arrays.copyOfRange(hash, HALF, 2 * HALF)));
    }

    /** A new key of a tenant. The generator must be a cryptographic one. */
    public Minted mint(TenantId tenant, KeyId id, RandomGenerator random) {
        byte[] secret = new byte[SECRET_BYTES];
        random.nextBytes(secret);
        String body = PREFIX + tenant + id + BASE64.encodeToString(secret) + VERSIONS.charAt(newest);
        byte[] hash = mac(newest, body);
        String text = body + BASE64.encodeToString(Arrays.copyOf(hash, HALF));
        return new Minted(id, Arrays.copyOfRange(hash, HALF, 2 * HALF), text);
    }

    /** What a text says if it is a key whose checksum holds; empty for anything else. */
    public Optional<Credential> parse(String text) {
        if (chosen != null && text.length() >= CHOSEN_KEY_CHARS && text.length() <= 4096) {
            if (MessageDigest.isEqual(mac(1, text), chosen.hash())) {
                return Optional.of(chosen.credential());
            }
        }
        if (text.length() != KEY_CHARS || !text.startsWith(PREFIX)) {
            return Optional.empty();
        }
        int version = VERSIONS.indexOf(text.charAt(BODY_CHARS - 1));
        String tenant = text.substring(PREFIX.length(), PREFIX.length() + Ulid.LENGTH);
        String key = text.substring(PREFIX.length() + Ulid.LENGTH, PREFIX.length() + 2 * Ulid.LENGTH);
        if (version <= 0 || macs[version] == null || !Ulid.isValid(tenant) || !Ulid.isValid(key)) {
            return Optional.empty();
        }
        byte[] hash = mac(version, text.substring(0, BODY_CHARS));
        String checksum = BASE64.encodeToString(Arrays.copyOf(hash, HALF));
        boolean genuine = MessageDigest.isEqual(
                checksum.getBytes(StandardCharsets.ISO_8859_1),
                text.substring(BODY_CHARS).getBytes(StandardCharsets.UTF_8));
        return genuine
                ? Optional.of(new Credential(
                        new TenantId(Ulid.parse(tenant)),
                        new KeyId(Ulid.parse(key)),
                        Arrays.copyOfRange(hash, HALF, 2 * HALF)))
                : Optional.empty();
    }

    private byte[] mac(int version, String text) {
        ThreadLocal<Mac> mac = macs[version];
        Must.hold(mac != null, "no checksum secret of this version", version);
        return mac.get().doFinal(text.getBytes(StandardCharsets.UTF_8));
    }

    private static Mac macOf(byte[] secret) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            return mac;
        } catch (NoSuchAlgorithmException | InvalidKeyException e) {
            throw new IllegalStateException("BUG: every JDK has HmacSHA256", e);
        }
    }
}
