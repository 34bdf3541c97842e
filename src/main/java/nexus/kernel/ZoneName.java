package nexus.kernel;

import java.util.Set;

/**
 * A tenant's name on the wire ({@code zone_id}): 1 to 63 lower-case letters, digits and inner hyphens.
 *
 * <p>It exists in the registry and on the wire only; everything stored carries the {@link TenantId}.
 */
public record ZoneName(String value) {
    private static final int CHARS = 63;
    private static final Set<String> RESERVED = Set.of("system", "tenants");

    /** A name; check {@link #isValid} first when the text comes from outside. */
    public ZoneName {
        Must.hold(isValid(value), "not a zone name");
    }

    /** Whether the text has the form of a zone name. Asked of every path of every request: a pattern would cost more. */
    public static boolean isValid(String text) {
        int length = text.length();
        if (length == 0 || length > CHARS || text.charAt(0) == '-' || text.charAt(length - 1) == '-') {
            return false;
        }
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-') {
                return false;
            }
        }
        return true;
    }

    /** Whether the name can never belong to a tenant. */
    public boolean isReserved() {
        return RESERVED.contains(value);
    }

    @Override
    public String toString() {
        return value;
    }
}
