package nexus.rebac.expand;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import nexus.rebac.check.CheckLimits;
import nexus.rebac.check.ListOutcome;
import nexus.rebac.schema.Admission;
import nexus.rebac.schema.AuthorizationModel;
import nexus.rebac.schema.RelationClosure;
import nexus.rebac.schema.RelationClosure.FromEdge;
import nexus.rebac.tuple.DerivedRelation;
import nexus.rebac.tuple.DerivedTuples;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.RelationTuple;
import nexus.rebac.tuple.StoredTuple;
import nexus.rebac.tuple.SubjectRef;
import nexus.rebac.tuple.TupleIndex;

/**
 * Lists everybody who holds a relation: the search of {@link nexus.rebac.check.Checker} without a subject to stop at. Written for
 * clarity, not for the microsecond: it answers administrators, not requests.
 */
public final class Expander {
    private final AuthorizationModel model;
    private final TupleIndex index;
    private final DerivedTuples derived;
    private final CheckLimits limits;

    public Expander(AuthorizationModel model, TupleIndex index, DerivedTuples derived, CheckLimits limits) {
        this.model = model;
        this.index = index;
        this.derived = derived;
        this.limits = limits;
    }

    /** All objects (users, agents, services) that hold the relation on the object, groups and other usersets resolved. */
    public Expansion subjects(ObjectRef object, String relation, Instant now) {
        if (model.typeId(object.type()) == AuthorizationModel.UNKNOWN) {
            return Expansion.refused(ListOutcome.UNKNOWN_TYPE);
        }
        if (model.closure(object.type(), relation) == null) {
            return Expansion.refused(ListOutcome.UNKNOWN_RELATION);
        }
        return new Search(now).from(new Node(object, relation));
    }

    private record Node(ObjectRef object, String relation) {}

    private final class Search {
        private final Instant now;
        private final Set<SubjectRef> found = new TreeSet<>();
        private final Set<Node> seen = new HashSet<>();
        private final Deque<Node> open = new ArrayDeque<>();
        private boolean tooDeep;
        private boolean tooComplex;

        Search(Instant now) {
            this.now = now;
        }

        Expansion from(Node start) {
            reach(start, 0);
            for (int depth = 1; !open.isEmpty() && !isTooMany(); depth++) {
                for (int left = open.size(); left > 0 && !isTooMany(); left--) {
                    expand(open.remove(), depth);
                }
            }
            if (isTooMany()) {
                return Expansion.refused(ListOutcome.TOO_MANY);
            }
            if (tooComplex) {
                return Expansion.refused(ListOutcome.TOO_COMPLEX);
            }
            return tooDeep
                    ? Expansion.refused(ListOutcome.TOO_DEEP)
                    : new Expansion(ListOutcome.COMPLETE, new ArrayList<>(found));
        }

        private boolean isTooMany() {
            return found.size() > limits.listMax();
        }

        private void reach(Node node, int depth) {
            if (seen.contains(node)) {
                return;
            }
            if (depth > limits.depthMax()) {
                tooDeep = true;
            } else if (seen.size() == limits.nodesMax()) {
                tooComplex = true;
            } else {
                seen.add(node);
                open.add(node);
            }
        }

        private void expand(Node node, int depth) {
            String type = node.object.type();
            RelationClosure closure = requireNonNull(model.closure(type, node.relation));
            for (StoredTuple stored : index.byObject(node.object)) {
                if (counts(stored)) {
                    expandTuple(closure, stored.tuple(), depth);
                }
            }
            for (FromEdge edge : closure.edges()) {
                expandDerived(edge, node.object, depth);
            }
            model.types().get(closure.type()).relations().stream()
                    .map(relation -> relation.name())
                    .filter(name -> closure.isImpliedBy(model.relationId(name)))
                    .forEach(name -> {
                        if (derived.relation(type, name) instanceof DerivedRelation.Members members) {
                            found.addAll(members.of(node.object.id()));
                        }
                    });
        }

        /** A dead tuple, one that the model does not admit, or that pretends to be a derived one, counts for nothing. */
        private boolean counts(StoredTuple stored) {
            RelationTuple tuple = stored.tuple();
            SubjectRef subject = tuple.subject();
            return stored.isAliveAt(now)
                    && !derived.isDerived(tuple.object().type(), tuple.relation())
                    && model.admission(tuple.object().type(), tuple.relation(), subject.type(), subject.relation())
                            == Admission.ADMITTED;
        }

        private void expandTuple(RelationClosure closure, RelationTuple tuple, int depth) {
            SubjectRef subject = tuple.subject();
            int relation = model.relationId(tuple.relation());
            if (closure.isImpliedBy(relation)) {
                if (subject.isUserset()) {
                    reach(new Node(new ObjectRef(subject.type(), subject.id()), subject.relation()), depth);
                } else if (found.size() <= limits.listMax()) {
                    found.add(subject);
                }
            }
            for (FromEdge edge : closure.edges()) {
                if (edge.tupleset() == relation && edge.parentType() == model.typeId(subject.type())) {
                    follow(edge, subject.id(), depth);
                }
            }
        }

        private void expandDerived(FromEdge edge, ObjectRef object, int depth) {
            DerivedRelation relation = derived.relation(object.type(), model.relationName(edge.tupleset()));
            String parentType = model.typeName(edge.parentType());
            if (relation instanceof DerivedRelation.Prefix prefix && parentType.equals(object.type())) {
                int length = prefix.targetLength(object.id(), object.id().length());
                if (length >= 0) {
                    follow(edge, object.id().substring(0, length), depth);
                }
            } else if (relation instanceof DerivedRelation.Fixed fixed
                    && parentType.equals(fixed.target().type())) {
                follow(edge, fixed.target().id(), depth);
            }
        }

        private void follow(FromEdge edge, String parentId, int depth) {
            ObjectRef parent = new ObjectRef(model.typeName(edge.parentType()), parentId);
            reach(new Node(parent, model.relationName(edge.relation())), depth);
        }
    }
}
