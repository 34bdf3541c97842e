package nexus.tenant;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import nexus.kernel.JsonText;
import nexus.kernel.Limits;
import nexus.lifecycle.TenantStatus;
import nexus.quota.QuotaLimits;
import nexus.quota.Usage;
import nexus.store.TenantRecord;

/** Renders {@code .tenant.json}: the live record with the server's own count of the usage. The file is the record. */
final class RecordText {
    /** The suspension reason of a trial that ended by itself. */
    static final String TRIAL_EXPIRED = "trial_expired";

    private static final BigDecimal GIB = BigDecimal.valueOf(Limits.GIB);

    private RecordText() {}

    /** The bytes of the record at an instant. */
    static byte[] render(TenantRecord record, Usage usage, Instant now) {
        QuotaLimits limits = record.limits();
        TenantStatus status = record.statusAt(now);
        String reason = record.isTrialOver(now) ? TRIAL_EXPIRED : record.suspensionReason();
        JsonText json = new JsonText()
                .put("zone_id", record.zone().value())
                .put("name", record.displayName())
                .put("plan", record.plan().text())
                .put("status", status.text());
        if (reason != null) {
            json.put("suspension_reason", reason);
        }
        json.put("created_at", record.createdAt().toString());
        if (record.trialEndsAt() != null) {
            json.put("trial_ends_at", record.trialEndsAt().toString());
        }
        if (record.cancelledAt() != null) {
            json.put("deletes_at", String.valueOf(record.dueAt()));
        }
        JsonText limitsJson = new JsonText()
                .putRaw("max_users", count(limits.users()))
                .putRaw("max_storage_gb", limits.bytes() == QuotaLimits.UNLIMITED ? "null" : gibibytes(limits.bytes()))
                .putRaw("max_files", count(limits.files()));
        putAll(limitsJson, record.limitMembers());
        json.putRaw("limits", limitsJson.end());
        json.putRaw(
                "usage",
                new JsonText()
                        .put("users", usage.users())
                        .putRaw("storage_gb", gibibytes(usage.bytes()))
                        .put("storage_bytes", usage.bytes())
                        .put("files", usage.files())
                        .end());
        putAll(json, record.members());
        json.put("tenant_id", record.id().toString());
        json.put("settings_revision", record.settingsRevision());
        return json.end().getBytes(StandardCharsets.UTF_8);
    }

    private static void putAll(JsonText json, Map<String, String> members) {
        members.forEach(json::putRaw);
    }

    private static String count(long limit) {
        return limit == QuotaLimits.UNLIMITED ? "null" : Long.toString(limit);
    }

    /** The shortest decimal number of GiB that means exactly so many bytes when it is read and rounded again. */
    static String gibibytes(long bytes) {
        BigDecimal exact = BigDecimal.valueOf(bytes).divide(GIB);
        BigDecimal shortest = exact;
        for (int digits = 0; digits < exact.scale(); digits++) {
            BigDecimal rounded = exact.setScale(digits, RoundingMode.HALF_UP);
            if (rounded.multiply(GIB).setScale(0, RoundingMode.HALF_UP).longValueExact() == bytes) {
                shortest = rounded;
                break;
            }
        }
        return shortest.signum() == 0 ? "0" : shortest.stripTrailingZeros().toPlainString();
    }
}
