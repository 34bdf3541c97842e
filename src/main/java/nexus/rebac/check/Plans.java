package nexus.rebac.check;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import nexus.rebac.schema.Admission;
import nexus.rebac.schema.AuthorizationModel;
import nexus.rebac.schema.RelationClosure;
import nexus.rebac.schema.RelationClosure.FromEdge;
import nexus.rebac.schema.RelationDefinition;
import nexus.rebac.schema.TypeDefinition;
import nexus.rebac.tuple.DerivedRelation;
import nexus.rebac.tuple.DerivedTuples;
import nexus.rebac.tuple.TupleRows;
import nexus.rebac.tuple.TupleShape;
import org.jspecify.annotations.Nullable;

/**
 * A model bound to an index: the numbers that each has for the same names, and the {@link Plan} of each relation that was asked
 * for. Bound anew when the index's numbers change; that happens when a tuple of a new shape comes, and seldom else.
 */
final class Plans {
    final AuthorizationModel model;
    final TupleRows rows;
    final List<Membership> memberships = new ArrayList<>();

    private final List<List<RelationClosure>> closures = new ArrayList<>();
    private final @Nullable DerivedRelation[] derivedRelations;
    private @Nullable Plan[] plans = {};
    private @Nullable BoundShape[] shapes = {};
    private int version = -1;

    /** A shape in the model's numbers. */
    record BoundShape(int objectType, int relation, int subjectType, int subjectRelation) {
        boolean isUserset() {
            return subjectRelation != AuthorizationModel.UNKNOWN;
        }
    }

    /** A relation whose holders are known elsewhere. */
    record Membership(RelationClosure relation, DerivedRelation.Members members) {}

    Plans(AuthorizationModel model, TupleRows rows, DerivedTuples derived) {
        this.model = model;
        this.rows = rows;
        this.derivedRelations = new @Nullable DerivedRelation[model.typeCount() * model.relationCount()];
        for (TypeDefinition type : model.types()) {
            List<RelationClosure> ofType = new ArrayList<>();
            for (RelationDefinition relation : type.relations()) {
                RelationClosure closure = requireNonNull(model.closure(type.name(), relation.name()));
                ofType.add(closure);
                DerivedRelation known = derived.relation(type.name(), relation.name());
                derivedRelations[place(closure.type(), closure.relation())] = known;
                if (known instanceof DerivedRelation.Members members) {
                    memberships.add(new Membership(closure, members));
                }
            }
            closures.add(ofType);
        }
    }

    private int place(int type, int relation) {
        return type * model.relationCount() + relation;
    }

    /** How the relation is derived; null if its tuples are stored. */
    @Nullable
    DerivedRelation derived(int type, int relation) {
        return derivedRelations[place(type, relation)];
    }

    List<RelationClosure> closuresOf(int type) {
        return closures.get(type);
    }

    /** To be called before numbers of the index are used. */
    void refresh() {
        if (version != rows.version()) {
            version = rows.version();
            plans = new @Nullable Plan[model.typeCount() * model.relationCount()];
            shapes = new @Nullable BoundShape[rows.shapeCount()];
            Arrays.setAll(shapes, shape -> bind(rows.shape(shape)));
        }
    }

    Plan plan(RelationClosure closure) {
        int place = place(closure.type(), closure.relation());
        Plan known = plans[place];
        if (known != null) {
            return known;
        }
        Plan plan = new Plan(closure);
        plans[place] = plan; // Before it is filled: plans refer to each other in circles.
        fill(plan);
        return plan;
    }

    /** The shape in the model's numbers; null if tuples of it count for nothing. */
    @Nullable
    BoundShape shape(int shape) {
        return shapes[shape];
    }

    /** A tuple that the model does not admit, or that pretends to be a derived one, counts for nothing. */
    private @Nullable BoundShape bind(TupleShape shape) {
        Admission admission =
                model.admission(shape.objectType(), shape.relation(), shape.subjectType(), shape.subjectRelation());
        int type = model.typeId(shape.objectType());
        int relation = model.relationId(shape.relation());
        if (admission != Admission.ADMITTED || derived(type, relation) != null) {
            return null;
        }
        return new BoundShape(
                type,
                relation,
                model.typeId(shape.subjectType()),
                shape.isUserset() ? model.relationId(shape.subjectRelation()) : AuthorizationModel.UNKNOWN);
    }

    private void fill(Plan plan) {
        fillShapes(plan);
        RelationClosure closure = plan.closure;
        String type = model.typeName(closure.type());
        List<Plan.Step> steps = new ArrayList<>();
        for (FromEdge edge : closure.edges()) {
            DerivedRelation relation = derived(closure.type(), edge.tupleset());
            if (relation != null) {
                step(relation, edge, type, steps);
            }
        }
        plan.steps = steps.toArray(Plan.Step[]::new);
        plan.members = memberships.stream()
                .filter(membership -> membership.relation.type() == closure.type()
                        && closure.isImpliedBy(membership.relation.relation()))
                .map(Membership::members)
                .toArray(DerivedRelation.Members[]::new);
    }

    private void step(DerivedRelation relation, FromEdge edge, String type, List<Plan.Step> steps) {
        String parentType = model.typeName(edge.parentType());
        int targetType = rows.typeOf(parentType);
        if (relation instanceof DerivedRelation.Prefix prefix && parentType.equals(type)) {
            steps.add(new Plan.Step(prefix, null, targetType, target(edge)));
        } else if (relation instanceof DerivedRelation.Fixed fixed
                && parentType.equals(fixed.target().type())) {
            steps.add(new Plan.Step(null, fixed.target().id(), targetType, target(edge)));
        }
    }

    private void fillShapes(Plan plan) {
        plan.roles = new byte[shapes.length];
        plan.targets = new @Nullable Plan[shapes.length][];
        List<Integer> direct = new ArrayList<>();
        for (int id = 0; id < shapes.length; id++) {
            BoundShape shape = shapes[id];
            if (shape == null || shape.objectType != plan.closure.type()) {
                continue;
            }
            boolean gives = plan.closure.isImpliedBy(shape.relation);
            List<Plan> targets = targets(plan, shape, gives);
            plan.roles[id] = (byte) ((gives ? Plan.GIVES : 0) | (targets.isEmpty() ? 0 : Plan.LEADS));
            plan.targets[id] = targets.toArray(Plan[]::new);
            if (!shape.isUserset()) {
                plan.directLeads |= !targets.isEmpty();
                if (gives) {
                    direct.add(id);
                }
            }
        }
        plan.directShapes = direct.stream().mapToInt(Integer::intValue).toArray();
    }

    private List<Plan> targets(Plan plan, BoundShape shape, boolean gives) {
        if (shape.isUserset()) {
            return gives ? List.of(target(shape.subjectType, shape.subjectRelation)) : List.of();
        }
        return plan.closure.edges().stream()
                .filter(edge -> edge.tupleset() == shape.relation && edge.parentType() == shape.subjectType)
                .map(this::target)
                .toList();
    }

    private Plan target(FromEdge edge) {
        return target(edge.parentType(), edge.relation());
    }

    private Plan target(int type, int relation) {
        return plan(requireNonNull(model.closure(type, relation)));
    }
}
