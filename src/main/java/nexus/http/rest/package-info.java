/** The server's own REST interface, below {@code /v1}; errors are problem details (RFC 9457). */
@NullMarked
package nexus.http.rest;

import org.jspecify.annotations.NullMarked;
