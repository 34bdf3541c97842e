package nexus.tenant;

import nexus.kernel.KeyId;
import nexus.kernel.TenantId;

/**
 * What a caller's key says about itself after its checksum held: which tenant, which key, and the hash of its secret. It
 * proves nothing yet: whether the key is genuine, live, and whose it is, is judged by the actor that holds the keys.
 */
public record Credential(TenantId tenant, KeyId key, byte[] secretHash) {
    /** Whether it claims to be a system key. */
    public boolean isSystem() {
        return tenant.equals(TenantId.SYSTEM);
    }

    /** Without the hash. */
    @Override
    public String toString() {
        return "Credential[" + tenant + " " + key + "]";
    }
}
