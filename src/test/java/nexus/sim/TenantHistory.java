package nexus.sim;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import nexus.kernel.CommandId;
import nexus.kernel.ContentHash;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.quota.QuotaLimits;
import nexus.quota.Resource;
import nexus.sim.Operation.Attempt;
import nexus.store.Content;
import nexus.store.FileEntry;
import nexus.store.Group;
import nexus.store.KeyRecord;
import nexus.tenant.MemoryTenant;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;

/**
 * What has become of one tenant, group by group, and the judge of every answer that its clients get.
 *
 * <p>The groups are in an order, that of their revisions. An answer is right if there is a revision at which it would have been
 * right, and that revision is no older than anything that was acknowledged to anybody before the question was sent (the
 * {@link #floor}), and no younger than what was committed when the answer came. So a check that is sent after a revoke was
 * acknowledged must not be answered as before it; and a command that was acknowledged must be in a group.
 */
final class TenantHistory {
    /** A file that only grows by lines, each another. */
    static final String LOG = "/log";
    /** A file that holds a number, which only ever goes up by one. */
    static final String COUNTER = "/counter";

    /** By how much an actor's time may be ahead of the database's: a renewal's way there. */
    private static final long AHEAD_SECONDS = 5;

    private final ZoneName zone;
    private final SimDatabase database;
    private final @Nullable TenantHistory system;
    private final List<View> views = new ArrayList<>();
    private final Map<CommandId, Operation> operations = new HashMap<>();
    private final Map<CommandId, Long> done = new HashMap<>();
    private final Map<CommandId, Reply> replies = new HashMap<>();
    private final Map<Long, List<Operation>> byRevision = new TreeMap<>();
    private final Map<ContentHash, String> texts = new HashMap<>();
    private final Set<String> lines = new HashSet<>();
    private long floor;
    private long count;
    private Instant lastAt;

    /**
     * The history of a tenant that has none yet.
     *
     * @param system that of the reserved tenant; null if this is it
     */
    TenantHistory(MemoryTenant rows, SimDatabase database, @Nullable TenantHistory system) {
        this.zone = rows.record().zone();
        this.database = database;
        this.system = system;
        this.lastAt = rows.lastAt();
        views.add(View.of(rows));
    }

    ZoneName zone() {
        return zone;
    }

    /** Up to which revision everybody who asks now must see. */
    long floor() {
        return floor;
    }

    View latest() {
        return views.get(views.size() - 1);
    }

    void begin(Operation operation) {
        operations.put(operation.command, operation);
    }

    /** A text that somebody writes. */
    void knows(String text) {
        texts.put(ContentHash.of(text.getBytes(StandardCharsets.UTF_8)), text);
    }

    private static void must(boolean condition, String message, Object... about) {
        if (!condition) {
            StringBuilder text = new StringBuilder(message);
            for (Object one : about) {
                text.append(", ").append(one);
            }
            throw new AssertionError(text.toString());
        }
    }

    // ---- groups
    // -----------------------------------------------------------------------------------------------------

    void committed(Group group, MemoryTenant rows) {
        View before = latest();
        View after = View.of(rows);
        must(after.revision() == before.revision() + 1, "revisions have no gap", after.revision());
        views.add(after);
        must(!group.at().isBefore(lastAt), "a tenant's time does not run back", lastAt, group.at());
        lastAt = group.at();
        must(after.usage().equals(rows.recount()), "the usage equals a recount", after.usage(), rows.recount());
        for (Resource resource : Resource.values()) {
            long used = after.usage().of(resource);
            // A group may lower the limit behind what it has written.
            long limit = Math.max(before.limits().of(resource), after.limits().of(resource));
            must(
                    used <= limit || used <= before.usage().of(resource),
                    "the usage never goes above the limit",
                    resource,
                    used,
                    after.limits());
        }
        for (Map.Entry<CommandId, Reply> reply : MemoryTenant.repliesOf(group).entrySet()) {
            CommandId command = reply.getKey();
            Operation operation = operations.get(command);
            must(operation != null, "nobody sent a command that was done", command);
            Long twice = done.put(command, group.revision());
            must(twice == null, "a command is done once", operation, twice, group.revision());
            replies.put(command, reply.getValue());
            byRevision.computeIfAbsent(group.revision(), r -> new ArrayList<>()).add(operation);
        }
        lookAtLog(before, after, rows);
        lookAtCounter(before, after, rows);
    }

    private void lookAtLog(View before, View after, MemoryTenant rows) {
        if (isUnchanged(before, after, LOG)) {
            return;
        }
        String old = text(before, LOG, rows);
        String now = text(after, LOG, rows);
        must(now.startsWith(old), "the log only grows", old, now);
        for (String line : now.substring(old.length()).split("\n")) {
            must(lines.add(line), "a line is appended once", line);
        }
    }

    private void lookAtCounter(View before, View after, MemoryTenant rows) {
        if (!isUnchanged(before, after, COUNTER)) {
            long now = Long.parseLong(text(after, COUNTER, rows));
            must(now == count + 1, "no increment is lost", count, now);
            count = now;
        }
    }

    private static boolean isUnchanged(View before, View after, String path) {
        FileEntry old = before.entry(path);
        FileEntry now = after.entry(path);
        return old == null ? now == null : now != null && old.version() == now.version();
    }

    /** What the counter says. */
    long count() {
        return count;
    }

    private String text(View view, String path, MemoryTenant rows) {
        FileEntry entry = view.entry(path);
        if (entry == null) {
            return "";
        }
        return texts.computeIfAbsent(entry.contentHash(), hash -> {
            Content content = rows.content(hash).orElseThrow(() -> new AssertionError("no content of " + path));
            return new String(((Content.Inline) content).bytes(), StandardCharsets.UTF_8);
        });
    }

    // ---- answers
    // ----------------------------------------------------------------------------------------------------

    /** An attempt was answered. */
    void answered(Operation operation, Attempt attempt, Reply reply) {
        operation.reply = reply;
        if (operation.isCommand()) {
            acknowledged(operation, reply);
        } else {
            judge(operation, attempt, reply);
        }
    }

    private void acknowledged(Operation operation, Reply reply) {
        Long revision = done.get(operation.command);
        if (revision == null || !same(reply, replies.get(operation.command)) && operation.attempts.size() > 1) {
            // A late attempt may have done what this one, which is answered here, found nothing to do for.
            mustHaveBeenNothing(operation, reply);
            return;
        }
        must(revision > operation.floor, "a command is done after it was sent", operation, revision, operation.floor);
        must(same(reply, replies.get(operation.command)), "the answer is the remembered one", operation, reply);
        mustHaveKey(operation, operation.attempts.get(0), true);
        mustHaveBeenAllowed(operation, views.get((int) (revision - 1)));
        floor = Math.max(floor, revision);
    }

    /** Permission is judged on the state before the group, and on nothing else. */
    private void mustHaveBeenAllowed(Operation operation, View before) {
        if (!operation.credential.isSystem()) {
            Instant early = early(operation.attempts.get(0));
            String permission = needed(operation.request);
            for (String path : operation.paths) {
                must(
                        before.allows(operation.user, permission, path, early),
                        "it was done for one who may not",
                        operation,
                        path);
            }
        }
    }

    /** What is remembered of a key has no hash of its secret. */
    private static boolean same(Reply one, @Nullable Reply other) {
        if (one instanceof Reply.Keys some && other instanceof Reply.Keys others) {
            KeyRecord key = some.keys().get(0);
            KeyRecord same = others.keys().get(0);
            return key.id().equals(same.id()) && Objects.equals(key.revokedAt(), same.revokedAt());
        }
        return one.equals(other);
    }

    /** Commands may be answered without having changed anything; only these. */
    private void mustHaveBeenNothing(Operation operation, Reply reply) {
        TenantRequest request = operation.request;
        if (request instanceof TenantRequest.DeleteTuple delete) {
            must(
                    reply instanceof Reply.Flag flag && !flag.value(),
                    "a revoke that was acknowledged is in a group",
                    operation);
            mustExist(
                    operation,
                    operation.floor,
                    view -> !view.tuples().containsKey(delete.tuple()) || isTouched(view.revision() + 1, operation),
                    "there was no such tuple");
        } else if (request instanceof TenantRequest.RevokeKey revoke) {
            mustExist(
                    operation,
                    operation.floor,
                    view -> !view.isLive(revoke.key()) || isTouched(view.revision() + 1, operation),
                    "the key was revoked already");
        } else if (request instanceof TenantRequest.MakeDirectory make && make.existOk()) {
            mustExist(
                    operation,
                    operation.floor,
                    view -> view.entry(make.path().relative()) != null || isTouched(view.revision() + 1, operation),
                    "the directory was there already");
        } else if (!(request instanceof TenantRequest.UpdateRecord)) {
            throw new AssertionError("an acknowledged command is in no group: " + operation + ", " + reply);
        }
    }

    /** An attempt was refused for good. */
    void refused(Operation operation, Attempt attempt, Problem problem) {
        long from = operation.isCommand() ? operation.floor : attempt.floor;
        switch (problem.code()) {
            case UNAUTHENTICATED -> mustHaveKey(operation, attempt, false);
            case FORBIDDEN -> mustExist(operation, from, view -> mayBeForbidden(view, operation), "he may not");
            case QUOTA_EXCEEDED ->
                mustExist(
                        operation,
                        from,
                        view -> isFull(view, (Problem.QuotaExceeded) problem),
                        "the quota was used up: " + problem.message());
            case NOT_FOUND ->
                mustExist(
                        operation,
                        from,
                        view -> operation.paths.stream().anyMatch(path -> view.entry(path) == null)
                                || isTouched(view.revision() + 1, operation),
                        "it was not there");
            case ALREADY_EXISTS ->
                mustExist(
                        operation,
                        from,
                        view -> operation.paths.stream().anyMatch(path -> view.entry(path) != null)
                                || isTouched(view.revision() + 1, operation),
                        "it was there");
            case CONFLICT ->
                mustExist(
                        operation,
                        from,
                        view -> !matches(view, operation) || isTouched(view.revision() + 1, operation),
                        "its etag was another");
            case REFUSED, INVALID_REQUEST, TOO_LARGE ->
                must(
                        operation.request instanceof TenantRequest.CreateTuple
                                || operation.request instanceof TenantRequest.RemoveDirectory
                                || operation.request instanceof TenantRequest.Rename,
                        "an unexpected refusal",
                        operation,
                        problem.message());
            case INVALID_PATH,
                    TENANT_SUSPENDED,
                    TENANT_GONE,
                    TOO_COMPLEX,
                    RATE_LIMITED,
                    OVERLOADED,
                    UNAVAILABLE,
                    OUTCOME_UNKNOWN -> throw new AssertionError("an unexpected problem: " + operation + ", " + problem);
        }
    }

    private boolean mayBeForbidden(View view, Operation operation) {
        Instant late = database.clock().plusSeconds(AHEAD_SECONDS);
        String permission = needed(operation.request);
        // Whether a file may be written is judged at its folder if it is not there, so the draft decides which one
        // counts.
        if (operation.request instanceof TenantRequest.DeleteTuple delete
                && (!view.tuples().containsKey(delete.tuple()) || isTouched(view.revision() + 1, operation))) {
            // That it is not there is told to the owners of the root only.
            return !view.allows(operation.user, permission, WorkspacePath.ROOT, late);
        }
        return operation.paths.stream()
                .anyMatch(path -> !view.allows(operation.user, permission, path, late)
                        || !view.allows(operation.user, permission, parent(path), late));
    }

    private static String parent(String path) {
        String parent = WorkspacePath.parentOf(path);
        return parent == null ? path : parent;
    }

    private static String needed(TenantRequest request) {
        if (request instanceof TenantRequest.CreateTuple || request instanceof TenantRequest.DeleteTuple) {
            return "owner";
        }
        return request instanceof TenantRequest.Query ? "read" : "write";
    }

    private static boolean matches(View view, Operation operation) {
        if (operation.request instanceof TenantRequest.WriteFiles write) {
            String wanted = write.writes().get(0).ifMatch();
            FileEntry entry = view.entry(operation.paths.get(0));
            ContentHash hash = entry == null ? null : entry.hash();
            return wanted == null || hash != null && hash.hex().equals(wanted);
        }
        return true;
    }

    /** In the middle of a group the usage may be higher than at both its ends: by what its commands took at the most. */
    private boolean isFull(View view, Problem.QuotaExceeded problem) {
        for (Resource resource : Resource.values()) {
            if (resource.text().equals(problem.resource())) {
                long within = 0;
                for (Operation other : byRevision.getOrDefault(view.revision() + 1, List.of())) {
                    within += resource == Resource.BYTES ? payload(other) : 1;
                }
                QuotaLimits limits = view.limits();
                long next = view.revision() + 1 < views.size()
                        ? views.get((int) view.revision() + 1).limits().of(resource)
                        : Long.MAX_VALUE;
                return view.usage().of(resource) + within + problem.asked() > Math.min(limits.of(resource), next);
            }
        }
        throw new AssertionError("an unknown resource: " + problem);
    }

    private static long payload(Operation operation) {
        return operation.request instanceof TenantRequest.Command command ? command.payloadBytes() + 70_000L : 0;
    }

    /** Whether a group had commands about the same paths, or about whole folders: then its middle may have been anything. */
    private boolean isTouched(long revision, Operation operation) {
        for (Operation other : byRevision.getOrDefault(revision, List.of())) {
            if (other.request instanceof TenantRequest.Rename
                    || other.request instanceof TenantRequest.RemoveDirectory
                    || other.request instanceof TenantRequest.DeleteTuple
                    || other.request instanceof TenantRequest.RevokeKey
                    || other.paths.stream().anyMatch(operation.paths::contains)) {
                return true;
            }
        }
        return false;
    }

    // ---- questions
    // --------------------------------------------------------------------------------------------------

    /** Whether the key was live, or not, when it was judged. */
    private void mustHaveKey(Operation operation, Attempt attempt, boolean live) {
        boolean isSystem = operation.credential.isSystem();
        TenantHistory keeper = isSystem && system != null ? system : this;
        keeper.mustExist(
                operation,
                isSystem ? attempt.systemFloor : attempt.floor,
                view -> view.isLive(operation.credential.key()) == live,
                live ? "the key was live" : "the key was revoked");
    }

    private void judge(Operation operation, Attempt attempt, Reply reply) {
        mustHaveKey(operation, attempt, true);
        TenantRequest request = operation.request;
        if (request instanceof TenantRequest.Check check) {
            boolean[] allowed = ((Reply.Checks) reply).allowed();
            long seen = mustExist(
                    operation,
                    attempt.floor,
                    view -> agrees(view, check, allowed, attempt),
                    "the check is right: " + java.util.Arrays.toString(allowed));
            // It came from memory, which never goes back: whoever asks from now on sees this, or more.
            floor = Math.max(floor, seen);
        } else if (request instanceof TenantRequest.ReadFile) {
            mustExist(operation, attempt.floor, view -> isReadable(view, operation, 0, attempt), "he may read");
            Reply.FileContent content = (Reply.FileContent) reply;
            mustExist(
                    operation,
                    attempt.floor,
                    view -> isSame(view.entry(operation.paths.get(0)), content.info()),
                    "the file is like this: " + content.info());
            must(
                    content.content().hash().hex().equals(content.info().etag()),
                    "the content is that of the version",
                    operation);
        } else if (request instanceof TenantRequest.Stat) {
            judge(operation, attempt, (Reply.Stats) reply);
        } else if (request instanceof TenantRequest.ListFiles) {
            Map<String, Reply.FileInfo> listed = new TreeMap<>();
            for (Reply.FileInfo info : ((Reply.Listing) reply).entries()) {
                String relative = info.path()
                        .substring(WorkspacePath.wire(zone, WorkspacePath.ROOT).length());
                if (!WorkspacePath.isControl(relative)) {
                    listed.put(relative, info);
                }
            }
            mustExist(operation, attempt.floor, view -> isListing(view, listed), "the listing is complete: " + listed);
        } else if (!(request instanceof TenantRequest.WhoAmI)) {
            throw new AssertionError("nobody asks " + request);
        }
    }

    private void judge(Operation operation, Attempt attempt, Reply.Stats stats) {
        for (int i = 0; i < operation.paths.size(); i++) {
            int index = i;
            String path = operation.paths.get(i);
            Reply.StatResult result = stats.results().get(i);
            Problem problem = result.problem();
            if (problem != null && problem.code() == ProblemCode.FORBIDDEN) {
                Instant late = database.clock().plusSeconds(AHEAD_SECONDS);
                mustExist(
                        operation,
                        attempt.floor,
                        view -> !view.allows(operation.user, "read", path, late),
                        "he may not read " + path);
            } else {
                mustExist(
                        operation,
                        attempt.floor,
                        view -> isReadable(view, operation, index, attempt),
                        "he may read " + path);
                mustExist(
                        operation,
                        attempt.floor,
                        view -> isSame(view.entry(path), result.info()),
                        "it is like this: " + path + " " + result);
            }
        }
    }

    /** An instant that the actor's clock surely has passed: grants that end before it are dead. */
    private Instant early(Attempt attempt) {
        return SimVertx.BEGINNING.plusNanos(attempt.sentNanos);
    }

    private boolean isReadable(View view, Operation operation, int path, Attempt attempt) {
        return operation.credential.isSystem()
                || view.allows(operation.user, "read", operation.paths.get(path), early(attempt));
    }

    private boolean agrees(View view, TenantRequest.Check check, boolean[] allowed, Attempt attempt) {
        Instant late = database.clock().plusSeconds(AHEAD_SECONDS);
        for (int i = 0; i < allowed.length; i++) {
            TenantRequest.CheckItem item = check.items().get(i);
            String path = WorkspacePath.parse(item.object().id()).relative();
            String user = item.subject().id();
            // Between the two instants the grant may have ended: both answers are right.
            boolean may = view.allows(user, item.permission(), path, early(attempt));
            boolean must = view.allows(user, item.permission(), path, late);
            if (allowed[i] ? !may : must) {
                return false;
            }
        }
        return true;
    }

    private static boolean isSame(@Nullable FileEntry entry, Reply.@Nullable FileInfo info) {
        if (entry == null || info == null) {
            return entry == null && info == null;
        }
        ContentHash hash = entry.hash();
        return info.directory() == entry.directory()
                && info.version() == entry.version()
                && info.size() == entry.size()
                && (hash == null ? info.etag() == null : hash.hex().equals(info.etag()));
    }

    private static boolean isListing(View view, Map<String, Reply.FileInfo> listed) {
        return view.entries().keySet().equals(listed.keySet())
                && view.entries().values().stream().allMatch(entry -> isSame(entry, listed.get(entry.path())));
    }

    /** The oldest revision, from the floor to the newest, at which something holds; there must be one. */
    private long mustExist(Operation operation, long from, Predicate<View> holds, String what) {
        for (int revision = (int) from; revision < views.size(); revision++) {
            if (holds.test(views.get(revision))) {
                return revision;
            }
        }
        throw new AssertionError("at no revision from " + from + " to " + latest().revision() + " " + what + ": "
                + operation + " " + operation.request);
    }

    // ---- the end
    // -----------------------------------------------------------------------------------------------------

    /**
     * When nothing is under way any more: what was told of every operation is true.
     *
     * @param network knows which commands came to their tenant more often than they were sent
     */
    void finish(SimNetwork network) {
        for (Operation operation : operations.values()) {
            boolean isDone = done.containsKey(operation.command);
            boolean surelyNothing = operation.attempts.stream().allMatch(attempt -> attempt.surelyNothing);
            if (surelyNothing
                    && !network.hasDoubled(operation.command)
                    && (operation.fate == Operation.Fate.NOT_DONE || operation.fate == Operation.Fate.REFUSED)) {
                must(!isDone, "it was told that nothing was done, but it was", operation, operation.fate);
            }
            if (operation.request instanceof TenantRequest.AppendFile append
                    && operation.paths.contains(LOG)
                    && operation.fate == Operation.Fate.ANSWERED) {
                String line = new String(append.bytes(), StandardCharsets.UTF_8).strip();
                must(lines.contains(line), "an acknowledged line is in the log", operation);
            }
        }
    }

    /** How many operations ended in each way. */
    Map<Operation.Fate, Integer> fates() {
        Map<Operation.Fate, Integer> fates = new TreeMap<>();
        operations.values().forEach(operation -> fates.merge(operation.fate, 1, Integer::sum));
        return fates;
    }

    /** Every path that anybody has named. */
    Set<String> paths() {
        Set<String> paths = new HashSet<>();
        operations.values().forEach(operation -> paths.addAll(operation.paths));
        return paths;
    }
}
