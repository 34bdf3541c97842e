package nexus.rebac.check;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import nexus.rebac.schema.AuthorizationModel;
import nexus.rebac.schema.RelationClosure;
import nexus.rebac.tuple.DerivedRelation;
import nexus.rebac.tuple.DerivedTuples;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.SubjectRef;
import nexus.rebac.tuple.TupleIndex;
import nexus.rebac.tuple.TupleRows;

/**
 * Answers checks from memory. The thread that owns the index owns the checker.
 *
 * <p><b>The question.</b> After the Zanzibar paper (Pang et al., USENIX ATC 2019, section 3.2.3), a relation on an object is a
 * set of subjects, defined by a rewrite: those whom tuples name, those in another relation of the same object, those in a
 * relation of an object that a tuple points to. A check asks whether a subject is in such a set. The paper evaluates the
 * rewrite as an expression, recursively, asking many servers at once.
 *
 * <p><b>The graph.</b> As long as unions are the only operators, the expression needs no evaluation. "In A or in B" means that
 * one way to the subject is enough, so the question is whether any way exists: reachability in a graph. Its nodes are pairs of
 * object and relation. A tuple whose subject is a userset is an edge to that pair; a {@code from} is an edge to a relation on
 * each parent; a tuple that names the subject ends the search. No answer depends on another being <em>not</em> so, hence the
 * order does not matter, a node that was seen need not be seen again, and a circle (groups in each other, relations that
 * refer to each other) is only a way that leads to nothing new. With intersection or exclusion none of this would hold:
 * models that have them will be evaluated by another class.
 *
 * <p><b>The shortcuts.</b> Computed relations ({@code viewer: ... or editor}) are edges between relations of one object and the
 * same for all objects of a type, so they are followed ahead of time: a node stands for the whole closure of its relation
 * ({@link RelationClosure}), and finding any tuple of the closure is finding the relation. Edges that a wider edge makes needless
 * ({@code owner from parent} beside {@code viewer from parent}) are gone as well, so a walk up a path has one node for each
 * folder. What remains of the model at run time is one byte for each shape of tuple ({@link Plan}).
 *
 * <p><b>The search</b> is breadth first, so a node is reached by the fewest hops, and "too deep" is exact: it is answered only if
 * a way longer than allowed was left untried. At each node the rows about the object are read, or, where there are many, the few
 * tuples that would name the subject are looked up. Nothing is cached between checks: a tuple that was removed, or has
 * expired at the given time, counts for nothing in the next one.
 */
public final class Checker {
    /** Up to here, reading an object's rows costs less than looking up what they might be. */
    private static final int ROWS_READ_MAX = 8;

    /** In place of a hash that nobody has needed yet; should a hash be this by chance, it is computed once more. */
    private static final long UNHASHED = 0;

    private static final int NO_RELATION = AuthorizationModel.UNKNOWN;
    private static final SubjectRef NOBODY = SubjectRef.of("nobody", "nobody");

    private final AuthorizationModel model;
    private final TupleRows rows;
    private final CheckLimits limits;
    private final Plans plans;
    private final Frontier frontier = new Frontier();

    // The question being answered; set at its beginning, so that the steps need not hand it on.
    private SubjectRef subject = NOBODY;
    private int subjectEntity;
    private int subjectType;
    private int subjectRelation;
    private long nowMicros;
    private int depth;
    private boolean tooDeep;
    private boolean tooComplex;

    public Checker(AuthorizationModel model, TupleIndex index, DerivedTuples derived, CheckLimits limits) {
        this.model = model;
        this.rows = index.rows();
        this.limits = limits;
        this.plans = new Plans(model, rows, derived);
    }

    /**
     * Whether the subject holds the relation on the object at the given time. A subject that is a userset holds it if the
     * userset, as a whole, is part of the relation by way of tuples and rewrites; its members are not gone through.
     */
    public CheckResult check(ObjectRef object, String relation, SubjectRef subject, Instant now) {
        int objectType = model.typeId(object.type());
        int askedType = model.typeId(subject.type());
        if (objectType == AuthorizationModel.UNKNOWN || askedType == AuthorizationModel.UNKNOWN) {
            return CheckResult.UNKNOWN_TYPE;
        }
        RelationClosure closure = model.closure(objectType, model.relationId(relation));
        if (closure == null || !isRelationKnown(subject)) {
            return CheckResult.UNKNOWN_RELATION;
        }
        plans.refresh();
        this.subject = subject;
        this.subjectEntity = rows.find(subject.type(), subject.id());
        this.subjectType = askedType;
        this.subjectRelation = subject.isUserset() ? model.relationId(subject.relation()) : NO_RELATION;
        this.nowMicros = TupleIndex.micros(now);
        this.depth = -1;
        this.tooDeep = false;
        this.tooComplex = false;
        try {
            return search(plans.plan(closure), object) ? CheckResult.ALLOWED : notFound();
        } finally {
            frontier.clear();
        }
    }

    /**
     * The objects of a type on which the subject holds the relation by stored tuples, through whatever usersets, without
     * following derived edges: where a walk down the derived tree begins. An object is left out if the subject holds the
     * relation there anyway, because of another one above it; in the workspace, where every path leads to the root, this gives
     * the shortest list of paths under which the subject sees everything, and outside of which nothing.
     *
     * <p>More than {@link CheckLimits#listMax()} objects, counted before any is left out, are too many.
     */
    public GrantRoots grantRoots(SubjectRef subject, String relation, String type, Instant now) {
        if (model.typeId(type) == AuthorizationModel.UNKNOWN
                || model.typeId(subject.type()) == AuthorizationModel.UNKNOWN) {
            return GrantRoots.refused(ListOutcome.UNKNOWN_TYPE);
        }
        RelationClosure closure = model.closure(type, relation);
        if (closure == null || !isRelationKnown(subject)) {
            return GrantRoots.refused(ListOutcome.UNKNOWN_RELATION);
        }
        plans.refresh();
        return new GrantSearch(plans, limits, closure, TupleIndex.micros(now)).from(subject);
    }

    private boolean isRelationKnown(SubjectRef asked) {
        return !asked.isUserset() || model.closure(asked.type(), asked.relation()) != null;
    }

    private CheckResult notFound() {
        if (tooComplex) {
            return CheckResult.TOO_COMPLEX;
        }
        return tooDeep ? CheckResult.TOO_DEEP : CheckResult.DENIED;
    }

    private boolean search(Plan plan, ObjectRef object) {
        String id = object.id();
        long hash = rows.hash(id, id.length());
        int entity = rows.find(rows.typeOf(object.type()), id, id.length(), hash);
        if (reaches(plan, entity, id, id.length(), hash)) {
            return true;
        }
        int levelEnd = 0;
        for (int node = 0; node < frontier.size; node++) {
            if (node == levelEnd) {
                depth++;
                levelEnd = frontier.size;
            }
            if (visit(node)) {
                return true;
            }
        }
        return false;
    }

    /** Whether the node names the subject; what it leads to is added to the frontier. */
    private boolean visit(int node) {
        Plan plan = requireNonNull(frontier.plans[node]);
        int entity = frontier.entities[node];
        if (entity != TupleRows.NONE && (readDirect(plan, entity) || readUsersets(plan, rows.firstUserset(entity)))) {
            return true;
        }
        return isMember(plan, node) || follow(plan, node);
    }

    private boolean readDirect(Plan plan, int entity) {
        int read = 0;
        for (int row = rows.firstDirect(entity); row != TupleRows.NONE; row = rows.nextOfObject(row)) {
            int role = plan.roles[rows.shapeOf(row)];
            if (role != 0 && rows.isAlive(row, nowMicros)) {
                if (rows.subject(row) == subjectEntity && subjectRelation == NO_RELATION && (role & Plan.GIVES) != 0) {
                    return true;
                }
                if ((role & Plan.LEADS) != 0 && leads(plan, row)) {
                    return true;
                }
            }
            if (++read == ROWS_READ_MAX && !plan.directLeads) {
                return lookUp(plan, entity);
            }
        }
        return false;
    }

    private boolean lookUp(Plan plan, int entity) {
        if (subjectEntity == TupleRows.NONE || subjectRelation != NO_RELATION) {
            return false;
        }
        for (int shape : plan.directShapes) {
            int row = rows.row(entity, shape, subjectEntity);
            if (row != TupleRows.NONE && rows.isAlive(row, nowMicros)) {
                return true;
            }
        }
        return false;
    }

    private boolean readUsersets(Plan plan, int first) {
        for (int row = first; row != TupleRows.NONE; row = rows.nextOfObject(row)) {
            if (plan.roles[rows.shapeOf(row)] != 0 && rows.isAlive(row, nowMicros) && leads(plan, row)) {
                return true;
            }
        }
        return false;
    }

    private boolean leads(Plan plan, int row) {
        int entity = rows.subject(row);
        for (Plan target : requireNonNull(plan.targets[rows.shapeOf(row)])) {
            String id = rows.entityId(entity);
            if (reaches(target, entity, id, id.length(), UNHASHED)) {
                return true;
            }
        }
        return false;
    }

    private boolean isMember(Plan plan, int node) {
        if (plan.members.length == 0 || subjectRelation != NO_RELATION) {
            return false;
        }
        String id = requireNonNull(frontier.texts[node]).substring(0, frontier.lengths[node]);
        for (DerivedRelation.Members members : plan.members) {
            if (members.contains(id, subject)) {
                return true;
            }
        }
        return false;
    }

    /** The derived edges: up a path without cutting it into strings, or to the one target of all objects. */
    private boolean follow(Plan plan, int node) {
        String text = requireNonNull(frontier.texts[node]);
        int length = frontier.lengths[node];
        long hash = frontier.hashes[node];
        for (Plan.Step step : plan.steps) {
            boolean found;
            if (step.prefix() != null) {
                hash = hash == UNHASHED ? rows.hash(text, length) : hash;
                found = followPrefix(step, step.prefix().targetLength(text, length), text, length, hash);
            } else {
                found = followFixed(step);
            }
            if (found) {
                return true;
            }
        }
        return false;
    }

    private boolean followPrefix(Plan.Step step, int targetLength, String text, int length, long hash) {
        if (targetLength < 0) {
            return false;
        }
        if (targetLength >= length) {
            throw new IllegalStateException("a derived parent must be shorter than its child");
        }
        long targetHash = rows.shorten(hash, text, length, targetLength);
        int entity = rows.find(step.targetType(), text, targetLength, targetHash);
        return reaches(step.target(), entity, text, targetLength, targetHash);
    }

    private boolean followFixed(Plan.Step step) {
        String id = requireNonNull(step.fixed());
        long hash = rows.hash(id, id.length());
        return reaches(step.target(), rows.find(step.targetType(), id, id.length(), hash), id, id.length(), hash);
    }

    /** Adds the node to the frontier unless it was seen or a limit forbids; true if it is the very userset asked about. */
    private boolean reaches(Plan plan, int entity, String text, int length, long hash) {
        if (subjectRelation != NO_RELATION && isSubject(plan, entity, text, length)) {
            return true;
        }
        if (frontier.contains(plan, entity, text, length, hash)) {
            return false;
        }
        if (depth == limits.depthMax()) {
            tooDeep = true;
        } else if (frontier.size == limits.nodesMax()) {
            tooComplex = true;
        } else {
            frontier.add(plan, entity, text, length, hash);
        }
        return false;
    }

    private boolean isSubject(Plan plan, int entity, String text, int length) {
        return entity == subjectEntity
                && plan.closure.type() == subjectType
                && plan.closure.isImpliedBy(subjectRelation)
                && (entity != TupleRows.NONE || (subject.id().length() == length && text.startsWith(subject.id())));
    }
}
