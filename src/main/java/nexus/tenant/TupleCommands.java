package nexus.tenant;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.UUID;
import nexus.kernel.JsonText;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.WorkspacePath;
import nexus.rebac.schema.Admission;
import nexus.rebac.schema.AuthorizationModel;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.RelationTuple;
import nexus.rebac.tuple.SubjectRef;
import nexus.store.TupleRow;
import org.jspecify.annotations.Nullable;

/** Granting and revoking, and the two forms of objects and subjects: with names on the wire, with ids inside. */
final class TupleCommands {
    private final TenantState state;
    private final Permissions permissions;
    private final AuthorizationModel model;

    TupleCommands(TenantState state, Permissions permissions, AuthorizationModel model) {
        this.state = state;
        this.permissions = permissions;
        this.model = model;
    }

    Reply create(Ask ask, TenantRequest.CreateTuple command, Principal principal, Draft draft) {
        ObjectRef object = ownedObject(command.object(), principal, draft.now);
        SubjectRef subject = inside(command.subject());
        // First, because a tuple of a relation that is not even a name cannot be made.
        requireAdmitted(object, command.relation(), subject);
        RelationTuple tuple = new RelationTuple(object, command.relation(), subject);
        Instant expiresAt = command.expiresAt();
        if (expiresAt != null && !expiresAt.isAfter(draft.now)) {
            throw Problem.refused("expires_at is in the past: " + expiresAt, null)
                    .exception();
        }
        UUID id = TupleIds.of(tuple);
        requireRoom(id, tuple, draft);
        draft.putTuple(new TupleRow(id, tuple, draft.now, expiresAt));
        audit(ask, principal, draft, "rebac_create", tuple, expiresAt);
        return new Reply.Granted(WireIds.print(state.id, id), draft.revision);
    }

    /** Fails if the tuple is new and the tenant has as many as it may have. */
    static void requireRoom(UUID id, RelationTuple tuple, Draft draft) {
        if (!draft.hasTuple(id, tuple) && draft.tupleCount() >= Limits.TUPLES) {
            throw Problem.refused(
                            "the tenant has " + draft.tupleCount() + " tuples, the limit is " + Limits.TUPLES, null)
                    .exception();
        }
    }

    Reply delete(Ask ask, TenantRequest.DeleteTuple command, Principal principal, Draft draft) {
        TupleRow row = draft.tuple(command.tuple());
        if (row == null) {
            // Only a caller who could have deleted it is told that it is not there.
            permissions.require(principal, Permissions.OWNER, WorkspacePath.ROOT, draft.now);
            return new Reply.Flag(false);
        }
        requireOwner(row.tuple().object(), principal, draft.now);
        draft.removeTuple(row.id(), row.tuple());
        audit(ask, principal, draft, "rebac_delete", row.tuple(), null);
        return new Reply.Flag(true);
    }

    private static void audit(
            Ask ask,
            Principal principal,
            Draft draft,
            String operation,
            RelationTuple tuple,
            @Nullable Instant expiresAt) {
        ObjectRef object = tuple.object();
        JsonText detail = new JsonText().put("tuple", tuple.toString());
        if (expiresAt != null) {
            detail.put("expires_at", expiresAt.toString());
        }
        draft.audit(AuditLine.of(
                        "change",
                        ask,
                        principal,
                        operation,
                        object.type().equals(Permissions.FILE) ? object.id() : null)
                .withDetail(detail.end()));
    }

    private void requireAdmitted(ObjectRef object, String relation, SubjectRef subject) {
        Admission admission = model.admission(object.type(), relation, subject.type(), subject.relation());
        String fault = switch (admission) {
            case ADMITTED -> null;
            case UNKNOWN_TYPE -> "unknown object type '" + object.type() + "'";
            case UNKNOWN_RELATION -> "type '" + object.type() + "' has no relation '" + relation + "'";
            case UNKNOWN_SUBJECT_TYPE -> "unknown subject type '" + subject.type() + "'";
            case UNKNOWN_SUBJECT_RELATION ->
                "type '" + subject.type() + "' has no relation '" + subject.relation() + "'";
            case NOT_ASSIGNABLE -> "relation '" + relation + "' is computed and cannot be granted";
            case SUBJECT_NOT_ALLOWED -> "relation '" + relation + "' cannot be granted to '" + subject + "'";
        };
        if (fault != null) {
            throw Problem.refused(fault, null).exception();
        }
    }

    // ---- objects and subjects
    // ----------------------------------------------------------------------------------------

    /** The object inside, if the principal owns it; objects that cannot be granted on are refused after that. */
    ObjectRef ownedObject(ObjectRef wire, Principal principal, Instant now) {
        if (isShared(wire)) {
            throw Problem.refused("what another tenant shares cannot be granted or shared on: " + wire.id(), wire.id())
                    .exception();
        }
        ObjectRef object = insideOrForeign(wire, principal);
        requireOwner(object, principal, now);
        if (object.type().equals(Permissions.FILE) && WorkspacePath.isControl(object.id())) {
            throw Problem.refused("this path belongs to the server: " + wire.id(), wire.id())
                    .exception();
        }
        if (!object.type().equals(Permissions.FILE) && !object.type().equals(Permissions.GROUP)) {
            throw Problem.refused("grants are on objects of type 'file' or 'group', not '" + object.type() + "'", null)
                    .exception();
        }
        return object;
    }

    /** Whether an object is a path at which another tenant's files appear: nobody here has anything to give of them. */
    private boolean isShared(ObjectRef wire) {
        String relative = wire.type().equals(Permissions.FILE) ? state.relative(wire.id()) : null;
        return relative != null && WorkspacePath.sourceOf(relative) != null;
    }

    private ObjectRef insideOrForeign(ObjectRef wire, Principal principal) {
        ObjectRef object = inside(wire);
        if (object != null) {
            return object;
        }
        if (!principal.systemAdministrator()) {
            throw Permissions.denied(principal, Permissions.OWNER, wire.id()).exception();
        }
        throw Problem.refused("the object is not of the tenant '" + state.zone + "': " + wire.id(), wire.id())
                .exception();
    }

    void requireOwner(ObjectRef object, Principal principal, Instant now) {
        boolean owner = principal.systemAdministrator()
                || (object.type().equals(Permissions.FILE) || object.type().equals(Permissions.GROUP))
                        && permissions.holds(Permissions.subjectOf(principal), Permissions.OWNER, object, now);
        if (!owner) {
            throw Permissions.denied(
                            principal, Permissions.OWNER, outside(object).id())
                    .exception();
        }
    }

    /**
     * The object with a relative path or a tenant's id, or null if it is not this tenant's: what others share with it is not.
     */
    @Nullable
    ObjectRef inside(ObjectRef wire) {
        requireIdentifiers(wire.type(), wire.id());
        if (wire.type().equals(Permissions.FILE)) {
            String relative = state.relative(wire.id());
            return relative == null || WorkspacePath.sourceOf(relative) != null
                    ? null
                    : new ObjectRef(Permissions.FILE, relative);
        }
        if (wire.type().equals(Permissions.TENANT)) {
            return wire.id().equals(state.zone.value()) ? new ObjectRef(Permissions.TENANT, state.id.toString()) : null;
        }
        return wire;
    }

    /** The subject inside: a tenant stands for its members. */
    SubjectRef inside(SubjectRef wire) {
        requireIdentifiers(wire.type(), wire.id());
        if (wire.type().equals(Permissions.TENANT)) {
            if (!wire.id().equals(state.zone.value())) {
                throw Problem.refused(
                                "the subject is not of the tenant '" + state.zone + "': '" + wire.id() + "'", null)
                        .exception();
            }
            return new SubjectRef(Permissions.TENANT, state.id.toString(), Permissions.MEMBER);
        }
        if (wire.type().equals(Permissions.FILE)) {
            throw Problem.refused("a file cannot be a subject", null).exception();
        }
        return wire;
    }

    private static void requireIdentifiers(String type, String id) {
        int limit = type.equals(Permissions.FILE) ? Limits.PATH_BYTES : Limits.IDENTIFIER_BYTES;
        if (id.isEmpty() || id.getBytes(StandardCharsets.UTF_8).length > limit) {
            throw Problem.invalid("an id of type '" + type + "' must have 1 to " + limit + " bytes")
                    .exception();
        }
    }

    /** The object as callers know it. */
    ObjectRef outside(ObjectRef object) {
        return switch (object.type()) {
            case Permissions.FILE -> new ObjectRef(Permissions.FILE, WorkspacePath.wire(state.zone, object.id()));
            case Permissions.TENANT -> new ObjectRef(Permissions.TENANT, state.zone.value());
            default -> object;
        };
    }

    /** The tuple as callers know it. */
    TupleRow outside(TupleRow row) {
        SubjectRef subject = row.tuple().subject();
        if (subject.type().equals(Permissions.TENANT)) {
            subject = SubjectRef.of(Permissions.TENANT, state.zone.value());
        }
        return new TupleRow(
                row.id(),
                new RelationTuple(outside(row.tuple().object()), row.tuple().relation(), subject),
                row.createdAt(),
                row.expiresAt());
    }
}
