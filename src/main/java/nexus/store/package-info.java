/** What the actors need from durable storage, as interfaces that return futures, and the rows that they exchange. */
@NullMarked
package nexus.store;

import org.jspecify.annotations.NullMarked;
