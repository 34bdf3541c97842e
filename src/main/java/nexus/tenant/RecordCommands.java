package nexus.tenant;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import nexus.kernel.Ids;
import nexus.kernel.JsonText;
import nexus.kernel.Limits;
import nexus.kernel.Must;
import nexus.kernel.Problem;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.lifecycle.Lifecycle;
import nexus.lifecycle.TenantStatus;
import nexus.quota.Plan;
import nexus.quota.QuotaLimits;
import nexus.quota.QuotaOverrides;
import nexus.quota.Resource;
import nexus.quota.Usage;
import nexus.store.TenantRecord;
import org.jspecify.annotations.Nullable;

/** The commands on the tenant's record and its audit log, and the reserved tenant's command that makes tenants. */
final class RecordCommands {
    private final TenantState state;
    private final Permissions permissions;
    private final Ids ids;

    RecordCommands(TenantState state, Permissions permissions, Ids ids) {
        this.state = state;
        this.permissions = permissions;
        this.ids = ids;
    }

    // ---- .tenant.json
    // ------------------------------------------------------------------------------------------------

    Reply update(Ask ask, TenantRequest.UpdateRecord command, Principal principal, Draft draft) {
        String wire = WorkspacePath.wire(state.zone, WorkspacePath.RECORD);
        if (!principal.systemAdministrator()) {
            throw Permissions.denied(principal, Permissions.WRITE, wire).exception();
        }
        if (command.ifNoneMatch()) {
            throw Problem.exists("File already exists: " + wire, wire).exception();
        }
        if (command.ifMatch() != null) {
            String current = Infos.record(draft).etag();
            if (!command.ifMatch().equals(current)) {
                throw new Problem.Conflict("Conflict detected", wire, command.ifMatch(), String.valueOf(current))
                        .exception();
            }
        }
        TenantRequest.RecordPatch patch = command.patch();
        if (patch.zone() != null && !patch.zone().equals(state.zone.value())) {
            throw Problem.refused("zone_id is '" + patch.zone() + "', this is the record of '" + state.zone + "'", wire)
                    .exception();
        }
        apply(ask, patch, principal, draft);
        return new Reply.Written(List.of(Infos.record(draft)));
    }

    /** The same change by the REST interface. */
    Reply change(Ask ask, TenantRequest.ChangeTenant command, Principal principal, Draft draft) {
        requireTenant(principal);
        String current = Long.toString(draft.record().settingsRevision());
        if (command.ifMatch() != null && !command.ifMatch().equals(current)) {
            throw new Problem.Conflict(
                            "the tenant was changed: its settings_revision is " + current,
                            state.rootWire,
                            command.ifMatch(),
                            current)
                    .exception();
        }
        apply(ask, command.patch(), principal, draft);
        return Infos.tenant(draft);
    }

    private void apply(Ask ask, TenantRequest.RecordPatch patch, Principal principal, Draft draft) {
        TenantRecord before = draft.record();
        TenantRecord after = patched(before, patch, draft.now);
        if (after == before) {
            return;
        }
        Long read = patch.settingsRevision();
        if (read != null && read != before.settingsRevision()) {
            throw new Problem.Conflict(
                            "Conflict detected: the record was changed since settings_revision " + read,
                            WorkspacePath.wire(state.zone, WorkspacePath.RECORD),
                            Long.toString(read),
                            Long.toString(before.settingsRevision()))
                    .exception();
        }
        if (after.plan() != before.plan()) {
            requireRoom(after, draft.usage());
        }
        draft.putRecord(after);
        draft.audit(AuditLine.of("change", ask, principal, "update_tenant", WorkspacePath.RECORD)
                .withDetail(new JsonText()
                        .put("plan", after.plan().text())
                        .put("status", after.status().text())
                        .put("settings_revision", after.settingsRevision())
                        .end()));
    }

    /** A plan that is smaller than what is used already is refused, with all that is in the way. */
    private static void requireRoom(TenantRecord after, Usage usage) {
        List<String> inTheWay = new ArrayList<>();
        QuotaLimits limits = after.limits();
        for (Resource resource : Resource.values()) {
            if (usage.of(resource) > limits.of(resource)) {
                inTheWay.add(
                        resource.text() + ": " + usage.of(resource) + " used, " + limits.of(resource) + " allowed");
            }
        }
        if (!inTheWay.isEmpty()) {
            throw Problem.refused(
                            "the tenant uses more than the plan '"
                                    + after.plan().text() + "' allows (" + String.join("; ", inTheWay) + ")",
                            null)
                    .exception();
        }
    }

    private void requireTenant(Principal principal) {
        KeyCommands.requireSystem(principal);
        if (state.isSystem()) {
            throw Problem.refused("'" + state.zone + "' is reserved: it is not a tenant", null)
                    .exception();
        }
    }

    // ---- the end
    // -----------------------------------------------------------------------------------------------------

    Reply delete(Ask ask, TenantRequest.DeleteTenant command, Principal principal, Draft draft) {
        requireTenant(principal);
        String given = command.confirmation();
        if (!given.equals(state.zone.value()) && !given.equals(state.id.toString())) {
            throw Problem.refused("to delete the tenant, confirm with its zone_id or its tenant_id", null)
                    .exception();
        }
        return end(ask, principal, draft);
    }

    /** The tenant ends with this group. */
    static Reply end(Ask ask, Principal principal, Draft draft) {
        draft.endTenant();
        draft.audit(AuditLine.of("change", ask, principal, "delete_tenant", WorkspacePath.ROOT));
        return Reply.Done.DONE;
    }

    /** Does what is due by itself, if it is due by this actor's own time. */
    Reply advance(Ask ask, Principal principal, Draft draft) {
        Must.hold(principal.equals(Principal.SERVER) && !state.isSystem(), "only the server itself advances a tenant");
        TenantRecord record = draft.record();
        switch (Lifecycle.dueAt(record.status(), record.trialEndsAt(), record.cancelledAt(), draft.now)) {
            case NOTHING -> {}
            case TRIAL_OVER -> {
                TenantRecord over =
                        copy(record, TenantStatus.SUSPENDED, RecordText.TRIAL_EXPIRED, record.settingsRevision() + 1);
                draft.putRecord(over);
                draft.audit(AuditLine.of("change", ask, principal, "expire_trial", WorkspacePath.RECORD)
                        .withDetail(new JsonText()
                                .put("status", over.status().text())
                                .put("settings_revision", over.settingsRevision())
                                .end()));
            }
            case RETENTION_OVER -> end(ask, principal, draft);
        }
        return Reply.Done.DONE;
    }

    private static TenantRecord patched(TenantRecord before, TenantRequest.RecordPatch patch, Instant now) {
        boolean first = before.settingsRevision() == TenantRecord.FIRST_REVISION;
        Plan plan = Objects.requireNonNullElse(patch.plan(), before.plan());
        TenantStatus present = before.statusAt(now);
        TenantStatus status = Objects.requireNonNullElse(patch.status(), present);
        if (!present.canBecome(status, first)) {
            throw Problem.refused("a tenant that is " + present.text() + " cannot become " + status.text(), null)
                    .exception();
        }
        String reason = status == TenantStatus.SUSPENDED
                ? patch.suspensionReason() != null ? patch.suspensionReason() : reasonOf(before, now)
                : null;
        Instant trialEndsAt = patch.trialEndsAt() != null ? patch.trialEndsAt() : before.trialEndsAt();
        TenantRecord after = new TenantRecord(
                before.id(),
                before.zone(),
                Objects.requireNonNullElse(patch.displayName(), before.displayName()),
                plan,
                status,
                reason,
                trialEndsAt,
                status != TenantStatus.CANCELLED ? null : Objects.requireNonNullElse(before.cancelledAt(), now),
                overrides(before, patch, plan),
                Objects.requireNonNullElse(patch.retainedVersions(), before.retainedVersions()),
                merged(before.members(), patch.members()),
                patch.overrides() == null ? before.limitMembers() : patch.limitMembers(),
                before.createdAt(),
                before.settingsRevision());
        // The end of a trial shows as suspended before anything is written: writing that back changes nothing.
        boolean onlyTheTrialEnded = before.isTrialOver(now) && status == TenantStatus.SUSPENDED;
        if (after.equals(before)
                || onlyTheTrialEnded && withStatusOf(after, before).equals(before)) {
            return before;
        }
        return withRevision(after, before.settingsRevision() + 1);
    }

    private static @Nullable String reasonOf(TenantRecord record, Instant now) {
        return record.isTrialOver(now) ? RecordText.TRIAL_EXPIRED : record.suspensionReason();
    }

    /** Own members stay unless they are written again: a writer that does not know one does not lose it. */
    private static Map<String, String> merged(Map<String, String> before, Map<String, String> written) {
        Map<String, String> members = new LinkedHashMap<>(before);
        members.putAll(written);
        int bytes = 0;
        for (Map.Entry<String, String> member : members.entrySet()) {
            bytes += member.getKey().length() + member.getValue().length();
        }
        if (bytes > Limits.RECORD_BYTES) {
            throw Problem.tooLarge("the record's own members have " + bytes + " characters, the limit is "
                            + Limits.RECORD_BYTES)
                    .exception();
        }
        return members;
    }

    /**
     * Named limits win; one that equals what the plan gives is no override; unnamed ones stay, unless the plan changes with
     * this write.
     */
    private static QuotaOverrides overrides(TenantRecord before, TenantRequest.RecordPatch patch, Plan plan) {
        QuotaOverrides kept = plan == before.plan() ? before.overrides() : QuotaOverrides.NONE;
        QuotaOverrides named = patch.overrides();
        if (named == null) {
            return kept;
        }
        QuotaLimits byPlan = plan.limits();
        return new QuotaOverrides(
                override(named.users(), kept.users(), byPlan.users()),
                override(named.files(), kept.files(), byPlan.files()),
                override(named.bytes(), kept.bytes(), byPlan.bytes()));
    }

    private static @Nullable Long override(@Nullable Long named, @Nullable Long kept, long byPlan) {
        if (named == null) {
            return kept;
        }
        return named == byPlan ? null : named;
    }

    private static TenantRecord withRevision(TenantRecord record, long revision) {
        return copy(record, record.status(), record.suspensionReason(), revision);
    }

    private static TenantRecord withStatusOf(TenantRecord record, TenantRecord other) {
        return copy(record, other.status(), other.suspensionReason(), record.settingsRevision());
    }

    private static TenantRecord copy(
            TenantRecord record, TenantStatus status, @Nullable String reason, long settingsRevision) {
        return new TenantRecord(
                record.id(),
                record.zone(),
                record.displayName(),
                record.plan(),
                status,
                reason,
                record.trialEndsAt(),
                record.cancelledAt(),
                record.overrides(),
                record.retainedVersions(),
                record.members(),
                record.limitMembers(),
                record.createdAt(),
                settingsRevision);
    }

    // ---- .audit/log.jsonl
    // --------------------------------------------------------------------------------------------

    Reply appendAudit(Ask ask, TenantRequest.AppendAudit command, Principal principal, Draft draft) {
        permissions.require(principal, Permissions.WRITE, WorkspacePath.AUDIT_LOG, draft.now);
        for (String line : command.lines()) {
            int bytes = Draft.auditBytes(line);
            if (bytes > Limits.AUDIT_ENTRY_BYTES) {
                throw Problem.tooLarge(
                                "an audit entry has " + bytes + " bytes, the limit is " + Limits.AUDIT_ENTRY_BYTES)
                        .exception();
            }
        }
        for (String line : command.lines()) {
            draft.audit(AuditLine.of("application", ask, principal, "append_audit", null)
                    .withDetail(line));
        }
        return new Reply.Written(List.of(Infos.auditLog(draft)));
    }

    // ---- tenants
    // -----------------------------------------------------------------------------------------------------

    Reply makeTenant(Ask ask, TenantRequest.MakeDirectory command, Principal principal, Draft draft) {
        WorkspacePath path = command.path();
        KeyCommands.requireSystem(principal);
        ZoneName zone = path.zone();
        if (zone == null || !path.isTenantRoot()) {
            boolean present = path.place() != WorkspacePath.Place.ELSEWHERE && zone == null;
            if (present && command.existOk()) {
                return Reply.Done.DONE;
            }
            throw (present
                            ? Problem.exists("Directory already exists: " + path, path.wire())
                            : Problem.refused(
                                    "nothing can be made at " + path + ": everything is below /tenants/{zone_id}",
                                    path.wire()))
                    .exception();
        }
        if (zone.isReserved()) {
            throw Problem.refused("the name '" + zone + "' is reserved", path.wire())
                    .exception();
        }
        if (draft.hasMadeTenant(zone.value()) || draft.loaded().isZoneTaken(zone)) {
            if (command.existOk()) {
                return Reply.Done.DONE;
            }
            throw Problem.exists("Directory already exists: " + path, path.wire())
                    .exception();
        }
        TenantId id = new TenantId(ids.next());
        draft.makeTenant(TenantRecord.created(id, zone, draft.now));
        draft.audit(AuditLine.of("change", ask, principal, "create_tenant", null)
                .withDetail(new JsonText()
                        .put("tenant_id", id.toString())
                        .put("zone_id", zone.value())
                        .end()));
        return Reply.Done.DONE;
    }
}
