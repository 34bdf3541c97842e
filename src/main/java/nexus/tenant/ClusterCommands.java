package nexus.tenant;

import nexus.kernel.JsonText;
import nexus.kernel.Problem;
import nexus.store.Group;

/** The commands on nodes and on where tenants should be; of the reserved tenant, for system administrators. */
final class ClusterCommands {
    private final TenantState state;

    ClusterCommands(TenantState state) {
        this.state = state;
    }

    Reply drain(Ask ask, TenantRequest.DrainNode command, Principal principal, Draft draft) {
        requireSystem(principal);
        draft.control(new Group.Control.NodeDraining(command.node(), command.draining()));
        draft.audit(AuditLine.of("change", ask, principal, command.operation(), null)
                .withDetail(new JsonText()
                        .put("node", command.node().toString())
                        .put("draining", command.draining())
                        .end()));
        return Reply.Done.DONE;
    }

    Reply pin(Ask ask, TenantRequest.PinTenant command, Principal principal, Draft draft) {
        requireSystem(principal);
        if (!draft.loaded().isZoneTaken(command.zone())) {
            throw Problem.notFound("there is no tenant '" + command.zone() + "'", null)
                    .exception();
        }
        draft.control(new Group.Control.TenantPinned(command.zone(), command.node()));
        draft.audit(AuditLine.of("change", ask, principal, command.operation(), null)
                .withDetail(new JsonText()
                        .put("zone", command.zone().value())
                        .put("node", command.node())
                        .end()));
        return Reply.Done.DONE;
    }

    private void requireSystem(Principal principal) {
        KeyCommands.requireSystem(principal);
        if (!state.isSystem()) {
            throw Problem.refused("nodes are the reserved tenant's business", null)
                    .exception();
        }
    }
}
