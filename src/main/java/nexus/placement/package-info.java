/** Which tenants are active on this node: activation, passivation, the node's lease, and what is swept behind them. */
@NullMarked
package nexus.placement;

import org.jspecify.annotations.NullMarked;
