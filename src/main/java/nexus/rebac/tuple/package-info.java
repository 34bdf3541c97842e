/** Relationship tuples and their index in memory. */
@NullMarked
package nexus.rebac.tuple;

import org.jspecify.annotations.NullMarked;
