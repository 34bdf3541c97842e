@NullMarked
package nexus.http;

import org.jspecify.annotations.NullMarked;
