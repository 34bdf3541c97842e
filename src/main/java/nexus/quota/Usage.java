package nexus.quota;

import nexus.kernel.Must;

/** What a tenant uses, exactly. */
public record Usage(long users, long files, long bytes) {
    /** Nothing at all. */
    public static final Usage NONE = new Usage(0, 0, 0);

    /** A usage; a negative one is a bug of the counting. */
    public Usage {
        Must.hold(users >= 0 && files >= 0 && bytes >= 0, "usage is never negative", users, files, bytes);
    }

    /** The usage after a change. */
    public Usage plus(UsageDelta delta) {
        return new Usage(users + delta.users(), files + delta.files(), Math.addExact(bytes, delta.bytes()));
    }

    /** What is used of one resource. */
    public long of(Resource resource) {
        return switch (resource) {
            case USERS -> users;
            case FILES -> files;
            case BYTES -> bytes;
        };
    }
}
