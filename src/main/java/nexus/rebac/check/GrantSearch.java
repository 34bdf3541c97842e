package nexus.rebac.check;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import nexus.rebac.check.Plans.BoundShape;
import nexus.rebac.schema.AuthorizationModel;
import nexus.rebac.schema.RelationClosure;
import nexus.rebac.schema.RelationClosure.FromEdge;
import nexus.rebac.tuple.DerivedRelation;
import nexus.rebac.tuple.SubjectRef;
import nexus.rebac.tuple.TupleRows;
import org.jspecify.annotations.Nullable;

/**
 * One search from a subject to the objects that it reaches: the edges of {@link Checker}, followed backwards over the lists of
 * rows that name an entity as their subject. A node is an object and a relation that the subject holds there; what that
 * relation implies is read off the closures. Hops are counted as the checker counts them: the tuple that names the subject
 * itself is free.
 */
final class GrantSearch {
    private final Plans plans;
    private final AuthorizationModel model;
    private final TupleRows rows;
    private final CheckLimits limits;
    private final RelationClosure wanted;
    private final long nowMicros;

    private final BitSet found = new BitSet();
    /** What is found though no tuple mentions it. */
    private final List<String> foundUnmentioned = new ArrayList<>();

    private final List<Cover> covers = new ArrayList<>();
    private final Set<Node> seen = new HashSet<>();
    private final Deque<Node> open = new ArrayDeque<>();
    private boolean tooDeep;
    private boolean tooComplex;

    /** The subject holds the relation on the entity. */
    private record Node(int entity, int relation) {}

    /** A relation that descends to the wanted one by derived edges, and the objects on which the subject holds it. */
    private record Cover(RelationClosure relation, BitSet objects) {}

    /** A place on the way up from an object, with the relation that would have to be held there. */
    private record Ancestor(RelationClosure relation, int length) {}

    GrantSearch(Plans plans, CheckLimits limits, RelationClosure wanted, long nowMicros) {
        this.plans = plans;
        this.model = plans.model;
        this.rows = plans.rows;
        this.limits = limits;
        this.wanted = wanted;
        this.nowMicros = nowMicros;
    }

    GrantRoots from(SubjectRef subject) {
        addCovers(wanted);
        start(subject);
        for (int depth = 1; !open.isEmpty() && !isTooMany(); depth++) {
            for (int left = open.size(); left > 0 && !isTooMany(); left--) {
                expand(open.remove(), depth);
            }
        }
        if (isTooMany()) {
            return GrantRoots.refused(ListOutcome.TOO_MANY);
        }
        if (tooComplex) {
            return GrantRoots.refused(ListOutcome.TOO_COMPLEX);
        }
        return tooDeep ? GrantRoots.refused(ListOutcome.TOO_DEEP) : new GrantRoots(ListOutcome.COMPLETE, roots());
    }

    private boolean isTooMany() {
        return found.cardinality() + foundUnmentioned.size() > limits.listMax();
    }

    private void start(SubjectRef subject) {
        if (subject.isUserset()) {
            startAt(subject.type(), subject.id(), model.relationId(subject.relation()));
            return;
        }
        int entity = rows.find(subject.type(), subject.id());
        if (entity != TupleRows.NONE) {
            for (int row = rows.firstAsSubject(entity); row != TupleRows.NONE; row = rows.nextAsSubject(row)) {
                BoundShape shape = shapeIfAlive(row);
                if (shape != null && !shape.isUserset()) {
                    reach(rows.object(row), shape.relation(), 0);
                }
            }
        }
        for (Plans.Membership membership : plans.memberships) {
            for (String id : membership.members().objectsOf(subject)) {
                startAt(
                        model.typeName(membership.relation().type()),
                        id,
                        membership.relation().relation());
            }
        }
    }

    private void startAt(String type, String id, int relation) {
        int entity = rows.find(type, id);
        if (entity != TupleRows.NONE) {
            reach(entity, relation, 0);
        } else if (wanted.type() == model.typeId(type) && wanted.isImpliedBy(relation)) {
            foundUnmentioned.add(id);
        }
    }

    private @Nullable BoundShape shapeIfAlive(int row) {
        return rows.isAlive(row, nowMicros) ? plans.shape(rows.shapeOf(row)) : null;
    }

    private void expand(Node node, int depth) {
        for (int row = rows.firstAsSubject(node.entity); row != TupleRows.NONE; row = rows.nextAsSubject(row)) {
            BoundShape shape = shapeIfAlive(row);
            if (shape == null) {
                continue;
            }
            if (!shape.isUserset()) {
                expandFrom(row, shape, node.relation, depth);
            } else if (isImplied(shape.subjectType(), shape.subjectRelation(), node.relation)) {
                reach(rows.object(row), shape.relation(), depth);
            }
        }
    }

    /** The row makes the node's object a parent of the row's object: relations may descend by {@code from}. */
    private void expandFrom(int row, BoundShape shape, int relation, int depth) {
        for (RelationClosure closure : plans.closuresOf(shape.objectType())) {
            for (FromEdge edge : closure.edges()) {
                if (edge.tupleset() == shape.relation()
                        && edge.parentType() == shape.subjectType()
                        && isImplied(edge.parentType(), edge.relation(), relation)) {
                    reach(rows.object(row), closure.relation(), depth);
                }
            }
        }
    }

    private boolean isImplied(int type, int relation, int byRelation) {
        RelationClosure closure = model.closure(type, relation);
        return closure != null && closure.isImpliedBy(byRelation);
    }

    private void reach(int entity, int relation, int depth) {
        int type = model.typeId(rows.entityTypeName(entity));
        boolean isFound = type == wanted.type() && wanted.isImpliedBy(relation);
        boolean leadsOn = rows.firstAsSubject(entity) != TupleRows.NONE;
        Node node = new Node(entity, relation);
        if (depth > limits.depthMax()) {
            tooDeep |= (isFound && !found.get(entity)) || (leadsOn && !seen.contains(node));
            return;
        }
        if (isFound) {
            found.set(entity);
        }
        for (Cover cover : covers) {
            if (cover.relation.type() == type && cover.relation.isImpliedBy(relation)) {
                cover.objects.set(entity);
            }
        }
        if (!leadsOn || seen.contains(node)) {
            return;
        }
        if (seen.size() == limits.nodesMax()) {
            tooComplex = true;
            return;
        }
        seen.add(node);
        open.add(node);
    }

    private void addCovers(RelationClosure closure) {
        for (FromEdge edge : closure.edges()) {
            RelationClosure above = model.closure(edge.parentType(), edge.relation());
            if (above != null && prefix(closure, edge) != null && coverOf(above) == null) {
                covers.add(new Cover(above, new BitSet()));
                addCovers(above);
            }
        }
    }

    private DerivedRelation.@Nullable Prefix prefix(RelationClosure closure, FromEdge edge) {
        return edge.parentType() == closure.type()
                        && plans.derived(closure.type(), edge.tupleset()) instanceof DerivedRelation.Prefix prefix
                ? prefix
                : null;
    }

    private @Nullable Cover coverOf(RelationClosure closure) {
        for (Cover cover : covers) {
            if (cover.relation == closure) {
                return cover;
            }
        }
        return null;
    }

    private List<String> roots() {
        List<String> roots = new ArrayList<>(foundUnmentioned);
        found.stream().mapToObj(rows::entityId).filter(id -> !isCovered(id)).forEach(roots::add);
        Collections.sort(roots);
        return roots;
    }

    /** Whether the wanted relation comes down to the object, by derived edges, from another one that was reached. */
    private boolean isCovered(String id) {
        Set<Ancestor> visited = new HashSet<>();
        Deque<Ancestor> ways = new ArrayDeque<>(List.of(new Ancestor(wanted, id.length())));
        while (!ways.isEmpty()) {
            Ancestor at = ways.pop();
            for (FromEdge edge : at.relation.edges()) {
                DerivedRelation.Prefix prefix = prefix(at.relation, edge);
                RelationClosure above = model.closure(edge.parentType(), edge.relation());
                int length = prefix == null ? -1 : prefix.targetLength(id, at.length);
                if (length < 0 || above == null) {
                    continue;
                }
                if (isReached(above, id, length)) {
                    return true;
                }
                Ancestor next = new Ancestor(above, length);
                if (visited.add(next)) {
                    ways.push(next);
                }
            }
        }
        return false;
    }

    private boolean isReached(RelationClosure relation, String text, int length) {
        Cover cover = coverOf(relation);
        int type = rows.typeOf(model.typeName(relation.type()));
        int entity = rows.find(type, text, length, rows.hash(text, length));
        return cover != null && entity != TupleRows.NONE && cover.objects.get(entity);
    }
}
