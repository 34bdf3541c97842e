/** Answers whether a subject holds a relation on an object, and where a subject's grants begin. */
@NullMarked
package nexus.rebac.check;

import org.jspecify.annotations.NullMarked;
