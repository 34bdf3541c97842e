package nexus.bus;

import java.time.Instant;
import java.util.HexFormat;
import java.util.UUID;
import nexus.kernel.ContentHash;
import nexus.kernel.FileId;
import nexus.kernel.KeyId;
import nexus.kernel.Limits;
import nexus.kernel.Must;
import nexus.kernel.NodeId;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.lifecycle.TenantStatus;
import nexus.quota.Plan;
import nexus.quota.QuotaOverrides;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.RelationTuple;
import nexus.rebac.tuple.SubjectRef;
import nexus.store.BlobPlace;
import nexus.store.Content;
import nexus.tenant.Principal;

/** The forms of the values that requests and replies are made of. */
final class ValueForms {
    private ValueForms() {}

    static final Form<String> TEXT = Form.of(MessageWriter::text, MessageReader::text);

    static final Form<Boolean> FLAG = Form.of(MessageWriter::flag, MessageReader::flag);

    static final Form<Integer> INTEGER = Form.of((out, v) -> out.number(v.intValue()), MessageReader::integer);

    static final Form<Long> NUMBER = Form.of((out, v) -> out.number(v.longValue()), MessageReader::number);

    static final Form<Instant> TIME = Form.of(MessageWriter::time, MessageReader::time);

    static final Form<UUID> ID = Form.of(MessageWriter::id, MessageReader::id);

    static final Form<TenantId> TENANT = Form.of((out, v) -> out.id(v.value()), in -> new TenantId(in.id()));

    static final Form<NodeId> NODE = Form.of((out, v) -> out.id(v.value()), in -> new NodeId(in.id()));

    static final Form<KeyId> KEY = Form.of((out, v) -> out.id(v.value()), in -> new KeyId(in.id()));

    static final Form<FileId> FILE = Form.of((out, v) -> out.id(v.value()), in -> new FileId(in.id()));

    static final Form<ZoneName> ZONE = Form.of((out, v) -> out.text(v.value()), in -> new ZoneName(in.text()));

    /** Its text, which is parsed anew: what the parser does not accept does not exist here either. */
    static final Form<WorkspacePath> PATH = Form.of((out, v) -> out.text(v.wire()), in -> {
        String text = in.text();
        WorkspacePath path = WorkspacePath.parse(text);
        if (!path.wire().equals(text)) {
            throw in.fault("a path is not written as it was parsed");
        }
        return path;
    });

    static final Form<ObjectRef> OBJECT = Form.of(
            (out, v) -> {
                out.text(v.type());
                out.text(v.id());
            },
            in -> new ObjectRef(in.text(), in.text()));

    static final Form<SubjectRef> SUBJECT = Form.of(
            (out, v) -> {
                out.text(v.type());
                out.text(v.id());
                out.text(v.relation());
            },
            in -> new SubjectRef(in.text(), in.text(), in.text()));

    static final Form<RelationTuple> TUPLE = Form.of(
            (out, v) -> {
                OBJECT.write(out, v.object());
                out.text(v.relation());
                SUBJECT.write(out, v.subject());
            },
            in -> new RelationTuple(OBJECT.read(in), in.text(), SUBJECT.read(in)));

    static final Form<ContentHash> HASH =
            Form.of((out, v) -> out.raw(HexFormat.of().parseHex(v.hex())), in -> ContentHash.ofDigest(in.raw(32)));

    /** A content that a caller brings. */
    static final Form<Content> CONTENT_IN = content(Limits.INLINE_CONTENT_BYTES);

    /** A content that a caller gets: the server's own files are in hand also when they are large. */
    static final Form<Content> CONTENT_OUT = content(MessageWriter.MESSAGE_BYTES);

    private static Form<Content> content(int inlineMax) {
        return Kinds.of(Content.class)
                .kind(
                        1,
                        Content.Inline.class,
                        (out, v) -> {
                            HASH.write(out, v.hash());
                            out.bytes(v.bytes(), inlineMax);
                        },
                        in -> new Content.Inline(HASH.read(in), in.bytes(inlineMax)))
                .kind(
                        2,
                        Content.Stored.class,
                        (out, v) -> {
                            HASH.write(out, v.hash());
                            out.number(v.size());
                            out.text(v.place().value());
                        },
                        in -> new Content.Stored(HASH.read(in), in.number(), new BlobPlace(in.text())))
                .complete();
    }

    static final Form<Plan> PLAN = new Codes<>(Plan.class, plan -> switch (plan) {
        case FREE -> 1;
        case PRO -> 2;
        case ENTERPRISE -> 3;
    });

    static final Form<TenantStatus> STATUS = new Codes<>(TenantStatus.class, status -> switch (status) {
        case TRIAL -> 1;
        case ACTIVE -> 2;
        case SUSPENDED -> 3;
        case CANCELLED -> 4;
    });

    static final Form<QuotaOverrides> OVERRIDES = Form.of(
            (out, v) -> {
                out.optional(NUMBER, v.users());
                out.optional(NUMBER, v.files());
                out.optional(NUMBER, v.bytes());
            },
            in -> new QuotaOverrides(in.optional(NUMBER), in.optional(NUMBER), in.optional(NUMBER)));

    /** Somebody who is not a guest. */
    static final Form<Principal> PRINCIPAL = Form.of(
            (out, v) -> {
                Must.hold(!v.isGuest(), "a guest has a form of his own");
                TENANT.write(out, v.tenant());
                KEY.write(out, v.key());
                out.text(v.subjectType());
                out.text(v.subjectId());
                out.flag(v.systemAdministrator());
                out.time(v.provedAt());
            },
            in -> new Principal(TENANT.read(in), KEY.read(in), in.text(), in.text(), in.flag(), in.time()));

    static final Form<Principal> GUEST = Form.of(
            (out, v) -> {
                Principal.Guest guest = v.guest();
                if (guest == null) {
                    throw new IllegalStateException("BUG: this is the form of guests");
                }
                TENANT.write(out, v.tenant());
                KEY.write(out, v.key());
                out.text(v.subjectType());
                out.text(v.subjectId());
                out.time(v.provedAt());
                ZONE.write(out, guest.home());
                out.list(TEXT, guest.groups());
                out.optional(TIME, guest.registeredAt());
                out.flag(guest.everybody());
            },
            in -> new Principal(
                    TENANT.read(in),
                    KEY.read(in),
                    in.text(),
                    in.text(),
                    false,
                    in.time(),
                    new Principal.Guest(ZONE.read(in), in.list(TEXT), in.optional(TIME), in.flag())));

    static final Form<ProblemCode> PROBLEM_CODE = new Codes<>(ProblemCode.class, code -> switch (code) {
        case INVALID_REQUEST -> 1;
        case INVALID_PATH -> 2;
        case UNAUTHENTICATED -> 3;
        case NOT_FOUND -> 4;
        case ALREADY_EXISTS -> 5;
        case FORBIDDEN -> 6;
        case TENANT_SUSPENDED -> 7;
        case REFUSED -> 8;
        case CONFLICT -> 9;
        case QUOTA_EXCEEDED -> 10;
        case RATE_LIMITED -> 11;
        case TOO_COMPLEX -> 12;
        case TOO_LARGE -> 13;
        case OVERLOADED -> 14;
        case UNAVAILABLE -> 15;
        case OUTCOME_UNKNOWN -> 16;
        case TENANT_GONE -> 17;
    });

    static final Form<Problem> PROBLEM = Kinds.of(Problem.class)
            .kind(
                    1,
                    Problem.Plain.class,
                    (out, v) -> {
                        PROBLEM_CODE.write(out, v.code());
                        out.text(v.message());
                        out.optional(TEXT, v.path());
                    },
                    in -> new Problem.Plain(PROBLEM_CODE.read(in), in.text(), in.optional(TEXT)))
            .kind(
                    2,
                    Problem.Conflict.class,
                    (out, v) -> {
                        out.text(v.message());
                        out.optional(TEXT, v.path());
                        out.text(v.expected());
                        out.text(v.current());
                    },
                    in -> new Problem.Conflict(in.text(), in.optional(TEXT), in.text(), in.text()))
            .kind(
                    3,
                    Problem.QuotaExceeded.class,
                    (out, v) -> {
                        out.text(v.resource());
                        out.number(v.limit());
                        out.number(v.used());
                        out.number(v.asked());
                    },
                    in -> new Problem.QuotaExceeded(in.text(), in.number(), in.number(), in.number()))
            .kind(
                    4,
                    Problem.Retry.class,
                    (out, v) -> {
                        PROBLEM_CODE.write(out, v.code());
                        out.text(v.message());
                        out.duration(v.after());
                    },
                    in -> new Problem.Retry(PROBLEM_CODE.read(in), in.text(), in.duration()))
            .complete();
}
