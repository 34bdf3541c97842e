package nexus.store;

import java.util.UUID;

/**
 * The place that a database's large contents are in.
 *
 * @param id of the place; a directory and a bucket bear it in their marker
 * @param description what the first server called it, for messages
 */
public record BlobHome(Kind kind, UUID id, String description) {
    /** What a place is. */
    public enum Kind {
        /** The database itself. */
        DATABASE,
        /** A directory, of one machine or shared by all. */
        DIRECTORY,
        /** A bucket, or a folder of one. */
        S3
    }
}
