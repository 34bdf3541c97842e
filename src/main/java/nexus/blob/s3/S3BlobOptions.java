package nexus.blob.s3;

import java.net.URI;
import nexus.kernel.Must;
import org.jspecify.annotations.Nullable;

/**
 * Where and how hard.
 *
 * @param bucket that exists
 * @param prefix of all keys: empty, or ending in a slash
 * @param endpoint null: Amazon's own of the region
 * @param region that requests are signed for
 * @param pathStyle whether the bucket is in the path and not in the host's name
 * @param keys null: what the SDK finds in its own places
 * @param threads that send and receive at the same time
 * @param waiting calls that wait for a thread; one more is refused
 */
public record S3BlobOptions(
        String bucket,
        String prefix,
        @Nullable URI endpoint,
        String region,
        boolean pathStyle,
        @Nullable Keys keys,
        int threads,
        int waiting) {
    /** The name and the secret that requests are signed with. */
    public record Keys(String accessKey, String secretKey) {
        @Override
        public String toString() {
            return "***";
        }
    }

    /** Consistent options. */
    public S3BlobOptions {
        Must.hold(prefix.isEmpty() || prefix.endsWith("/"), "a prefix is a folder", prefix);
        Must.hold(threads > 0 && waiting >= 0, "a pool has threads", threads, waiting);
    }

    /** The defaults for a bucket. */
    public static S3BlobOptions of(
            String bucket,
            String prefix,
            @Nullable URI endpoint,
            String region,
            boolean pathStyle,
            @Nullable Keys keys) {
        return new S3BlobOptions(bucket, prefix, endpoint, region, pathStyle, keys, 8, 256);
    }
}
