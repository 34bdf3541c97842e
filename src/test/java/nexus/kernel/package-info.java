@NullMarked
package nexus.kernel;

import org.jspecify.annotations.NullMarked;
