package nexus.bus;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.Optional;
import nexus.kernel.NodeId;
import nexus.kernel.Problem;
import nexus.kernel.ProblemException;
import nexus.kernel.TenantId;
import nexus.placement.Activations;
import nexus.placement.ClusterView;
import nexus.placement.ElsewhereException;
import nexus.tenant.Ask;
import nexus.tenant.Principal;
import nexus.tenant.StoppedException;
import nexus.tenant.TenantVerticle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers what other nodes ask this one. A tenant that is not here is taken if this node should have it; if not, the asker is
 * told who should, and nothing is done.
 *
 * <p>A node whose lease is not trusted any more has no tenants: it says so, and nothing else.
 */
final class NodeEndpoint {
    private static final Logger LOG = LoggerFactory.getLogger(NodeEndpoint.class);

    private final LocalNode node;

    NodeEndpoint(LocalNode node) {
        this.node = node;
    }

    /**
     * Answers a request; the future never fails.
     *
     * @param age how long the request was on its way: it is taken off the time that the caller has left
     */
    Future<NodeReply> receive(NodeRequest request, Duration age) {
        if (!node.time().isTrusted()) {
            return Future.succeededFuture(new NodeReply.Moved(null));
        }
        return carryOut(request, age).recover(e -> Future.succeededFuture(told(request, e)));
    }

    private Future<NodeReply> carryOut(NodeRequest request, Duration age) {
        if (request instanceof NodeRequest.AskTenant ask) {
            return ask(ask.tenant(), ask.ask(), ask.system(), age);
        } else if (request instanceof NodeRequest.Visit visit) {
            return ask(visit.tenant(), visit.ask(), visit.guest(), age);
        } else if (request instanceof NodeRequest.Vouch vouch) {
            return tenant(vouch.tenant())
                    .compose(verticle -> verticle.vouch(vouch.ask(), vouch.system()))
                    .map(NodeReply.Vouched::new);
        } else if (request instanceof NodeRequest.Prove prove) {
            return tenant(TenantId.SYSTEM)
                    .compose(verticle -> verticle.prove(prove.ask()))
                    .map(NodeReply.Proved::new);
        }
        return tenant(request.tenant()).map(NodeReply.Activated.ACTIVATED);
    }

    private Future<NodeReply> ask(TenantId tenant, Ask ask, @Nullable Principal proved, Duration age) {
        Duration left = ask.timeout().minus(age);
        if (left.isNegative() || left.isZero()) {
            // Whoever asked has given up, and may have been told that nothing was done.
            return Future.failedFuture(Problem.unavailable("the request came too late; nothing was done")
                    .exception());
        }
        return tenant(tenant)
                .compose(verticle -> verticle.ask(ask.withTimeout(left), proved))
                .map(NodeReply.Answered::new);
    }

    private Future<TenantVerticle> tenant(TenantId tenant) {
        Activations activations = node.activations();
        Optional<TenantVerticle> present = activations.present(tenant);
        if (present.isPresent()) {
            return Future.succeededFuture(present.get());
        }
        ClusterView view = node.watch().view();
        NodeId desired = view.desired(tenant);
        boolean mine = desired.equals(node.id()) && !activations.isClosed();
        return mine ? activations.activate(tenant) : Future.failedFuture(new ElsewhereException(desired));
    }

    private static NodeReply told(NodeRequest request, Throwable failure) {
        if (failure instanceof ProblemException e) {
            return new NodeReply.Refused(e.problem());
        } else if (failure instanceof ElsewhereException e) {
            return new NodeReply.Moved(e.owner());
        } else if (failure instanceof StoppedException stopped) {
            return stopped.mayBeDone() ? new NodeReply.Refused(Problem.outcomeUnknown()) : new NodeReply.Moved(null);
        }
        LOG.error("BUG request={} tenant={}", requestId(request), request.tenant(), failure);
        return NodeReply.Broken.BROKEN;
    }

    private static @Nullable String requestId(NodeRequest request) {
        if (request instanceof NodeRequest.AskTenant ask) {
            return ask.ask().requestId();
        } else if (request instanceof NodeRequest.Visit visit) {
            return visit.ask().requestId();
        } else if (request instanceof NodeRequest.Vouch vouch) {
            return vouch.ask().requestId();
        }
        return request instanceof NodeRequest.Prove prove ? prove.ask().requestId() : null;
    }
}
