/** The jar as a process of its own, spoken to over HTTP, killed and started again. Tagged {@code server}. */
@NullMarked
package nexus.e2e;

import org.jspecify.annotations.NullMarked;
