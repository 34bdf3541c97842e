package nexus.sim;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Supplier;
import nexus.kernel.Epoch;
import nexus.kernel.Must;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.store.Group;
import nexus.store.Leases;
import nexus.store.Registry;
import nexus.store.StoreException;
import nexus.store.StoreException.Reason;
import nexus.store.TenantRecord;
import nexus.tenant.MemoryTenant;
import org.jspecify.annotations.Nullable;

/**
 * The database of a simulation: the rows of all tenants, the leases, one clock, and a network between it and every process.
 *
 * <p>A call is a message to the server, a transaction there, and a message back; each takes virtual time. A transaction is
 * done in one instant; one that locks a tenant's row waits for those before it, as groups and takes do. A call may be lost on
 * the way, or its answer may be: the caller learns of it early or late, and what was lost on the way back was done, perhaps
 * long after the caller has given it up. So an outcome that is not known is of both kinds, and an old transaction may arrive
 * behind the take that is to fence it off.
 *
 * <p>What the transactions do is what the functions of the migrations do.
 */
final class SimDatabase {
    /** As the server's {@code lock_timeout}. */
    private static final Duration LOCK_TIMEOUT = Duration.ofSeconds(2);
    /** How long a caller may wait for an answer that never comes. */
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(12);
    /** How long a caller waits for a connection. */
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);

    private final Scheduler scheduler;
    private final SplittableRandom chance;
    private final Observer observer;
    private final Map<TenantId, MemoryTenant> tenants = new LinkedHashMap<>();
    private final TreeMap<String, TenantId> names = new TreeMap<>();
    private final Map<NodeId, NodeRow> nodes = new LinkedHashMap<>();
    private final Map<TenantId, Leases.Pin> pins = new HashMap<>();
    private final Map<TenantId, Long> lockedUntil = new HashMap<>();
    private final Set<Call<?>> underWay = new LinkedHashSet<>();
    private final Set<SimVertx> cutOff = new LinkedHashSet<>();
    private long clockOffsetNanos;
    private final Map<String, Boolean> lost = new HashMap<>();
    private boolean down;
    private boolean answersNobodyQuickly;
    private int slowness = 1;
    private double lossRate;

    /** Who wants to know what is committed. */
    interface Observer {
        /** A group was committed, in this instant. */
        void committed(Group group, MemoryTenant after);

        /**
         * A node became a tenant's owner, in this instant.
         *
         * @param former who had not given it up; null if nobody had it
         */
        void taken(TenantId tenant, NodeId taker, @Nullable NodeId former);
    }

    private static final class NodeRow {
        final String name;
        final Leases.Mode mode;
        Instant until;
        long renewals;

        @Nullable
        String member;

        @Nullable
        String http;

        int protocol = 1;
        boolean draining;
        int active;
        int moving;

        NodeRow(String name, Leases.Mode mode, Instant until) {
            this.name = name;
            this.mode = mode;
            this.until = until;
        }
    }

    SimDatabase(Scheduler scheduler, Observer observer) {
        this.scheduler = scheduler;
        this.chance = scheduler.chance();
        this.observer = observer;
        add(new MemoryTenant(
                TenantRecord.created(TenantId.SYSTEM, new ZoneName("system"), SimVertx.BEGINNING), SimVertx.BEGINNING));
    }

    void add(MemoryTenant tenant) {
        tenants.put(tenant.id(), tenant);
        names.put(tenant.record().zone().value(), tenant.id());
    }

    /** A tenant's rows, for seeding and for looking. */
    MemoryTenant tenant(TenantId id) {
        MemoryTenant rows = tenants.get(id);
        if (rows == null) {
            throw new StoreException(Reason.TENANT_GONE, "there is no tenant " + id);
        }
        return rows;
    }

    List<MemoryTenant> tenants() {
        return List.copyOf(tenants.values());
    }

    /** The database's clock. */
    Instant clock() {
        return SimVertx.BEGINNING.plusNanos(scheduler.now() + clockOffsetNanos).truncatedTo(ChronoUnit.MICROS);
    }

    // ---- faults
    // ------------------------------------------------------------------------------------------------------

    /** Sets the database's clock forward or back. */
    void stepClock(Duration by) {
        scheduler.note("database", "clock steps by " + by);
        clockOffsetNanos += by.toNanos();
    }

    /** Ends the server at once: what it has not committed it never will, and nobody gets an answer any more. */
    void crash(boolean refusesQuickly) {
        scheduler.note("database", "down");
        down = true;
        answersNobodyQuickly = refusesQuickly;
        lockedUntil.clear();
        List.copyOf(underWay).forEach(Call::abort);
    }

    /** It can be reached again. */
    void recover() {
        scheduler.note("database", "up");
        down = false;
    }

    /** Cuts a process off from the database: what it has sent may or may not have arrived. */
    void cut(SimVertx process, boolean refusesQuickly) {
        scheduler.note(process.toString(), "cut off from the database");
        answersNobodyQuickly = refusesQuickly;
        cutOff.add(process);
        for (Call<?> call : List.copyOf(underWay)) {
            if (call.from == process) {
                call.loseAnswer(chance.nextBoolean());
            }
        }
    }

    void mend(SimVertx process) {
        if (cutOff.remove(process)) {
            scheduler.note(process.toString(), "reaches the database again");
        }
    }

    /** Loses the next call whose name begins so, or only its answer. */
    void loseNext(String call, boolean arrives) {
        lost.put(call, arrives);
    }

    /** Makes everything take so many times as long. */
    void slow(int times) {
        scheduler.note("database", "slow " + times);
        slowness = times;
    }

    /** Loses so many of the calls or their answers. */
    void lose(double rate) {
        scheduler.note("database", "loses " + rate);
        lossRate = rate;
    }

    // ---- calls
    // -------------------------------------------------------------------------------------------------------

    /** What becomes of a call if its answer does not come. */
    enum Loss {
        /** It changes nothing, or its caller need not know: a plain failure. */
        FAILURE(Reason.FAILED),
        /** It is a commit. */
        UNKNOWN(Reason.OUTCOME_UNKNOWN);

        final Reason reason;

        Loss(Reason reason) {
            this.reason = reason;
        }
    }

    /**
     * One transaction for a process. The future completes on some loop of the process.
     *
     * @param lock the tenant whose row the transaction locks first; null if it locks none
     */
    <T extends @Nullable Object> Future<T> call(
            SimVertx from, String what, @Nullable TenantId lock, Loss loss, Supplier<T> transaction) {
        Must.hold(ContextInternal.current() != null, "the database is called on a context");
        Call<T> call = new Call<>(from, what, lock, loss, transaction);
        call.send();
        return call.promise.future();
    }

    private final class Call<T extends @Nullable Object> {
        final SimVertx from;
        private final String what;
        private final @Nullable TenantId lock;
        private final Loss loss;
        private final Supplier<T> transaction;
        final Promise<T> promise = Promise.promise();
        private boolean onItsWay;
        private boolean done;
        private boolean answerLost;

        Call(SimVertx from, String what, @Nullable TenantId lock, Loss loss, Supplier<T> transaction) {
            this.from = from;
            this.what = what;
            this.lock = lock;
            this.loss = loss;
            this.transaction = transaction;
        }

        void send() {
            if (down || cutOff.contains(from)) {
                // No connection: nothing was sent.
                Duration noticed = answersNobodyQuickly ? some(Duration.ofMillis(2)) : CONNECT_TIMEOUT;
                fail(noticed, Reason.FAILED, "no connection to the database");
                return;
            }
            underWay.add(this);
            onItsWay = true;
            Duration there = latency();
            Boolean arrivesUnanswered = lost.remove(what);
            if (arrivesUnanswered != null) {
                scheduler.note(from.toString(), "loses " + what);
                loseAnswer(arrivesUnanswered);
            } else if (chance.nextDouble() < lossRate) {
                scheduler.note(from.toString(), "loses " + what);
                boolean arrives = chance.nextBoolean();
                loseAnswer(arrives);
                // It may lie in a buffer for a while.
                there = some(Duration.ofSeconds(chance.nextInt(4) == 0 ? 3 : 1).dividedBy(10));
            }
            scheduler.after(there, this::arrive);
        }

        /** The caller will not hear of it; it may arrive all the same. */
        void loseAnswer(boolean arrives) {
            if (answerLost || !underWay.contains(this)) {
                return;
            }
            answerLost = true;
            if (!arrives) {
                onItsWay = false;
            }
            fail(chance.nextInt(3) == 0 ? some(ANSWER_TIMEOUT) : some(Duration.ofMillis(500)), loss.reason, "lost");
        }

        /** The server is gone, and this with it. */
        void abort() {
            onItsWay = false;
            underWay.remove(this);
            if (!answerLost) {
                answerLost = true;
                fail(latency(), loss.reason, "the server is gone");
            }
        }

        private void arrive() {
            if (!onItsWay) {
                underWay.remove(this);
                return;
            }
            long begins = scheduler.now();
            if (lock != null) {
                begins = Math.max(begins, lockedUntil.getOrDefault(lock, 0L));
            }
            if (begins - scheduler.now() > LOCK_TIMEOUT.toNanos()) {
                underWay.remove(this);
                scheduler.after(LOCK_TIMEOUT, () -> answer(new StoreException(Reason.FAILED, what + ": lock timeout")));
                return;
            }
            long ends = begins + some(Duration.ofMillis(2L * slowness)).toNanos();
            if (lock != null) {
                lockedUntil.put(lock, ends);
            }
            scheduler.at(ends, this::execute);
        }

        private void execute() {
            if (!onItsWay) {
                underWay.remove(this);
                return;
            }
            onItsWay = false;
            T result;
            try {
                result = transaction.get();
            } catch (StoreException e) {
                scheduler.note("database", what + " of " + from + ": " + e.reason() + " " + e.getMessage());
                underWay.remove(this);
                answer(e);
                return;
            }
            scheduler.after(latency(), () -> {
                underWay.remove(this);
                if (!answerLost) {
                    done = true;
                    from.run(() -> promise.complete(result));
                }
            });
        }

        private void answer(StoreException refusal) {
            if (!answerLost && !done) {
                done = true;
                scheduler.after(latency(), () -> from.run(() -> promise.fail(refusal)));
            }
        }

        private void fail(Duration after, Reason reason, String message) {
            scheduler.after(
                    after, () -> from.run(() -> promise.fail(new StoreException(reason, what + ": " + message))));
        }
    }

    private Duration latency() {
        // Mostly quick, but often enough not: answers overtake each other.
        int most = chance.nextInt(12) == 0 ? 40_000 : 800;
        return Duration.ofNanos(1_000L * (100 + chance.nextInt(most)) * slowness);
    }

    private Duration some(Duration upTo) {
        return Duration.ofNanos(1 + chance.nextLong(upTo.toNanos()));
    }

    // ---- the functions of the migrations
    // ----------------------------------------------------------------------------

    /** @param dead the nodes that the taker has watched to be dead */
    Epoch take(TenantId id, NodeId taker, List<NodeId> dead) {
        MemoryTenant tenant = tenant(id);
        if (tenant.isGone()) {
            throw new StoreException(Reason.TENANT_GONE, "there is no tenant " + id);
        }
        if (!isLive(taker)) {
            throw new StoreException(Reason.FENCED, "the lease of node " + taker + " is over");
        }
        NodeId owner = tenant.owner();
        if (owner != null && !owner.equals(taker) && nodes.containsKey(owner)) {
            if (isLive(owner) || !dead.contains(owner)) {
                throw new StoreException(
                        "node " + owner + " owns tenant " + id,
                        owner,
                        new IllegalStateException("as the database says"));
            }
        }
        Epoch epoch = tenant.take(taker);
        observer.taken(id, taker, owner);
        return epoch;
    }

    private boolean isLive(NodeId node) {
        NodeRow row = nodes.get(node);
        return row != null && row.until.isAfter(clock());
    }

    @Nullable
    Void commit(Group group) {
        tenant(group.tenant()).commit(group);
        for (Group.Founding founding : group.tenantsMade()) {
            TenantRecord made = founding.record();
            Must.hold(!names.containsKey(made.zone().value()), "names are unique");
            MemoryTenant rows = new MemoryTenant(made, made.createdAt());
            Group first = founding.first();
            if (first != null) {
                rows.found(first);
            }
            add(rows);
        }
        if (group.tombstone()) {
            names.values().remove(group.tenant());
        }
        for (Group.Control control : group.controls()) {
            if (control instanceof Group.Control.NodeDraining draining) {
                drain(draining.node(), draining.draining());
            } else if (control instanceof Group.Control.TenantPinned pinned) {
                find(pinned.zone()).ifPresent(id -> pin(id, pinned.node()));
            }
        }
        observer.committed(group, tenant(group.tenant()));
        return null;
    }

    List<Leases.Lease> join(NodeId node, String name, Leases.Mode mode, Duration term) {
        Instant now = clock();
        if (mode == Leases.Mode.EMBEDDED) {
            nodes.values().forEach(row -> row.until = row.until.isAfter(now) ? now : row.until);
        } else {
            List<Leases.Lease> inTheWay = new ArrayList<>();
            nodes.forEach((id, row) -> {
                boolean both = row.mode == Leases.Mode.CLUSTER && mode == Leases.Mode.CLUSTER;
                if (row.until.isAfter(now) && !both) {
                    inTheWay.add(
                            new Leases.Lease(id, row.name, row.mode, row.renewals, Duration.between(now, row.until)));
                }
            });
            if (!inTheWay.isEmpty()) {
                return inTheWay;
            }
        }
        nodes.entrySet()
                .removeIf(row -> row.getValue().until.isBefore(now.minus(Duration.ofDays(1))) && !owns(row.getKey()));
        Must.hold(!nodes.containsKey(node), "a node's id is never used again");
        nodes.put(node, new NodeRow(name, mode, now.plus(term)));
        return List.of();
    }

    Optional<Instant> renew(NodeId node, Duration term) {
        NodeRow row = nodes.get(node);
        Instant now = clock();
        if (row == null || !row.until.isAfter(now)) {
            return Optional.empty();
        }
        row.until = now.plus(term);
        row.renewals++;
        return Optional.of(now);
    }

    private boolean owns(NodeId node) {
        return tenants.values().stream().anyMatch(tenant -> node.equals(tenant.owner()));
    }

    @Nullable
    Void leave(NodeId node) {
        tenants.values().forEach(tenant -> tenant.release(node));
        nodes.remove(node);
        return null;
    }

    @Nullable
    Void announce(NodeId node, String member, String http, int protocol) {
        NodeRow row = nodes.get(node);
        if (row != null) {
            row.member = member;
            row.http = http;
            row.protocol = protocol;
        }
        return null;
    }

    @Nullable
    Void report(NodeId node, int active, int moving) {
        NodeRow row = nodes.get(node);
        if (row != null) {
            row.active = active;
            row.moving = moving;
        }
        return null;
    }

    boolean drain(NodeId node, boolean draining) {
        NodeRow row = nodes.get(node);
        if (row != null) {
            row.draining = draining;
        }
        return row != null;
    }

    List<Leases.Node> nodes() {
        Instant now = clock();
        List<Leases.Node> all = new ArrayList<>();
        nodes.forEach((id, row) -> {
            if (row.until.isAfter(now) || owns(id)) {
                all.add(new Leases.Node(
                        id,
                        row.name,
                        row.mode,
                        row.member,
                        row.http,
                        row.protocol,
                        row.draining,
                        row.renewals,
                        Duration.between(now, row.until),
                        row.active,
                        row.moving));
            }
        });
        all.sort(Comparator.comparing(node -> node.id().toString()));
        return all;
    }

    private void pin(TenantId tenant, @Nullable String node) {
        if (node == null) {
            pins.remove(tenant);
        } else {
            pins.put(tenant, new Leases.Pin(tenant(tenant).record().zone(), node));
        }
    }

    Map<TenantId, Leases.Pin> pins() {
        return new HashMap<>(pins);
    }

    Map<NodeId, Long> owned() {
        Map<NodeId, Long> owned = new HashMap<>();
        for (MemoryTenant tenant : tenants.values()) {
            NodeId owner = tenant.owner();
            if (owner != null) {
                owned.merge(owner, 1L, Long::sum);
            }
        }
        return owned;
    }

    // ---- the registry
    // ------------------------------------------------------------------------------------------------

    Optional<TenantId> find(ZoneName zone) {
        return Optional.ofNullable(names.get(zone.value()));
    }

    Optional<ZoneName> nameOf(TenantId tenant) {
        MemoryTenant rows = tenants.get(tenant);
        return rows == null || rows.isGone() || tenant.equals(TenantId.SYSTEM)
                ? Optional.empty()
                : Optional.of(rows.record().zone());
    }

    List<Registry.Listed> list(@Nullable ZoneName after, int limit) {
        List<Registry.Listed> page = new ArrayList<>();
        for (TenantId id :
                names.tailMap(after == null ? "" : after.value(), false).values()) {
            if (!id.equals(TenantId.SYSTEM) && page.size() < limit) {
                TenantRecord record = tenant(id).record();
                page.add(new Registry.Listed(id, record.zone(), record.createdAt()));
            }
        }
        return page;
    }

    List<Registry.Registered> records(Registry.Search search) {
        List<Registry.Registered> page = new ArrayList<>();
        ZoneName after = search.after();
        for (TenantId id :
                names.tailMap(after == null ? "" : after.value(), false).values()) {
            MemoryTenant rows = tenant(id);
            TenantRecord record = rows.record();
            if (!id.equals(TenantId.SYSTEM)
                    && page.size() < search.limit()
                    && (search.plan() == null || search.plan() == record.plan())
                    && (search.status() == null || search.status() == record.statusAt(search.now()))) {
                page.add(new Registry.Registered(record, rows.usage()));
            }
        }
        return page;
    }

    List<TenantId> due(Instant now, int limit) {
        List<TenantId> due = new ArrayList<>();
        for (MemoryTenant rows : tenants.values()) {
            Instant at = rows.record().dueAt();
            if (!rows.isGone() && at != null && !now.isBefore(at) && due.size() < limit) {
                due.add(rows.id());
            }
        }
        return due;
    }

    List<TenantId> tombstones(int limit) {
        return tenants.values().stream()
                .filter(MemoryTenant::isGone)
                .map(MemoryTenant::id)
                .limit(limit)
                .toList();
    }

    @Nullable
    Void forget(TenantId tenant) {
        Must.hold(tenant(tenant).isGone(), "a living tenant is not forgotten");
        tenants.remove(tenant);
        return null;
    }
}
