package nexus.store;

import java.time.Instant;

/**
 * A user, agent or service of one tenant.
 *
 * @param subject as {@code user:alice}
 */
public record UserRecord(String subject, boolean enabled, Instant createdAt) {}
