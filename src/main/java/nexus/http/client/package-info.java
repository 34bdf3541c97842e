/** A small blocking client of the Nexus JSON-RPC wire: for the demonstration and for tests. */
@NullMarked
package nexus.http.client;

import org.jspecify.annotations.NullMarked;
