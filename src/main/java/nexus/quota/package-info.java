/** What a tenant may use and what it uses: pure counting rules. */
@NullMarked
package nexus.quota;

import org.jspecify.annotations.NullMarked;
