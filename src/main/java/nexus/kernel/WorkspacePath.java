package nexus.kernel;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A path of the workspace, parsed once, before anything else looks at it. What this parser does not accept does not exist.
 *
 * <p>On the wire a tenant's files are {@code /tenants/{zone}/...}. Inside they are relative to the tenant's root folder
 * ({@code /} is the root, {@code /shared/a.txt} a file), so that no stored row carries a tenant's name.
 *
 * <p>Names compare byte for byte: there is no case folding and no Unicode normalisation. Texts that merely could be taken
 * for another path by somebody else's decoder (encoded dots and slashes, back-slashes, characters whose compatibility form
 * is a dot or a slash) are refused rather than interpreted.
 *
 * @param place where in the tree it is
 * @param zone the tenant that it names; null unless the place is {@link Place#TENANT}
 * @param relative the path below the tenant's root, or the whole path elsewhere; starts with a slash, has none at its end
 */
public record WorkspacePath(Place place, @Nullable ZoneName zone, String relative) {
    /** Where in the tree a path is. */
    public enum Place {
        /** {@code /}. */
        TOP,
        /** {@code /tenants}, which holds the tenants. */
        TENANTS,
        /** A tenant's root folder or something below it. */
        TENANT,
        /** Anything else: nothing is there, and nothing can be made there. */
        ELSEWHERE
    }

    /** A tenant's root folder, as a relative path. */
    public static final String ROOT = "/";

    /** The tenant's record, as a relative path. */
    public static final String RECORD = "/.tenant.json";

    /** The folder of the audit log, as a relative path. */
    public static final String AUDIT_FOLDER = "/.audit";

    /** The audit log, as a relative path. */
    public static final String AUDIT_LOG = "/.audit/log.jsonl";

    /** Where what other tenants share appears: this and the name of the tenant that shares. */
    private static final String SHARED_FROM = "/shared/from-";

    private static final String TENANTS = "/tenants";

    /** A dot, slash, back-slash or NUL in percent code, however often it was encoded. */
    private static final Pattern ENCODED = Pattern.compile("%(?:25)*(?:2e|2f|5c|00)", Pattern.CASE_INSENSITIVE);

    /** The path of a text from outside: outer spaces are trimmed, slashes added, collapsed and dropped as Nexus does. */
    public static WorkspacePath parse(String text) {
        String trimmed = text.strip();
        if (trimmed.isEmpty()) {
            throw Problem.invalidPath("the path is empty").exception();
        }
        if (trimmed.length() > Limits.PATH_BYTES) {
            throw tooLong(trimmed.length());
        }
        String path = join(trimmed);
        int bytes = path.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > Limits.PATH_BYTES) {
            throw tooLong(bytes);
        }
        return place(path);
    }

    private static ProblemException tooLong(int length) {
        return Problem.invalidPath("the path has " + length + " bytes, the limit is " + Limits.PATH_BYTES)
                .exception();
    }

    private static String join(String text) {
        StringBuilder path = new StringBuilder(text.length() + 1);
        int depth = 0;
        int start = 0;
        while (start < text.length()) {
            int end = text.indexOf('/', start);
            if (end < 0) {
                end = text.length();
            }
            if (end > start) {
                String name = text.substring(start, end);
                checkName(name);
                path.append('/').append(name);
                depth++;
            }
            start = end + 1;
        }
        // Two components are /tenants/{zone}; the limit is on what is below.
        if (depth > Limits.PATH_DEPTH + 2) {
            throw Problem.invalidPath("the path is " + depth + " deep, the limit is " + (Limits.PATH_DEPTH + 2))
                    .exception();
        }
        return path.isEmpty() ? "/" : path.toString();
    }

    private static void checkName(String name) {
        String fault = faultOf(name);
        if (fault != null) {
            throw Problem.invalidPath(fault).exception();
        }
    }

    /** What is wrong with the name of one file or directory, or null. */
    private static @Nullable String faultOf(String name) {
        boolean ascii = true;
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            ascii &= c < 0x80;
            if (c == '\\') {
                return "a path must not contain a backslash";
            }
            if (Character.isISOControl(c)) {
                return "a path must not contain control characters";
            }
            if (Character.isSurrogate(c)) {
                if (!Character.isHighSurrogate(c)
                        || i + 1 == name.length()
                        || !Character.isLowSurrogate(name.charAt(i + 1))) {
                    return "a path must be valid Unicode";
                }
                i++;
            }
        }
        if (name.equals(".") || name.equals("..")) {
            return "a path must not contain '" + name + "'";
        }
        if (Character.isWhitespace(name.charAt(0)) || Character.isWhitespace(name.charAt(name.length() - 1))) {
            return "a path component must not start or end with a space";
        }
        if (name.indexOf('%') >= 0 && ENCODED.matcher(name).find()) {
            return "a path must not contain encoded dots, slashes or NULs";
        }
        if (!ascii) {
            String folded = Normalizer.normalize(name, Normalizer.Form.NFKC).strip();
            if (folded.isEmpty()
                    || folded.equals(".")
                    || folded.equals("..")
                    || folded.indexOf('/') >= 0
                    || folded.indexOf('\\') >= 0
                    || folded.length() == 1 && folded.charAt(0) == '\u200b') {
                return "a path must not contain look-alikes of dots and slashes";
            }
            if (Character.isSpaceChar(name.charAt(0)) || Character.isSpaceChar(name.charAt(name.length() - 1))) {
                return "a path component must not start or end with a space";
            }
        }
        int bytes = name.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > Limits.NAME_BYTES) {
            return "a path component has " + bytes + " bytes, the limit is " + Limits.NAME_BYTES;
        }
        return null;
    }

    private static WorkspacePath place(String path) {
        if (path.equals("/")) {
            return new WorkspacePath(Place.TOP, null, path);
        }
        if (path.equals(TENANTS)) {
            return new WorkspacePath(Place.TENANTS, null, path);
        }
        if (path.startsWith(TENANTS + "/")) {
            int start = TENANTS.length() + 1;
            int end = path.indexOf('/', start);
            String zone = path.substring(start, end < 0 ? path.length() : end);
            if (ZoneName.isValid(zone)) {
                return new WorkspacePath(Place.TENANT, new ZoneName(zone), end < 0 ? ROOT : path.substring(end));
            }
        }
        return new WorkspacePath(Place.ELSEWHERE, null, path);
    }

    /** The path of something in a tenant. */
    public static WorkspacePath inTenant(ZoneName zone, String relative) {
        return new WorkspacePath(Place.TENANT, zone, relative);
    }

    /** Whether it is a tenant's root folder. */
    public boolean isTenantRoot() {
        return place == Place.TENANT && relative.equals(ROOT);
    }

    /** The path as it is on the wire. */
    public String wire() {
        return zone == null ? relative : wire(zone, relative);
    }

    /** The wire form of a path below a tenant's root. */
    public static String wire(ZoneName zone, String relative) {
        return relative.equals(ROOT) ? TENANTS + "/" + zone : TENANTS + "/" + zone + relative;
    }

    /** The directory that holds a relative path; the root has none. */
    public static @Nullable String parentOf(String relative) {
        if (relative.equals(ROOT)) {
            return null;
        }
        int slash = relative.lastIndexOf('/');
        return slash == 0 ? ROOT : relative.substring(0, slash);
    }

    /** The last component of a path; empty for the root. */
    public static String nameOf(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    /** Whether {@code relative} is {@code folder} itself or something below it. */
    public static boolean isWithin(String relative, String folder) {
        return folder.equals(ROOT)
                || relative.startsWith(folder)
                        && (relative.length() == folder.length() || relative.charAt(folder.length()) == '/');
    }

    /**
     * Whether a relative path belongs to the server: the record, the audit log and its folder, the notes of shares. They
     * answer reading, stat and listing, and writing or appending where the guide says so, and nothing else.
     */
    public static boolean isControl(String relative) {
        if (relative.equals(RECORD) || isWithin(relative, AUDIT_FOLDER)) {
            return true;
        }
        String name = nameOf(relative);
        return name.startsWith(".share-") && name.endsWith(".json");
    }

    /** The relative path of the folder in which what a tenant shares appears. */
    public static String sharedFrom(ZoneName source) {
        return SHARED_FROM + source;
    }

    /**
     * The tenant from which something at a relative path is shared: {@code acme} for {@code /shared/from-acme} and everything
     * below it; null for all other paths. Nothing is stored at such paths, whether or not there is such a tenant.
     */
    public static @Nullable ZoneName sourceOf(String relative) {
        if (!relative.startsWith(SHARED_FROM)) {
            return null;
        }
        int end = relative.indexOf('/', SHARED_FROM.length());
        String zone = relative.substring(SHARED_FROM.length(), end < 0 ? relative.length() : end);
        return ZoneName.isValid(zone) ? new ZoneName(zone) : null;
    }

    /** The tenant from which something at this path is shared with the tenant whose path it is; null for all others. */
    public @Nullable ZoneName source() {
        return place == Place.TENANT ? sourceOf(relative) : null;
    }

    /** Whether a relative path is legal by its length and depth; those that are put together must be asked. */
    public static boolean fits(String relative) {
        long depth = relative.chars().filter(c -> c == '/').count();
        return depth <= Limits.PATH_DEPTH && relative.getBytes(StandardCharsets.UTF_8).length <= Limits.PATH_BYTES;
    }

    @Override
    public String toString() {
        return wire();
    }
}
