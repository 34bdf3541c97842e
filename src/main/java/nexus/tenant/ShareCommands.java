package nexus.tenant;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import nexus.kernel.Ids;
import nexus.kernel.JsonText;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.rebac.schema.Admission;
import nexus.rebac.schema.AuthorizationModel;
import nexus.rebac.schema.RelationClosure;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.RelationTuple;
import nexus.rebac.tuple.SubjectRef;
import nexus.store.ShareRecord;
import org.jspecify.annotations.Nullable;

/**
 * Sharing with other tenants. A share is a row of the tenant that shares: its commit is the share, its removal ends it, and
 * the other tenant has no say and no copy.
 *
 * <pre>
 *   rebac_create by a system key            .share-x.json              revoke, expiry is over,
 *   for a path in the target's folder  ──▶  names what is meant  ──▶   what is shared is deleted, ──▶ gone
 *           (announced: permits nothing)        (live)                 either tenant is deleted
 *                                                 ▲
 *   share_with_user, rebac_create on the file ────┘                    either tenant is suspended: paused
 * </pre>
 *
 * <p>Nobody shares who is not an owner, and no share gives more than to read and to write: what a share gives cannot be shared
 * on.
 */
final class ShareCommands {
    /** The words by which the share methods grant within the tenant, as the original does. */
    static final List<String> WITHIN = List.of("shared-viewer", "shared-editor", "shared-owner");

    private static final Set<String> SUBJECTS =
            Set.of(ShareRecord.EVERYBODY, "user", "agent", "service", Permissions.GROUP);

    private final TenantState state;
    private final TupleCommands tuples;
    private final AuthorizationModel model;
    private final Ids ids;

    ShareCommands(TenantState state, TupleCommands tuples, AuthorizationModel model, Ids ids) {
        this.state = state;
        this.tuples = tuples;
        this.model = model;
        this.ids = ids;
    }

    /** The other tenant that a command names, whose id must be known to decide it; null if there is none. */
    @Nullable
    ZoneName target(TenantRequest.Command command) {
        ZoneName target = null;
        if (command instanceof TenantRequest.CreateShare create) {
            target = create.target();
        } else if (command instanceof TenantRequest.OfferShare offer) {
            target = offer.target();
        } else if (command instanceof TenantRequest.BindShare bind) {
            target = bind.target();
        } else if (command instanceof TenantRequest.CreateTuple create) {
            SubjectRef subject = create.subject();
            target = subject.type().equals(Permissions.TENANT) && ZoneName.isValid(subject.id())
                    ? new ZoneName(subject.id())
                    : null;
        }
        return target == null || target.equals(state.zone) ? null : target;
    }

    /** The other tenant that a subject of a grant stands for, or null if it is none. */
    @Nullable
    ZoneName foreignTenant(SubjectRef subject) {
        if (!subject.type().equals(Permissions.TENANT) || subject.id().equals(state.zone.value())) {
            return null;
        }
        if (!ZoneName.isValid(subject.id())) {
            throw noSuchTenant(subject.id());
        }
        return new ZoneName(subject.id());
    }

    // ---- making
    // ------------------------------------------------------------------------------------------------------

    Reply create(Ask ask, TenantRequest.CreateShare command, Principal principal, Draft draft) {
        ZoneName target = command.target();
        ObjectRef wire = new ObjectRef(Permissions.FILE, command.path().wire());
        if (target == null || target.equals(state.zone)) {
            return tuples.create(
                    ask,
                    new TenantRequest.CreateTuple(wire, command.relation(), subject(command), command.expiresAt()),
                    principal,
                    draft);
        }
        String path = tuples.ownedObject(wire, principal, draft.now).id();
        requireSubject(command);
        TenantId tenant = requireTarget(target, draft);
        boolean write = isWriting(command.relation());
        requireFuture(command.expiresAt(), draft.now);
        requireShareable(path);
        ShareRecord wanted = new ShareRecord(
                ids.next(),
                tenant,
                target,
                command.subjectType(),
                command.subjectId(),
                WorkspacePath.nameOf(path),
                path,
                command.relation(),
                write,
                null,
                draft.now,
                principal.subject(),
                command.expiresAt());
        ShareRecord present = sameAs(wanted, draft);
        ShareRecord put;
        if (present != null && !present.isExpired(draft.now)) {
            put = present.renewed(command.relation(), command.expiresAt());
        } else {
            forgetOld(tenant, draft);
            requireRoom(tenant, draft);
            put = named(wanted, nameOf(path, tenant, draft));
        }
        draft.putShare(put);
        audit(ask, principal, draft, "create_share", put);
        return new Reply.Granted(WireIds.print(state.id, put.id()), draft.revision);
    }

    private static SubjectRef subject(TenantRequest.CreateShare command) {
        return command.subjectType().equals(Permissions.GROUP)
                ? new SubjectRef(Permissions.GROUP, command.subjectId(), Permissions.MEMBER)
                : SubjectRef.of(command.subjectType(), command.subjectId());
    }

    /** As {@link #create}, in the words of a grant to everybody of another tenant. */
    Reply grant(Ask ask, TenantRequest.CreateTuple command, ZoneName target, Principal principal, Draft draft) {
        if (!command.object().type().equals(Permissions.FILE)) {
            throw Problem.refused("only files and folders can be shared with another tenant", null)
                    .exception();
        }
        if (command.subject().isUserset()) {
            throw Problem.refused("another tenant is shared with as a whole: its subject has no relation", null)
                    .exception();
        }
        return create(
                ask,
                new TenantRequest.CreateShare(
                        WorkspacePath.parse(command.object().id()),
                        command.relation(),
                        target,
                        ShareRecord.EVERYBODY,
                        "",
                        command.expiresAt()),
                principal,
                draft);
    }

    Reply offer(Ask ask, TenantRequest.OfferShare command, Principal principal, Draft draft) {
        KeyCommands.requireSystem(principal);
        TenantId tenant = requireTarget(command.target(), draft);
        boolean write = isWriting(command.relation());
        requireFuture(command.expiresAt(), draft.now);
        forgetOld(tenant, draft);
        ShareRecord offered = null;
        for (ShareRecord share : draft.sharesWith(tenant)) {
            if (isOffer(share, command.name(), write)) {
                offered = share.renewed(command.relation(), command.expiresAt());
            }
        }
        if (offered == null) {
            requireRoom(tenant, draft);
            offered = new ShareRecord(
                    ids.next(),
                    tenant,
                    command.target(),
                    ShareRecord.EVERYBODY,
                    "",
                    command.name(),
                    null,
                    command.relation(),
                    write,
                    null,
                    draft.now,
                    principal.subject(),
                    command.expiresAt());
        }
        draft.putShare(offered);
        audit(ask, principal, draft, "offer_share", offered);
        return new Reply.Granted(WireIds.print(state.id, offered.id()), draft.revision);
    }

    private static boolean isOffer(ShareRecord share, String name, boolean write) {
        return share.path() == null && share.name().equals(name) && share.write() == write;
    }

    Reply bind(Ask ask, TenantRequest.BindShare command, Principal principal, Draft draft) {
        KeyCommands.requireSystem(principal);
        TenantId tenant = requireTarget(command.target(), draft);
        ObjectRef wire = new ObjectRef(Permissions.FILE, command.path().wire());
        String path = tuples.ownedObject(wire, principal, draft.now).id();
        boolean write = isWriting(command.relation());
        requireFuture(command.expiresAt(), draft.now);
        requireShareable(path);
        ShareRecord offered = null;
        ShareRecord labelled = null;
        for (ShareRecord share : draft.sharesWith(tenant)) {
            if (isOffer(share, WorkspacePath.nameOf(path), write)) {
                offered = share;
            } else if (command.label().equals(share.label())) {
                labelled = share;
            }
        }
        // Written again, a note renews the share that it made; it does not make another one of it.
        boolean again = labelled != null && labelled.write() == write && path.equals(labelled.path());
        ShareRecord base = offered != null ? offered : again ? labelled : null;
        if (base == null) {
            throw Problem.refused(
                            "no share of '" + WorkspacePath.nameOf(path) + "' with the tenant '" + command.target()
                                    + "' was granted as " + command.relation() + ": rebac_create comes first",
                            null)
                    .exception();
        }
        ShareRecord wanted = new ShareRecord(
                base.id(),
                tenant,
                command.target(),
                ShareRecord.EVERYBODY,
                "",
                WorkspacePath.nameOf(path),
                path,
                command.relation(),
                write,
                command.label(),
                base.createdAt(),
                base.createdBy(),
                command.expiresAt());
        // One share of a kind, and one of a label: the newest takes the place of what was there.
        String name = nameOf(path, tenant, draft);
        ShareRecord same = sameAs(wanted, draft);
        if (same != null) {
            draft.removeShare(same.id());
        }
        if (labelled != null) {
            draft.removeShare(labelled.id());
        }
        ShareRecord bound = named(wanted, name);
        draft.putShare(bound);
        audit(ask, principal, draft, "create_share", bound);
        return new Reply.Written(List.of(ShareNote.of(state, bound).info()));
    }

    private static ShareRecord named(ShareRecord share, String name) {
        return new ShareRecord(
                share.id(),
                share.target(),
                share.targetZone(),
                share.subjectType(),
                share.subjectId(),
                name,
                share.path(),
                share.relation(),
                share.write(),
                share.label(),
                share.createdAt(),
                share.createdBy(),
                share.expiresAt());
    }

    private static @Nullable ShareRecord sameAs(ShareRecord wanted, Draft draft) {
        for (ShareRecord share : draft.sharesWith(wanted.target())) {
            if (share.isForSame(wanted)
                    && share.write() == wanted.write()
                    && share.path() != null
                    && share.path().equals(wanted.path())) {
                return share;
            }
        }
        return null;
    }

    /** The name under which the target sees a path: that which it has, or else one that no other path has. */
    private static String nameOf(String path, TenantId target, Draft draft) {
        Set<String> taken = new HashSet<>();
        for (ShareRecord share : draft.sharesWith(target)) {
            if (path.equals(share.path())) {
                return share.name();
            }
            if (share.path() != null) {
                taken.add(share.name());
            }
        }
        String name = WorkspacePath.nameOf(path);
        int dot = name.lastIndexOf('.') <= 0 ? name.length() : name.lastIndexOf('.');
        String free = name;
        for (int i = 2; taken.contains(free); i++) {
            free = name.substring(0, dot) + " (" + i + ")" + name.substring(dot);
        }
        if (free.getBytes(StandardCharsets.UTF_8).length > Limits.NAME_BYTES) {
            throw Problem.refused(
                            "another '" + name + "' is shared with that tenant, and the name is too long for a "
                                    + "number behind it: rename the file",
                            null)
                    .exception();
        }
        return free;
    }

    // ---- rules
    // -------------------------------------------------------------------------------------------------------

    private static TenantId requireTarget(ZoneName target, Draft draft) {
        return draft.loaded().tenant(target).orElseThrow(() -> noSuchTenant(target.value()));
    }

    private static RuntimeException noSuchTenant(String zone) {
        return Problem.refused("there is no tenant '" + zone + "'", null).exception();
    }

    private static void requireSubject(TenantRequest.CreateShare command) {
        String type = command.subjectType();
        int bytes = command.subjectId().getBytes(StandardCharsets.UTF_8).length;
        if (!SUBJECTS.contains(type)) {
            throw Problem.refused(
                            "a share is for a tenant, or for a user, agent, service or group of one, not for '" + type
                                    + "'",
                            null)
                    .exception();
        }
        boolean everybody = type.equals(ShareRecord.EVERYBODY);
        if (everybody ? bytes != 0 : bytes == 0 || bytes > Limits.IDENTIFIER_BYTES) {
            throw Problem.invalid("the id of a recipient must have 1 to " + Limits.IDENTIFIER_BYTES + " bytes")
                    .exception();
        }
    }

    /** Whether a word of a grant means to write; what gives more than that is not given to other tenants. */
    private boolean isWriting(String relation) {
        if (isImplied(Permissions.OWNER, relation)) {
            throw Problem.refused(
                            "'" + relation + "' cannot be given to another tenant: a share lets it read or write", null)
                    .exception();
        }
        if (isImplied(Permissions.WRITE, relation)) {
            return true;
        }
        if (!isImplied(Permissions.READ, relation)) {
            throw Problem.refused("type 'file' has no relation '" + relation + "'", null)
                    .exception();
        }
        return false;
    }

    private boolean isImplied(String permission, String relation) {
        RelationClosure closure = model.closure(Permissions.FILE, permission);
        int id = model.relationId(relation);
        boolean grantable = model.admission(Permissions.FILE, relation, "user", "") == Admission.ADMITTED;
        return closure != null && id >= 0 && grantable && closure.isImpliedBy(id);
    }

    private static void requireFuture(@Nullable Instant expiresAt, Instant now) {
        if (expiresAt != null && !expiresAt.isAfter(now)) {
            throw Problem.refused("expires_at is in the past: " + expiresAt, null)
                    .exception();
        }
    }

    private void requireShareable(String path) {
        if (path.equals(WorkspacePath.ROOT)) {
            throw Problem.refused("a tenant's root folder cannot be shared with another tenant", state.rootWire)
                    .exception();
        }
    }

    private static void requireRoom(TenantId target, Draft draft) {
        int all = draft.shareCount();
        int same = draft.sharesWith(target).size();
        if (all >= Limits.SHARES || same >= Limits.SHARES_PER_TARGET) {
            throw Problem.refused(
                            "the tenant has " + all + " shares, " + same + " of them with this tenant: the limits are "
                                    + Limits.SHARES + " and " + Limits.SHARES_PER_TARGET,
                            null)
                    .exception();
        }
    }

    /** Makes room: what is over with a target, and what was announced long ago, goes when something new comes. */
    private static void forgetOld(TenantId target, Draft draft) {
        for (ShareRecord share : draft.sharesWith(target)) {
            boolean stale = share.path() == null
                    && share.createdAt().plus(Limits.PENDING_SHARE).isBefore(draft.now);
            if (stale || share.isExpired(draft.now)) {
                draft.removeShare(share.id());
            }
        }
    }

    // ---- ending
    // ------------------------------------------------------------------------------------------------------

    /** Ends a share that there is. */
    Reply revoke(Ask ask, ShareRecord share, Principal principal, Draft draft) {
        String path = share.path() == null ? WorkspacePath.ROOT : share.path();
        tuples.requireOwner(new ObjectRef(Permissions.FILE, path), principal, draft.now);
        draft.removeShare(share.id());
        audit(ask, principal, draft, "revoke_share", share);
        return new Reply.Flag(true);
    }

    Reply revokeAll(Ask ask, TenantRequest.RevokeShares command, Principal principal, Draft draft) {
        ObjectRef object = tuples.ownedObject(
                new ObjectRef(Permissions.FILE, command.path().wire()), principal, draft.now);
        SubjectRef user = SubjectRef.of("user", command.userId());
        boolean any = false;
        for (String relation : WITHIN) {
            RelationTuple tuple = new RelationTuple(object, relation, user);
            UUID id = TupleIds.of(tuple);
            if (draft.hasTuple(id, tuple)) {
                draft.removeTuple(id, tuple);
                draft.audit(AuditLine.of("change", ask, principal, "revoke_share", object.id())
                        .withDetail(
                                new JsonText().put("tuple", tuple.toString()).end()));
                any = true;
            }
        }
        for (ShareRecord share : draft.sharesAt(object.id())) {
            if (share.subjectType().equals(user.type()) && share.subjectId().equals(user.id())) {
                draft.removeShare(share.id());
                audit(ask, principal, draft, "revoke_share", share);
                any = true;
            }
        }
        return new Reply.Flag(any);
    }

    private void audit(Ask ask, Principal principal, Draft draft, String operation, ShareRecord share) {
        Instant expiresAt = share.expiresAt();
        JsonText detail = new JsonText()
                .put("share", WireIds.print(state.id, share.id()))
                .put("target", share.target().toString())
                .put("target_zone", share.targetZone().value())
                .put("recipient", share.subjectType() + (share.subjectId().isEmpty() ? "" : ":" + share.subjectId()))
                .put("name", share.name())
                .put("permission", share.write() ? Permissions.WRITE : Permissions.READ);
        if (expiresAt != null) {
            detail.put("expires_at", expiresAt.toString());
        }
        draft.audit(
                AuditLine.of("change", ask, principal, operation, share.path()).withDetail(detail.end()));
    }
}
