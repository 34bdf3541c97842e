package nexus.tenant;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nexus.kernel.Epoch;
import nexus.kernel.Ids;
import nexus.kernel.JsonText;
import nexus.kernel.KeyId;
import nexus.kernel.Problem;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.lifecycle.Lifecycle;
import nexus.lifecycle.TenantStatus;
import nexus.quota.Usage;
import nexus.rebac.schema.AuthorizationModel;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.SubjectRef;
import nexus.rebac.tuple.TupleIndex;
import nexus.store.AuditChain;
import nexus.store.Content;
import nexus.store.TenantRecord;
import nexus.store.TenantSnapshot;

/**
 * Makes a tenant with all that it begins with, in one group of the reserved tenant.
 *
 * <p>What it begins with is what a system administrator would do one call after the other: write the record, make the
 * directories, provision the administrator, make him owner of the root, write a file that says welcome. So that is what is
 * done: the same commands, by the same rules, on the core of a tenant that is not there yet; their group is written with the
 * tenant's registration. A refusal of any of them refuses the whole.
 */
final class OnboardingCommand {
    private static final List<String> DIRECTORIES = List.of("users", "shared", "uploads", "templates", "exports");
    private static final String WELCOME_PATH = "/shared/Welcome.md";
    private static final byte[] WELCOME = """
            # Welcome to Your Workspace!

            ## Getting Started

            1. Invite your team members
            2. Upload your files
            3. Start collaborating

            ## Features Available

            - Secure file storage
            - Version history
            - Access control
            """.getBytes(StandardCharsets.UTF_8);

    /** What a tenant's settings say that names none of its own. */
    private static final String SETTINGS = new JsonText()
            .putRaw("allow_public_sharing", "false")
            .putRaw("enforce_2fa", "false")
            .put("data_retention_days", Lifecycle.RETENTION.toDays())
            .end();

    private final TenantState state;
    private final AuthorizationModel model;
    private final Ids ids;

    OnboardingCommand(TenantState state, AuthorizationModel model, Ids ids) {
        this.state = state;
        this.model = model;
        this.ids = ids;
    }

    Reply onboard(Ask ask, TenantRequest.OnboardTenant command, Principal principal, Draft draft) {
        KeyCommands.requireSystem(principal);
        ZoneName zone = command.zone();
        String wire = WorkspacePath.wire(zone, WorkspacePath.ROOT);
        if (!state.isSystem()) {
            throw Problem.refused("tenants are made by the zone 'system'", wire).exception();
        }
        if (zone.isReserved()) {
            throw Problem.refused("the name '" + zone + "' is reserved", wire).exception();
        }
        if (draft.hasMadeTenant(zone.value()) || draft.loaded().isZoneTaken(zone)) {
            throw Problem.exists("there is a tenant '" + zone + "' already", wire)
                    .exception();
        }
        KeyId key = command.administrator().key();
        if (key == null) {
            throw Problem.invalid("the administrator of a new tenant needs a key")
                    .exception();
        }
        Draft first = begin(command, ask, principal, draft.now);
        draft.foundTenant(first);
        draft.audit(AuditLine.of("change", ask, principal, "create_tenant", null)
                .withDetail(new JsonText()
                        .put("tenant_id", command.tenant().toString())
                        .put("zone_id", zone.value())
                        .put("plan", first.record().plan().text())
                        .put("status", first.record().status().text())
                        .end()));
        return new Reply.Onboarded(Infos.tenant(first), command.administrator().userId(), key);
    }

    private Draft begin(TenantRequest.OnboardTenant command, Ask ask, Principal principal, Instant now) {
        TenantRecord record = TenantRecord.created(command.tenant(), command.zone(), now);
        TenantState fresh = new TenantState(
                // No owner has it yet; the first one's epoch will be 1, and this group is before it.
                new TenantSnapshot(
                        record,
                        new Epoch(1),
                        0,
                        now,
                        Usage.NONE,
                        0,
                        0,
                        AuditChain.start(record.id()),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of()),
                new TupleIndex(ids.next().getLeastSignificantBits()));
        TenantCore core = new TenantCore(fresh, new Denials(), model, ids);
        Loaded nothing = new Loaded(fresh.entries);
        Draft first = new Draft(fresh, now, nothing, List.of());
        for (TenantRequest.Command step : steps(command, now)) {
            core.need(step, nothing);
            nothing.gotEntries(List.of());
            core.decide(ask, step, principal, first);
        }
        return first;
    }

    private static List<TenantRequest.Command> steps(TenantRequest.OnboardTenant command, Instant now) {
        ZoneName zone = command.zone();
        List<TenantRequest.Command> steps = new ArrayList<>();
        steps.add(new TenantRequest.UpdateRecord(onTrial(command.patch(), now), null, false));
        for (String name : DIRECTORIES) {
            steps.add(new TenantRequest.MakeDirectory(path(zone, "/" + name), false, false));
        }
        steps.add(command.administrator());
        steps.add(new TenantRequest.CreateTuple(
                new ObjectRef(Permissions.FILE, WorkspacePath.wire(zone, WorkspacePath.ROOT)),
                Permissions.OWNER,
                SubjectRef.of("user", command.administrator().userId()),
                null));
        steps.add(new TenantRequest.WriteFiles(List.of(
                new TenantRequest.FileWrite(path(zone, WELCOME_PATH), Content.Inline.of(WELCOME), null, true))));
        return steps;
    }

    private static WorkspacePath path(ZoneName zone, String relative) {
        return WorkspacePath.inTenant(zone, relative);
    }

    private static TenantRequest.RecordPatch onTrial(TenantRequest.RecordPatch patch, Instant now) {
        Instant end = patch.trialEndsAt();
        Map<String, String> members = new LinkedHashMap<>();
        members.put("settings", SETTINGS);
        members.putAll(patch.members());
        return new TenantRequest.RecordPatch(
                null,
                patch.zone(),
                patch.displayName(),
                patch.plan(),
                TenantStatus.TRIAL,
                null,
                end == null ? now.plus(Lifecycle.TRIAL) : end,
                patch.overrides(),
                patch.limitMembers(),
                patch.retainedVersions(),
                members);
    }
}
