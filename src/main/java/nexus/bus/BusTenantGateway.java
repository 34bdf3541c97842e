package nexus.bus;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import nexus.kernel.NodeId;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.placement.ClusterView;
import nexus.placement.ElsewhereException;
import nexus.store.Leases;
import nexus.store.Registry;
import nexus.tenant.Ask;
import nexus.tenant.Mounted;
import nexus.tenant.Principal;
import nexus.tenant.Reply;
import nexus.tenant.StoppedException;
import nexus.tenant.TenantGateway;
import nexus.tenant.TenantRequest;
import nexus.tenant.TenantVerticle;
import org.jspecify.annotations.Nullable;

/**
 * Finds the tenant of an ask, on whichever node it is, and brings the ask there.
 *
 * <p><b>Which tenant.</b> A tenant's key names its tenant, so nothing is looked up. A system key is first proved by the
 * reserved tenant, at every attempt; then it goes to the tenant that the request names. What a name leads to is remembered,
 * which is safe: an id is never used again, and the actor of a tenant that is deleted says so.
 *
 * <p><b>Through a share.</b> What a tenant shares is in its own hands, so an ask for it makes two ways. First the caller's own
 * tenant says who he is: his key, his groups, that he and it are in good standing. Then the tenant that shares is asked in his
 * name, and judges him by its shares. Neither waits for the other. Nobody but these actors and the nodes between them says
 * who a guest is: nothing of a request does, and a verdict is good for a second at most, and asked for anew with every
 * attempt. A name that is no tenant's is answered by the caller's own tenant, as everything that is not shared.
 *
 * <p><b>Which node.</b> This one, if the tenant is here. Else the node that is known to have it; else the one that should
 * have it. What is known of owners is a hint: a node that does not have the tenant says so, and who has, if it knows.
 *
 * <p><b>Until when.</b> A tenant that moves, whose node died, or that stopped under the ask's feet is asked again until the
 * caller's time is up: it did nothing, or it did it under the command's id, and then gives the same answer again. If no answer
 * came to a command that may have arrived somewhere, the caller is told that its outcome is not known, never that nothing was
 * done.
 *
 * <p>The ways are in this one file because they repeat, renew their proofs and give up by the same rules.
 *
 * <p>Thread-safe; asks are made on Vert.x contexts, and answered on them.
 */
public final class BusTenantGateway implements TenantGateway {
    /** Names whose ids are remembered: some 2 MB at the most. */
    private static final int NAMES_MAX = 10_000;
    /** Deleted tenants that are remembered, so that their keys do not reach the database. */
    private static final int GONE_MAX = 10_000;
    /** Tenants that are known to be elsewhere than they should be. */
    private static final int HINTS_MAX = 10_000;

    /** The first pause before an ask is repeated; each further one is twice as long, up to the longest. */
    private static final long PAUSE_MILLIS = 5;

    private static final long PAUSE_MILLIS_MAX = 160;

    /** The longest wait for one answer of another node: longer than a slow group, shorter than the longest deadline. */
    private static final Duration ANSWER_MAX = Duration.ofSeconds(6);

    /** The other node's own deadline comes first, so that its answer, which knows more, arrives in time. */
    private static final Duration GRACE = Duration.ofMillis(100);

    /**
     * How much later than its deadline an ask is answered at the latest. The actor and the other nodes look at deadlines of
     * their own, which come first, because they know better what became of a command; this one is for all that hangs.
     */
    private static final long LATENESS_MILLIS = 300;

    private final Vertx vertx;
    private final Registry registry;
    private final Supplier<LocalNode> here;
    private final NodeTransport transport;
    private final Remembered<ZoneName, TenantId> names = new Remembered<>(NAMES_MAX);
    private final Remembered<TenantId, Boolean> gone = new Remembered<>(GONE_MAX);
    private final Remembered<TenantId, NodeId> hints = new Remembered<>(HINTS_MAX);

    /**
     * A gateway for all event loops of the node.
     *
     * @param here the node's present incarnation
     */
    public BusTenantGateway(Vertx vertx, Registry registry, Supplier<LocalNode> here, NodeTransport transport) {
        this.vertx = vertx;
        this.registry = registry;
        this.here = here;
        this.transport = transport;
    }

    @Override
    public Future<Reply> ask(Ask ask) {
        Errand errand = new Errand(ask);
        Mounted mounted = Mounted.of(ask.request());
        if (mounted != null) {
            return inTime(errand, guest(errand, mounted));
        }
        if (!ask.credential().isSystem()) {
            return inTime(errand, tenantKey(errand));
        }
        ZoneName zone = ask.zone();
        return inTime(
                errand,
                zone == null ? new Journey(TenantId.SYSTEM, errand, null, null).begin() : systemKey(errand, zone));
    }

    /** Asks the reserved tenant in the server's own name, when a node sets itself up. */
    public Future<Reply> askAsServer(Ask ask) {
        return askAsServer(TenantId.SYSTEM, ask);
    }

    /** Asks a tenant in the server's own name, for what happens to it by itself. */
    public Future<Reply> askAsServer(TenantId tenant, Ask ask) {
        Errand errand = new Errand(ask);
        return inTime(errand, new Journey(tenant, errand, Principal.SERVER, null).begin());
    }

    private long nanos() {
        return here.get().time().nanoTime();
    }

    /** Sees to it that the caller is answered although the database, or whatever it is, may not answer at all. */
    private Future<Reply> inTime(Errand errand, Future<Reply> answer) {
        if (answer.isComplete()) {
            return answer;
        }
        Promise<Reply> promise = current().promise();
        long timer = vertx.setTimer(errand.left().toMillis() + LATENESS_MILLIS, id -> {
            errand.over = true;
            promise.tryFail(errand.outOfTime().exception());
        });
        answer.onComplete(done -> {
            vertx.cancelTimer(timer);
            if (done.succeeded()) {
                promise.tryComplete(done.result());
            } else {
                promise.tryFail(done.cause());
            }
        });
        return promise.future();
    }

    private Future<Reply> tenantKey(Errand errand) {
        TenantId tenant = errand.ask.credential().tenant();
        if (gone.get(tenant) != null) {
            return Future.failedFuture(Problem.unauthenticated().exception());
        }
        return new Journey(tenant, errand, null, null).begin().recover(e -> ended(tenant, e));
    }

    /** To a key of a deleted tenant nothing is told but that it opens nothing. */
    private <T> Future<T> ended(TenantId tenant, Throwable failure) {
        if (isGone(failure)) {
            gone.put(tenant, true);
            return Future.failedFuture(Problem.unauthenticated().exception());
        }
        return Future.failedFuture(failure);
    }

    /** Asks the caller's own tenant who he is, then the tenant that shares what he may. */
    private Future<Reply> guest(Errand errand, Mounted mounted) {
        if (errand.ask.credential().isSystem() && !mounted.target().equals(errand.ask.zone())) {
            return Future.failedFuture(Problem.refused(
                            "the zone is not the path's", mounted.first().wire())
                    .exception());
        }
        return vouched(errand)
                .compose(guest -> locate(mounted.source()).compose(found -> {
                    if (found.isEmpty()) {
                        return atHome(errand);
                    }
                    Supplier<Future<Principal>> anew = () -> vouched(errand);
                    return new Journey(found.get(), errand, guest, anew).begin().recover(e -> {
                        if (!isGone(e)) {
                            return Future.failedFuture(e);
                        }
                        names.remove(mounted.source(), found.get());
                        return locate(mounted.source())
                                .compose(again -> again.isEmpty() || again.equals(found)
                                        ? atHome(errand)
                                        : new Journey(again.get(), errand, guest, anew).begin());
                    });
                }));
    }

    /** What the caller's own tenant says of him. */
    private Future<Principal> vouched(Errand errand) {
        TenantId tenant = errand.ask.credential().tenant();
        if (!errand.ask.credential().isSystem()) {
            return gone.get(tenant) != null
                    ? Future.failedFuture(Problem.unauthenticated().exception())
                    : new Vouching(tenant, errand, null).begin().recover(e -> ended(tenant, e));
        }
        ZoneName zone = errand.ask.zone();
        if (zone == null) {
            throw new IllegalStateException("BUG: a system key has no tenant of its own");
        }
        return new Proving(errand).begin().compose(system -> vouched(errand, zone, system, null));
    }

    /** @param former the tenant that had the name when it was last looked up, and is gone */
    private Future<Principal> vouched(Errand errand, ZoneName zone, Principal system, @Nullable TenantId former) {
        return locate(zone).compose(found -> {
            if (found.isEmpty() || found.get().equals(former)) {
                return Future.failedFuture(noSuchZone(zone));
            }
            return new Vouching(found.get(), errand, system).begin().recover(e -> {
                if (!isGone(e)) {
                    return Future.failedFuture(e);
                }
                // The name may belong to a younger tenant by now.
                names.remove(zone, found.get());
                return vouched(errand, zone, system, found.get());
            });
        });
    }

    /** The caller's own tenant answers for everything that is not shared with it. */
    private Future<Reply> atHome(Errand errand) {
        ZoneName zone = errand.ask.zone();
        return errand.ask.credential().isSystem() && zone != null ? systemKey(errand, zone) : tenantKey(errand);
    }

    /** Proves first, so that a stranger learns nothing of names; and again with every attempt, so that a proof is fresh. */
    private Future<Reply> systemKey(Errand errand, ZoneName zone) {
        return new Proving(errand)
                .begin()
                .compose(principal -> locate(zone).compose(found -> {
                    if (found.isEmpty()) {
                        return Future.failedFuture(noSuchZone(zone));
                    }
                    Supplier<Future<Principal>> anew = () -> new Proving(errand).begin();
                    return new Journey(found.get(), errand, principal, anew)
                            .begin()
                            .recover(e -> {
                                if (!isGone(e)) {
                                    return Future.failedFuture(e);
                                }
                                // The name may belong to a younger tenant by now.
                                names.remove(zone, found.get());
                                return locate(zone)
                                        .compose(again -> again.isEmpty() || again.equals(found)
                                                ? Future.failedFuture(noSuchZone(zone))
                                                : new Journey(again.get(), errand, principal, anew).begin());
                            });
                }));
    }

    private static ProblemException noSuchZone(ZoneName zone) {
        String path = WorkspacePath.wire(zone, WorkspacePath.ROOT);
        return Problem.notFound("File not found: " + path, path).exception();
    }

    private static boolean isGone(Throwable failure) {
        return failure instanceof ProblemException e && e.problem().code() == ProblemCode.TENANT_GONE;
    }

    @Override
    public Future<Optional<TenantId>> locate(ZoneName zone) {
        TenantId known = names.get(zone);
        if (known != null) {
            return Future.succeededFuture(Optional.of(known));
        }
        if (zone.isReserved()) {
            return Future.succeededFuture(Optional.empty());
        }
        return onCaller(registry.find(zone))
                .map(found -> {
                    found.ifPresent(tenant -> names.put(zone, tenant));
                    return found;
                })
                .recover(BusTenantGateway::away);
    }

    @Override
    public Future<Optional<ZoneName>> nameOf(TenantId tenant) {
        return onCaller(registry.nameOf(tenant)).recover(BusTenantGateway::away);
    }

    private static <T> Future<T> away(Throwable cause) {
        return Future.failedFuture(Problem.unavailable("the database cannot be reached at the moment")
                .exception());
    }

    /** Remembers who has a tenant, as long as it is not who should have it anyway. */
    private void hint(TenantId tenant, @Nullable NodeId owner) {
        hints.remove(tenant);
        ClusterView view = here.get().watch().view();
        if (owner != null && view.isLive(owner) && !owner.equals(view.desired(tenant))) {
            hints.put(tenant, owner);
        }
    }

    private NodeId nodeOf(TenantId tenant, ClusterView view) {
        NodeId hinted = hints.get(tenant);
        return hinted != null && view.isLive(hinted) ? hinted : view.desired(tenant);
    }

    /** Brings the completion of a future to the caller's context. */
    private static <T> Future<T> onCaller(Future<T> future) {
        Promise<T> promise = current().promise();
        future.onComplete(promise);
        return promise.future();
    }

    private static ContextInternal current() {
        ContextInternal context = ContextInternal.current();
        if (context == null) {
            throw new IllegalStateException("BUG: the gateway is called on a Vert.x context");
        }
        return context;
    }

    /** One ask, and what is known of it whichever ways it takes. Only its caller's context uses it. */
    private final class Errand {
        final Ask ask;
        private final long deadline;
        /** Whether a command may have been carried out by somebody who did not answer. */
        boolean inDoubt;
        /** Whether an actor, here or elsewhere, has it at the moment. */
        boolean handedOver;
        /** Whether the caller has been told that its time is up: nobody must carry it out any more. */
        boolean over;

        Errand(Ask ask) {
            this.ask = ask;
            this.deadline = nanos() + ask.timeout().toNanos();
        }

        Duration left() {
            return Duration.ofNanos(Math.max(1, deadline - nanos()));
        }

        Problem outOfTime() {
            return (inDoubt || handedOver) && ask.request() instanceof TenantRequest.Command
                    ? Problem.outcomeUnknown()
                    : Problem.unavailable("the tenant cannot be reached at the moment; nothing was done");
        }

        /** Whether a failure is no answer, because it only says what this attempt did, and another may have done more. */
        boolean leavesInDoubt(Throwable failure) {
            return inDoubt
                    && failure instanceof ProblemException e
                    && (e.problem().code().isRetryable() || e.problem().code() == ProblemCode.OUTCOME_UNKNOWN);
        }
    }

    /**
     * One request's way to its tenant, attempt by attempt.
     *
     * <pre>
     *   here? ──yes──▶ verticle ──answer──▶ done
     *     │no             │stopped
     *     ▼               ▼
     *   this node's? ─▶ activate   other node's ─▶ send ─▶ answer ─▶ done
     *                     │elsewhere                 │moved, no answer
     *                     └────────▶ hint, pause ◀───┘
     *                                   │ time is up: not known, or nothing was done
     * </pre>
     */
    private abstract class Way<T> {
        final TenantId tenant;
        final Errand errand;
        private long pause = PAUSE_MILLIS;

        Way(TenantId tenant, Errand errand) {
            this.tenant = tenant;
            this.errand = errand;
        }

        /** Whether the ask is carried out at the end of this way. */
        abstract boolean acts();

        /** Asks the tenant's verticle, which is here. */
        abstract Future<T> local(TenantVerticle verticle, Ask timed);

        /** What is sent to another node. */
        abstract NodeRequest request(Ask timed);

        /** What came from there, if it is an answer. */
        abstract T answer(NodeReply reply);

        /** Before another attempt. */
        Future<Void> renew() {
            return Future.succeededFuture();
        }

        Future<T> begin() {
            Optional<TenantVerticle> present = here.get().activations().present(tenant);
            return present.isPresent() ? askHere(present.get()) : travel();
        }

        private Future<T> askHere(TenantVerticle verticle) {
            if (errand.over) {
                return Future.failedFuture(errand.outOfTime().exception());
            }
            // The first attempt has all the time there is.
            Ask timed = pause == PAUSE_MILLIS ? errand.ask : errand.ask.withTimeout(errand.left());
            errand.handedOver = acts();
            return local(verticle, timed).transform(done -> {
                errand.handedOver = false;
                if (done.succeeded()) {
                    return Future.succeededFuture(done.result());
                }
                if (done.cause() instanceof StoppedException stopped) {
                    errand.inDoubt |= acts() && stopped.mayBeDone();
                    return again(null);
                }
                return errand.leavesInDoubt(done.cause()) ? again(null) : Future.failedFuture(done.cause());
            });
        }

        private Future<T> travel() {
            LocalNode node = here.get();
            ClusterView view = node.watch().view();
            NodeId target = nodeOf(tenant, view);
            return target.equals(node.id())
                    ? activateHere(node)
                    : sendTo(
                            target, view.node(target).map(Leases.Node::protocol).orElse(1));
        }

        private Future<T> activateHere(LocalNode node) {
            return onCaller(node.activations().activate(tenant)).transform(done -> {
                if (done.succeeded()) {
                    return askHere(done.result());
                }
                if (done.cause() instanceof ElsewhereException e) {
                    return again(e.owner());
                }
                return errand.leavesInDoubt(done.cause()) ? again(null) : Future.failedFuture(done.cause());
            });
        }

        private Future<T> sendTo(NodeId target, int protocol) {
            if (errand.over) {
                return Future.failedFuture(errand.outOfTime().exception());
            }
            Duration wait = errand.left().plus(GRACE);
            errand.handedOver = acts();
            Future<NodeReply> sent = transport.send(
                    target,
                    protocol,
                    request(errand.ask.withTimeout(errand.left())),
                    wait.compareTo(ANSWER_MAX) < 0 ? wait : ANSWER_MAX);
            return sent.transform(done -> {
                errand.handedOver = false;
                if (done.failed()) {
                    boolean delivered =
                            !(done.cause() instanceof NodeTransport.UnreachableException e) || e.mayBeDelivered();
                    errand.inDoubt |= acts() && delivered;
                    return again(null);
                }
                NodeReply reply = done.result();
                if (reply instanceof NodeReply.Moved moved) {
                    return again(moved.owner());
                } else if (reply instanceof NodeReply.Refused refused) {
                    ProblemException failure = refused.problem().exception();
                    errand.inDoubt |= acts() && refused.problem().code() == ProblemCode.OUTCOME_UNKNOWN;
                    // Nothing was done by this attempt; but perhaps by a former one, and then its owner can tell.
                    return errand.leavesInDoubt(failure) ? again(target) : Future.failedFuture(failure);
                } else if (reply instanceof NodeReply.Broken) {
                    return Future.failedFuture(new IllegalStateException(
                            "BUG on another node: see the log of node " + target + " for the request"));
                }
                return Future.succeededFuture(answer(reply));
            });
        }

        private Future<T> again(@Nullable NodeId owner) {
            hint(tenant, owner);
            long wait = Math.min(pause, PAUSE_MILLIS_MAX);
            if (errand.over || errand.left().toMillis() <= wait) {
                return Future.failedFuture(errand.outOfTime().exception());
            }
            pause = wait * 2;
            Promise<Void> later = current().promise();
            vertx.setTimer(wait, id -> later.complete());
            return later.future().compose(v -> renew()).compose(v -> begin());
        }
    }

    /** An ask's way to the tenant that answers it. */
    private final class Journey extends Way<Reply> {
        private final @Nullable Supplier<Future<Principal>> anew;
        private @Nullable Principal proved;

        /**
         * @param proved who asks, if another tenant than this one has proved it
         * @param anew proves it again, before another attempt
         */
        Journey(
                TenantId tenant,
                Errand errand,
                @Nullable Principal proved,
                @Nullable Supplier<Future<Principal>> anew) {
            super(tenant, errand);
            this.proved = proved;
            this.anew = anew;
        }

        @Override
        boolean acts() {
            return true;
        }

        @Override
        Future<Reply> local(TenantVerticle verticle, Ask timed) {
            return verticle.ask(timed, proved);
        }

        @Override
        NodeRequest request(Ask timed) {
            return proved != null && proved.isGuest()
                    ? new NodeRequest.Visit(tenant, timed, proved)
                    : new NodeRequest.AskTenant(tenant, timed, proved);
        }

        @Override
        Reply answer(NodeReply reply) {
            return ((NodeReply.Answered) reply).reply();
        }

        @Override
        Future<Void> renew() {
            if (anew == null) {
                return Future.succeededFuture();
            }
            return anew.get().transform(proof -> {
                if (proof.succeeded()) {
                    proved = proof.result();
                    return Future.succeededFuture();
                }
                // The key may have been revoked since the attempt that is in doubt: nobody can ask any more what it
                // did.
                return Future.failedFuture(
                        errand.inDoubt ? Problem.outcomeUnknown().exception() : proof.cause());
            });
        }
    }

    /** An ask's way to the reserved tenant, which says whose key it is. */
    private final class Proving extends Way<Principal> {
        Proving(Errand errand) {
            super(TenantId.SYSTEM, errand);
        }

        @Override
        boolean acts() {
            return false;
        }

        @Override
        Future<Principal> local(TenantVerticle verticle, Ask timed) {
            return verticle.prove(timed);
        }

        @Override
        NodeRequest request(Ask timed) {
            return new NodeRequest.Prove(timed);
        }

        @Override
        Principal answer(NodeReply reply) {
            return ((NodeReply.Proved) reply).principal();
        }
    }

    /** An ask's way to the caller's own tenant, which says who he is to the one that shares. */
    private final class Vouching extends Way<Principal> {
        private @Nullable Principal system;

        Vouching(TenantId tenant, Errand errand, @Nullable Principal system) {
            super(tenant, errand);
            this.system = system;
        }

        @Override
        boolean acts() {
            return false;
        }

        @Override
        Future<Principal> local(TenantVerticle verticle, Ask timed) {
            return verticle.vouch(timed, system);
        }

        @Override
        NodeRequest request(Ask timed) {
            return new NodeRequest.Vouch(tenant, timed, system);
        }

        @Override
        Principal answer(NodeReply reply) {
            return ((NodeReply.Vouched) reply).guest();
        }

        @Override
        Future<Void> renew() {
            return system == null
                    ? Future.succeededFuture()
                    : new Proving(errand).begin().map(proof -> {
                        system = proof;
                        return null;
                    });
        }
    }

    /** A bounded memory: when it is full it starts anew, which costs a look-up each and nothing else. */
    private static final class Remembered<K, V> {
        private final Map<K, V> map = new ConcurrentHashMap<>();
        private final int max;

        Remembered(int max) {
            this.max = max;
        }

        @Nullable
        V get(K key) {
            return map.get(key);
        }

        void put(K key, V value) {
            if (map.size() >= max) {
                map.clear();
            }
            map.put(key, value);
        }

        void remove(K key) {
            map.remove(key);
        }

        void remove(K key, V value) {
            map.remove(key, value);
        }
    }
}
