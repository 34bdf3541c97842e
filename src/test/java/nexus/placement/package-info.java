@NullMarked
package nexus.placement;

import org.jspecify.annotations.NullMarked;
