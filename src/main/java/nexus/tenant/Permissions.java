package nexus.tenant;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import nexus.kernel.Limits;
import nexus.kernel.Must;
import nexus.kernel.Problem;
import nexus.kernel.WorkspacePath;
import nexus.rebac.check.CheckLimits;
import nexus.rebac.check.CheckResult;
import nexus.rebac.check.Checker;
import nexus.rebac.check.GrantRoots;
import nexus.rebac.check.ListOutcome;
import nexus.rebac.expand.Expander;
import nexus.rebac.expand.Expansion;
import nexus.rebac.schema.AuthorizationModel;
import nexus.rebac.tuple.DerivedRelation;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.SubjectRef;
import nexus.rebac.tuple.WorkspaceTuples;
import nexus.store.UserRecord;

/**
 * Judges what principals may do, on the committed state and nothing else. There is no short cut around the check; a system
 * administrator's crossing is the one explicit exception, and its callers audit it.
 */
final class Permissions {
    static final String READ = "read";
    static final String WRITE = "write";
    static final String OWNER = "owner";
    static final String FILE = "file";
    static final String GROUP = "group";
    static final String TENANT = "tenant";
    static final String MEMBER = "member";

    private final TenantState state;
    private final Checker checker;
    private final Expander expander;

    Permissions(TenantState state, AuthorizationModel model) {
        this.state = state;
        WorkspaceTuples derived = new WorkspaceTuples(new RegisteredMembers(state));
        this.checker = new Checker(model, state.tuples, derived, CheckLimits.DEFAULT);
        this.expander = new Expander(model, state.tuples, derived, CheckLimits.DEFAULT);
    }

    /** Whether a principal has a permission on a path below the tenant's root; a guest has what the shares give him. */
    boolean may(Principal principal, String permission, String relative, Instant now) {
        if (principal.isGuest()) {
            boolean write = permission.equals(WRITE);
            return (write || permission.equals(READ)) && state.permitsGuest(principal, write, relative, now);
        }
        return principal.systemAdministrator()
                || holds(subjectOf(principal), permission, new ObjectRef(FILE, relative), now);
    }

    /** Fails with the same problem whether or not the path exists. */
    void require(Principal principal, String permission, String relative, Instant now) {
        if (!may(principal, permission, relative, now)) {
            throw denied(principal, permission, WorkspacePath.wire(state.zone, relative))
                    .exception();
        }
    }

    /**
     * Judges at one path and, if it fails, names the other: the one that was asked for. Which of a file and its folder was
     * judged would tell whether the file exists.
     */
    void requireAt(Principal principal, String permission, String judged, String asked, Instant now) {
        if (!may(principal, permission, judged, now)) {
            throw denied(principal, permission, WorkspacePath.wire(state.zone, asked))
                    .exception();
        }
    }

    /** The problem of a principal who may not. */
    static Problem denied(Principal principal, String permission, String wirePath) {
        return Problem.forbidden(
                "Access denied: User '" + principal.subjectId() + "' does not have "
                        + permission.toUpperCase(Locale.ROOT) + " permission for '" + wirePath + "'",
                wirePath);
    }

    /** Whether a subject holds a relation. A limit of the graph is a problem of its own, never an answer. */
    boolean holds(SubjectRef subject, String relation, ObjectRef object, Instant now) {
        CheckResult result = checker.check(object, relation, subject, now);
        return switch (result) {
            case ALLOWED -> true;
            case DENIED -> false;
            case TOO_DEEP ->
                throw Problem.tooComplex("the check is deeper than " + CheckLimits.DEFAULT.depthMax() + " hops")
                        .exception();
            case TOO_COMPLEX ->
                throw Problem.tooComplex("the check visits more than " + CheckLimits.DEFAULT.nodesMax() + " nodes")
                        .exception();
            case UNKNOWN_TYPE ->
                throw Problem.refused(
                                "the model has no type '" + object.type() + "' or no type '" + subject.type() + "'",
                                null)
                        .exception();
            case UNKNOWN_RELATION ->
                throw Problem.refused(
                                "type '" + object.type() + "' has no relation '" + relation + "', or '" + subject
                                        + "' names none of its type's",
                                null)
                        .exception();
        };
    }

    /** The paths from which on a principal holds {@code read}, none within another. */
    List<String> readableRoots(Principal principal, String folder, Instant now) {
        if (may(principal, READ, folder, now)) {
            return List.of(folder);
        }
        if (principal.isGuest()) {
            return List.of();
        }
        GrantRoots roots = checker.grantRoots(subjectOf(principal), READ, FILE, now);
        requireComplete(roots.outcome(), "the caller's grants");
        List<String> inside = new ArrayList<>();
        for (String root : roots.ids()) {
            if (WorkspacePath.isWithin(root, folder)) {
                inside.add(root);
            }
        }
        return withoutNested(inside);
    }

    private static List<String> withoutNested(List<String> roots) {
        List<String> outermost = new ArrayList<>();
        Set<String> all = new HashSet<>(roots);
        for (String root : roots) {
            String above = WorkspacePath.parentOf(root);
            while (above != null && !all.contains(above)) {
                above = WorkspacePath.parentOf(above);
            }
            if (above == null) {
                outermost.add(root);
            }
        }
        return outermost;
    }

    /** All subjects that hold a relation on an object, as {@code user:alice}, sorted. */
    List<String> subjectsOf(ObjectRef object, String relation, Instant now) {
        Expansion expansion = expander.subjects(object, relation, now);
        requireComplete(expansion.outcome(), "the subjects of '" + relation + "'");
        List<String> texts = new ArrayList<>(expansion.subjects().size());
        for (SubjectRef subject : expansion.subjects()) {
            texts.add(subject.type() + ":" + subject.id());
        }
        return texts;
    }

    private static void requireComplete(ListOutcome outcome, String what) {
        switch (outcome) {
            case COMPLETE -> {}
            case TOO_MANY ->
                throw Problem.tooLarge(what + " are more than " + CheckLimits.DEFAULT.listMax())
                        .exception();
            case TOO_DEEP, TOO_COMPLEX ->
                throw Problem.tooComplex(what + " lie deeper than " + CheckLimits.DEFAULT.depthMax()
                                + " hops or behind more than " + CheckLimits.DEFAULT.nodesMax() + " nodes")
                        .exception();
            case UNKNOWN_TYPE, UNKNOWN_RELATION ->
                throw Problem.refused("the model has no such type or relation", null)
                        .exception();
        }
    }

    /** The groups of this tenant that a principal is a member of. */
    List<String> groupsOf(Principal principal, Instant now) {
        GrantRoots groups = checker.grantRoots(subjectOf(principal), MEMBER, GROUP, now);
        requireComplete(groups.outcome(), "the caller's groups");
        if (groups.ids().size() > Limits.GUEST_GROUPS) {
            throw Problem.tooLarge("the caller is a member of " + groups.ids().size()
                            + " groups, the limit for who uses " + "a share is " + Limits.GUEST_GROUPS)
                    .exception();
        }
        return groups.ids();
    }

    /** A principal as this tenant's tuples name him; no guest is ever named by them. */
    static SubjectRef subjectOf(Principal principal) {
        Must.hold(!principal.isGuest(), "a guest holds nothing but shares");
        return SubjectRef.of(principal.subjectType(), principal.subjectId());
    }

    /** The members of the tenant are those of its register; it knows no other tenant's. */
    private record RegisteredMembers(TenantState state) implements DerivedRelation.Members {
        @Override
        public boolean contains(String objectId, SubjectRef subject) {
            if (subject.isUserset() || !objectId.equals(state.id.toString())) {
                return false;
            }
            UserRecord user = state.user(subject.type() + ":" + subject.id());
            return user != null && user.enabled();
        }

        @Override
        public Collection<SubjectRef> of(String objectId) {
            List<SubjectRef> members = new ArrayList<>();
            if (objectId.equals(state.id.toString())) {
                for (UserRecord user : state.users()) {
                    if (user.enabled()) {
                        int colon = user.subject().indexOf(':');
                        members.add(SubjectRef.of(
                                user.subject().substring(0, colon),
                                user.subject().substring(colon + 1)));
                    }
                }
            }
            return members;
        }

        @Override
        public Collection<String> objectsOf(SubjectRef subject) {
            String own = state.id.toString();
            return contains(own, subject) ? List.of(own) : List.of();
        }
    }
}
