package nexus.http.rpc;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import nexus.http.json.JsonFormatException;
import nexus.http.json.JsonReader;
import nexus.http.json.SpecialValues;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.ProblemException;
import nexus.kernel.WorkspacePath;
import nexus.lifecycle.TenantStatus;
import nexus.quota.Plan;
import nexus.quota.QuotaLimits;
import nexus.quota.QuotaOverrides;
import nexus.tenant.TenantRequest.RecordPatch;
import org.jspecify.annotations.Nullable;

/**
 * A written {@code .tenant.json} as the change that it asks for.
 *
 * <p>Members that the server knows are typed and checked; {@code usage}, {@code created_at} and {@code tenant_id} are the
 * server's own and ignored; all others are the administrator's and kept as they are. A null says nothing, but in
 * {@code limits}, where it means unlimited.
 */
public final class RecordDocument {
    private static final Set<String> SERVERS_OWN = Set.of("usage", "created_at", "tenant_id", "deletes_at");
    private static final BigDecimal GIB = BigDecimal.valueOf(Limits.GIB);
    private static final int TEXT_CHARS = 1000;

    private final String path;
    private final Map<String, String> document;

    private RecordDocument(String path, Map<String, String> document) {
        this.path = path;
        this.document = document;
    }

    /** The change that a document asks for; a document that is none is refused with the reason. */
    static RecordPatch parse(byte[] bytes, WorkspacePath path) {
        if (bytes.length > Limits.RECORD_BYTES) {
            throw Problem.tooLarge("the record has " + bytes.length + " bytes, the limit is " + Limits.RECORD_BYTES)
                    .exception();
        }
        try {
            return new RecordDocument(path.wire(), JsonReader.members(bytes)).patch();
        } catch (JsonFormatException e) {
            throw Problem.refused("the record: " + e.getMessage(), path.wire()).exception();
        }
    }

    /** The change that the members of a document ask for, each as JSON text by its name. */
    public static RecordPatch parse(Map<String, String> members, String path) {
        return new RecordDocument(path, members).patch();
    }

    private RecordPatch patch() {
        Map<String, String> own = new LinkedHashMap<>(document);
        own.keySet().removeAll(SERVERS_OWN);
        Long revision = wholeNumber("settings_revision", own.remove("settings_revision"), 1, Long.MAX_VALUE);
        String zone = text("zone_id", own.remove("zone_id"));
        String name = text("name", own.remove("name"));
        Plan plan = known("plan", own.remove("plan"), Plan::parse, "free, pro or enterprise");
        TenantStatus status =
                known("status", own.remove("status"), TenantStatus::parse, "trial, active, suspended or cancelled");
        String reason = text("suspension_reason", own.remove("suspension_reason"));
        Instant trialEnd = time("trial_ends_at", own.remove("trial_ends_at"));
        Map<String, String> limits = object("limits", own.remove("limits"));
        QuotaOverrides overrides = limits == null ? null : overrides(limits);
        Integer retained = retainedVersions(own.get("settings"));
        if ("null".equals(own.get("settings"))) {
            own.remove("settings");
        }
        return new RecordPatch(
                revision,
                zone,
                name,
                plan,
                status,
                reason,
                trialEnd,
                overrides,
                limits == null ? Map.of() : limits,
                retained,
                own);
    }

    /** Takes the known limits out of the members; what stays is the administrator's own. */
    private QuotaOverrides overrides(Map<String, String> limits) {
        Long users = limit("limits.max_users", limits.remove("max_users"), false);
        Long files = limit("limits.max_files", limits.remove("max_files"), false);
        Long bytes = limit("limits.max_storage_gb", limits.remove("max_storage_gb"), true);
        return new QuotaOverrides(users, files, bytes);
    }

    private @Nullable Long limit(String field, @Nullable String json, boolean gigabytes) {
        if (json == null) {
            return null;
        }
        Object value = valueOf(json);
        if (value == null) {
            return QuotaLimits.UNLIMITED;
        }
        BigDecimal number = value instanceof Long whole
                ? BigDecimal.valueOf(whole)
                : value instanceof BigDecimal decimal ? decimal : null;
        boolean fractional =
                number != null && !gigabytes && number.stripTrailingZeros().scale() > 0;
        if (number == null || number.signum() < 0 || fractional) {
            throw refused(
                    field,
                    gigabytes
                            ? "a number of 0 or more, or null for unlimited"
                            : "a whole number of 0 or more, or null for unlimited");
        }
        BigDecimal units = (gigabytes ? number.multiply(GIB) : number).setScale(0, RoundingMode.HALF_UP);
        if (units.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) >= 0) {
            throw refused(field, "less than 2^63, or null for unlimited");
        }
        return units.longValueExact();
    }

    private @Nullable Integer retainedVersions(@Nullable String settings) {
        Map<String, String> members = object("settings", settings);
        Long versions = members == null
                ? null
                : wholeNumber(
                        "settings.retained_versions",
                        members.get("retained_versions"),
                        1,
                        Limits.RETAINED_VERSIONS_CEILING);
        return versions == null ? null : Math.toIntExact(versions);
    }

    private @Nullable Long wholeNumber(String field, @Nullable String json, long min, long max) {
        Object value = valueOf(json);
        if (value == null) {
            return null;
        }
        if (value instanceof Long number && number >= min && number <= max) {
            return number;
        }
        throw refused(field, "a whole number of " + min + (max == Long.MAX_VALUE ? " or more" : " to " + max));
    }

    private @Nullable String text(String field, @Nullable String json) {
        Object value = valueOf(json);
        if (value == null) {
            return null;
        }
        if (value instanceof String text && text.length() <= TEXT_CHARS) {
            return text;
        }
        throw refused(field, "a string of up to " + TEXT_CHARS + " characters");
    }

    private @Nullable Instant time(String field, @Nullable String json) {
        String text = text(field, json);
        if (text == null) {
            return null;
        }
        try {
            return SpecialValues.parseTime(text, field);
        } catch (ProblemException e) {
            throw refused(field, "a time as 2026-02-14T03:04:05+00:00");
        }
    }

    private <T> @Nullable T known(
            String field,
            @Nullable String json,
            java.util.function.Function<String, Optional<T>> parser,
            String choices) {
        String text = text(field, json);
        if (text == null) {
            return null;
        }
        return parser.apply(text).orElseThrow(() -> refused(field, choices));
    }

    private @Nullable Map<String, String> object(String field, @Nullable String json) {
        if (json == null || json.equals("null")) {
            return null;
        }
        if (!json.startsWith("{")) {
            throw refused(field, "an object");
        }
        return new LinkedHashMap<>(JsonReader.members(JsonReader.utf8(json)));
    }

    private static @Nullable Object valueOf(@Nullable String json) {
        return json == null ? null : JsonReader.read(JsonReader.utf8(json));
    }

    private ProblemException refused(String field, String rule) {
        return Problem.refused("member '" + field + "' of the record must be " + rule, path)
                .exception();
    }
}
