/** The {@code demo} command: plays the tutorial against a server over HTTP, and verifies what the tutorial promises. */
@NullMarked
package nexus.demo;

import org.jspecify.annotations.NullMarked;
