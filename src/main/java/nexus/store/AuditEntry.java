package nexus.store;

import java.time.Instant;

/**
 * One line of a tenant's audit log.
 *
 * @param sequence 1, 2, 3 ... within the tenant, without gaps
 * @param line the rendered JSON object, without line end: what readers of the log see
 */
public record AuditEntry(long sequence, Instant at, String line) {}
