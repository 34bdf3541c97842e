package nexus.demo;

import static nexus.demo.TenantManager.members;
import static nexus.demo.TenantManager.record;
import static nexus.demo.TenantManager.root;

import java.io.PrintStream;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import nexus.http.client.Json;
import nexus.http.client.NexusClient;
import nexus.http.client.NexusException;
import org.jspecify.annotations.Nullable;

/**
 * Plays the tutorial against a server without tenants, over HTTP, as its reader would. Each outcome that the tutorial
 * promises is compared with what happened; numbers of the usage are the server's own, counted exactly.
 *
 * <p>Blocks its thread, and needs nothing but the address and the system administrator's key.
 */
public final class Demo {
    private static final BigDecimal GIB = BigDecimal.valueOf(1L << 30);

    private static final String PLAN = """
            # Acme Project Plan

            ## Q1 Goals
            - Launch new product
            - Expand to EMEA
            - Hire 10 engineers

            CONFIDENTIAL - Acme Corporation
            """;
    private static final String NOTES = "Personal notes for Alice - Acme internal";
    private static final String ROADMAP = """
            # Beta Product Roadmap

            ## Features
            - AI integration
            - Mobile app
            - API v2

            CONFIDENTIAL - Beta Inc
            """;
    private static final String PROPOSAL = "Partnership proposal: Acme and Beta\n";
    private static final String PLAN_PATH = "/tenants/acme/shared/project-plan.md";
    private static final String ROADMAP_PATH = "/tenants/beta/shared/roadmap.md";

    private final Script script;
    private final NexusClient admin;
    private final TenantManager manager;
    private NexusClient alice;
    private NexusClient bob;
    private NexusClient charlie;
    private NexusClient diana;

    private Demo(NexusClient admin, Script script) {
        this.admin = admin;
        this.script = script;
        this.manager = new TenantManager(admin, script);
        this.alice = admin;
        this.bob = admin;
        this.charlie = admin;
        this.diana = admin;
    }

    /**
     * Plays all of it and prints each step.
     *
     * @param url of a server without tenants, as {@code http://127.0.0.1:2026}
     * @param out gets UTF-8, whatever its own encoding: a question mark instead of a check mark would tell nothing
     * @return 0 if every expectation held, otherwise 1
     */
    public static int play(String url, String adminKey, PrintStream out) {
        Script script = new Script(new PrintStream(out, true, StandardCharsets.UTF_8));
        boolean whole = script.play(() -> new Demo(NexusClient.connect(url, adminKey), script).playAll());
        if (whole) {
            script.say("");
            script.say("Not served by this version yet: the billing of step 5, the export of step 6,"
                    + " the health metrics of step 7.");
        }
        return script.finish() ? 0 : 1;
    }

    private void playAll() {
        start();
        tenants();
        isolation();
        sharing();
        quotas();
        audit();
        lifecycle();
    }

    // ---- step 1 -----------------------------------------------------------------------------------------------------

    private void start() {
        script.heading("Step 1: the multi-tenant server");
        Map<String, @Nullable Object> health = admin.get("/health");
        script.expect(
                "The server is healthy, version " + health.get("version"),
                List.of("ok", "multi-zone"),
                members(health, "status", "mode"));
        script.expect(
                "The administrator's key is a system key", true, admin.whoami().admin());
        script.expect("The server has no tenants yet", List.of(), admin.paths("/tenants", false));
    }

    // ---- step 2 -----------------------------------------------------------------------------------------------------

    private void tenants() {
        script.heading("Step 2: the tenant management system");
        manager.createTenant(new TenantManager.Order("acme", "Acme Corporation", "enterprise", 100, 1000));
        manager.createTenant(new TenantManager.Order("beta", "Beta Inc", "pro", 50, 500));
        manager.createTenant(new TenantManager.Order("startup", "Startup Co", "free", 5, 10));
        alice = admin.as(manager.createTenantAdmin("acme", "alice", "alice@acme.com"));
        bob = admin.as(manager.createTenantAdmin("beta", "bob", "bob@beta.com"));
        charlie = admin.as(manager.addTenantUser("acme", "charlie", "editor"));
        diana = admin.as(manager.addTenantUser("acme", "diana", "user"));

        script.say("");
        script.say("📋 All Tenants:");
        List<String> lines = new ArrayList<>();
        for (Map<String, @Nullable Object> tenant : manager.listTenants()) {
            Map<String, @Nullable Object> usage = Json.object(tenant.get("usage"));
            Map<String, @Nullable Object> limits = Json.object(tenant.get("limits"));
            String line = tenant.get("name") + " (" + tenant.get("zone_id") + ") Plan: " + tenant.get("plan")
                    + ", Users: " + usage.get("users") + "/" + limits.get("max_users");
            script.say("  - " + tenant.get("name") + " (" + tenant.get("zone_id") + ")");
            script.say("    Plan: " + tenant.get("plan") + ", Users: " + usage.get("users") + "/"
                    + limits.get("max_users"));
            lines.add(line);
        }
        script.expect(
                "All tenants are listed, with the users that the server counted itself",
                List.of(
                        "Acme Corporation (acme) Plan: enterprise, Users: 3/100",
                        "Beta Inc (beta) Plan: pro, Users: 1/50",
                        "Startup Co (startup) Plan: free, Users: 0/5"),
                lines);
        Map<String, @Nullable Object> acme = manager.info("acme");
        script.expect("Nothing is stored yet", List.of(0L, 0L, 3L), usageOf("acme"));
        script.expect(
                "The time of creation is the server's, not the client's",
                false,
                TenantManager.CLAIMED_TIME.equals(acme.get("created_at")));
        script.expect("check_quota: 97 more users fit acme", true, manager.checkQuota("acme", "users", 97));
        script.expect("check_quota: 98 more users do not", false, manager.checkQuota("acme", "users", 98));
        script.expect("check_quota: 10 GB fit startup", true, manager.checkQuota("startup", "storage_gb", 10));
        script.expect("check_quota: 11 GB do not", false, manager.checkQuota("startup", "storage_gb", 11));
        script.expect("check_quota: 10,000 files fit startup", true, manager.checkQuota("startup", "files", 10_000));
        script.expect("check_quota: 10,001 do not", false, manager.checkQuota("startup", "files", 10_001));
        script.expect(
                "check_quota: acme's files are not limited", true, manager.checkQuota("acme", "files", 1_000_000_000));
    }

    /** Files, bytes, users, as the server counts them; that {@code storage_gb} means the same bytes is verified. */
    private List<Long> usageOf(String zone) {
        Map<String, @Nullable Object> usage = Json.object(manager.info(zone).get("usage"));
        long bytes = TenantManager.number(usage, "storage_bytes").longValueExact();
        BigDecimal rounded =
                TenantManager.number(usage, "storage_gb").multiply(GIB).setScale(0, RoundingMode.HALF_UP);
        if (rounded.longValueExact() != bytes) {
            throw new IllegalStateException("storage_gb of " + zone + " is not " + bytes + " bytes: " + usage);
        }
        return List.of(
                TenantManager.number(usage, "files").longValueExact(),
                bytes,
                TenantManager.number(usage, "users").longValueExact());
    }

    // ---- step 3 -----------------------------------------------------------------------------------------------------

    private void isolation() {
        script.heading("Step 3: tenant isolation");
        script.expect(
                "Alice created Acme project plan",
                1L,
                alice.write(PLAN_PATH, PLAN).version());
        script.expect(
                "Alice created personal notes",
                1L,
                alice.write("/tenants/acme/users/alice/notes.md", NOTES).version());
        script.expect(
                "Bob created Beta roadmap", 1L, bob.write(ROADMAP_PATH, ROADMAP).version());

        script.say("");
        script.say("🔒 Testing Tenant Isolation:");
        script.refused(
                "Isolation working: Bob cannot access Acme files",
                NexusException.PERMISSION,
                () -> bob.read(PLAN_PATH));
        script.refused(
                "Isolation working: Alice cannot access Beta files",
                NexusException.PERMISSION,
                () -> alice.read(ROADMAP_PATH));

        List<String> aliceFiles = alice.paths("/tenants/acme", true);
        script.say("");
        script.say("📁 Alice can see " + aliceFiles.size() + " Acme files:");
        aliceFiles.stream().limit(5).forEach(path -> script.say("  - " + path));
        List<String> bobFiles = bob.paths("/tenants/beta", true);
        script.say("");
        script.say("📁 Bob can see " + bobFiles.size() + " Beta files:");
        bobFiles.stream().limit(5).forEach(path -> script.say("  - " + path));
        script.say("");
        script.expect(
                "Alice sees all of acme and nothing else",
                List.of(
                        "/tenants/acme/.audit",
                        "/tenants/acme/.audit/log.jsonl",
                        "/tenants/acme/.tenant.json",
                        "/tenants/acme/exports",
                        "/tenants/acme/shared",
                        PLAN_PATH,
                        "/tenants/acme/uploads",
                        "/tenants/acme/users",
                        "/tenants/acme/users/alice",
                        "/tenants/acme/users/alice/notes.md",
                        "/tenants/acme/users/charlie",
                        "/tenants/acme/users/diana"),
                aliceFiles);
        script.expect(
                "Bob sees all of beta and nothing else",
                List.of(
                        "/tenants/beta/.audit",
                        "/tenants/beta/.audit/log.jsonl",
                        "/tenants/beta/.tenant.json",
                        "/tenants/beta/exports",
                        "/tenants/beta/shared",
                        ROADMAP_PATH,
                        "/tenants/beta/uploads",
                        "/tenants/beta/users"),
                bobFiles);
        script.expect("Bob's view of acme is empty", List.of(), bob.paths("/tenants/acme", true));
        script.expect("For Bob the plan does not exist", false, bob.exists(PLAN_PATH));
        roles();
        script.expect(
                "The server counted files, bytes and users of acme exactly",
                List.of(2L, bytes(PLAN) + bytes(NOTES), 3L),
                usageOf("acme"));
        script.say("✅ Complete tenant isolation verified!");
    }

    private void roles() {
        script.expect("Diana (user) reads the plan", PLAN, diana.readText(PLAN_PATH));
        script.refused("Diana cannot change it", NexusException.PERMISSION, () -> diana.write(PLAN_PATH, "mine now"));
        script.refused(
                "Diana cannot read Alice's notes",
                NexusException.PERMISSION,
                () -> diana.read("/tenants/acme/users/alice/notes.md"));
        charlie.write("/tenants/acme/shared/draft.md", "a draft");
        script.expect(
                "Charlie (editor) writes into the shared folder",
                "a draft",
                diana.readText("/tenants/acme/shared/draft.md"));
        charlie.delete("/tenants/acme/shared/draft.md");
    }

    private static long bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    // ---- step 4 -----------------------------------------------------------------------------------------------------

    private void sharing() {
        script.heading("Step 4: controlled sharing between tenants");
        CrossTenantSharing sharing = new CrossTenantSharing(admin, script);
        CrossTenantSharing.Order order = new CrossTenantSharing.Order(
                "acme", "/tenants/acme/shared/partnership-proposal.pdf", "beta", "can_read", 30);
        String there = order.sharedPath();
        List<Long> betas = usageOf("beta");
        script.refused("Bob has no way to acme's files yet", NexusException.PERMISSION, () -> bob.read(there));
        Instant now = Instant.parse(String.valueOf(manager.info("acme").get("created_at")));
        String id = sharing.createSharedLink(order, now);
        script.expect(
                "The share waits for a file that is not there yet",
                List.of(order.folder() + "/.share-share_" + now.getEpochSecond() + ".0.json"),
                bob.paths(order.folder(), true));
        alice.write(order.path(), PROPOSAL);
        script.expect("Bob reads Acme's proposal in Beta's tree", PROPOSAL, bob.readText(there));
        alice.write(order.path(), PROPOSAL + "second thoughts");
        script.expect("It is a live reference, not a copy", PROPOSAL + "second thoughts", bob.readText(there));
        script.expect("Nothing of it counts for beta", betas, usageOf("beta"));
        script.refused("Bob cannot change it", NexusException.PERMISSION, () -> bob.write(there, "mine now"));
        script.refused(
                "Bob cannot see anything else of acme",
                NexusException.PERMISSION,
                () -> bob.read(order.folder() + "/project-plan.md"));
        script.refused(
                "Bob cannot share it on",
                NexusException.VALIDATION,
                () -> bob.rebacCreate(
                        new NexusClient.Ref("tenant", "startup"), "can_read", NexusClient.Ref.file(there), null));
        script.expect(
                "Acme lists what it shares",
                List.of(order.path() + " → beta (can_read)"),
                sharing.listActiveShares("acme"));
        sharing.revokeShare(id);
        script.refused("Bob has no access any more, at once", NexusException.PERMISSION, () -> bob.read(there));
        script.expect("Acme shares nothing", List.of(), sharing.listActiveShares("acme"));
        alice.delete(order.path());
    }

    // ---- what there is of step 5 ------------------------------------------------------------------------------------

    private void quotas() {
        script.heading("Step 5, as far as it is served: quotas are enforced by the server");
        Map<String, @Nullable Object> metadata = manager.info("startup");
        Json.object(metadata.get("limits")).put("max_files", 2L);
        manager.save("startup", metadata);
        String folder = root("startup") + "/uploads/";
        admin.write(folder + "1.txt", "one");
        admin.write(folder + "2.txt", "two");
        script.refused(
                "The third of two files is refused", NexusException.QUOTA, () -> admin.write(folder + "3.txt", "x"));
        script.expect("Nothing of it was counted", List.of(2L, 6L, 0L), usageOf("startup"));
        admin.delete(folder + "1.txt");
        script.expect(
                "What is deleted can be used again",
                1L,
                admin.write(folder + "3.txt", "three").version());
        for (int i = 1; i <= 5; i++) {
            admin.createKey("startup", "user" + i, "user" + i);
        }
        script.refused(
                "The sixth of five users is refused",
                NexusException.QUOTA,
                () -> admin.createKey("startup", "user6", "user6"));
        script.expect("The usage is exact", List.of(2L, 8L, 5L), usageOf("startup"));
    }

    // ---- best practices ---------------------------------------------------------------------------------------------

    private void audit() {
        script.heading("Best practice 2: the audit log");
        String log = root("acme") + "/.audit/log.jsonl";
        String entry = "{\"user\":\"alice\",\"action\":\"export\",\"resource\":\"report-7\"}";
        alice.append(log, (entry + "\n").getBytes(StandardCharsets.UTF_8));
        boolean found = false;
        boolean granted = false;
        for (String line : alice.readText(log).split("\n")) {
            Map<String, @Nullable Object> read = Json.object(Json.read(line));
            found |= Objects.equals(Json.read(entry), read.get("detail"));
            granted |= "rebac_create".equals(read.get("action"));
        }
        script.expect("The application's entry is in the log", true, found);
        script.expect("So is what the server wrote itself", true, granted);
        script.refused(
                "Nobody can delete the log, its tenant's administrator included",
                NexusException.VALIDATION,
                () -> alice.delete(log));
    }

    // ---- what there is of step 6 ------------------------------------------------------------------------------------

    private void lifecycle() {
        script.heading("Step 6, as far as it is served: suspend, reactivate, delete");
        NexusClient.Key key = admin.createKey("startup", "user1", "user1 (Tenant Admin)");
        NexusClient user = admin.as(key.text());
        admin.rebacCreate(NexusClient.Ref.user("user1"), "owner", NexusClient.Ref.file(root("startup")), "startup");
        String path = root("startup") + "/uploads/2.txt";
        script.expect("A user of startup reads a file", "two", user.readText(path));

        Map<String, @Nullable Object> metadata = manager.info("startup");
        metadata.put("status", "suspended");
        metadata.put("suspended_at", TenantManager.CLAIMED_TIME);
        metadata.put("suspension_reason", "Payment overdue");
        manager.save("startup", metadata);
        script.say("⏸️  Suspended tenant: startup");
        script.say("   Reason: Payment overdue");
        script.refused("Its users have no access, at once", NexusException.PERMISSION, () -> user.read(path));
        script.expect("Its data are kept", "two", admin.readText(path));

        metadata = manager.info("startup");
        script.expect(
                "The reason is recorded",
                List.of("suspended", "Payment overdue"),
                members(metadata, "status", "suspension_reason"));
        metadata.put("status", "active");
        metadata.put("reactivated_at", TenantManager.CLAIMED_TIME);
        manager.save("startup", metadata);
        script.say("▶️  Reactivated tenant: startup");
        script.expect("The same key has access again", "two", user.readText(path));

        admin.rmdir(root("startup"), true);
        script.say("🗑️  Deleted tenant: startup");
        script.unknown("Its keys are unknown now", () -> user.read(path));
        script.expect(
                "It is not listed any more", List.of("/tenants/acme", "/tenants/beta"), admin.paths("/tenants", false));
        admin.mkdir(root("startup"));
        script.expect(
                "A new tenant of the same name inherits nothing",
                List.of(root("startup") + "/.audit", root("startup") + "/.audit/log.jsonl", record("startup")),
                admin.paths(root("startup"), true));
        script.unknown("The old key stays unknown", () -> user.read(path));
        admin.rmdir(root("startup"), true);
    }
}
