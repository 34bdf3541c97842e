/** One tenant as an actor: a pure core that decides, a thin verticle that waits. */
@NullMarked
package nexus.tenant;

import org.jspecify.annotations.NullMarked;
