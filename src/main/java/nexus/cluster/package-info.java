/** Membership and the clustered event bus, by Hazelcast; nothing else of the server knows it. */
@NullMarked
package nexus.cluster;

import org.jspecify.annotations.NullMarked;
