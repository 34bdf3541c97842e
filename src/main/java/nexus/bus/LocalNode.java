package nexus.bus;

import nexus.kernel.NodeId;
import nexus.placement.Activations;
import nexus.placement.NodeWatch;
import nexus.tenant.NodeTime;

/** This node in its present incarnation, as the bus needs it: its tenants, and what it sees of the other nodes. */
public record LocalNode(NodeId id, Activations activations, NodeWatch watch, NodeTime time) {}
