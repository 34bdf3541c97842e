/**
 * The data directory and the PostgreSQL server that lives in it: unpacking its binaries, creating, starting, watching
 * and stopping it.
 */
@NullMarked
package nexus.embedded;

import org.jspecify.annotations.NullMarked;
