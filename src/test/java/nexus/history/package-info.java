/** What many clients did to a cluster and what they were told, and the judge of it. Pure: knows no server. */
@NullMarked
package nexus.history;

import org.jspecify.annotations.NullMarked;
