package nexus.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/** The demo as its user runs it: {@code java -jar nexus.jar demo}. */
@Tag("server")
@Timeout(120)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class TutorialTest {
    private static final Duration PLAYED = Duration.ofSeconds(90);

    /** What the tutorial's programs print, and the steps between; in this order. */
    private static final List<String> LINES = List.of(
            "Step 1: the multi-tenant server",
            "Step 2: the tenant management system",
            "✅ Created tenant: Acme Corporation (acme)",
            "   Plan: enterprise, Max Users: 100, Storage: 1000GB",
            "✅ Created tenant: Beta Inc (beta)",
            "   Plan: pro, Max Users: 50, Storage: 500GB",
            "✅ Created tenant: Startup Co (startup)",
            "   Plan: free, Max Users: 5, Storage: 10GB",
            "✅ Created tenant admin: alice",
            "   Tenant: acme, Email: alice@acme.com",
            "✅ Created tenant admin: bob",
            "   Tenant: beta, Email: bob@beta.com",
            "✅ Added user: charlie (role: editor)",
            "✅ Added user: diana (role: user)",
            "📋 All Tenants:",
            "  - Acme Corporation (acme)",
            "    Plan: enterprise, Users: 3/100",
            "  - Beta Inc (beta)",
            "    Plan: pro, Users: 1/50",
            "  - Startup Co (startup)",
            "    Plan: free, Users: 0/5",
            "Step 3: tenant isolation",
            "✅ Alice created Acme project plan",
            "✅ Alice created personal notes",
            "✅ Bob created Beta roadmap",
            "🔒 Testing Tenant Isolation:",
            "✅ Isolation working: Bob cannot access Acme files",
            "✅ Isolation working: Alice cannot access Beta files",
            "📁 Alice can see 12 Acme files:",
            "📁 Bob can see 8 Beta files:",
            "✅ Complete tenant isolation verified!",
            "Step 4: controlled sharing between tenants",
            "   acme → beta",
            "   File: /tenants/acme/shared/partnership-proposal.pdf",
            "   Permission: can_read",
            "✅ Bob reads Acme's proposal in Beta's tree",
            "✅ It is a live reference, not a copy",
            "✅ Revoked share",
            "Step 5, as far as it is served: quotas are enforced by the server",
            "Best practice 2: the audit log",
            "Step 6, as far as it is served: suspend, reactivate, delete",
            "⏸️  Suspended tenant: startup",
            "▶️  Reactivated tenant: startup",
            "🗑️  Deleted tenant: startup");

    private static Path directory = Path.of("");
    private static ServerProcess.Ended demo = new ServerProcess.Ended(-1, "", "");

    @BeforeAll
    static void play() {
        directory = ServerProcess.temporaryDirectory();
        demo = ServerProcess.runToEnd(PLAYED, Map.of("LC_ALL", "C", "LANG", "C"), "demo", "--data-dir", data());
    }

    @AfterAll
    static void deleteDirectory() {
        ServerProcess.delete(directory);
    }

    private static String data() {
        return directory.resolve("data").toString();
    }

    @Test
    @Order(1)
    void demoShowsEachStepAndExitsZeroAlsoWhereTheTerminalIsAscii() {
        assertEquals(0, demo.exit(), demo.out() + demo.err());
        List<String> printed = demo.out().lines().toList();
        int at = 0;
        for (String line : LINES) {
            int found = printed.subList(at, printed.size()).indexOf(line);
            assertTrue(found >= 0, "missing after line " + at + ": " + line + "\n" + demo.out());
            at += found + 1;
        }
        assertFalse(demo.out().contains("❌"), demo.out());
        assertEquals(
                1,
                printed.stream()
                        .filter(line -> line.startsWith("Not served by this version yet: the billing of step 5"))
                        .count(),
                demo.out());
        assertTrue(printed.get(printed.size() - 1).matches("✅ All [0-9]+ expectations held\\."), demo.out());
        assertEquals(List.of(), ServerProcess.postgresOf(directory.resolve("data")));
    }

    @Test
    @Order(2)
    void demoOnAServerThatHasTenantsFailsAndSaysWhatItExpected() {
        ServerProcess.Ended again = ServerProcess.runToEnd(PLAYED, Map.of(), "demo", "--data-dir", data());

        assertEquals(1, again.exit(), again.out());
        assertTrue(
                again.out()
                        .contains("❌ The server has no tenants yet: expected [], got [/tenants/acme, /tenants/beta]"),
                again.out());
        assertEquals(List.of(), ServerProcess.postgresOf(directory.resolve("data")));
    }

    @Test
    @Order(3)
    void demoThatIsInterruptedLeavesNeitherItsDirectoryNorItsDatabase() throws IOException {
        Path temporary = Files.createDirectory(directory.resolve("tmp"));
        try (ServerProcess running = ServerProcess.command(
                directory.resolve("none"), Map.of("JAVA_TOOL_OPTIONS", "-Djava.io.tmpdir=" + temporary), "demo")) {
            Await.until(
                    "the demo plays",
                    PLAYED,
                    () -> running.out().contains("Step 2") || !running.isAlive(),
                    running::log);
            Path data = demoDirectories(temporary).get(0);
            assertFalse(ServerProcess.postgresOf(data).isEmpty(), "its database runs in " + data);

            running.terminate();

            assertEquals(List.of(), demoDirectories(temporary), running.log());
            assertEquals(List.of(), ServerProcess.postgresOf(data));
        }
    }

    private static List<Path> demoDirectories(Path temporary) throws IOException {
        try (Stream<Path> all = Files.list(temporary)) {
            return all.filter(path -> path.getFileName().toString().startsWith("nexus-demo-"))
                    .toList();
        }
    }
}
