package nexus.bus;

import static nexus.bus.ValueForms.CONTENT_OUT;
import static nexus.bus.ValueForms.FILE;
import static nexus.bus.ValueForms.GUEST;
import static nexus.bus.ValueForms.HASH;
import static nexus.bus.ValueForms.ID;
import static nexus.bus.ValueForms.KEY;
import static nexus.bus.ValueForms.NODE;
import static nexus.bus.ValueForms.NUMBER;
import static nexus.bus.ValueForms.PRINCIPAL;
import static nexus.bus.ValueForms.PROBLEM;
import static nexus.bus.ValueForms.TENANT;
import static nexus.bus.ValueForms.TEXT;
import static nexus.bus.ValueForms.TIME;
import static nexus.bus.ValueForms.TUPLE;
import static nexus.bus.ValueForms.ZONE;

import nexus.store.AuditEntry;
import nexus.store.FileVersion;
import nexus.store.KeyRecord;
import nexus.store.TupleRow;
import nexus.tenant.Reply;

/** The forms of what one node answers another: tables, on purpose in one file. */
final class ReplyForms {
    private ReplyForms() {}

    /** The code of a reply that is given again. */
    private static final int REPLAYED = 19;

    private static Reply.Replayed replayed(MessageReader in) {
        if (in.peek() == REPLAYED) {
            throw in.fault("a reply is replayed as it was");
        }
        return new Reply.Replayed(REPLY.read(in));
    }

    private static final byte[] NO_HASH = new byte[0];

    private static final Form<Reply.FileInfo> FILE_INFO = Form.of(
            (out, v) -> {
                out.text(v.path());
                out.flag(v.directory());
                out.number(v.version());
                out.number(v.size());
                out.optional(TEXT, v.etag());
                out.optional(TIME, v.createdAt());
                out.optional(TIME, v.modifiedAt());
                out.text(v.createdBy());
            },
            in -> new Reply.FileInfo(
                    in.text(),
                    in.flag(),
                    in.number(),
                    in.number(),
                    in.optional(TEXT),
                    in.optional(TIME),
                    in.optional(TIME),
                    in.text()));

    private static final Form<Reply.StatResult> STAT_RESULT = Form.of(
            (out, v) -> {
                out.optional(FILE_INFO, v.info());
                out.optional(PROBLEM, v.problem());
            },
            in -> new Reply.StatResult(in.optional(FILE_INFO), in.optional(PROBLEM)));

    private static final Form<FileVersion> FILE_VERSION = Form.of(
            (out, v) -> {
                FILE.write(out, v.file());
                out.number(v.version());
                out.number(v.size());
                HASH.write(out, v.hash());
                out.time(v.createdAt());
                out.text(v.createdBy());
                out.text(v.source());
                out.optional(NUMBER, v.parent());
            },
            in -> new FileVersion(
                    FILE.read(in),
                    in.number(),
                    in.number(),
                    HASH.read(in),
                    in.time(),
                    in.text(),
                    in.text(),
                    in.optional(NUMBER)));

    private static final Form<TupleRow> TUPLE_ROW = Form.of(
            (out, v) -> {
                ID.write(out, v.id());
                TUPLE.write(out, v.tuple());
                out.time(v.createdAt());
                out.optional(TIME, v.expiresAt());
            },
            in -> new TupleRow(ID.read(in), TUPLE.read(in), in.time(), in.optional(TIME)));

    /** Without the secret's hash, which stays where it is: no answer shows it. */
    private static final Form<KeyRecord> KEY_RECORD = Form.of(
            (out, v) -> {
                KEY.write(out, v.id());
                out.text(v.name());
                out.text(v.userId());
                out.text(v.subjectType());
                out.text(v.subjectId());
                out.flag(v.systemAdministrator());
                out.flag(v.external());
                out.time(v.createdAt());
                out.optional(TIME, v.expiresAt());
                out.optional(TIME, v.revokedAt());
                out.optional(TIME, v.lastUsedAt());
            },
            in -> new KeyRecord(
                    KEY.read(in),
                    NO_HASH,
                    in.text(),
                    in.text(),
                    in.text(),
                    in.text(),
                    in.flag(),
                    in.flag(),
                    in.time(),
                    in.optional(TIME),
                    in.optional(TIME),
                    in.optional(TIME)));

    private static final Form<Reply.Share> SHARE = Form.of(
            (out, v) -> {
                out.text(v.id());
                out.text(v.resource());
                ZONE.write(out, v.zone());
                out.text(v.recipientType());
                out.text(v.recipientId());
                out.text(v.permission());
                out.time(v.createdAt());
                out.optional(TIME, v.expiresAt());
            },
            in -> new Reply.Share(
                    in.text(),
                    in.text(),
                    ZONE.read(in),
                    in.text(),
                    in.text(),
                    in.text(),
                    in.time(),
                    in.optional(TIME)));

    private static final Form<AuditEntry> AUDIT_ENTRY = Form.of(
            (out, v) -> {
                out.number(v.sequence());
                out.time(v.at());
                out.text(v.line());
                out.optional(HASH, v.hash());
            },
            in -> new AuditEntry(in.number(), in.time(), in.text(), in.optional(HASH)));

    private static final Form<Reply.Tenant> TENANT_RECORD = Form.of(
            (out, v) -> {
                TENANT.write(out, v.id());
                ZONE.write(out, v.zone());
                out.number(v.settingsRevision());
                out.text(v.document());
            },
            in -> new Reply.Tenant(TENANT.read(in), ZONE.read(in), in.number(), in.text()));

    private static final Form<Reply> REPLY = Kinds.of(Reply.class)
            .empty(1, Reply.Done.class, Reply.Done.DONE)
            .kind(2, Reply.Flag.class, (out, v) -> out.flag(v.value()), in -> new Reply.Flag(in.flag()))
            .kind(
                    3,
                    Reply.Identity.class,
                    (out, v) -> {
                        out.text(v.subjectType());
                        out.text(v.subjectId());
                        out.optional(ZONE, v.zone());
                        out.flag(v.systemAdministrator());
                    },
                    in -> new Reply.Identity(in.text(), in.text(), in.optional(ZONE), in.flag()))
            .kind(
                    4,
                    Reply.Stats.class,
                    (out, v) -> out.list(STAT_RESULT, v.results()),
                    in -> new Reply.Stats(in.list(STAT_RESULT)))
            .kind(
                    5,
                    Reply.FileContent.class,
                    (out, v) -> {
                        TENANT.write(out, v.tenant());
                        FILE_INFO.write(out, v.info());
                        CONTENT_OUT.write(out, v.content());
                    },
                    in -> new Reply.FileContent(TENANT.read(in), FILE_INFO.read(in), CONTENT_OUT.read(in)))
            .kind(
                    6,
                    Reply.Listing.class,
                    (out, v) -> {
                        out.list(FILE_INFO, v.entries());
                        out.optional(TEXT, v.next());
                    },
                    in -> new Reply.Listing(in.list(FILE_INFO), in.optional(TEXT)))
            .kind(
                    7,
                    Reply.Versions.class,
                    (out, v) -> out.list(FILE_VERSION, v.versions()),
                    in -> new Reply.Versions(in.list(FILE_VERSION)))
            .kind(8, Reply.Checks.class, (out, v) -> out.flags(v.allowed()), in -> new Reply.Checks(in.flags()))
            .kind(
                    9,
                    Reply.Subjects.class,
                    (out, v) -> out.list(TEXT, v.subjects()),
                    in -> new Reply.Subjects(in.list(TEXT)))
            .kind(
                    10,
                    Reply.Tuples.class,
                    (out, v) -> {
                        TENANT.write(out, v.tenant());
                        ZONE.write(out, v.zone());
                        out.list(TUPLE_ROW, v.tuples());
                    },
                    in -> new Reply.Tuples(TENANT.read(in), ZONE.read(in), in.list(TUPLE_ROW)))
            .kind(
                    11,
                    Reply.Keys.class,
                    (out, v) -> {
                        TENANT.write(out, v.tenant());
                        out.optional(ZONE, v.zone());
                        out.list(KEY_RECORD, v.keys());
                        out.number(v.total());
                    },
                    in -> new Reply.Keys(TENANT.read(in), in.optional(ZONE), in.list(KEY_RECORD), in.integer()))
            .kind(
                    12,
                    Reply.Written.class,
                    (out, v) -> out.list(FILE_INFO, v.files()),
                    in -> new Reply.Written(in.list(FILE_INFO)))
            .kind(
                    13,
                    Reply.Granted.class,
                    (out, v) -> {
                        out.text(v.id());
                        out.number(v.revision());
                    },
                    in -> new Reply.Granted(in.text(), in.number()))
            .kind(
                    14,
                    Reply.Provisioned.class,
                    (out, v) -> {
                        TENANT.write(out, v.tenant());
                        ZONE.write(out, v.zone());
                        out.text(v.userId());
                        out.optional(TEXT, v.email());
                        out.optional(TEXT, v.displayName());
                        out.flag(v.made());
                        out.optional(KEY, v.key());
                        out.text(v.workspacePath());
                        out.list(TEXT, v.directories());
                        out.list(TEXT, v.agents());
                        out.list(TEXT, v.agentPaths());
                    },
                    in -> new Reply.Provisioned(
                            TENANT.read(in),
                            ZONE.read(in),
                            in.text(),
                            in.optional(TEXT),
                            in.optional(TEXT),
                            in.flag(),
                            in.optional(KEY),
                            in.text(),
                            in.list(TEXT),
                            in.list(TEXT),
                            in.list(TEXT)))
            .kind(
                    15,
                    Reply.Deprovisioned.class,
                    (out, v) -> {
                        ZONE.write(out, v.zone());
                        out.text(v.userId());
                        out.optional(TEXT, v.directory());
                        out.number(v.keys());
                        out.number(v.permissions());
                        out.number(v.entities());
                        out.flag(v.recordDeleted());
                    },
                    in -> new Reply.Deprovisioned(
                            ZONE.read(in),
                            in.text(),
                            in.optional(TEXT),
                            in.integer(),
                            in.integer(),
                            in.integer(),
                            in.flag()))
            .kind(
                    23,
                    Reply.Shares.class,
                    (out, v) -> {
                        ZONE.write(out, v.zone());
                        out.list(SHARE, v.shares());
                        out.number(v.total());
                    },
                    in -> new Reply.Shares(ZONE.read(in), in.list(SHARE), in.integer()))
            .kind(16, Reply.Tenant.class, TENANT_RECORD::write, TENANT_RECORD::read)
            .kind(
                    17,
                    Reply.TenantPage.class,
                    (out, v) -> {
                        out.list(TENANT_RECORD, v.tenants());
                        out.flag(v.more());
                    },
                    in -> new Reply.TenantPage(in.list(TENANT_RECORD), in.flag()))
            .kind(
                    18,
                    Reply.Onboarded.class,
                    (out, v) -> {
                        TENANT_RECORD.write(out, v.tenant());
                        out.text(v.administrator());
                        KEY.write(out, v.key());
                    },
                    in -> new Reply.Onboarded(TENANT_RECORD.read(in), in.text(), KEY.read(in)))
            .kind(
                    REPLAYED,
                    Reply.Replayed.class,
                    (out, v) -> ReplyForms.REPLY.write(out, v.reply()),
                    ReplyForms::replayed)
            .kind(
                    20,
                    Reply.AuditPage.class,
                    (out, v) -> {
                        TENANT.write(out, v.tenant());
                        out.list(AUDIT_ENTRY, v.entries());
                        out.optional(NUMBER, v.next());
                    },
                    in -> new Reply.AuditPage(TENANT.read(in), in.list(AUDIT_ENTRY), in.optional(NUMBER)))
            .kind(
                    21,
                    Reply.AuditVerdict.class,
                    (out, v) -> {
                        TENANT.write(out, v.tenant());
                        HASH.write(out, v.start());
                        out.number(v.proved());
                        HASH.write(out, v.hash());
                        out.number(v.last());
                        out.optional(NUMBER, v.fault());
                        out.optional(TEXT, v.reason());
                    },
                    in -> new Reply.AuditVerdict(
                            TENANT.read(in),
                            HASH.read(in),
                            in.number(),
                            HASH.read(in),
                            in.number(),
                            in.optional(NUMBER),
                            in.optional(TEXT)))
            .complete();

    static final Form<NodeReply> NODE_REPLY = Kinds.of(NodeReply.class)
            .kind(
                    1,
                    NodeReply.Answered.class,
                    (out, v) -> REPLY.write(out, v.reply()),
                    in -> new NodeReply.Answered(REPLY.read(in)))
            .kind(
                    2,
                    NodeReply.Proved.class,
                    (out, v) -> PRINCIPAL.write(out, v.principal()),
                    in -> new NodeReply.Proved(PRINCIPAL.read(in)))
            .empty(3, NodeReply.Activated.class, NodeReply.Activated.ACTIVATED)
            .kind(
                    4,
                    NodeReply.Refused.class,
                    (out, v) -> PROBLEM.write(out, v.problem()),
                    in -> new NodeReply.Refused(PROBLEM.read(in)))
            .kind(
                    5,
                    NodeReply.Moved.class,
                    (out, v) -> out.optional(NODE, v.owner()),
                    in -> new NodeReply.Moved(in.optional(NODE)))
            .empty(6, NodeReply.Broken.class, NodeReply.Broken.BROKEN)
            .kind(
                    7,
                    NodeReply.Vouched.class,
                    (out, v) -> GUEST.write(out, v.guest()),
                    in -> new NodeReply.Vouched(GUEST.read(in)))
            .complete();
}
