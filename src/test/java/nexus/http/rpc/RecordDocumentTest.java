package nexus.http.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import nexus.kernel.Limits;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.kernel.WorkspacePath;
import nexus.lifecycle.TenantStatus;
import nexus.quota.Plan;
import nexus.quota.QuotaLimits;
import nexus.quota.QuotaOverrides;
import nexus.tenant.TenantRequest.RecordPatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecordDocumentTest {
    private static final WorkspacePath PATH = WorkspacePath.parse("/tenants/acme/.tenant.json");

    private static RecordPatch parse(String json) {
        return RecordDocument.parse(json.getBytes(StandardCharsets.UTF_8), PATH);
    }

    @Test
    void readsTheRecordOfCreateTenant() {
        RecordPatch patch = parse("""
                {
                  "zone_id": "acme",
                  "name": "Acme Corporation",
                  "plan": "enterprise",
                  "created_at": "2026-11-23T10:11:12.131415",
                  "status": "active",
                  "limits": {
                    "max_users": 100,
                    "max_storage_gb": 1000,
                    "max_files": null
                  },
                  "usage": {
                    "users": 0,
                    "storage_gb": 0,
                    "files": 0
                  }
                }""");
        assertEquals(
                new RecordPatch(
                        null,
                        "acme",
                        "Acme Corporation",
                        Plan.ENTERPRISE,
                        TenantStatus.ACTIVE,
                        null,
                        null,
                        new QuotaOverrides(100L, QuotaLimits.UNLIMITED, 1000 * Limits.GIB),
                        Map.of(),
                        null,
                        Map.of()),
                patch);
    }

    @Test
    void readsTheRecordOfOnboardTenant() {
        RecordPatch patch = parse("""
                {"zone_id": "acme", "name": "A", "plan": "pro", "status": "trial",
                 "created_at": "2026-11-23T10:11:12", "trial_ends_at": "2026-12-07T10:11:12.000001",
                 "limits": {"max_users": 50, "max_storage_gb": 500, "max_files": 50000,
                            "features": ["basic", "priority_support"]},
                 "usage": {"users": 0, "storage_gb": 0, "files": 0, "api_calls": 0},
                 "settings": {"allow_public_sharing": false, "enforce_2fa": false, "data_retention_days": 90}}""");
        assertEquals(TenantStatus.TRIAL, patch.status());
        assertEquals(Instant.parse("2026-12-07T10:11:12.000001Z"), patch.trialEndsAt());
        assertEquals(new QuotaOverrides(50L, 50_000L, 500 * Limits.GIB), patch.overrides());
        assertEquals(Map.of("features", "[\"basic\",\"priority_support\"]"), patch.limitMembers());
        assertEquals(
                Map.of("settings", "{\"allow_public_sharing\":false,\"enforce_2fa\":false,\"data_retention_days\":90}"),
                patch.members());
        assertNull(patch.retainedVersions());
    }

    @Test
    void readsTheRecordOfSuspendTenant() {
        RecordPatch patch = parse("""
                {"tenant_id": "x", "zone_id": "acme", "status": "suspended", "suspended_at": "2026-11-23T10:11:12",
                 "suspension_reason": "payment overdue", "settings_revision": 4, "b": {"x": [1, 2.50]}, "a": null}""");
        assertEquals(TenantStatus.SUSPENDED, patch.status());
        assertEquals("payment overdue", patch.suspensionReason());
        assertEquals(4L, patch.settingsRevision());
        assertNull(patch.plan());
        assertNull(patch.overrides());
        assertEquals(
                List.of("suspended_at", "b", "a"), List.copyOf(patch.members().keySet()));
        assertEquals("{\"x\":[1,2.50]}", patch.members().get("b"));
    }

    @Test
    void anAbsentLimitIsThePlansAndANullIsNone() {
        assertEquals(
                new QuotaOverrides(QuotaLimits.UNLIMITED, null, null),
                parse("{\"limits\":{\"max_users\":null}}").overrides());
        assertEquals(QuotaOverrides.NONE, parse("{\"limits\":{}}").overrides());
        assertNull(parse("{\"limits\":null}").overrides());
        assertNull(parse("{}").overrides());
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "0.5, 536870912",
        "1e-9, 1",
        "0.0000000001, 0",
        "1.000, 1073741824",
        "8589934591, 9223372035781033984"
    })
    void roundsGigabytesToTheByte(String gigabytes, long bytes) {
        assertEquals(
                new QuotaOverrides(null, null, bytes),
                parse("{\"limits\":{\"max_storage_gb\":" + gigabytes + "}}").overrides());
    }

    @Test
    void takesTheRetainedVersionsOutOfTheSettingsAndLeavesThemThere() {
        RecordPatch patch = parse("{\"settings\":{\"retained_versions\":100,\"x\":1}}");
        assertEquals(100, patch.retainedVersions());
        assertEquals("{\"retained_versions\":100,\"x\":1}", patch.members().get("settings"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[]|the record: it must be a JSON object",
                "{\"plan\":\"gold\"}|member 'plan' of the record must be free, pro or enterprise",
                "{\"plan\":1}|member 'plan' of the record must be a string of up to 1000 characters",
                "{\"status\":\"x\"}|member 'status' of the record must be trial, active, suspended or cancelled",
                "{\"limits\":[]}|member 'limits' of the record must be an object",
                "{\"limits\":{\"max_users\":1.5}}|member 'limits.max_users' of the record must be a whole number of 0 or more, or null for unlimited",
                "{\"limits\":{\"max_users\":-1}}|member 'limits.max_users' of the record must be a whole number of 0 or more, or null for unlimited",
                "{\"limits\":{\"max_files\":\"7\"}}|member 'limits.max_files' of the record must be a whole number of 0 or more, or null for unlimited",
                "{\"limits\":{\"max_storage_gb\":-0.1}}|member 'limits.max_storage_gb' of the record must be a number of 0 or more, or null for unlimited",
                "{\"limits\":{\"max_storage_gb\":1e30}}|member 'limits.max_storage_gb' of the record must be less than 2^63, or null for unlimited",
                "{\"settings\":5}|member 'settings' of the record must be an object",
                "{\"settings\":{\"retained_versions\":0}}|member 'settings.retained_versions' of the record must be a whole number of 1 to 100",
                "{\"settings\":{\"retained_versions\":101}}|member 'settings.retained_versions' of the record must be a whole number of 1 to 100",
                "{\"trial_ends_at\":\"soon\"}|member 'trial_ends_at' of the record must be a time as 2026-02-14T03:04:05+00:00",
                "{\"settings_revision\":\"1\"}|member 'settings_revision' of the record must be a whole number of 1 or more",
                "{\"zone_id\":7}|member 'zone_id' of the record must be a string of up to 1000 characters",
            })
    void refusesWithTheMemberAndTheRule(String json, String message) {
        ProblemException refusal = assertThrows(ProblemException.class, () -> parse(json));
        assertEquals(message, refusal.problem().message());
        assertEquals(ProblemCode.REFUSED, refusal.problem().code());
        assertEquals("/tenants/acme/.tenant.json", refusal.problem().path());
    }

    @Test
    void refusesWhatIsNotJsonAndWhatIsTooLong() {
        for (String json : List.of(
                "",
                "{",
                "{\"a\":1,\"a\":2}",
                "{\"limits\":{\"max_users\":1,\"max_users\":2}}",
                "{\"a\":\"\\u0000\"}")) {
            assertEquals(
                    ProblemCode.REFUSED,
                    assertThrows(ProblemException.class, () -> parse(json), json)
                            .problem()
                            .code());
        }
        String long64k = "{\"a\":\"" + "x".repeat(Limits.RECORD_BYTES) + "\"}";
        assertEquals(
                ProblemCode.TOO_LARGE,
                assertThrows(ProblemException.class, () -> parse(long64k))
                        .problem()
                        .code());
    }
}
