/**
 * Several nodes of the jar on one PostgreSQL, with clients that record what they are told, faults, and a judge. Tagged
 * {@code server}.
 */
@NullMarked
package nexus.e2e.cluster;

import org.jspecify.annotations.NullMarked;
