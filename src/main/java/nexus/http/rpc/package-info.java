/** The Nexus JSON-RPC interface: one table of methods, each parsed, asked and formatted; nothing is decided here. */
@NullMarked
package nexus.http.rpc;

import org.jspecify.annotations.NullMarked;
