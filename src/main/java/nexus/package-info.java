/** The program: the only place that knows all the others. */
@NullMarked
package nexus;

import org.jspecify.annotations.NullMarked;
