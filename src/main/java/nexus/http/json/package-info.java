/** JSON, read strictly and written fast, with Nexus' special values. */
@NullMarked
package nexus.http.json;

import org.jspecify.annotations.NullMarked;
