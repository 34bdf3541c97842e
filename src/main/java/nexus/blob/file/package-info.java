/** Large contents as files in a directory that all servers of a database share. */
@NullMarked
package nexus.blob.file;

import org.jspecify.annotations.NullMarked;
