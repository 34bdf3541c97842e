@NullMarked
package nexus.http.json;

import org.jspecify.annotations.NullMarked;
