/** The way from an adapter to the tenant that it asks, over the event bus or straight to the tenant's loop. */
@NullMarked
package nexus.bus;

import org.jspecify.annotations.NullMarked;
