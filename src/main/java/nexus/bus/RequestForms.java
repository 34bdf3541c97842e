package nexus.bus;

import static nexus.bus.ValueForms.CONTENT_IN;
import static nexus.bus.ValueForms.FLAG;
import static nexus.bus.ValueForms.GUEST;
import static nexus.bus.ValueForms.HASH;
import static nexus.bus.ValueForms.INTEGER;
import static nexus.bus.ValueForms.KEY;
import static nexus.bus.ValueForms.NODE;
import static nexus.bus.ValueForms.NUMBER;
import static nexus.bus.ValueForms.OBJECT;
import static nexus.bus.ValueForms.OVERRIDES;
import static nexus.bus.ValueForms.PATH;
import static nexus.bus.ValueForms.PLAN;
import static nexus.bus.ValueForms.PRINCIPAL;
import static nexus.bus.ValueForms.STATUS;
import static nexus.bus.ValueForms.SUBJECT;
import static nexus.bus.ValueForms.TENANT;
import static nexus.bus.ValueForms.TEXT;
import static nexus.bus.ValueForms.TIME;
import static nexus.bus.ValueForms.ZONE;

import java.util.UUID;
import nexus.kernel.CommandId;
import nexus.kernel.ContentHash;
import nexus.kernel.Limits;
import nexus.store.TenantStore;
import nexus.tenant.Ask;
import nexus.tenant.Claims;
import nexus.tenant.Credential;
import nexus.tenant.TenantRequest;

/** The forms of what one node asks of another: tables, on purpose in one file. */
final class RequestForms {
    private RequestForms() {}

    /** A keyed SHA-256; empty where there is no key. */
    private static final int SECRET_HASH_BYTES = 32;

    /** The code of a command with an idempotency key. */
    private static final int IDEMPOTENT = 84;

    /** What does not fit into a group is not appended at once. */
    private static final int APPENDED_BYTES = Limits.GROUP_BYTES;

    private static final Form<TenantRequest.CheckItem> CHECK_ITEM = Form.of(
            (out, v) -> {
                SUBJECT.write(out, v.subject());
                out.text(v.permission());
                OBJECT.write(out, v.object());
            },
            in -> new TenantRequest.CheckItem(SUBJECT.read(in), in.text(), OBJECT.read(in)));

    private static final Form<TenantRequest.FileWrite> FILE_WRITE = Form.of(
            (out, v) -> {
                PATH.write(out, v.path());
                CONTENT_IN.write(out, v.content());
                out.optional(TEXT, v.ifMatch());
                out.flag(v.ifNoneMatch());
            },
            in -> new TenantRequest.FileWrite(PATH.read(in), CONTENT_IN.read(in), in.optional(TEXT), in.flag()));

    private static final Form<TenantRequest.RecordPatch> RECORD_PATCH = Form.of(
            (out, v) -> {
                out.optional(NUMBER, v.settingsRevision());
                out.optional(TEXT, v.zone());
                out.optional(TEXT, v.displayName());
                out.optional(PLAN, v.plan());
                out.optional(STATUS, v.status());
                out.optional(TEXT, v.suspensionReason());
                out.optional(TIME, v.trialEndsAt());
                out.optional(OVERRIDES, v.overrides());
                out.texts(v.limitMembers());
                out.optional(INTEGER, v.retainedVersions());
                out.texts(v.members());
            },
            in -> new TenantRequest.RecordPatch(
                    in.optional(NUMBER),
                    in.optional(TEXT),
                    in.optional(TEXT),
                    in.optional(PLAN),
                    in.optional(STATUS),
                    in.optional(TEXT),
                    in.optional(TIME),
                    in.optional(OVERRIDES),
                    in.texts(),
                    in.optional(INTEGER),
                    in.texts()));

    private static final Form<TenantStore.AuditFilter> AUDIT_FILTER = Form.of(
            (out, v) -> {
                out.optional(TEXT, v.kind());
                out.optional(TEXT, v.action());
                out.optional(TEXT, v.user());
                out.optional(TEXT, v.pathPrefix());
            },
            in -> new TenantStore.AuditFilter(
                    in.optional(TEXT), in.optional(TEXT), in.optional(TEXT), in.optional(TEXT)));

    private static final Form<TenantRequest.ProvisionUser> PROVISION_USER = Form.of(
            (out, v) -> {
                out.text(v.userId());
                out.optional(TEXT, v.email());
                out.optional(TEXT, v.displayName());
                out.optional(KEY, v.key());
                out.bytes(v.secretHash(), SECRET_HASH_BYTES);
                out.flag(v.agents());
            },
            in -> new TenantRequest.ProvisionUser(
                    in.text(),
                    in.optional(TEXT),
                    in.optional(TEXT),
                    in.optional(KEY),
                    in.bytes(SECRET_HASH_BYTES),
                    in.flag()));

    /** Queries have the codes from 1, commands those from 64. */
    private static final Form<TenantRequest> TENANT_REQUEST = Kinds.of(TenantRequest.class)
            .empty(1, TenantRequest.WhoAmI.class, new TenantRequest.WhoAmI())
            .kind(
                    2,
                    TenantRequest.Stat.class,
                    (out, v) -> out.list(PATH, v.paths()),
                    in -> new TenantRequest.Stat(in.list(PATH)))
            .kind(
                    3,
                    TenantRequest.ReadFile.class,
                    (out, v) -> {
                        PATH.write(out, v.path());
                        out.optional(NUMBER, v.version());
                    },
                    in -> new TenantRequest.ReadFile(PATH.read(in), in.optional(NUMBER)))
            .kind(
                    4,
                    TenantRequest.ListFiles.class,
                    (out, v) -> {
                        PATH.write(out, v.folder());
                        out.flag(v.recursive());
                        out.optional(TEXT, v.prefix());
                        out.optional(TEXT, v.after());
                        out.optional(INTEGER, v.limit());
                    },
                    in -> new TenantRequest.ListFiles(
                            PATH.read(in), in.flag(), in.optional(TEXT), in.optional(TEXT), in.optional(INTEGER)))
            .kind(
                    5,
                    TenantRequest.ListTenants.class,
                    (out, v) -> {
                        out.optional(ZONE, v.after());
                        out.number(v.limit());
                    },
                    in -> new TenantRequest.ListTenants(in.optional(ZONE), in.integer()))
            .kind(
                    6,
                    TenantRequest.ListVersions.class,
                    (out, v) -> PATH.write(out, v.path()),
                    in -> new TenantRequest.ListVersions(PATH.read(in)))
            .kind(
                    7,
                    TenantRequest.PrepareWrite.class,
                    (out, v) -> {
                        PATH.write(out, v.path());
                        out.number(v.size());
                    },
                    in -> new TenantRequest.PrepareWrite(PATH.read(in), in.number()))
            .kind(
                    8,
                    TenantRequest.Check.class,
                    (out, v) -> out.list(CHECK_ITEM, v.items()),
                    in -> new TenantRequest.Check(in.list(CHECK_ITEM)))
            .kind(
                    9,
                    TenantRequest.Expand.class,
                    (out, v) -> {
                        out.text(v.permission());
                        OBJECT.write(out, v.object());
                    },
                    in -> new TenantRequest.Expand(in.text(), OBJECT.read(in)))
            .kind(
                    10,
                    TenantRequest.ListTuples.class,
                    (out, v) -> {
                        out.optional(SUBJECT, v.subject());
                        out.list(TEXT, v.relations());
                        out.optional(OBJECT, v.object());
                    },
                    in -> new TenantRequest.ListTuples(in.optional(SUBJECT), in.list(TEXT), in.optional(OBJECT)))
            .kind(
                    11,
                    TenantRequest.ListKeys.class,
                    (out, v) -> {
                        out.optional(TEXT, v.userId());
                        out.optional(FLAG, v.systemAdministrator());
                        out.flag(v.includeRevoked());
                        out.flag(v.includeExpired());
                        out.number(v.limit());
                        out.number(v.offset());
                    },
                    in -> new TenantRequest.ListKeys(
                            in.optional(TEXT), in.optional(FLAG), in.flag(), in.flag(), in.integer(), in.integer()))
            .kind(
                    12,
                    TenantRequest.GetKey.class,
                    (out, v) -> KEY.write(out, v.key()),
                    in -> new TenantRequest.GetKey(KEY.read(in)))
            .kind(
                    21,
                    TenantRequest.ListShares.class,
                    (out, v) -> {
                        out.optional(PATH, v.resource());
                        out.number(v.limit());
                        out.number(v.offset());
                    },
                    in -> new TenantRequest.ListShares(in.optional(PATH), in.integer(), in.integer()))
            .kind(
                    13,
                    TenantRequest.SearchTenants.class,
                    (out, v) -> {
                        out.optional(ZONE, v.after());
                        out.optional(PLAN, v.plan());
                        out.optional(STATUS, v.status());
                        out.number(v.limit());
                    },
                    in -> new TenantRequest.SearchTenants(
                            in.optional(ZONE), in.optional(PLAN), in.optional(STATUS), in.integer()))
            .empty(14, TenantRequest.ShowTenant.class, new TenantRequest.ShowTenant())
            .kind(
                    17,
                    TenantRequest.ListAudit.class,
                    (out, v) -> {
                        AUDIT_FILTER.write(out, v.filter());
                        out.optional(TIME, v.from());
                        out.optional(TIME, v.to());
                        out.flag(v.newestFirst());
                        out.optional(NUMBER, v.after());
                        out.number(v.limit());
                    },
                    in -> new TenantRequest.ListAudit(
                            AUDIT_FILTER.read(in),
                            in.optional(TIME),
                            in.optional(TIME),
                            in.flag(),
                            in.optional(NUMBER),
                            in.integer()))
            .kind(
                    18,
                    TenantRequest.VerifyAudit.class,
                    (out, v) -> {
                        out.number(v.after());
                        out.optional(HASH, v.hash());
                    },
                    in -> new TenantRequest.VerifyAudit(in.number(), in.optional(HASH)))
            .kind(
                    19,
                    TenantRequest.RequireSystem.class,
                    (out, v) -> out.text(v.operation()),
                    in -> new TenantRequest.RequireSystem(in.text()))
            .kind(
                    64,
                    TenantRequest.MakeDirectory.class,
                    (out, v) -> {
                        PATH.write(out, v.path());
                        out.flag(v.parents());
                        out.flag(v.existOk());
                    },
                    in -> new TenantRequest.MakeDirectory(PATH.read(in), in.flag(), in.flag()))
            .kind(
                    65,
                    TenantRequest.RemoveDirectory.class,
                    (out, v) -> {
                        PATH.write(out, v.path());
                        out.flag(v.recursive());
                    },
                    in -> new TenantRequest.RemoveDirectory(PATH.read(in), in.flag()))
            .kind(
                    66,
                    TenantRequest.WriteFiles.class,
                    (out, v) -> out.list(FILE_WRITE, v.writes()),
                    in -> new TenantRequest.WriteFiles(in.list(FILE_WRITE)))
            .kind(
                    67,
                    TenantRequest.AppendFile.class,
                    (out, v) -> {
                        PATH.write(out, v.path());
                        out.bytes(v.bytes(), APPENDED_BYTES);
                        out.optional(TEXT, v.ifMatch());
                    },
                    in -> new TenantRequest.AppendFile(PATH.read(in), in.bytes(APPENDED_BYTES), in.optional(TEXT)))
            .kind(
                    68,
                    TenantRequest.DeleteFile.class,
                    (out, v) -> PATH.write(out, v.path()),
                    in -> new TenantRequest.DeleteFile(PATH.read(in)))
            .kind(
                    69,
                    TenantRequest.Rename.class,
                    (out, v) -> {
                        PATH.write(out, v.from());
                        PATH.write(out, v.to());
                    },
                    in -> new TenantRequest.Rename(PATH.read(in), PATH.read(in)))
            .kind(
                    70,
                    TenantRequest.CopyFile.class,
                    (out, v) -> {
                        PATH.write(out, v.from());
                        PATH.write(out, v.to());
                    },
                    in -> new TenantRequest.CopyFile(PATH.read(in), PATH.read(in)))
            .kind(
                    71,
                    TenantRequest.Rollback.class,
                    (out, v) -> {
                        PATH.write(out, v.path());
                        out.number(v.version());
                    },
                    in -> new TenantRequest.Rollback(PATH.read(in), in.number()))
            .kind(
                    72,
                    TenantRequest.CreateTuple.class,
                    (out, v) -> {
                        OBJECT.write(out, v.object());
                        out.text(v.relation());
                        SUBJECT.write(out, v.subject());
                        out.optional(TIME, v.expiresAt());
                    },
                    in -> new TenantRequest.CreateTuple(
                            OBJECT.read(in), in.text(), SUBJECT.read(in), in.optional(TIME)))
            .kind(
                    73,
                    TenantRequest.DeleteTuple.class,
                    (out, v) -> out.id(v.tuple()),
                    in -> new TenantRequest.DeleteTuple(in.id()))
            .kind(
                    74,
                    TenantRequest.CreateKey.class,
                    (out, v) -> {
                        KEY.write(out, v.key());
                        out.bytes(v.secretHash(), SECRET_HASH_BYTES);
                        out.text(v.name());
                        out.text(v.userId());
                        out.text(v.subjectType());
                        out.text(v.subjectId());
                        out.flag(v.systemAdministrator());
                        out.optional(TIME, v.expiresAt());
                    },
                    in -> new TenantRequest.CreateKey(
                            KEY.read(in),
                            in.bytes(SECRET_HASH_BYTES),
                            in.text(),
                            in.text(),
                            in.text(),
                            in.text(),
                            in.flag(),
                            in.optional(TIME)))
            .kind(
                    75,
                    TenantRequest.SetChosenKey.class,
                    (out, v) -> {
                        out.optional(KEY, v.key());
                        out.bytes(v.secretHash(), SECRET_HASH_BYTES);
                    },
                    in -> new TenantRequest.SetChosenKey(in.optional(KEY), in.bytes(SECRET_HASH_BYTES)))
            .kind(
                    76,
                    TenantRequest.RevokeKey.class,
                    (out, v) -> KEY.write(out, v.key()),
                    in -> new TenantRequest.RevokeKey(KEY.read(in)))
            .kind(
                    77,
                    TenantRequest.UpdateKey.class,
                    (out, v) -> {
                        KEY.write(out, v.key());
                        out.optional(TEXT, v.name());
                        out.optional(TIME, v.expiresAt());
                        out.optional(FLAG, v.systemAdministrator());
                    },
                    in -> new TenantRequest.UpdateKey(
                            KEY.read(in), in.optional(TEXT), in.optional(TIME), in.optional(FLAG)))
            .kind(
                    78,
                    TenantRequest.UpdateRecord.class,
                    (out, v) -> {
                        RECORD_PATCH.write(out, v.patch());
                        out.optional(TEXT, v.ifMatch());
                        out.flag(v.ifNoneMatch());
                    },
                    in -> new TenantRequest.UpdateRecord(RECORD_PATCH.read(in), in.optional(TEXT), in.flag()))
            .kind(
                    79,
                    TenantRequest.AppendAudit.class,
                    (out, v) -> out.list(TEXT, v.lines()),
                    in -> new TenantRequest.AppendAudit(in.list(TEXT)))
            .kind(
                    80,
                    TenantRequest.DrainNode.class,
                    (out, v) -> {
                        NODE.write(out, v.node());
                        out.flag(v.draining());
                    },
                    in -> new TenantRequest.DrainNode(NODE.read(in), in.flag()))
            .kind(
                    81,
                    TenantRequest.PinTenant.class,
                    (out, v) -> {
                        ZONE.write(out, v.zone());
                        out.optional(TEXT, v.node());
                    },
                    in -> new TenantRequest.PinTenant(ZONE.read(in), in.optional(TEXT)))
            .kind(82, TenantRequest.ProvisionUser.class, PROVISION_USER::write, PROVISION_USER::read)
            .kind(
                    83,
                    TenantRequest.DeprovisionUser.class,
                    (out, v) -> {
                        out.text(v.userId());
                        out.flag(v.deleteRecord());
                        out.flag(v.force());
                    },
                    in -> new TenantRequest.DeprovisionUser(in.text(), in.flag(), in.flag()))
            .kind(
                    110,
                    TenantRequest.CreateShare.class,
                    (out, v) -> {
                        PATH.write(out, v.path());
                        out.text(v.relation());
                        out.optional(ZONE, v.target());
                        out.text(v.subjectType());
                        out.text(v.subjectId());
                        out.optional(TIME, v.expiresAt());
                    },
                    in -> new TenantRequest.CreateShare(
                            PATH.read(in), in.text(), in.optional(ZONE), in.text(), in.text(), in.optional(TIME)))
            .kind(
                    111,
                    TenantRequest.OfferShare.class,
                    (out, v) -> {
                        ZONE.write(out, v.target());
                        out.text(v.name());
                        out.text(v.relation());
                        out.optional(TIME, v.expiresAt());
                    },
                    in -> new TenantRequest.OfferShare(ZONE.read(in), in.text(), in.text(), in.optional(TIME)))
            .kind(
                    112,
                    TenantRequest.BindShare.class,
                    (out, v) -> {
                        ZONE.write(out, v.target());
                        out.text(v.label());
                        PATH.write(out, v.path());
                        out.text(v.relation());
                        out.optional(TIME, v.expiresAt());
                    },
                    in -> new TenantRequest.BindShare(
                            ZONE.read(in), in.text(), PATH.read(in), in.text(), in.optional(TIME)))
            .kind(
                    113,
                    TenantRequest.RevokeShares.class,
                    (out, v) -> {
                        PATH.write(out, v.path());
                        out.text(v.userId());
                    },
                    in -> new TenantRequest.RevokeShares(PATH.read(in), in.text()))
            .kind(
                    IDEMPOTENT,
                    TenantRequest.Idempotent.class,
                    (out, v) -> {
                        out.id(v.key());
                        HASH.write(out, v.digest());
                        RequestForms.TENANT_REQUEST.write(out, v.command());
                    },
                    RequestForms::idempotent)
            .kind(
                    85,
                    TenantRequest.OnboardTenant.class,
                    (out, v) -> {
                        TENANT.write(out, v.tenant());
                        ZONE.write(out, v.zone());
                        RECORD_PATCH.write(out, v.patch());
                        PROVISION_USER.write(out, v.administrator());
                    },
                    in -> new TenantRequest.OnboardTenant(
                            TENANT.read(in), ZONE.read(in), RECORD_PATCH.read(in), PROVISION_USER.read(in)))
            .kind(
                    86,
                    TenantRequest.ChangeTenant.class,
                    (out, v) -> {
                        RECORD_PATCH.write(out, v.patch());
                        out.optional(TEXT, v.ifMatch());
                    },
                    in -> new TenantRequest.ChangeTenant(RECORD_PATCH.read(in), in.optional(TEXT)))
            .kind(
                    87,
                    TenantRequest.DeleteTenant.class,
                    (out, v) -> out.text(v.confirmation()),
                    in -> new TenantRequest.DeleteTenant(in.text()))
            .empty(88, TenantRequest.AdvanceLifecycle.class, new TenantRequest.AdvanceLifecycle())
            .complete();

    /** A command in a command: not deeper, so that no message can make the reader climb. */
    private static TenantRequest.Idempotent idempotent(MessageReader in) {
        UUID key = in.id();
        ContentHash digest = HASH.read(in);
        if (in.peek() == IDEMPOTENT) {
            throw in.fault("a command in a command is in another command");
        }
        if (!(TENANT_REQUEST.read(in) instanceof TenantRequest.Command command)
                || !TenantRequest.Idempotent.isPossible(command)) {
            throw in.fault("only a plain command has an idempotency key");
        }
        return new TenantRequest.Idempotent(key, digest, command);
    }

    private static final Form<Credential> CREDENTIAL = Form.of(
            (out, v) -> {
                TENANT.write(out, v.tenant());
                KEY.write(out, v.key());
                out.bytes(v.secretHash(), SECRET_HASH_BYTES);
            },
            in -> new Credential(TENANT.read(in), KEY.read(in), in.bytes(SECRET_HASH_BYTES)));

    private static final Form<Claims> CLAIMS = Form.of(
            (out, v) -> {
                out.optional(TEXT, v.zone());
                out.optional(TEXT, v.subjectType());
                out.optional(TEXT, v.subjectId());
            },
            in -> new Claims(in.optional(TEXT), in.optional(TEXT), in.optional(TEXT)));

    private static final Form<Ask> ASK = Form.of(
            (out, v) -> {
                out.text(v.requestId());
                out.text(v.remote());
                out.id(v.command().value());
                CREDENTIAL.write(out, v.credential());
                CLAIMS.write(out, v.claims());
                out.optional(ZONE, v.zone());
                out.duration(v.timeout());
                TENANT_REQUEST.write(out, v.request());
            },
            in -> new Ask(
                    in.text(),
                    in.text(),
                    new CommandId(in.id()),
                    CREDENTIAL.read(in),
                    CLAIMS.read(in),
                    in.optional(ZONE),
                    in.duration(),
                    TENANT_REQUEST.read(in)));

    static final Form<NodeRequest> NODE_REQUEST = Kinds.of(NodeRequest.class)
            .kind(
                    1,
                    NodeRequest.AskTenant.class,
                    (out, v) -> {
                        TENANT.write(out, v.tenant());
                        ASK.write(out, v.ask());
                        out.optional(PRINCIPAL, v.system());
                    },
                    in -> new NodeRequest.AskTenant(TENANT.read(in), ASK.read(in), in.optional(PRINCIPAL)))
            .kind(
                    2,
                    NodeRequest.Prove.class,
                    (out, v) -> ASK.write(out, v.ask()),
                    in -> new NodeRequest.Prove(ASK.read(in)))
            .kind(
                    3,
                    NodeRequest.Activate.class,
                    (out, v) -> TENANT.write(out, v.tenant()),
                    in -> new NodeRequest.Activate(TENANT.read(in)))
            .kind(
                    4,
                    NodeRequest.Visit.class,
                    (out, v) -> {
                        TENANT.write(out, v.tenant());
                        ASK.write(out, v.ask());
                        GUEST.write(out, v.guest());
                    },
                    in -> new NodeRequest.Visit(TENANT.read(in), ASK.read(in), GUEST.read(in)))
            .kind(
                    5,
                    NodeRequest.Vouch.class,
                    (out, v) -> {
                        TENANT.write(out, v.tenant());
                        ASK.write(out, v.ask());
                        out.optional(PRINCIPAL, v.system());
                    },
                    in -> new NodeRequest.Vouch(TENANT.read(in), ASK.read(in), in.optional(PRINCIPAL)))
            .complete();
}
