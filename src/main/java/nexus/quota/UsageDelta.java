package nexus.quota;

/** How one command changes a usage. */
public record UsageDelta(long users, long files, long bytes) {
    /** No change. */
    public static final UsageDelta NONE = new UsageDelta(0, 0, 0);

    /** A change of the number of users only. */
    public static UsageDelta users(long users) {
        return new UsageDelta(users, 0, 0);
    }

    /** A change of files and their bytes. */
    public static UsageDelta files(long files, long bytes) {
        return new UsageDelta(0, files, bytes);
    }

    /** Both changes together. */
    public UsageDelta plus(UsageDelta other) {
        return new UsageDelta(users + other.users, files + other.files, bytes + other.bytes);
    }

    /** What it adds of one resource; negative if it gives back. */
    public long of(Resource resource) {
        return switch (resource) {
            case USERS -> users;
            case FILES -> files;
            case BYTES -> bytes;
        };
    }
}
