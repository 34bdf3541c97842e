package nexus.tenant;

import static nexus.tenant.ActorFixture.ALICE;
import static nexus.tenant.ActorFixture.path;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import nexus.kernel.Limits;
import nexus.kernel.ProblemCode;
import nexus.lifecycle.TenantStatus;
import nexus.quota.Plan;
import nexus.quota.QuotaLimits;
import nexus.quota.QuotaOverrides;
import nexus.store.Content;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The rules of {@code .tenant.json}. */
class RecordRulesTest {
    private ActorFixture acme;

    @BeforeEach
    void start() throws Exception {
        acme = new ActorFixture();
    }

    @AfterEach
    void stop() throws Exception {
        acme.close();
    }

    private final class Patch {
        @Nullable
        Long revision;

        @Nullable
        Plan plan;

        @Nullable
        TenantStatus status;

        @Nullable
        String reason;

        @Nullable
        Instant trialEndsAt;

        @Nullable
        QuotaOverrides overrides;

        @Nullable
        Integer versions;

        final Map<String, String> members = new LinkedHashMap<>();

        TenantRequest request() {
            return new TenantRequest.UpdateRecord(
                    new TenantRequest.RecordPatch(
                            revision,
                            "acme",
                            null,
                            plan,
                            status,
                            reason,
                            trialEndsAt,
                            overrides,
                            Map.of(),
                            versions,
                            members),
                    null,
                    false);
        }

        String write() throws Exception {
            acme.callAsSystem(request());
            return record();
        }

        ProblemCode refused() throws Exception {
            return ActorFixture.refusal(acme.send(acme.ask("x", request()), Principal.SERVER))
                    .code();
        }
    }

    private String record() throws Exception {
        Reply.FileContent read =
                (Reply.FileContent) acme.callAsSystem(new TenantRequest.ReadFile(path("/.tenant.json"), null));
        return new String(((Content.Inline) read.content()).bytes(), StandardCharsets.UTF_8);
    }

    @Test
    void aPlanChangeClearsTheOverridesThatAreNotNamed() throws Exception {
        Patch own = new Patch();
        own.overrides = new QuotaOverrides(7L, 70L, null);
        assertTrue(own.write().contains("\"max_users\":7,\"max_storage_gb\":10,\"max_files\":70"));
        Patch upgrade = new Patch();
        upgrade.plan = Plan.PRO;
        upgrade.overrides = new QuotaOverrides(null, QuotaLimits.UNLIMITED, null);
        assertTrue(upgrade.write().contains("\"max_users\":50,\"max_storage_gb\":500,\"max_files\":null"), record());
    }

    @Test
    void anOlderRevisionConflictsOnlyIfItWouldChangeSomething() throws Exception {
        Patch first = new Patch();
        first.members.put("color", "\"red\"");
        first.revision = 1L;
        assertTrue(first.write().contains("\"settings_revision\":2"));
        assertTrue(first.write().contains("\"settings_revision\":2"), "the same again changes nothing");
        first.members.put("color", "\"blue\"");
        assertEquals(ProblemCode.CONFLICT, first.refused());
        first.revision = null;
        assertTrue(first.write().contains("\"color\":\"blue\""));
    }

    @Test
    void suspensionBlocksEveryKeyWithTheNextRequest() throws Exception {
        acme.call(ALICE, ActorFixture.write("/a", "1"));
        Patch suspend = new Patch();
        suspend.status = TenantStatus.SUSPENDED;
        suspend.reason = "Payment overdue";
        assertTrue(suspend.write().contains("\"suspension_reason\":\"Payment overdue\""));
        assertEquals(ProblemCode.TENANT_SUSPENDED, acme.code(ALICE, new TenantRequest.ReadFile(path("/a"), null)));
        assertEquals(ProblemCode.TENANT_SUSPENDED, acme.code(ALICE, ActorFixture.write("/b", "1")));
        Patch back = new Patch();
        back.status = TenantStatus.ACTIVE;
        assertTrue(!back.write().contains("suspension_reason"));
        assertInstanceOf(Reply.FileContent.class, acme.call(ALICE, new TenantRequest.ReadFile(path("/a"), null)));
    }

    @Test
    void aTrialComesOnlyWithTheFirstWriteAndEndsByItself() throws Exception {
        Patch trial = new Patch();
        trial.status = TenantStatus.TRIAL;
        trial.trialEndsAt = ActorFixture.START.plusSeconds(100);
        assertTrue(trial.write().contains("\"status\":\"trial\""));
        acme.micros.set(100_000_000);
        assertEquals(ProblemCode.TENANT_SUSPENDED, acme.code(ALICE, ActorFixture.write("/b", "1")));
        assertTrue(record().contains("\"status\":\"suspended\",\"suspension_reason\":\"trial_expired\""), record());
        Patch upgrade = new Patch();
        upgrade.status = TenantStatus.ACTIVE;
        upgrade.write();
        acme.call(ALICE, ActorFixture.write("/b", "1"));
        assertEquals(ProblemCode.REFUSED, trial.refused(), "active does not become a trial again");
    }

    @Test
    void retainedVersionsFollowTheSettingAndTheBytesWithThem() throws Exception {
        Patch three = new Patch();
        three.versions = 3;
        three.write();
        for (int i = 1; i <= 5; i++) {
            acme.call(ALICE, ActorFixture.write("/a", "x".repeat(i)));
        }
        assertEquals(3 + 4 + 5, acme.store.usage().bytes());
        assertEquals(acme.store.recount(), acme.store.usage());
        assertEquals(ProblemCode.NOT_FOUND, acme.code(ALICE, new TenantRequest.ReadFile(path("/a"), 2L)));
        acme.call(ALICE, new TenantRequest.Rollback(path("/a"), 3));
        Reply.FileContent read = (Reply.FileContent) acme.call(ALICE, new TenantRequest.ReadFile(path("/a"), null));
        assertEquals(6, read.info().version());
        assertEquals(3, read.info().size());
    }

    @Test
    void aTenantAdministratorCannotWriteTheRecord() throws Exception {
        assertEquals(ProblemCode.FORBIDDEN, acme.code(ALICE, new Patch().request()));
        assertEquals(ProblemCode.REFUSED, acme.code(ALICE, ActorFixture.write("/.tenant.json", "{}")));
        assertEquals(ProblemCode.REFUSED, acme.code(ALICE, new TenantRequest.DeleteFile(path("/.audit/log.jsonl"))));
        assertEquals(
                ProblemCode.REFUSED, acme.code(ALICE, new TenantRequest.Rename(path("/.audit"), path("/elsewhere"))));
    }

    @Test
    void gibibytesReadBackToTheSameBytes() {
        java.util.Random random = new java.util.Random(5);
        for (int i = 0; i < 2000; i++) {
            long bytes = random.nextLong(1L << (1 + random.nextInt(50)));
            java.math.BigDecimal text = new java.math.BigDecimal(RecordText.gibibytes(bytes));
            assertEquals(
                    bytes,
                    text.multiply(java.math.BigDecimal.valueOf(Limits.GIB))
                            .setScale(0, java.math.RoundingMode.HALF_UP)
                            .longValueExact());
        }
        assertEquals("0.1", RecordText.gibibytes(107374182));
        assertEquals("10", RecordText.gibibytes(10 * Limits.GIB));
        assertEquals("0", RecordText.gibibytes(0));
    }
}
