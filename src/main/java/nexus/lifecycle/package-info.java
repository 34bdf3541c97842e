/** The customer's contract: the states of a tenant and the legal moves between them. Pure. */
@NullMarked
package nexus.lifecycle;

import org.jspecify.annotations.NullMarked;
