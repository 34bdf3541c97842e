package nexus.tenant;

import io.vertx.core.AsyncResult;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import nexus.kernel.KeyId;
import nexus.kernel.Limits;
import nexus.kernel.Must;
import nexus.kernel.Problem;
import nexus.kernel.ProblemException;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.rebac.tuple.TupleIndex;
import nexus.store.Content;
import nexus.store.FileEntry;
import nexus.store.Group;
import nexus.store.StoreException;
import nexus.store.TenantSnapshot;
import nexus.store.TenantStore;
import nexus.tenant.Mailbox.Letter;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The shell of one tenant's actor: it waits, so that the core need not.
 *
 * <pre>
 *   LOADING ──────▶ READY ◀────────────┐
 *      ▲              │ letters        │ committed: apply, answer
 *      │ retry        ▼                │
 *      └──────────  BUSY ──────────────┘
 *   outcome not known, or failed: throw the state away, take the tenant again, load, answer what the database says
 *
 *   any ── lost to another owner, deleted, let go ──▶ STOPPED
 * </pre>
 *
 * <p><b>Groups.</b> While a group is in flight commands queue; when it returns, all that have queued become the next one. There
 * is no timer: an idle tenant commits at once, a busy one in large groups. Queries do not wait for groups: they are answered
 * from the committed state.
 *
 * <p><b>Memory follows the database.</b> The draft is applied only when its commit is known. If a commit's outcome is not
 * known, the tenant is taken again, which waits for the old transaction or fences it, and loaded; then the remembered outcomes
 * tell whether each command was done.
 *
 * <p>It is one file because it is one machine: every method is a step between these states.
 *
 * <p><b>Threads.</b> Everything runs on one context. Every future of the store is brought back to it before anything is
 * touched.
 */
final class TenantActor {
    private static final Logger LOG = LoggerFactory.getLogger(TenantActor.class);
    private static final Duration RELOAD_PAUSE = Duration.ofMillis(200);
    private static final Duration WATCH = Duration.ofMillis(250);
    /** How often a read is begun anew because the file changed under it: each time another change was committed. */
    private static final int REPEATS = 8;

    private enum Phase {
        LOADING,
        READY,
        BUSY,
        STOPPED
    }

    private final Vertx vertx;
    private final Context context;
    private final TenantId tenant;
    private final TenantServices services;
    private final Runnable onStop;
    private final Denials denials = new Denials();
    private final Mailbox mailbox = new Mailbox();
    private final TenantClock clock;

    private Phase phase = Phase.LOADING;
    private @Nullable TenantCore core;
    private @Nullable Fetcher fetcher;
    private List<Letter> inFlight = List.of();
    /** Whether those in flight were sent to the database in a group of whose outcome nothing is known yet. */
    private boolean outcomeOpen;
    /** Whether it had to stop while it was not known whether it had taken the tenant again. */
    private boolean halfTaken;

    /** Queries that wait for the end of the group in flight. */
    private final List<Promise<Void>> afterGroup = new ArrayList<>();

    private int fetches;
    private boolean watching;
    private boolean denialsTimed;
    private boolean stopping;
    private @Nullable Promise<Void> quiet;
    private long lastAskNanos;

    TenantActor(Vertx vertx, Context context, TenantId tenant, TenantServices services, Runnable onStop) {
        this.vertx = vertx;
        this.context = context;
        this.tenant = tenant;
        this.services = services;
        this.onStop = onStop;
        this.clock = new TenantClock(services.time());
        this.lastAskNanos = services.time().nanoTime();
    }

    // ---- life
    // --------------------------------------------------------------------------------------------------------

    /** Takes and loads the tenant. */
    Future<Void> start() {
        return load().onSuccess(v -> phase = Phase.READY);
    }

    private Future<Void> load() {
        long started = services.time().nanoTime();
        TupleIndex tuples = new TupleIndex(services.ids().next().getLeastSignificantBits());
        Future<TenantSnapshot> taken = services.store().take(tenant, services.node(), tuples::put);
        return here(taken).map(snapshot -> {
            TenantState state = new TenantState(snapshot, tuples);
            clock.notBefore(snapshot.lastAt());
            TenantCore loaded = new TenantCore(state, denials, services.model(), services.ids());
            core = loaded;
            fetcher = new Fetcher(services, loaded, () -> phase != Phase.READY);
            services.telemetry().activated(services.time().nanoTime() - started, tuples.size());
            return null;
        });
    }

    /**
     * Lets what is in flight end, gives the tenant up, and answers nothing from then on. Fails if it is not known whether the
     * tenant was given up.
     */
    Future<Void> stop() {
        if (phase == Phase.STOPPED) {
            return Future.succeededFuture();
        }
        // From here on nobody is let in, and nothing begins by itself: what is under way ends, then there is quiet.
        stopping = true;
        return waitForQuiet()
                .compose(v -> flushKeys())
                .transform(done -> waitForQuiet())
                .compose(v -> flushDenials())
                .transform(done -> waitForQuiet())
                .transform(done -> release())
                .transform(released -> {
                    halt(null);
                    return released.succeeded() ? Future.succeededFuture() : Future.failedFuture(released.cause());
                });
    }

    private Future<Void> waitForQuiet() {
        if (phase == Phase.READY || phase == Phase.STOPPED) {
            return Future.succeededFuture();
        }
        if (quiet == null || quiet.future().isComplete()) {
            quiet = Promise.promise();
        }
        return quiet.future();
    }

    private Future<Void> flushKeys() {
        TenantCore present = core;
        return present == null || present.state.gone || phase != Phase.READY
                ? Future.succeededFuture()
                : touchKeys(present);
    }

    private Future<Void> flushDenials() {
        return phase != Phase.READY || denials.isEmpty() ? Future.succeededFuture() : writeDenials();
    }

    private Future<Void> release() {
        TenantCore present = core;
        if (halfTaken) {
            return Future.failedFuture(new StoreException(
                    StoreException.Reason.OUTCOME_UNKNOWN, "the tenant may have been taken again meanwhile"));
        }
        if (present == null || present.state.gone || phase == Phase.STOPPED) {
            return Future.succeededFuture();
        }
        return here(services.store().release(tenant, services.node(), present.state.epoch, clock.now()));
    }

    /** Stops without giving anything up: the tenant is gone, or another's. */
    private void halt(@Nullable Problem problem) {
        if (phase == Phase.STOPPED) {
            return;
        }
        phase = Phase.STOPPED;
        onStop.run();
        wakeQueries();
        for (Letter letter : inFlight) {
            // Their group may have been committed before the tenant was lost; who asks its next owner is told.
            fail(letter, problem, outcomeOpen);
        }
        inFlight = List.of();
        while (!mailbox.isEmpty()) {
            mailbox.take().forEach(letter -> fail(letter, problem, false));
        }
        if (quiet != null) {
            quiet.tryComplete();
        }
    }

    private static void fail(Letter letter, @Nullable Problem problem, boolean mayBeDone) {
        if (problem == null) {
            letter.promise.tryFail(new StoppedException(mayBeDone));
        } else {
            letter.fail(problem);
        }
    }

    /** Nanoseconds since it was last asked; negative while it has work. */
    long idleNanos(long nowNanos) {
        return phase == Phase.READY && mailbox.isEmpty() && fetches == 0 ? nowNanos - lastAskNanos : -1;
    }

    // ---- asking
    // ------------------------------------------------------------------------------------------------------

    /** Answers on the actor's context. */
    Future<Reply> ask(Ask ask, @Nullable Principal proved) {
        if (phase == Phase.STOPPED || stopping) {
            return Future.failedFuture(new StoppedException());
        }
        if (proved != null && isStale(proved)) {
            return Future.failedFuture(new StoppedException());
        }
        if (proved != null && proved.isGuest() && Mounted.of(ask.request()) == null) {
            return Future.failedFuture(
                    Problem.refused("'" + ask.request().operation() + "' is not served through a share", null)
                            .exception());
        }
        long started = services.time().nanoTime();
        lastAskNanos = started;
        if (!(ask.request() instanceof TenantRequest.Command command)) {
            return query(ask, (TenantRequest.Query) ask.request(), proved, REPEATS);
        }
        long deadline = started + ask.timeout().toNanos();
        Letter letter = new Letter(ask, command, proved, deadline);
        Future<Reply> reply = mailbox.add(letter);
        watch();
        cycle();
        return proved != null && proved.isGuest()
                ? reply.transform(done -> outside(letter.view, command, done))
                : reply;
    }

    /** What a guest is told: his own words for what is meant, and nothing else of this tenant. */
    private static Future<Reply> outside(@Nullable GuestView view, TenantRequest asked, AsyncResult<Reply> done) {
        if (done.succeeded()) {
            if (view == null) {
                throw new IllegalStateException("BUG: a guest's command was carried out before it was understood");
            }
            return Future.succeededFuture(view.outside(asked, done.result()));
        }
        return Future.failedFuture(
                view != null && done.cause() instanceof ProblemException e
                        ? view.outside(e.problem()).exception()
                        : done.cause());
    }

    /** Whether another tenant's verdict is so old that the key may have been revoked since: it must be asked anew. */
    private boolean isStale(Principal proved) {
        return !proved.equals(Principal.SERVER)
                && clock.now().isAfter(proved.provedAt().plus(Limits.SYSTEM_PROOF));
    }

    /** Who asks for what another tenant shares with this one; the other one is asked next. */
    Future<Principal> vouch(Ask ask, @Nullable Principal system) {
        lastAskNanos = services.time().nanoTime();
        TenantCore present = core;
        if (phase == Phase.STOPPED || stopping || system != null && isStale(system)) {
            return Future.failedFuture(new StoppedException());
        }
        if (present == null || !mayAnswer()) {
            return Future.failedFuture(away());
        }
        try {
            return Future.succeededFuture(present.vouch(ask, system, clock.now()));
        } catch (ProblemException e) {
            return Future.failedFuture(e);
        } finally {
            if (!denials.isEmpty()) {
                timeDenials();
            }
        }
    }

    /** Who a system key belongs to; only the reserved tenant's actor is asked. */
    Future<Principal> prove(Ask ask) {
        Must.hold(tenant.equals(TenantId.SYSTEM), "system keys are judged by the reserved tenant");
        lastAskNanos = services.time().nanoTime();
        TenantCore present = core;
        if (phase == Phase.STOPPED || stopping) {
            // It may have been given up already, and its next owner may have revoked the key.
            return Future.failedFuture(new StoppedException());
        }
        if (present == null || !mayAnswer()) {
            return Future.failedFuture(away());
        }
        try {
            return Future.succeededFuture(present.admit(ask, null, clock.now()));
        } catch (ProblemException e) {
            if (!denials.isEmpty()) {
                timeDenials();
            }
            return Future.failedFuture(e);
        }
    }

    private boolean mayAnswer() {
        boolean settled = phase == Phase.READY || phase == Phase.BUSY;
        return services.options().answersWithoutDatabase()
                || settled && services.time().isTrusted();
    }

    private static ProblemException away() {
        return Problem.unavailable("the database cannot be reached at the moment")
                .exception();
    }

    private Future<Reply> query(Ask ask, TenantRequest.Query query, @Nullable Principal proved, int repeatsLeft) {
        TenantCore present = core;
        if (present == null || !mayAnswer()) {
            return Future.failedFuture(away());
        }
        Instant now = clock.now();
        GuestView view = proved == null ? null : present.viewOf(proved, now);
        Future<Reply> answer = view == null
                ? query(present, ask, query, proved, null, now)
                : query(present, ask, query, proved, view, now).transform(done -> outside(view, query, done));
        return answer.recover(e -> e instanceof Fetcher.ChangedException
                ? groupEnded().compose(v -> repeat(ask, query, proved, repeatsLeft - 1))
                : Future.failedFuture(e));
    }

    private Future<Reply> query(
            TenantCore present,
            Ask ask,
            TenantRequest.Query query,
            @Nullable Principal proved,
            @Nullable GuestView view,
            Instant now) {
        Principal principal = null;
        try {
            principal = present.admit(ask, proved, now);
            Queries.Outcome outcome = view == null
                    ? present.query(ask, query, principal, now)
                    : present.query(ask, query, principal, view, now);
            if (!denials.isEmpty()) {
                timeDenials();
            }
            Reply reply = outcome.reply();
            if (reply != null) {
                return Future.succeededFuture(reply);
            }
            return fetch(ask, principal, outcome.fetch());
        } catch (ProblemException e) {
            refused(ask, principal, e.problem());
            return Future.failedFuture(e);
        }
    }

    private Future<Reply> repeat(Ask ask, TenantRequest.Query query, @Nullable Principal proved, int repeatsLeft) {
        if (phase == Phase.STOPPED || stopping) {
            return Future.failedFuture(new StoppedException());
        }
        return repeatsLeft == 0
                ? Future.failedFuture(Problem.unavailable("the file changed again and again while it was read")
                        .exception())
                : query(ask, query, proved, repeatsLeft);
    }

    /** Completes when the group in flight has ended, one way or the other: then memory has followed the database. */
    private Future<Void> groupEnded() {
        if (phase != Phase.BUSY) {
            return Future.succeededFuture();
        }
        Promise<Void> promise = Promise.promise();
        afterGroup.add(promise);
        return promise.future();
    }

    private void wakeQueries() {
        List<Promise<Void>> waiting = List.copyOf(afterGroup);
        afterGroup.clear();
        waiting.forEach(Promise::complete);
    }

    private Future<Reply> fetch(Ask ask, Principal principal, @Nullable Fetch fetch) {
        Fetcher present = fetcher;
        if (present == null || fetch == null) {
            throw new IllegalStateException("BUG: a query without an answer");
        }
        if (fetches >= Limits.PENDING_FETCHES) {
            return Future.failedFuture(Problem.overloaded("the tenant has " + fetches
                            + " queries waiting for the database, the limit is " + Limits.PENDING_FETCHES)
                    .exception());
        }
        fetches++;
        Promise<Reply> promise = Promise.promise();
        here(present.fetch(fetch)).onComplete(done -> {
            fetches--;
            if (done.succeeded()) {
                promise.complete(done.result());
            } else {
                if (done.cause() instanceof ProblemException e) {
                    refused(ask, principal, e.problem());
                }
                promise.fail(told(done.cause()));
            }
        });
        return promise.future();
    }

    private void refused(Ask ask, @Nullable Principal principal, Problem problem) {
        TenantCore present = core;
        if (present != null) {
            present.noteRefusal(ask, principal, problem, clock.now());
            if (!denials.isEmpty()) {
                timeDenials();
            }
        }
    }

    /** What is told of a failure of the store; our own bugs stay what they are. */
    private static Throwable told(Throwable failure) {
        return failure instanceof StoreException ? away() : failure;
    }

    // ---- groups
    // ------------------------------------------------------------------------------------------------------

    private void cycle() {
        if (phase != Phase.READY || mailbox.isEmpty()) {
            return;
        }
        TenantCore present = present();
        phase = Phase.BUSY;
        inFlight = mailbox.take();
        inFlight.forEach(letter -> understand(present, letter));
        Loaded loaded = new Loaded(present.state.entries);
        prepare(present, loaded).onComplete(done -> {
            if (phase == Phase.STOPPED) {
                return;
            }
            if (done.failed()) {
                LOG.warn("loading for a group failed tenant={}", tenant, done.cause());
                finishFailed(away().problem());
            } else if (mayAnswer()) {
                decide(present, loaded);
            } else {
                // A refusal, or a change that would change nothing, is an answer from memory like any other.
                finishFailed(away().problem());
            }
        });
    }

    /** Finds what a guest's command means: his share may have got another path, or an end, since he was last looked at. */
    private void understand(TenantCore present, Letter letter) {
        GuestView view = letter.proved == null ? null : present.viewOf(letter.proved, clock.now());
        if (view != null) {
            letter.view = view;
            letter.command = view.inside(letter.asked);
        }
    }

    /** Loads what the batch needs; needs may show only when the first have come. */
    private Future<Void> prepare(TenantCore present, Loaded loaded) {
        for (Letter letter : inFlight) {
            present.need(letter.command, loaded);
        }
        if (loaded.isComplete() && present.isAlone(inFlight.get(0).command, loaded)) {
            // The rest waits: the first one goes alone.
            mailbox.putBack(inFlight.subList(1, inFlight.size()));
            inFlight = List.of(inFlight.get(0));
            present.needAlone(inFlight.get(0).command, loaded);
            if (loaded.isComplete()) {
                return appendLarge(present, loaded);
            }
        }
        return loaded.isComplete() ? Future.succeededFuture() : load(loaded).compose(v -> prepare(present, loaded));
    }

    private Future<Void> load(Loaded loaded) {
        TenantStore store = services.store();
        List<Future<Void>> loads = new ArrayList<>();
        if (!loaded.missingPaths.isEmpty()) {
            loads.add(got(store.entries(tenant, List.copyOf(loaded.missingPaths)), loaded::gotEntries));
        }
        for (UUID id : List.copyOf(loaded.missingTuples)) {
            loads.add(got(store.tuple(tenant, id), row -> loaded.gotTuple(id, row)));
        }
        if (!loaded.missingContents.isEmpty()) {
            loads.add(got(store.contents(tenant, List.copyOf(loaded.missingContents)), loaded::gotContents));
        }
        for (String folder : List.copyOf(loaded.missingTotals)) {
            loads.add(got(store.folderTotals(tenant, folder), sums -> loaded.gotTotals(folder, sums)));
        }
        for (ZoneName zone : List.copyOf(loaded.missingZones)) {
            loads.add(got(services.registry().find(zone), found -> loaded.gotZone(zone, found)));
        }
        for (UUID key : List.copyOf(loaded.missingKeyed)) {
            loads.add(got(store.keyedReply(tenant, key), found -> loaded.gotKeyed(key, found)));
        }
        return Future.all(loads).mapEmpty();
    }

    private <T> Future<Void> got(Future<T> load, Consumer<? super T> taken) {
        return here(load).map(result -> {
            taken.accept(result);
            return null;
        });
    }

    /** Makes the content of a large append in the blob store, once it is clear that it would be accepted. */
    private Future<Void> appendLarge(TenantCore present, Loaded loaded) {
        Letter letter = inFlight.get(0);
        if (!present.isLargeAppend(letter.command, loaded)) {
            return Future.succeededFuture();
        }
        TenantRequest.AppendFile append = (TenantRequest.AppendFile) letter.command;
        FileEntry base = present.committed(append, loaded);
        Problem refusal = present.refusalOfLargeAppend(letter.ask, append, letter.proved, base, loaded, clock.now());
        if (refusal != null) {
            // It is refused once more, for good, when it is decided.
            loaded.refusedAppends.put(append, refusal);
            return Future.succeededFuture();
        }
        return here(joined(base, append.bytes())).map(stored -> {
            loaded.largeAppends.put(append, stored);
            return null;
        });
    }

    private Future<Content.Stored> joined(@Nullable FileEntry base, byte[] more) {
        Buffer tail = Buffer.buffer(more);
        if (base == null || base.size() == 0) {
            return services.blobs().put(tenant, tail);
        }
        return services.store().content(tenant, base.contentHash()).compose(found -> {
            Content content = found.orElseThrow(() -> new IllegalStateException("BUG: a file has no content"));
            return content instanceof Content.Stored stored
                    ? services.blobs().append(tenant, stored.place(), tail)
                    : services.blobs()
                            .put(
                                    tenant,
                                    Buffer.buffer(((Content.Inline) content).bytes())
                                            .appendBuffer(tail));
        });
    }

    private void decide(TenantCore present, Loaded loaded) {
        Instant now = clock.now();
        List<AuditLine> riding = present.waitingDenials();
        Draft draft = new Draft(present.state, now, loaded, riding);
        List<Letter> decided = new ArrayList<>(inFlight.size());
        int next = 0;
        for (; next < inFlight.size(); next++) {
            Letter letter = inFlight.get(next);
            if (next > 0 && (present.isAlone(letter.command, loaded) || present.mustWait(letter.command, draft))) {
                break;
            }
            Reply before = present.state.outcomeOf(letter.ask.command());
            if (before != null) {
                // It was done, whatever has become of the caller's key since.
                letter.promise.tryComplete(before);
                continue;
            }
            Principal principal = null;
            letter.refusal = null;
            try {
                principal = present.admit(letter.ask, letter.proved, now);
                if (!draft.replies().containsKey(letter.ask.command())) {
                    draft.reply(letter.ask.command(), present.decide(letter.ask, letter.command, principal, draft));
                }
                // The same command twice in one group, because its sender asked again: one effect, one answer.
            } catch (ProblemException e) {
                refused(letter.ask, principal, e.problem());
                letter.refusal = e;
            } catch (RuntimeException e) {
                // A bug of ours: its command fails, the others are decided again without it, on a clean draft.
                letter.promise.tryFail(e);
                List<Letter> others = new ArrayList<>(inFlight);
                others.remove(letter);
                inFlight = others;
                decide(present, loaded);
                return;
            }
            decided.add(letter);
        }
        mailbox.putBack(inFlight.subList(next, inFlight.size()));
        inFlight = decided;
        if (draft.hasEffects()) {
            commit(present, draft, riding);
        } else if (mayAnswer()) {
            answer(draft);
            finish();
        } else {
            // No commit proves that this is still the owner: a refusal may be as old as a lease that is over.
            finishFailed(away().problem());
        }
    }

    /** Tells those in flight what became of them, now that it is so. */
    private void answer(Draft draft) {
        List<Letter> answered = inFlight;
        inFlight = List.of();
        for (Letter letter : answered) {
            ProblemException refusal = letter.refusal;
            if (refusal != null) {
                letter.promise.tryFail(refusal);
            } else {
                letter.promise.tryComplete(reply(draft, letter));
            }
        }
    }

    private static Reply reply(Draft draft, Letter letter) {
        Reply reply = draft.replies().get(letter.ask.command());
        if (reply == null) {
            throw new IllegalStateException("BUG: a decided command has no reply");
        }
        return reply;
    }

    private void commit(TenantCore present, Draft draft, List<AuditLine> riding) {
        Group group = draft.toGroup(services.node());
        long started = services.time().nanoTime();
        int commands = inFlight.size();
        outcomeOpen = true;
        here(services.store().commit(group)).onComplete(done -> {
            long nanos = services.time().nanoTime() - started;
            services.telemetry().group(commands, payload(), nanos, done.succeeded());
            if (nanos > services.options().slowOperation().toNanos()) {
                LOG.warn(
                        "slow group tenant={} revision={} commands={} millis={}",
                        tenant,
                        group.revision(),
                        commands,
                        nanos / 1_000_000);
            }
            if (phase == Phase.STOPPED) {
                return;
            }
            if (done.succeeded()) {
                outcomeOpen = false;
                draft.apply();
                denials.written(riding);
                answer(draft);
                if (present.state.gone) {
                    halt(Problem.tenantGone());
                } else {
                    finish();
                }
            } else {
                failed(done.cause());
            }
        });
    }

    private long payload() {
        long bytes = 0;
        for (Letter letter : inFlight) {
            bytes += letter.command.payloadBytes();
        }
        return bytes;
    }

    private void failed(Throwable cause) {
        StoreException.Reason reason =
                cause instanceof StoreException e ? e.reason() : StoreException.Reason.OUTCOME_UNKNOWN;
        LOG.warn("group not committed tenant={} reason={}", tenant, reason, cause);
        outcomeOpen &= reason == StoreException.Reason.OUTCOME_UNKNOWN;
        // A refusal was judged on a draft that did not come to be, or perhaps not: it says nothing any more.
        switch (reason) {
            case FENCED, OWNED -> halt(null);
            case TENANT_GONE -> halt(Problem.tenantGone());
            case FAILED -> {
                inFlight.forEach(letter ->
                        letter.fail(Problem.unavailable("the database did not take the change; nothing was done")));
                inFlight = List.of();
                reload();
            }
            case OUTCOME_UNKNOWN -> reload();
        }
    }

    /** Takes the tenant again until it works, then tells those who wait what became of their commands. */
    private void reload() {
        phase = Phase.LOADING;
        wakeQueries();
        load().onComplete(done -> {
            if (phase == Phase.STOPPED) {
                return;
            }
            if (done.succeeded()) {
                LOG.info("tenant reloaded tenant={} epoch={}", tenant, present().state.epoch);
                outcomeOpen = false;
                for (Letter letter : inFlight) {
                    Reply outcome = present().state.outcomeOf(letter.ask.command());
                    if (outcome != null) {
                        letter.promise.tryComplete(outcome);
                    } else {
                        letter.fail(Problem.unavailable("the connection to the database broke; nothing was done"));
                    }
                }
                inFlight = List.of();
                finish();
            } else if (done.cause() instanceof StoreException e
                    && (e.reason() == StoreException.Reason.TENANT_GONE || e.reason() == StoreException.Reason.OWNED)) {
                halt(e.reason() == StoreException.Reason.TENANT_GONE ? Problem.tenantGone() : null);
            } else if (stopping) {
                halfTaken = true;
                // The next who has the tenant can tell what became of those in flight.
                halt(null);
            } else {
                LOG.warn("reload failed tenant={}", tenant, done.cause());
                vertx.setTimer(RELOAD_PAUSE.toMillis(), id -> {
                    if (phase == Phase.LOADING) {
                        reload();
                    }
                });
            }
        });
    }

    private void finishFailed(Problem problem) {
        inFlight.forEach(letter -> letter.fail(problem));
        inFlight = List.of();
        finish();
    }

    private void finish() {
        phase = Phase.READY;
        wakeQueries();
        if (quiet != null && mailbox.isEmpty()) {
            quiet.tryComplete();
        } else {
            cycle();
        }
    }

    // ---- deadlines
    // ---------------------------------------------------------------------------------------------------

    private void watch() {
        if (!watching) {
            watching = true;
            vertx.setTimer(WATCH.toMillis(), id -> {
                watching = false;
                expire();
                if (phase != Phase.STOPPED && (!mailbox.isEmpty() || !inFlight.isEmpty())) {
                    watch();
                }
            });
        }
    }

    private void expire() {
        long now = services.time().nanoTime();
        mailbox.expire(now);
        for (Letter letter : inFlight) {
            if (now - letter.deadlineNanos >= 0) {
                letter.fail(
                        letter.refusal == null
                                ? Problem.outcomeUnknown()
                                : Problem.unavailable("the request's time was up; nothing was done"));
            }
        }
    }

    // ---- what nobody asked for
    // ---------------------------------------------------------------------------------------

    private void timeDenials() {
        if (!denialsTimed) {
            denialsTimed = true;
            vertx.setTimer(Limits.DENIAL_DELAY.toMillis(), id -> {
                denialsTimed = false;
                if (stopping) {
                    return;
                }
                if (phase == Phase.READY && mailbox.isEmpty() && !denials.isEmpty()) {
                    writeDenials();
                } else if (!denials.isEmpty() && phase != Phase.STOPPED) {
                    timeDenials();
                }
            });
        }
    }

    /** A group of denials alone, when no other came by to ride on. */
    private Future<Void> writeDenials() {
        TenantCore present = present();
        List<AuditLine> riding = present.waitingDenials();
        Draft draft = new Draft(present.state, clock.now(), new Loaded(present.state.entries), riding);
        phase = Phase.BUSY;
        Promise<Void> written = Promise.promise();
        here(services.store().commit(draft.toGroup(services.node()))).onComplete(done -> {
            if (phase != Phase.STOPPED) {
                if (done.succeeded()) {
                    draft.apply();
                    denials.written(riding);
                    finish();
                } else {
                    failed(done.cause());
                }
            }
            written.complete();
        });
        return written.future();
    }

    /** Records key uses and collects contents that nobody names any more; called from time to time by the node. */
    Future<Void> tidy() {
        TenantCore present = core;
        if (phase != Phase.READY || present == null || !mailbox.isEmpty() || stopping) {
            return Future.succeededFuture();
        }
        return touchKeys(present).compose(v -> collect(present));
    }

    private Future<Void> touchKeys(TenantCore present) {
        Map<KeyId, Instant> uses = present.takeUses();
        if (uses.isEmpty()) {
            return Future.succeededFuture();
        }
        List<UUID> keys = new ArrayList<>(uses.size());
        uses.keySet().forEach(key -> keys.add(key.value()));
        return here(services.store().touchKeys(tenant, keys, clock.now()));
    }

    private Future<Void> collect(TenantCore present) {
        if (phase != Phase.READY || !mailbox.isEmpty() || stopping) {
            return Future.succeededFuture();
        }
        // No group may add a reference while rows are collected: it is a group of its own.
        phase = Phase.BUSY;
        Instant until = clock.now().minus(services.options().blobGrace());
        return here(services.store().collectBlobs(tenant, services.node(), present.state.epoch, until))
                .onComplete(done -> {
                    if (phase == Phase.BUSY) {
                        finish();
                    }
                })
                .compose(places -> places.isEmpty()
                        ? Future.succeededFuture()
                        : here(services.blobs().remove(tenant, places)));
    }

    // ---- plumbing
    // ----------------------------------------------------------------------------------------------------

    TenantCore present() {
        TenantCore present = core;
        if (present == null) {
            throw new IllegalStateException("BUG: the tenant is not loaded");
        }
        return present;
    }

    /** Brings the completion of a future back to the actor's context. */
    private <T extends @Nullable Object> Future<T> here(Future<T> future) {
        Promise<T> promise = ((ContextInternal) context).promise();
        future.onComplete(promise);
        return promise.future();
    }
}
