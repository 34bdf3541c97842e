/**
 * Relationship-based access control after the Zanzibar paper: a model says which relations exist ({@code schema}), tuples say
 * who is related to what ({@code tuple}), and two questions are answered from both: may this subject do that ({@code check}),
 * and who may ({@code expand}). Pure: no clock, no waiting, no I/O; the caller brings the time and owns the thread.
 */
@NullMarked
package nexus.rebac;

import org.jspecify.annotations.NullMarked;
