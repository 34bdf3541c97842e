package nexus.blob.file;

import java.nio.file.Path;
import nexus.kernel.Must;

/**
 * Where and how hard.
 *
 * @param root the directory; made if it does not exist
 * @param threads that read and write at the same time
 * @param waiting calls that wait for a thread; one more is refused
 */
public record FileBlobOptions(Path root, int threads, int waiting) {
    /** Consistent options. */
    public FileBlobOptions {
        Must.hold(threads > 0 && waiting >= 0, "a pool has threads", threads, waiting);
    }

    /** The defaults for a directory. */
    public static FileBlobOptions of(Path root) {
        return new FileBlobOptions(root, 8, 256);
    }
}
