package nexus.quota;

import nexus.kernel.Must;

/** The most that a tenant may use of each resource. */
public record QuotaLimits(long users, long files, long bytes) {
    /** No limit: more than any counter can reach. */
    public static final long UNLIMITED = Long.MAX_VALUE;

    /** Limits of zero or more. */
    public QuotaLimits {
        Must.hold(users >= 0 && files >= 0 && bytes >= 0, "a limit is never negative", users, files, bytes);
    }

    /** The limit of one resource. */
    public long of(Resource resource) {
        return switch (resource) {
            case USERS -> users;
            case FILES -> files;
            case BYTES -> bytes;
        };
    }
}
