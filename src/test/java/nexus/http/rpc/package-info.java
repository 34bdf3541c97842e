@NullMarked
package nexus.http.rpc;

import org.jspecify.annotations.NullMarked;
