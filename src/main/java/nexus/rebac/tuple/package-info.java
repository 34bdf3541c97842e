/** Relation tuples: their values, their text form, the index that holds them and the tuples that are computed instead. */
@NullMarked
package nexus.rebac.tuple;

import org.jspecify.annotations.NullMarked;
