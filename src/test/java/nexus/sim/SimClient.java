package nexus.sim;

import io.vertx.core.AsyncResult;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import nexus.kernel.CommandId;
import nexus.kernel.KeyId;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.quota.QuotaOverrides;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.RelationTuple;
import nexus.rebac.tuple.SubjectRef;
import nexus.sim.Operation.Attempt;
import nexus.sim.Operation.Fate;
import nexus.store.Content;
import nexus.store.FileEntry;
import nexus.store.KeyRecord;
import nexus.store.TupleRow;
import nexus.tenant.Ask;
import nexus.tenant.Claims;
import nexus.tenant.Credential;
import nexus.tenant.MemoryTenant;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;

/**
 * A client: does one thing after the other, of chance, on some tenant, at some node. It gives each a deadline, and until then
 * repeats under the same command id, at any node, what may be repeated: what the gateway of a cluster does on its behalf.
 */
final class SimClient {
    /** The system administrator. */
    static final String ADMIN = "admin";
    /** The owner of every tenant's root. */
    static final String ALICE = "alice";

    static final List<String> USERS = List.of(ALICE, "bob", "carol", "mallory");
    /** System administrators whose keys may be revoked. */
    static final List<String> DEPUTIES = List.of("deputy0", "deputy1", "deputy2", "deputy3", "deputy4", "deputy5");
    /** Users that come and go and compete for the seats. */
    static final List<String> GUESTS = List.of("guest0", "guest1", "guest2", "guest3");

    static final List<String> FILES = List.of("/a", "/b", "/c", "/docs/a", "/docs/b", "/docs/deep/a", "/docs/deep/b");
    static final List<String> FOLDERS = List.of("/docs", "/docs/deep", "/more");
    /** A file that grows beyond what fits into a group. */
    static final String BIG = "/big";

    /** The gateway gives up when it has no time for another attempt: so much earlier than the deadline. */
    private static final long LAST_PAUSE_NANOS = 170_000_000;

    private static final List<String> RELATIONS = List.of("viewer", "editor", "owner");
    private static final List<String> PERMISSIONS = List.of("read", "write", "owner");

    private final Simulation simulation;
    private final Scheduler scheduler;
    private final String name;
    private final SplittableRandom chance;
    private @Nullable Operation present;
    private Fate lastFate = Fate.UNDER_WAY;
    private boolean ended;
    private @Nullable SimNode only;
    /** What was changed a moment ago, and acknowledged: worth a look from elsewhere. */
    private @Nullable Operation changed;

    SimClient(Simulation simulation, String name) {
        this.simulation = simulation;
        this.scheduler = simulation.scheduler();
        this.name = name;
        this.chance = scheduler.chance();
    }

    @Override
    public String toString() {
        return name;
    }

    /** Begins, and goes on until the simulation is over. */
    void start() {
        think();
    }

    /** Does one thing that any tenant that works must do, asking one node only, and ends. */
    void startProbe(TenantHistory tenant, SimNode node, Duration timeout) {
        ended = true;
        only = node;
        RelationTuple tuple = new RelationTuple(new ObjectRef("file", "/probe"), "viewer", SubjectRef.of("user", name));
        begin(operation(
                tenant,
                credential(tenant, ALICE),
                ALICE,
                new TenantRequest.CreateTuple(wire(tenant, tuple.object()), tuple.relation(), tuple.subject(), null),
                timeout.toMillis(),
                List.of("/probe")));
    }

    /** How its last operation ended. */
    Fate lastFate() {
        return lastFate;
    }

    boolean isIdle() {
        return ended && present == null;
    }

    private void think() {
        // Now in a hurry, now not.
        long most = chance.nextInt(3) == 0 ? 2 : 200;
        scheduler.after(Duration.ofNanos(chance.nextLong(1, most * 1_000_000)), () -> {
            if (simulation.isOver()) {
                ended = true;
            } else {
                begin(next());
            }
        });
    }

    private void begin(Operation operation) {
        present = operation;
        operation.tenant.begin(operation);
        scheduler.note(name, "begins " + operation + " floor=" + operation.floor);
        attempt(operation);
    }

    private void end(Operation operation, Fate fate) {
        operation.fate = fate;
        lastFate = fate;
        scheduler.note(name, fate + " " + operation);
        present = null;
        if (!ended) {
            think();
        }
    }

    // ---- attempts
    // ----------------------------------------------------------------------------------------------------

    private void attempt(Operation operation) {
        // Mostly where the tenant is: that much a router knows.
        SimNode node = only;
        if (node == null) {
            node = operation.anywhere || chance.nextInt(4) == 0
                    ? simulation.anyNode(chance)
                    : simulation.nodeOf(operation.tenant, chance);
        }
        attempt(operation, node);
    }

    private void attempt(Operation operation, SimNode node) {
        Attempt attempt = new Attempt(
                node.toString(),
                scheduler.now(),
                operation.tenant.floor(),
                simulation.history(TenantId.SYSTEM).floor());
        operation.attempts.add(attempt);
        boolean[] settled = new boolean[1];
        scheduler.after(latency(), () -> arrive(operation, attempt, node, settled));
        // Whoever hears nothing for a while tries elsewhere; at the deadline he gives up.
        long patience = chance.nextInt(4) == 0 ? 1_000_000_000L : 30_000_000_000L;
        long until = Math.min(operation.deadlineNanos + 700_000_000L, scheduler.now() + patience);
        scheduler.at(until, () -> {
            if (!settled[0]) {
                settled[0] = true;
                scheduler.note(name, "hears nothing of " + operation + " from " + node);
                again(operation, Duration.ZERO);
            }
        });
    }

    private void arrive(Operation operation, Attempt attempt, SimNode node, boolean[] settled) {
        long left = operation.deadlineNanos - scheduler.now();
        if (left <= 0) {
            attempt.surelyNothing = true;
            settle(operation, settled, () -> again(operation, Duration.ZERO));
            return;
        }
        attempt.arrivedNanos = scheduler.now();
        Ask ask = new Ask(
                "op" + operation.number,
                "sim",
                operation.command,
                operation.credential,
                Claims.NONE,
                operation.credential.isSystem() && !operation.tenant.zone().isReserved() ? operation.zone : null,
                Duration.ofNanos(left),
                operation.request);
        node.ask(ask)
                .onComplete(done -> scheduler.after(
                        latency(), () -> settle(operation, settled, () -> answered(operation, attempt, left, done))));
    }

    private static void settle(Operation operation, boolean[] settled, Runnable then) {
        if (!settled[0]) {
            settled[0] = true;
            then.run();
        }
    }

    private void answered(Operation operation, Attempt attempt, long timeout, AsyncResult<Reply> done) {
        if (done.succeeded()) {
            operation.tenant.answered(operation, attempt, done.result());
            changed = operation.isCommand() && !operation.paths.isEmpty() ? operation : null;
            end(operation, Fate.ANSWERED);
            return;
        }
        if (done.cause() instanceof SimNode.RefusedException) {
            attempt.surelyNothing = true;
            again(operation, pause());
            return;
        }
        // What else it may be has ended the simulation already.
        Problem problem = ((ProblemException) done.cause()).problem();
        if (problem.code().isRetryable()) {
            attempt.surelyNothing = true;
            scheduler.note(name, problem.message() + ": " + operation);
            again(operation, pause());
        } else if (problem.code() == ProblemCode.OUTCOME_UNKNOWN) {
            boolean keyLost = operation.credential.isSystem()
                    && !simulation.history(TenantId.SYSTEM).latest().isLive(operation.credential.key());
            if (scheduler.now() < attempt.arrivedNanos + timeout - LAST_PAUSE_NANOS && !keyLost) {
                throw new AssertionError("an unknown outcome before the deadline: " + operation);
            }
            end(operation, Fate.UNKNOWN);
        } else {
            attempt.surelyNothing = true;
            operation.tenant.refused(operation, attempt, problem);
            scheduler.note(name, problem.message());
            end(operation, Fate.REFUSED);
        }
    }

    private void again(Operation operation, Duration pause) {
        if (scheduler.now() + pause.toNanos() < operation.deadlineNanos) {
            scheduler.after(pause, () -> attempt(operation));
        } else {
            boolean nothing = operation.attempts.stream().allMatch(attempt -> attempt.surelyNothing);
            end(operation, nothing ? Fate.NOT_DONE : Fate.UNKNOWN);
        }
    }

    private Duration pause() {
        return Duration.ofNanos(chance.nextLong(1_000_000, 300_000_000));
    }

    private Duration latency() {
        return Duration.ofNanos(chance.nextLong(50_000, 1_500_000));
    }

    // ---- what to do
    // --------------------------------------------------------------------------------------------------

    private Operation next() {
        Operation before = changed;
        changed = null;
        if (before != null && chance.nextBoolean()) {
            return lookAt(before);
        }
        List<TenantHistory> tenants = simulation.tenants();
        TenantHistory tenant = tenants.get(chance.nextInt(tenants.size()));
        int dice = chance.nextInt(100);
        if (dice < 14) {
            return write(tenant);
        } else if (dice < 28) {
            return append(tenant, TenantHistory.LOG, "line " + simulation.number() + "\n");
        } else if (dice < 34) {
            return count(tenant);
        } else if (dice < 42) {
            String path = any(FILES);
            return operation(tenant, somebody(), new TenantRequest.DeleteFile(path(tenant, path)), path);
        } else if (dice < 50) {
            String path = any(FILES);
            return operation(tenant, somebody(), new TenantRequest.ReadFile(path(tenant, path), null), path);
        } else if (dice < 54) {
            return stat(tenant);
        } else if (dice < 57) {
            return operation(
                    tenant, ALICE, new TenantRequest.ListFiles(path(tenant, "/"), true, null, null, null), "/");
        } else if (dice < 65) {
            return grant(tenant);
        } else if (dice < 73) {
            return revoke(tenant);
        } else if (dice < 85) {
            return check(tenant);
        } else if (dice < 91) {
            return manage(tenant);
        } else if (dice < 93) {
            return guest(tenant);
        } else if (dice < 96) {
            return folder(tenant);
        } else if (dice < 98) {
            return append(tenant, BIG, "x".repeat(20_000 + chance.nextInt(30_000)));
        } else {
            String from = any(FILES);
            String to = any(FILES);
            return operation(tenant, ALICE, new TenantRequest.Rename(path(tenant, from), path(tenant, to)), from, to);
        }
    }

    /** Asks about what was just changed: the answer must know of it, whoever gives it. */
    private Operation lookAt(Operation before) {
        TenantHistory tenant = before.tenant;
        String path = before.paths.get(0);
        String about = before.about;
        TenantRequest request = new TenantRequest.Stat(List.of(path(tenant, path)));
        if (about != null) {
            List<TenantRequest.CheckItem> items = new ArrayList<>();
            for (String permission : PERMISSIONS) {
                items.add(new TenantRequest.CheckItem(
                        SubjectRef.of("user", about), permission, wire(tenant, new ObjectRef("file", path))));
            }
            request = new TenantRequest.Check(items);
        }
        Operation operation = operation(tenant, ALICE, request, path);
        operation.anywhere = true;
        return operation;
    }

    private Operation write(TenantHistory tenant) {
        String path = any(FILES);
        Content content = text(tenant, "text " + simulation.number());
        FileEntry entry = tenant.latest().entry(path);
        String ifMatch = chance.nextInt(4) == 0 && entry != null && entry.hash() != null
                ? entry.hash().hex()
                : null;
        boolean ifNone = ifMatch == null && chance.nextInt(6) == 0;
        return operation(tenant, somebody(), writing(tenant, path, content, ifMatch, ifNone), path);
    }

    private static Content text(TenantHistory tenant, String text) {
        tenant.knows(text);
        return Content.Inline.of(text.getBytes(StandardCharsets.UTF_8));
    }

    private static TenantRequest writing(
            TenantHistory tenant, String path, Content content, @Nullable String ifMatch, boolean ifNone) {
        return new TenantRequest.WriteFiles(
                List.of(new TenantRequest.FileWrite(path(tenant, path), content, ifMatch, ifNone)));
    }

    private Operation append(TenantHistory tenant, String path, String text) {
        return operation(
                tenant,
                ALICE,
                new TenantRequest.AppendFile(path(tenant, path), text.getBytes(StandardCharsets.UTF_8), null),
                path);
    }

    /** Adds one to the counter if nobody else has meanwhile. What it is now is looked up where it is true. */
    private Operation count(TenantHistory tenant) {
        FileEntry entry = tenant.latest().entry(TenantHistory.COUNTER);
        long next = tenant.count() + 1;
        String etag = entry == null ? null : entry.contentHash().hex();
        return operation(
                tenant,
                ALICE,
                writing(tenant, TenantHistory.COUNTER, text(tenant, Long.toString(next)), etag, entry == null),
                TenantHistory.COUNTER);
    }

    private Operation stat(TenantHistory tenant) {
        List<String> paths = new ArrayList<>();
        List<WorkspacePath> wire = new ArrayList<>();
        for (int i = 1 + chance.nextInt(4); i > 0; i--) {
            String path = any(FILES);
            paths.add(path);
            wire.add(path(tenant, path));
        }
        return operation(tenant, somebody(), new TenantRequest.Stat(wire), paths.toArray(String[]::new));
    }

    private RelationTuple tuple() {
        String path = chance.nextInt(3) == 0 ? any(FOLDERS) : any(FILES);
        return new RelationTuple(
                new ObjectRef("file", path),
                any(RELATIONS),
                SubjectRef.of("user", any(USERS.subList(1, USERS.size()))));
    }

    private Operation grant(TenantHistory tenant) {
        RelationTuple tuple = tuple();
        Instant expiresAt = simulation.clocksAgree() && chance.nextInt(4) == 0
                ? simulation.database().clock().plusMillis(chance.nextInt(50, 4_000))
                : null;
        Operation operation = operation(
                tenant,
                chance.nextInt(4) == 0 ? somebody() : ALICE,
                new TenantRequest.CreateTuple(
                        wire(tenant, tuple.object()), tuple.relation(), tuple.subject(), expiresAt),
                tuple.object().id());
        operation.about = tuple.subject().id();
        return operation;
    }

    private Operation revoke(TenantHistory tenant) {
        // Mostly something that is granted: it is no secret.
        List<TupleRow> rows = tenant.latest().tuples().values().stream()
                .filter(row -> !row.tuple().subject().id().equals(ALICE))
                .toList();
        RelationTuple tuple = rows.isEmpty() || chance.nextInt(5) == 0
                ? tuple()
                : rows.get(chance.nextInt(rows.size())).tuple();
        UUID id = MemoryTenant.grant(tuple, SimVertx.BEGINNING).id();
        Operation operation = operation(
                tenant,
                chance.nextInt(4) == 0 ? somebody() : ALICE,
                new TenantRequest.DeleteTuple(id),
                tuple.object().id());
        operation.about = tuple.subject().id();
        return operation;
    }

    private Operation check(TenantHistory tenant) {
        List<TenantRequest.CheckItem> items = new ArrayList<>();
        String self = any(USERS);
        boolean own = chance.nextInt(3) == 0;
        for (int i = 1 + chance.nextInt(3); i > 0; i--) {
            items.add(new TenantRequest.CheckItem(
                    SubjectRef.of("user", own ? self : any(USERS)),
                    any(PERMISSIONS),
                    wire(tenant, new ObjectRef("file", any(FILES)))));
        }
        return operation(tenant, own ? self : ALICE, new TenantRequest.Check(items), FILES.get(0));
    }

    /** What system administrators do. */
    private Operation manage(TenantHistory tenant) {
        String guest = any(GUESTS);
        int dice = chance.nextInt(20);
        if (dice < 7) {
            KeyId key = new KeyId(new UUID(chance.nextLong(), chance.nextLong()));
            return operation(
                    tenant,
                    administrator(),
                    new TenantRequest.CreateKey(key, secret(guest), guest, guest, "user", guest, false, null));
        } else if (dice < 14) {
            List<KeyRecord> keys = tenant.latest().keys().values().stream()
                    .filter(key -> GUESTS.contains(key.userId()) && (key.revokedAt() == null || chance.nextInt(5) == 0))
                    .toList();
            if (!keys.isEmpty()) {
                KeyId key = keys.get(chance.nextInt(keys.size())).id();
                return operation(tenant, administrator(), new TenantRequest.RevokeKey(key));
            }
        } else if (dice < 16) {
            TenantHistory system = simulation.history(TenantId.SYSTEM);
            return operation(system, ADMIN, new TenantRequest.RevokeKey(keyOf(any(DEPUTIES))));
        } else if (dice < 18) {
            return operation(tenant, ADMIN, new TenantRequest.UpdateRecord(limits(), null, false));
        }
        return operation(
                tenant, administrator(), new TenantRequest.ListFiles(path(tenant, "/"), true, null, null, null), "/");
    }

    private TenantRequest.RecordPatch limits() {
        return new TenantRequest.RecordPatch(
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                new QuotaOverrides((long) chance.nextInt(4, 8), (long) chance.nextInt(4, 12), 1_000_000L),
                Map.of(),
                null,
                Map.of());
    }

    private Operation folder(TenantHistory tenant) {
        String path = any(FOLDERS);
        TenantRequest request = switch (chance.nextInt(3)) {
            case 0 -> new TenantRequest.RemoveDirectory(path(tenant, path), chance.nextBoolean());
            case 1 -> new TenantRequest.MakeDirectory(path(tenant, path), true, chance.nextBoolean());
            default -> new TenantRequest.Rename(path(tenant, path), path(tenant, any(FOLDERS)));
        };
        return operation(tenant, ALICE, request, path);
    }

    /** Who comes with a key that may have been revoked. */
    private Operation guest(TenantHistory tenant) {
        List<KeyRecord> keys = tenant.latest().keys().values().stream()
                .filter(key -> GUESTS.contains(key.userId()))
                .toList();
        if (keys.isEmpty()) {
            return operation(tenant, any(USERS), new TenantRequest.WhoAmI());
        }
        KeyRecord key = keys.get(chance.nextInt(keys.size()));
        Credential credential = new Credential(simulation.id(tenant), key.id(), key.secretHash());
        return operation(tenant, credential, key.userId(), new TenantRequest.WhoAmI(), timeoutMillis(), List.of());
    }

    private Operation operation(TenantHistory tenant, String user, TenantRequest request, String... paths) {
        return operation(tenant, credential(tenant, user), user, request, timeoutMillis(), List.of(paths));
    }

    private long timeoutMillis() {
        return chance.nextInt(3) == 0 ? chance.nextLong(1, 600) : chance.nextLong(1_000, 15_000);
    }

    private Operation operation(
            TenantHistory tenant,
            Credential credential,
            String user,
            TenantRequest request,
            long timeoutMillis,
            List<String> paths) {
        long now = scheduler.now();
        return new Operation(
                simulation.number(),
                tenant,
                credential,
                user,
                new CommandId(new UUID(chance.nextLong(), chance.nextLong())),
                request,
                paths,
                now,
                now + timeoutMillis * 1_000_000);
    }

    private Credential credential(TenantHistory tenant, String user) {
        boolean system = user.equals(ADMIN) || DEPUTIES.contains(user);
        return new Credential(system ? TenantId.SYSTEM : simulation.id(tenant), keyOf(user), secret(user));
    }

    /** Mostly the owner; now and then one who may or may not. */
    private String somebody() {
        return chance.nextInt(3) == 0 ? any(USERS) : ALICE;
    }

    private String administrator() {
        return chance.nextInt(3) == 0 ? any(DEPUTIES) : ADMIN;
    }

    private <T> T any(List<T> list) {
        return list.get(chance.nextInt(list.size()));
    }

    static KeyId keyOf(String user) {
        return new KeyId(UUID.nameUUIDFromBytes(user.getBytes(StandardCharsets.UTF_8)));
    }

    static byte[] secret(String user) {
        return user.getBytes(StandardCharsets.UTF_8);
    }

    private static WorkspacePath path(TenantHistory tenant, String relative) {
        return WorkspacePath.inTenant(tenant.zone(), relative);
    }

    private static ObjectRef wire(TenantHistory tenant, ObjectRef object) {
        return new ObjectRef(object.type(), WorkspacePath.wire(tenant.zone(), object.id()));
    }
}
