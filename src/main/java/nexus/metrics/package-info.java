/** The server's numbers in the format of Prometheus. */
@NullMarked
package nexus.metrics;

import org.jspecify.annotations.NullMarked;
