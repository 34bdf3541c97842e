/** The store on PostgreSQL: schema, connections, and the only SQL of the server. */
@NullMarked
package nexus.store.postgres;

import org.jspecify.annotations.NullMarked;
