package nexus.tenant;

import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import nexus.kernel.ContentHash;
import nexus.kernel.Ids;
import nexus.kernel.KeyId;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.kernel.ZoneName;
import nexus.rebac.schema.AuthorizationModel;
import nexus.store.BlobPlace;
import nexus.store.Content;
import nexus.store.FileEntry;
import nexus.store.KeyRecord;
import nexus.store.ShareRecord;
import nexus.store.TupleRow;
import nexus.store.UserRecord;
import org.jspecify.annotations.Nullable;

/**
 * The pure core of one tenant: who is asking, may he, and what would it change. It waits for nothing, knows no clock and no
 * database; time and what was loaded are given to it, effects come out as data in a {@link Draft}.
 *
 * <p>Only the actor's own loop uses it.
 */
final class TenantCore {
    /** How exactly the last use of a key is known. */
    static final Duration USE_GRAIN = Duration.ofSeconds(60);

    final TenantState state;
    final Denials denials;

    private final FileCommands files;
    private final TupleCommands tuples;
    private final KeyCommands keys;
    private final UserCommands users;
    private final RecordCommands records;
    private final ClusterCommands cluster;
    private final ShareCommands shares;
    private final Permissions permissions;
    private final OnboardingCommand onboarding;
    private final Queries queries;
    private final Map<KeyId, Instant> used = new HashMap<>(2);

    TenantCore(TenantState state, Denials denials, AuthorizationModel model, Ids ids) {
        this.state = state;
        this.denials = denials;
        this.permissions = new Permissions(state, model);
        this.files = new FileCommands(state, permissions, ids);
        this.tuples = new TupleCommands(state, permissions, model);
        this.keys = new KeyCommands(state);
        this.users = new UserCommands(state, permissions, files);
        this.records = new RecordCommands(state, permissions, ids);
        this.cluster = new ClusterCommands(state);
        this.shares = new ShareCommands(state, tuples, model, ids);
        this.onboarding = new OnboardingCommand(state, model, ids);
        this.queries = new Queries(state, permissions, tuples, keys);
    }

    // ---- admission
    // ---------------------------------------------------------------------------------------------------

    /**
     * Who is asking, or a refusal; one of a genuine key is noted as a denial.
     *
     * @param proved the system administrator whom the reserved tenant proved a moment ago, or the guest whom his own tenant
     *     did; null for a key of this tenant
     */
    Principal admit(Ask ask, @Nullable Principal proved, Instant now) {
        try {
            return judge(ask, proved, now);
        } catch (ProblemException e) {
            ProblemCode code = e.problem().code();
            KeyRecord key = state.key(ask.credential().key());
            if (key != null && (code == ProblemCode.FORBIDDEN || code == ProblemCode.TENANT_SUSPENDED)) {
                denials.add("denial", ask, principalOf(key, now), null, now);
            }
            throw e;
        }
    }

    private Principal judge(Ask ask, @Nullable Principal proved, Instant now) {
        if (state.gone) {
            throw Problem.tenantGone().exception();
        }
        if (proved != null) {
            return proved;
        }
        KeyRecord key = state.key(ask.credential().key());
        if (key == null
                || !MessageDigest.isEqual(key.secretHash(), ask.credential().secretHash())
                || !key.isLive(now)
                || !isEnabled(key)) {
            throw Problem.unauthenticated().exception();
        }
        touch(key, now);
        requireAgreement(ask, key);
        // Who asks for what no key of a tenant may is told just that, whatever has become of his tenant.
        boolean identityOnly =
                ask.request() instanceof TenantRequest.WhoAmI || ask.request() instanceof TenantRequest.RequireSystem;
        if (!state.record.statusAt(now).isServed() && !identityOnly) {
            throw new Problem.Plain(
                            ProblemCode.TENANT_SUSPENDED,
                            "the tenant is " + state.record.statusAt(now).text(),
                            null)
                    .exception();
        }
        if (ask.zone() != null && !ask.zone().equals(state.zone) && !state.isSystem()) {
            throw Problem.forbidden("Access denied: the key is not of the zone '" + ask.zone() + "'", null)
                    .exception();
        }
        return principalOf(key, now);
    }

    private Principal principalOf(KeyRecord key, Instant now) {
        return new Principal(state.id, key.id(), key.subjectType(), key.subjectId(), key.systemAdministrator(), now);
    }

    /**
     * Proves somebody of this tenant, who asks for what another tenant shares with it. The other tenant judges what he may;
     * this one says who he is, and that he and it are in good standing.
     *
     * @param system the system administrator whom the reserved tenant proved a moment ago; null for a key of this tenant
     */
    Principal vouch(Ask ask, @Nullable Principal system, Instant now) {
        Mounted mounted = Mounted.of(ask.request());
        if (mounted == null) {
            throw new IllegalStateException("BUG: " + ask.request().operation() + " does not go through a share");
        }
        Principal principal = admit(ask, system, now);
        boolean own = mounted.target().equals(state.zone) && !mounted.source().equals(state.zone);
        if (!own || state.isSystem() || principal.isGuest()) {
            Problem denied = Permissions.denied(
                    principal,
                    ask.request() instanceof TenantRequest.Query ? Permissions.READ : Permissions.WRITE,
                    mounted.first().wire());
            noteRefusal(ask, principal, denied, now);
            throw denied.exception();
        }
        if (!state.record.statusAt(now).isServed()) {
            throw new Problem.Plain(
                            ProblemCode.TENANT_SUSPENDED,
                            "the tenant is " + state.record.statusAt(now).text(),
                            null)
                    .exception();
        }
        denials.add("access", ask, principal, mounted.first().relative(), now);
        boolean administrator = principal.systemAdministrator();
        UserRecord user = administrator ? null : state.user(principal.subject());
        return new Principal(
                state.id,
                principal.key(),
                principal.subjectType(),
                principal.subjectId(),
                false,
                now,
                new Principal.Guest(
                        state.zone,
                        administrator ? List.of() : permissions.groupsOf(principal, now),
                        user == null || !user.enabled() ? null : user.createdAt(),
                        administrator));
    }

    /** How a principal's request is to be understood: null but for guests. */
    @Nullable
    GuestView viewOf(Principal principal, Instant now) {
        return principal.isGuest() ? new GuestView(state, principal, now) : null;
    }

    private boolean isEnabled(KeyRecord key) {
        UserRecord subject = state.user(key.subject());
        UserRecord owner = state.user("user:" + key.userId());
        return (subject == null || subject.enabled()) && (owner == null || owner.enabled());
    }

    /** Headers may repeat what the key proves, and nothing else; a system key may name any zone. */
    private void requireAgreement(Ask ask, KeyRecord key) {
        Claims claims = ask.claims();
        boolean zone =
                claims.zone() == null || state.isSystem() || claims.zone().equals(state.zone.value());
        boolean type = claims.subjectType() == null || claims.subjectType().equals(key.subjectType());
        boolean id = claims.subjectId() == null || claims.subjectId().equals(key.subjectId());
        if (!zone || !type || !id) {
            throw Problem.forbidden("the request's headers name another identity than its key proves", null)
                    .exception();
        }
    }

    private void touch(KeyRecord key, Instant now) {
        Instant last = used.get(key.id());
        if (last == null || last.plus(USE_GRAIN).isBefore(now)) {
            used.put(key.id(), now);
        }
    }

    /** When keys were used since the last call, for the record. */
    Map<KeyId, Instant> takeUses() {
        Map<KeyId, Instant> uses = new HashMap<>(used);
        for (Map.Entry<KeyId, Instant> use : uses.entrySet()) {
            KeyRecord key = state.key(use.getKey());
            if (key != null) {
                state.putKey(key.usedAt(use.getValue()));
            }
        }
        used.clear();
        return uses;
    }

    // ---- queries
    // -----------------------------------------------------------------------------------------------------

    /** Judges what a guest asks for, which {@link #viewOf} made him see. */
    Queries.Outcome query(Ask ask, TenantRequest.Query query, Principal principal, GuestView view, Instant now) {
        TenantRequest.Query inside = view.inside(query);
        if (!state.usableShares(principal, now).isEmpty()) {
            denials.add("access", ask, principal, pathOf(inside), now);
        }
        Queries.Outcome outcome = queries.judgeRoot(query, view, principal, now);
        return outcome == null ? queries.judge(inside, principal, now) : outcome;
    }

    Queries.Outcome query(Ask ask, TenantRequest.Query query, Principal principal, Instant now) {
        if (principal.systemAdministrator() && !state.isSystem() && !(query instanceof TenantRequest.WhoAmI)) {
            denials.add("access", ask, principal, pathOf(query), now);
        }
        return queries.judge(query, principal, now);
    }

    private @Nullable String pathOf(TenantRequest request) {
        if (request instanceof TenantRequest.ReadFile read) {
            return read.path().relative();
        } else if (request instanceof TenantRequest.ListFiles list) {
            return list.folder().relative();
        } else if (request instanceof TenantRequest.Stat stat && stat.paths().size() == 1) {
            return stat.paths().get(0).relative();
        }
        return null;
    }

    /** A tuple as callers know it. */
    TupleRow outside(TupleRow row) {
        return tuples.outside(row);
    }

    Reply judgeWrite(Fetch.BeforeWrite write, boolean exists, Instant now) {
        return queries.judgeWrite(write, exists, now);
    }

    // ---- commands
    // ----------------------------------------------------------------------------------------------------

    /** Declares what must be loaded before a command can be decided. */
    void need(TenantRequest.Command command, Loaded loaded) {
        ZoneName target = state.isSystem() ? null : shares.target(command);
        if (target != null) {
            loaded.needZone(target);
        } else if (command instanceof TenantRequest.Idempotent once) {
            loaded.needKeyed(once.key());
            need(once.command(), loaded);
        } else if (command instanceof TenantRequest.DeleteTuple delete) {
            loaded.needTuple(delete.tuple());
        } else if (state.isSystem()) {
            if (command instanceof TenantRequest.MakeDirectory make
                    && make.path().isTenantRoot()
                    && make.path().zone() != null) {
                loaded.needZone(make.path().zone());
            } else if (command instanceof TenantRequest.PinTenant pin) {
                loaded.needZone(pin.zone());
            } else if (command instanceof TenantRequest.OnboardTenant onboard) {
                loaded.needZone(onboard.zone());
            }
        } else {
            files.need(command, loaded);
        }
    }

    /** Declares what a command that {@link #isAlone} needs besides. */
    void needAlone(TenantRequest.Command command, Loaded loaded) {
        files.needAlone(inner(command), loaded);
    }

    /** Whether a command must have a group of its own. */
    boolean isAlone(TenantRequest.Command command, Loaded loaded) {
        return !state.isSystem() && files.isAlone(inner(command), loaded);
    }

    /** Whether a command must wait for the next group, because of what the draft holds already. */
    boolean mustWait(TenantRequest.Command command, Draft draft) {
        return !state.isSystem() && files.mustWait(inner(command), draft);
    }

    private static TenantRequest.Command inner(TenantRequest.Command command) {
        return command instanceof TenantRequest.Idempotent once ? once.command() : command;
    }

    /** Whether an append must be made in the blob store before it is decided. */
    boolean isLargeAppend(TenantRequest.Command command, Loaded loaded) {
        return command instanceof TenantRequest.AppendFile append
                && !state.isSystem()
                && files.isLargeAppend(append, loaded);
    }

    /** The file that an append starts from, as far as it was loaded. */
    @Nullable
    FileEntry committed(TenantRequest.AppendFile append, Loaded loaded) {
        return files.committed(append.path(), loaded);
    }

    /** Why a large append would be refused, found out before its content is made; null if it would be accepted. */
    @Nullable
    Problem refusalOfLargeAppend(
            Ask ask,
            TenantRequest.AppendFile append,
            @Nullable Principal system,
            @Nullable FileEntry base,
            Loaded loaded,
            Instant now) {
        long size = append.bytes().length + (base == null ? 0 : base.size());
        // A stand-in of the right size on a draft that nobody keeps.
        Content.Stored standIn = new Content.Stored(ContentHash.of(append.bytes()), size, new BlobPlace("none"));
        loaded.largeAppends.put(append, standIn);
        try {
            files.append(ask, append, judge(ask, system, now), new Draft(state, now, loaded, List.of()));
            return null;
        } catch (ProblemException e) {
            return e.problem();
        } finally {
            loaded.largeAppends.remove(append);
        }
    }

    /** Decides a command: changes the draft and returns the reply, or fails with a problem and leaves no trace. */
    Reply decide(Ask ask, TenantRequest.Command command, Principal principal, Draft draft) {
        if (command instanceof TenantRequest.Idempotent once) {
            return once(ask, once, principal, draft);
        } else if (command instanceof TenantRequest.WriteFiles write) {
            return files.write(ask, write, principal, draft);
        } else if (command instanceof TenantRequest.AppendFile append) {
            return files.append(ask, append, principal, draft);
        } else if (command instanceof TenantRequest.MakeDirectory make) {
            return state.isSystem()
                    ? records.makeTenant(ask, make, principal, draft)
                    : files.makeDirectory(ask, make, principal, draft);
        } else if (command instanceof TenantRequest.RemoveDirectory remove) {
            return files.removeDirectory(ask, remove, principal, draft);
        } else if (command instanceof TenantRequest.DeleteFile delete) {
            return files.delete(ask, delete, principal, draft);
        } else if (command instanceof TenantRequest.Rename rename) {
            return files.rename(ask, rename, principal, draft);
        } else if (command instanceof TenantRequest.CopyFile copy) {
            return files.copy(ask, copy, principal, draft);
        } else if (command instanceof TenantRequest.Rollback rollback) {
            return files.rollback(ask, rollback, principal, draft);
        } else if (command instanceof TenantRequest.CreateTuple create) {
            ZoneName target = state.isSystem() ? null : shares.foreignTenant(create.subject());
            return target == null
                    ? tuples.create(ask, create, principal, draft)
                    : shares.grant(ask, create, target, principal, draft);
        } else if (command instanceof TenantRequest.DeleteTuple delete) {
            ShareRecord share = draft.share(delete.tuple());
            return share == null
                    ? tuples.delete(ask, delete, principal, draft)
                    : shares.revoke(ask, share, principal, draft);
        } else if (command instanceof TenantRequest.CreateShare create) {
            return shares.create(ask, create, principal, draft);
        } else if (command instanceof TenantRequest.OfferShare offer) {
            return shares.offer(ask, offer, principal, draft);
        } else if (command instanceof TenantRequest.BindShare bind) {
            return shares.bind(ask, bind, principal, draft);
        } else if (command instanceof TenantRequest.RevokeShares revoke) {
            return shares.revokeAll(ask, revoke, principal, draft);
        } else if (command instanceof TenantRequest.CreateKey create) {
            return keys.create(ask, create, principal, draft);
        } else if (command instanceof TenantRequest.SetChosenKey set) {
            return keys.setChosen(ask, set, principal, draft);
        } else if (command instanceof TenantRequest.RevokeKey revoke) {
            return keys.revoke(ask, revoke, principal, draft);
        } else if (command instanceof TenantRequest.UpdateKey update) {
            return keys.update(ask, update, principal, draft);
        } else if (command instanceof TenantRequest.DrainNode drain) {
            return cluster.drain(ask, drain, principal, draft);
        } else if (command instanceof TenantRequest.PinTenant pin) {
            return cluster.pin(ask, pin, principal, draft);
        } else if (command instanceof TenantRequest.ProvisionUser provision) {
            return users.provision(ask, provision, principal, draft);
        } else if (command instanceof TenantRequest.DeprovisionUser deprovision) {
            return users.deprovision(ask, deprovision, principal, draft);
        } else if (command instanceof TenantRequest.UpdateRecord update) {
            return records.update(ask, update, principal, draft);
        } else if (command instanceof TenantRequest.ChangeTenant change) {
            return records.change(ask, change, principal, draft);
        } else if (command instanceof TenantRequest.DeleteTenant delete) {
            return records.delete(ask, delete, principal, draft);
        } else if (command instanceof TenantRequest.AdvanceLifecycle) {
            return records.advance(ask, principal, draft);
        } else if (command instanceof TenantRequest.OnboardTenant onboard) {
            return onboarding.onboard(ask, onboard, principal, draft);
        } else if (command instanceof TenantRequest.AppendAudit append) {
            return records.appendAudit(ask, append, principal, draft);
        }
        throw new IllegalStateException("BUG: no rule for " + command.operation());
    }

    /** What was done under the key is answered; else it is done, and remembered in the same group. A refusal is not. */
    private Reply once(Ask ask, TenantRequest.Idempotent once, Principal principal, Draft draft) {
        Draft.Keyed before = draft.keyed(once.key());
        if (before == null) {
            Reply reply = decide(ask, once.command(), principal, draft);
            draft.remember(once.key(), once.digest(), reply);
            return reply;
        }
        if (!before.digest().equals(once.digest())) {
            throw Problem.refused("this Idempotency-Key was used for another request", null)
                    .exception();
        }
        return new Reply.Replayed(before.reply());
    }

    /** Notes a refusal for the audit, if it is one that the audit tells. */
    void noteRefusal(Ask ask, @Nullable Principal principal, Problem problem, Instant now) {
        if (principal != null && problem.code() == ProblemCode.FORBIDDEN) {
            String wire = problem.path();
            String relative = wire == null ? null : state.relative(wire);
            // What strangers name must not fill this tenant's log: theirs are told together.
            String told = relative == null && !principal.isGuest() ? wire : relative;
            denials.add("denial", ask, principal, told, now);
        }
    }

    /** The lines of refusals that wait to be written. */
    List<AuditLine> waitingDenials() {
        return denials.lines();
    }
}
