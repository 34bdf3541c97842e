/** Ids, problems, limits: the words that every other package uses. Pure Java, no dependency. */
@NullMarked
package nexus.kernel;

import org.jspecify.annotations.NullMarked;
