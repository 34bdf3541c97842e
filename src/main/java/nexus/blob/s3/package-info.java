/** Large contents as objects of a bucket, on Amazon S3 or a server that speaks its protocol. */
@NullMarked
package nexus.blob.s3;

import org.jspecify.annotations.NullMarked;
