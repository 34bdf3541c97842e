package nexus.kernel;

import java.util.Set;
import java.util.regex.Pattern;

/**
 * A tenant's name on the wire ({@code zone_id}): 1 to 63 lower-case letters, digits and inner hyphens.
 *
 * <p>It exists in the registry and on the wire only; everything stored carries the {@link TenantId}.
 */
public record ZoneName(String value) {
    private static final Pattern FORM = Pattern.compile("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?");
    private static final Set<String> RESERVED = Set.of("system", "tenants");

    /** A name; check {@link #isValid} first when the text comes from outside. */
    public ZoneName {
        Must.hold(isValid(value), "not a zone name");
    }

    /** Whether the text has the form of a zone name. */
    public static boolean isValid(String text) {
        return text.length() <= 63 && FORM.matcher(text).matches();
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
