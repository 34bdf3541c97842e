@NullMarked
package nexus.tenant;

import org.jspecify.annotations.NullMarked;
