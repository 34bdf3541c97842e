/** The HTTP server: connections, bodies, headers, and the way of a request to the interface that understands it. */
@NullMarked
package nexus.http;

import org.jspecify.annotations.NullMarked;
