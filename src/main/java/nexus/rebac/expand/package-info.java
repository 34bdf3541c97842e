/** Answers who holds a relation on an object. */
@NullMarked
package nexus.rebac.expand;

import org.jspecify.annotations.NullMarked;
