package nexus.bus;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import nexus.kernel.CommandId;
import nexus.kernel.ContentHash;
import nexus.kernel.FileId;
import nexus.kernel.KeyId;
import nexus.kernel.NodeId;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.lifecycle.TenantStatus;
import nexus.quota.Plan;
import nexus.quota.QuotaLimits;
import nexus.quota.QuotaOverrides;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.RelationTuple;
import nexus.rebac.tuple.SubjectRef;
import nexus.store.AuditEntry;
import nexus.store.BlobPlace;
import nexus.store.Content;
import nexus.store.FileVersion;
import nexus.store.KeyRecord;
import nexus.store.TenantStore;
import nexus.store.TupleRow;
import nexus.tenant.Ask;
import nexus.tenant.Claims;
import nexus.tenant.Credential;
import nexus.tenant.Principal;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;

/** The messages whose bytes are golden, by name: every kind, every optional member with and without a value. */
final class NodeMessages {
    private NodeMessages() {}

    static final TenantId TENANT = new TenantId(new UUID(0x0190a1b2c3d4e5f6L, 0x8899aabbccddeeffL));
    private static final KeyId KEY = new KeyId(new UUID(0x11, 0x12));
    private static final ZoneName ACME = new ZoneName("acme");
    private static final Instant AT = Instant.parse("2026-11-24T11:30:00.123456789Z");
    private static final Instant BEFORE_1970 = Instant.parse("1969-12-31T23:59:59.999999999Z");
    private static final byte[] SECRET_HASH = {1, 2, -1, 0, 127, -128};
    private static final WorkspacePath FILE = WorkspacePath.parse("/tenants/acme/a.txt");
    private static final WorkspacePath FOLDER = WorkspacePath.parse("/tenants/acme/Ünïcode 😀");
    private static final WorkspacePath ROOT = WorkspacePath.parse("/tenants/acme");
    private static final ContentHash HASH = ContentHash.of(new byte[] {42});
    private static final ObjectRef REPORT = new ObjectRef("file", "/reports/q3.pdf");
    private static final SubjectRef ALICE = SubjectRef.of("user", "alice");
    private static final SubjectRef ENGINEERS = SubjectRef.userset(new ObjectRef("group", "eng"), "member");
    private static final Principal ADMINISTRATOR = new Principal(TenantId.SYSTEM, KEY, "user", "root", true, AT);

    private static final Principal GUEST = new Principal(
            TENANT,
            KEY,
            "user",
            "bob",
            false,
            AT,
            new Principal.Guest(new ZoneName("beta"), List.of("eng", "é"), BEFORE_1970, false));
    private static final Principal GUEST_ADMINISTRATOR =
            new Principal(TENANT, KEY, "service", "root", false, AT, new Principal.Guest(ACME, List.of(), null, true));

    // ---- requests
    // ----------------------------------------------------------------------------------------------------

    static Map<String, NodeRequest> requests() {
        Map<String, NodeRequest> messages = new LinkedHashMap<>();
        messages.put(
                "ask",
                new NodeRequest.AskTenant(
                        TENANT,
                        new Ask(
                                "req-1",
                                "192.0.2.7",
                                new CommandId(new UUID(1, 2)),
                                new Credential(TENANT, KEY, SECRET_HASH),
                                Claims.NONE,
                                null,
                                Duration.ofSeconds(29, 999_999_999),
                                new TenantRequest.WhoAmI()),
                        null));
        messages.put(
                "ask-by-system",
                new NodeRequest.AskTenant(
                        TENANT,
                        new Ask(
                                "",
                                "",
                                new CommandId(new UUID(-1, -1)),
                                new Credential(TenantId.SYSTEM, KEY, new byte[0]),
                                new Claims("acme", "agent", "é"),
                                ACME,
                                Duration.ofMillis(-1),
                                new TenantRequest.WhoAmI()),
                        ADMINISTRATOR));
        messages.put("prove", new NodeRequest.Prove(ask(new TenantRequest.WhoAmI())));
        messages.put("activate", new NodeRequest.Activate(TENANT));
        TenantRequest read = new TenantRequest.ReadFile(FILE, null);
        messages.put("visit", new NodeRequest.Visit(TENANT, ask(read), GUEST));
        messages.put("visit-by-system", new NodeRequest.Visit(TENANT, ask(read), GUEST_ADMINISTRATOR));
        messages.put("vouch", new NodeRequest.Vouch(TENANT, ask(read), null));
        messages.put("vouch-for-system", new NodeRequest.Vouch(TENANT, ask(read), ADMINISTRATOR));
        tenantRequests().forEach((name, request) -> messages.put(name, asking(request)));
        return messages;
    }

    static NodeRequest asking(TenantRequest request) {
        return new NodeRequest.AskTenant(TENANT, ask(request), null);
    }

    private static Ask ask(TenantRequest request) {
        return new Ask(
                "r",
                "::1",
                new CommandId(new UUID(0, 1)),
                new Credential(TENANT, KEY, new byte[0]),
                Claims.NONE,
                null,
                Duration.ofSeconds(30),
                request);
    }

    private static Map<String, TenantRequest> tenantRequests() {
        Map<String, TenantRequest> requests = new LinkedHashMap<>();
        requests.put("whoami", new TenantRequest.WhoAmI());
        requests.put(
                "stat",
                new TenantRequest.Stat(List.of(
                        FILE,
                        ROOT,
                        WorkspacePath.parse("/"),
                        WorkspacePath.parse("/tenants"),
                        WorkspacePath.parse("/tenants/NOT-A-ZONE/x"),
                        WorkspacePath.parse("/etc/passwd"))));
        requests.put("stat-nothing", new TenantRequest.Stat(List.of()));
        requests.put("read", new TenantRequest.ReadFile(FILE, null));
        requests.put("read-version", new TenantRequest.ReadFile(FILE, 7L));
        requests.put("list", new TenantRequest.ListFiles(FOLDER, false, null, null, null));
        requests.put("list-page", new TenantRequest.ListFiles(ROOT, true, "/tenants/acme/a", "/tenants/acme/ab", 100));
        requests.put("list-tenants", new TenantRequest.ListTenants(null, 1));
        requests.put("list-tenants-after", new TenantRequest.ListTenants(ACME, 10_000));
        requests.put("list-versions", new TenantRequest.ListVersions(FILE));
        requests.put("prepare-write", new TenantRequest.PrepareWrite(FILE, 1L << 40));
        requests.put(
                "check",
                new TenantRequest.Check(List.of(
                        new TenantRequest.CheckItem(ALICE, "read", REPORT),
                        new TenantRequest.CheckItem(ENGINEERS, "", REPORT))));
        requests.put("expand", new TenantRequest.Expand("write", REPORT));
        requests.put("list-tuples", new TenantRequest.ListTuples(null, List.of(), null));
        requests.put("list-tuples-of", new TenantRequest.ListTuples(ALICE, List.of("viewer", "editor"), REPORT));
        requests.put("list-keys", new TenantRequest.ListKeys(null, null, false, true, 50, 0));
        requests.put("list-keys-of", new TenantRequest.ListKeys("alice", false, true, false, 1, 200));
        requests.put("get-key", new TenantRequest.GetKey(KEY));
        requests.put(
                "list-audit", new TenantRequest.ListAudit(TenantStore.AuditFilter.ALL, null, null, true, null, 100));
        requests.put(
                "list-audit-of",
                new TenantRequest.ListAudit(
                        new TenantStore.AuditFilter("change", "write", "user:alice", "/a"),
                        AT,
                        BEFORE_1970,
                        false,
                        7L,
                        1));
        requests.put("verify-audit", new TenantRequest.VerifyAudit(0, null));
        requests.put("verify-audit-after", new TenantRequest.VerifyAudit(7, HASH));
        requests.put("require-system", new TenantRequest.RequireSystem("drain_node"));

        requests.put("mkdir", new TenantRequest.MakeDirectory(FOLDER, true, false));
        requests.put("rmdir", new TenantRequest.RemoveDirectory(FOLDER, true));
        requests.put(
                "write",
                new TenantRequest.WriteFiles(List.of(
                        new TenantRequest.FileWrite(FILE, inline("hello"), null, true),
                        new TenantRequest.FileWrite(
                                FILE,
                                new Content.Stored(HASH, 1L << 33, new BlobPlace(HASH.hex() + "-7")),
                                HASH.hex(),
                                false))));
        requests.put("append", new TenantRequest.AppendFile(FILE, new byte[] {'\n', 0, -1}, null));
        requests.put("append-if-match", new TenantRequest.AppendFile(FILE, new byte[0], HASH.hex()));
        requests.put("delete", new TenantRequest.DeleteFile(FILE));
        requests.put("rename", new TenantRequest.Rename(FILE, FOLDER));
        requests.put("copy", new TenantRequest.CopyFile(FOLDER, FILE));
        requests.put("rollback", new TenantRequest.Rollback(FILE, 3));
        requests.put("create-tuple", new TenantRequest.CreateTuple(REPORT, "viewer", ENGINEERS, null));
        requests.put("create-tuple-until", new TenantRequest.CreateTuple(REPORT, "editor", ALICE, AT));
        requests.put("delete-tuple", new TenantRequest.DeleteTuple(new UUID(5, 6)));
        requests.put(
                "create-key",
                new TenantRequest.CreateKey(KEY, SECRET_HASH, "laptop", "alice", "user", "alice", false, null));
        requests.put(
                "create-key-until",
                new TenantRequest.CreateKey(KEY, SECRET_HASH, "", "bot", "agent", "bot:1", true, BEFORE_1970));
        requests.put("set-chosen-key", new TenantRequest.SetChosenKey(KEY, SECRET_HASH));
        requests.put("set-no-chosen-key", new TenantRequest.SetChosenKey(null, new byte[0]));
        requests.put("revoke-key", new TenantRequest.RevokeKey(KEY));
        requests.put("update-key", new TenantRequest.UpdateKey(KEY, null, null, null));
        requests.put("update-key-all", new TenantRequest.UpdateKey(KEY, "desk", AT, true));
        requests.put("update-record", new TenantRequest.UpdateRecord(emptyPatch(), null, true));
        List<Plan> plans = List.of(Plan.FREE, Plan.PRO, Plan.ENTERPRISE, Plan.FREE);
        List<TenantStatus> statuses =
                List.of(TenantStatus.TRIAL, TenantStatus.ACTIVE, TenantStatus.SUSPENDED, TenantStatus.CANCELLED);
        for (int i = 0; i < statuses.size(); i++) {
            TenantStatus status = statuses.get(i);
            requests.put(
                    "update-record-" + status.text(),
                    new TenantRequest.UpdateRecord(fullPatch(plans.get(i), status), HASH.hex(), false));
        }
        requests.put("append-audit", new TenantRequest.AppendAudit(List.of("{\"event\":\"login\"}", "{}")));
        requests.put(
                "provision-user",
                new TenantRequest.ProvisionUser(
                        "alice", "alice@example.com", "Alice", new KeyId(new UUID(0, 17)), new byte[32], true));
        requests.put(
                "provision-user-plainly",
                new TenantRequest.ProvisionUser("alice", null, null, null, new byte[0], false));
        requests.put("deprovision-user", new TenantRequest.DeprovisionUser("alice", true, false));
        requests.put("drain-node", new TenantRequest.DrainNode(new NodeId(new UUID(5, 6)), true));
        requests.put("pin-tenant", new TenantRequest.PinTenant(ACME, "node-1"));
        requests.put("unpin-tenant", new TenantRequest.PinTenant(ACME, null));
        requests.put("list-shares", new TenantRequest.ListShares(null, 100, 0));
        requests.put("list-shares-of", new TenantRequest.ListShares(FILE, 1, 7));
        requests.put(
                "create-share",
                new TenantRequest.CreateShare(FILE, "shared-viewer", new ZoneName("beta"), "user", "bob", null));
        requests.put(
                "create-share-within-until",
                new TenantRequest.CreateShare(FOLDER, "shared-editor", null, "group", "eng", AT));
        requests.put("offer-share", new TenantRequest.OfferShare(ACME, "a.txt", "can_read", null));
        requests.put("offer-share-until", new TenantRequest.OfferShare(ACME, "Ünïcode", "can_write", AT));
        requests.put("bind-share", new TenantRequest.BindShare(ACME, "share_1.5", FILE, "can_read", null));
        requests.put("bind-share-until", new TenantRequest.BindShare(ACME, "é", FOLDER, "can_write", AT));
        requests.put("revoke-shares", new TenantRequest.RevokeShares(FILE, "bob"));
        requests.put("search-tenants", new TenantRequest.SearchTenants(null, null, null, 1));
        requests.put(
                "search-tenants-all", new TenantRequest.SearchTenants(ACME, Plan.PRO, TenantStatus.SUSPENDED, 1000));
        requests.put("show-tenant", new TenantRequest.ShowTenant());
        requests.put(
                "idempotent",
                new TenantRequest.Idempotent(new UUID(7, 8), HASH, new TenantRequest.DeleteTenant("acme")));
        requests.put(
                "onboard-tenant",
                new TenantRequest.OnboardTenant(
                        TENANT,
                        ACME,
                        emptyPatch(),
                        new TenantRequest.ProvisionUser("root", null, null, KEY, SECRET_HASH, false)));
        requests.put("change-tenant", new TenantRequest.ChangeTenant(emptyPatch(), null));
        requests.put("change-tenant-if", new TenantRequest.ChangeTenant(emptyPatch(), "7"));
        requests.put("delete-tenant", new TenantRequest.DeleteTenant("acme"));
        requests.put("advance-lifecycle", new TenantRequest.AdvanceLifecycle());
        return requests;
    }

    private static TenantRequest.RecordPatch emptyPatch() {
        return new TenantRequest.RecordPatch(null, null, null, null, null, null, null, null, Map.of(), null, Map.of());
    }

    private static TenantRequest.RecordPatch fullPatch(Plan plan, TenantStatus status) {
        Map<String, String> members = new LinkedHashMap<>();
        members.put("z-first", "{\"a\":[1,2]}");
        members.put("billing", "\"€\"");
        return new TenantRequest.RecordPatch(
                12L,
                "acme",
                "Acme GmbH",
                plan,
                status,
                "unpaid",
                AT,
                status == TenantStatus.TRIAL
                        ? QuotaOverrides.NONE
                        : new QuotaOverrides(5L, QuotaLimits.UNLIMITED, 1L << 30),
                Map.of("max_agents", "3"),
                20,
                members);
    }

    private static Content.Inline inline(String text) {
        return Content.Inline.of(text.getBytes(StandardCharsets.UTF_8));
    }

    // ---- replies
    // -----------------------------------------------------------------------------------------------------

    static Map<String, NodeReply> replies() {
        Map<String, NodeReply> messages = new LinkedHashMap<>();
        tenantReplies().forEach((name, reply) -> messages.put(name, new NodeReply.Answered(reply)));
        problems().forEach((name, problem) -> messages.put(name, new NodeReply.Refused(problem)));
        messages.put("proved", new NodeReply.Proved(ADMINISTRATOR));
        messages.put("activated", NodeReply.Activated.ACTIVATED);
        messages.put("moved", new NodeReply.Moved(null));
        messages.put("moved-to", new NodeReply.Moved(new NodeId(new UUID(3, 4))));
        messages.put("broken", NodeReply.Broken.BROKEN);
        messages.put("vouched", new NodeReply.Vouched(GUEST));
        messages.put("vouched-for-system", new NodeReply.Vouched(GUEST_ADMINISTRATOR));
        return messages;
    }

    private static Map<String, Reply> tenantReplies() {
        Map<String, Reply> replies = new LinkedHashMap<>();
        replies.put("done", Reply.Done.DONE);
        replies.put("flag-yes", new Reply.Flag(true));
        replies.put("flag-no", new Reply.Flag(false));
        replies.put("identity", new Reply.Identity("user", "alice", ACME, false));
        replies.put("identity-system", new Reply.Identity("service", "operator", null, true));
        replies.put(
                "stats",
                new Reply.Stats(List.of(
                        new Reply.StatResult(file(), null),
                        new Reply.StatResult(folder(), null),
                        new Reply.StatResult(null, Problem.notFound("File not found: /x", "/x")))));
        replies.put("content", new Reply.FileContent(TENANT, file(), inline("hello")));
        replies.put(
                "content-stored",
                new Reply.FileContent(TENANT, file(), new Content.Stored(HASH, 65_537, new BlobPlace("place"))));
        replies.put("listing", new Reply.Listing(List.of(folder(), file()), null));
        replies.put("listing-page", new Reply.Listing(List.of(file()), "/tenants/acme/a.txt"));
        replies.put(
                "versions",
                new Reply.Versions(List.of(
                        new FileVersion(new FileId(new UUID(8, 9)), 2, 5, HASH, AT, "user:alice", "rollback", 1L),
                        new FileVersion(
                                new FileId(new UUID(8, 9)), 1, 0, HASH, BEFORE_1970, "user:é", "original", null))));
        replies.put("checks", new Reply.Checks(new boolean[] {true, false, true}));
        replies.put("subjects", new Reply.Subjects(List.of("group:eng#member", "user:alice")));
        replies.put(
                "tuples",
                new Reply.Tuples(
                        TENANT,
                        ACME,
                        List.of(
                                new TupleRow(new UUID(1, 1), new RelationTuple(REPORT, "viewer", ALICE), AT, null),
                                new TupleRow(new UUID(1, 2), new RelationTuple(REPORT, "editor", ENGINEERS), AT, AT))));
        replies.put(
                "keys",
                new Reply.Keys(
                        TENANT,
                        ACME,
                        List.of(
                                new KeyRecord(
                                        KEY,
                                        SECRET_HASH,
                                        "n",
                                        "alice",
                                        "user",
                                        "alice",
                                        false,
                                        false,
                                        AT,
                                        null,
                                        null,
                                        null),
                                new KeyRecord(
                                        KEY,
                                        SECRET_HASH,
                                        "",
                                        "root",
                                        "service",
                                        "root",
                                        true,
                                        true,
                                        AT,
                                        AT,
                                        BEFORE_1970,
                                        AT)),
                        7));
        replies.put("keys-system", new Reply.Keys(TenantId.SYSTEM, null, List.of(), 0));
        replies.put("written", new Reply.Written(List.of(file())));
        replies.put(
                "provisioned",
                new Reply.Provisioned(
                        new TenantId(new UUID(1, 2)),
                        ACME,
                        "alice",
                        "alice@example.com",
                        "Alice",
                        true,
                        new KeyId(new UUID(0, 17)),
                        "/tenants/acme/users/alice",
                        List.of("/tenants/acme/users", "/tenants/acme/users/alice"),
                        List.of("alice_agent"),
                        List.of("/tenants/acme/users/alice/agent")));
        replies.put(
                "provisioned-before",
                new Reply.Provisioned(
                        new TenantId(new UUID(1, 2)),
                        ACME,
                        "alice",
                        null,
                        null,
                        false,
                        null,
                        "/tenants/acme/users/alice",
                        List.of(),
                        List.of(),
                        List.of()));
        replies.put(
                "deprovisioned", new Reply.Deprovisioned(ACME, "alice", "/tenants/acme/users/alice", 1, 2, 3, true));
        replies.put("deprovisioned-nothing", new Reply.Deprovisioned(ACME, "alice", null, 0, 0, 0, false));
        Reply.Tenant tenant = new Reply.Tenant(TENANT, ACME, 3, "{\"zone_id\":\"acme\",\"name\":\"Ä\"}");
        replies.put("tenant", tenant);
        replies.put("tenant-page", new Reply.TenantPage(List.of(tenant), true));
        replies.put("tenant-page-last", new Reply.TenantPage(List.of(), false));
        replies.put("onboarded", new Reply.Onboarded(tenant, "acme_admin", KEY));
        replies.put("replayed", new Reply.Replayed(Reply.Done.DONE));
        replies.put(
                "audit",
                new Reply.AuditPage(
                        TENANT,
                        List.of(
                                new AuditEntry(2, AT, "{\"seq\":2}", HASH),
                                new AuditEntry(1, BEFORE_1970, "{\"seq\":1}", null)),
                        1L));
        replies.put("audit-end", new Reply.AuditPage(TENANT, List.of(), null));
        replies.put("audit-proved", new Reply.AuditVerdict(TENANT, HASH, 7, HASH, 7, null, null));
        replies.put("audit-fault", new Reply.AuditVerdict(TENANT, HASH, 7, HASH, 9, 8L, "the entry is missing"));
        replies.put("granted", new Reply.Granted("01J0000000000000000000000A", 99));
        replies.put(
                "shares",
                new Reply.Shares(
                        ACME,
                        List.of(
                                new Reply.Share(
                                        "01J0",
                                        "/tenants/acme/a.txt",
                                        new ZoneName("beta"),
                                        "tenant",
                                        "beta",
                                        "can_read",
                                        AT,
                                        null),
                                new Reply.Share(
                                        "01J1", "/tenants/acme/é", ACME, "user", "bob", "shared-editor", AT, AT)),
                        17));
        replies.put("shares-none", new Reply.Shares(ACME, List.of(), 0));
        return replies;
    }

    private static Reply.FileInfo file() {
        return new Reply.FileInfo("/tenants/acme/a.txt", false, 3, 5, HASH.hex(), AT, BEFORE_1970, "user:alice");
    }

    private static Reply.FileInfo folder() {
        return new Reply.FileInfo("/tenants/acme/Ünïcode 😀", true, 0, 0, null, null, null, "system");
    }

    private static Map<String, Problem> problems() {
        Map<String, Problem> problems = new LinkedHashMap<>();
        for (ProblemCode code : ProblemCode.values()) {
            problems.put("problem-" + code.text(), new Problem.Plain(code, "no", null));
        }
        problems.put("problem-with-path", Problem.forbidden("not yours", "/tenants/acme/a.txt"));
        problems.put("conflict", new Problem.Conflict("changed", "/tenants/acme/a.txt", "etag-1", "etag-2"));
        problems.put("conflict-without-path", new Problem.Conflict("changed", null, "", "x"));
        problems.put("quota", new Problem.QuotaExceeded("storage", 10, 9, 2));
        problems.put("retry", Problem.overloaded("full"));
        problems.put("retry-rate", new Problem.Retry(ProblemCode.RATE_LIMITED, "slowly", Duration.ofMillis(1500)));
        return problems;
    }

    /** Both of them, for what holds for each message. */
    static List<Message<?>> all() {
        List<Message<?>> all = new ArrayList<>();
        requests().forEach((name, message) -> all.add(new Message<>(name, NodeCodec.requests(1), message)));
        replies().forEach((name, message) -> all.add(new Message<>(name, NodeCodec.replies(1), message)));
        return all;
    }

    /** A message with its codec. */
    record Message<T>(String name, NodeCodec<T> codec, T value) {
        byte[] encoded() {
            return NodeCodecTest.encode(codec, value);
        }

        @Override
        public String toString() {
            return codec.name() + " " + name;
        }
    }

    /** The value, which must be there. */
    static <T> T present(@Nullable T value) {
        if (value == null) {
            throw new AssertionError("missing");
        }
        return value;
    }
}
