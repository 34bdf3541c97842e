package nexus.tenant;

import java.time.Duration;

/**
 * How the actors of a node behave.
 *
 * @param answersWithoutDatabase whether queries go on while the database is away: only on the node's own embedded one
 * @param slowOperation operations that take longer are logged
 * @param idle an actor that nobody asked for so long is let go
 * @param activeMax actors that are active at once; above it the least recently used idle ones are let go
 * @param blobGrace how long a content that no version names stays in the blob store, for readers that are at it
 */
public record TenantOptions(
        boolean answersWithoutDatabase, Duration slowOperation, Duration idle, int activeMax, Duration blobGrace) {
    /** The defaults for a server on its own embedded database. */
    public static final TenantOptions EMBEDDED =
            new TenantOptions(true, Duration.ofMillis(500), Duration.ofMinutes(15), 10_000, Duration.ofMinutes(10));
}
