/**
 * The deterministic simulation: the real tenants, leases, activations and gateway of several nodes on one thread under virtual
 * time, on a simulated database. A seed decides everything that happens.
 */
@NullMarked
package nexus.sim;

import org.jspecify.annotations.NullMarked;
