package nexus.rebac.schema;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import nexus.rebac.schema.RelationClosure.FromEdge;
import org.jspecify.annotations.Nullable;

/**
 * A verified model, compiled to numbers: types and relation names are interned, and for each relation of each type its
 * {@link RelationClosure} is at hand. Immutable, so one instance serves every tenant and every thread.
 *
 * <p>A relation name has one id in the whole model, whichever types define it.
 */
public final class AuthorizationModel {
    /** Returned for a name that the model does not know. */
    public static final int UNKNOWN = -1;

    private final List<TypeDefinition> types;
    private final Map<String, Integer> typeIds = new HashMap<>();
    private final Map<String, Integer> relationIds = new HashMap<>();
    private final List<String> relationNames = new ArrayList<>();
    private final @Nullable RelationClosure[][] closures;
    private final Map<RelationKey, Set<TypeRestriction>> assignable = new HashMap<>();

    private record RelationKey(int type, int relation) {}

    private AuthorizationModel(List<TypeDefinition> types) {
        this.types = List.copyOf(types);
        for (TypeDefinition type : types) {
            typeIds.put(type.name(), typeIds.size());
            for (RelationDefinition relation : type.relations()) {
                if (relationIds.putIfAbsent(relation.name(), relationIds.size()) == null) {
                    relationNames.add(relation.name());
                }
            }
        }
        this.closures = new Compiler().compile();
    }

    /**
     * Verifies and compiles a model that did not come as text.
     *
     * @throws ModelException if the model is not sound
     */
    public static AuthorizationModel of(List<TypeDefinition> types) {
        return of(types, Positions.NONE);
    }

    static AuthorizationModel of(List<TypeDefinition> types, Positions positions) {
        new ModelVerifier(types, positions).verify();
        return new AuthorizationModel(types);
    }

    public List<TypeDefinition> types() {
        return types;
    }

    public int typeCount() {
        return types.size();
    }

    public int relationCount() {
        return relationNames.size();
    }

    /** The type's id, or {@link #UNKNOWN}. */
    public int typeId(String name) {
        Integer id = typeIds.get(name);
        return id == null ? UNKNOWN : id;
    }

    /** The relation name's id, or {@link #UNKNOWN}. */
    public int relationId(String name) {
        Integer id = relationIds.get(name);
        return id == null ? UNKNOWN : id;
    }

    public String typeName(int type) {
        return types.get(type).name();
    }

    public String relationName(int relation) {
        return relationNames.get(relation);
    }

    /** What implies the relation; null if the type has no such relation. */
    public @Nullable RelationClosure closure(int type, int relation) {
        return type < 0 || relation < 0 ? null : closures[type][relation];
    }

    /** As {@link #closure(int, int)}, by name. */
    public @Nullable RelationClosure closure(String type, String relation) {
        return closure(typeId(type), relationId(relation));
    }

    /** Whether a tuple of these names may be stored under this model. */
    public Admission admission(String objectType, String relation, String subjectType, String subjectRelation) {
        int type = typeId(objectType);
        if (type == UNKNOWN) {
            return Admission.UNKNOWN_TYPE;
        }
        RelationClosure closure = closure(type, relationId(relation));
        if (closure == null) {
            return Admission.UNKNOWN_RELATION;
        }
        if (typeId(subjectType) == UNKNOWN) {
            return Admission.UNKNOWN_SUBJECT_TYPE;
        }
        if (!subjectRelation.isEmpty() && closure(subjectType, subjectRelation) == null) {
            return Admission.UNKNOWN_SUBJECT_RELATION;
        }
        Set<TypeRestriction> allowed = assignable.get(new RelationKey(type, closure.relation()));
        if (allowed == null) {
            return Admission.NOT_ASSIGNABLE;
        }
        return allowed.contains(new TypeRestriction(subjectType, subjectRelation))
                ? Admission.ADMITTED
                : Admission.SUBJECT_NOT_ALLOWED;
    }

    /** The model in its language, without comments; parsing it again gives an equal list of types. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("model\n  schema 1.1\n");
        types.forEach(type -> text.append('\n').append(type));
        return text.toString();
    }

    /** Turns rewrites into closures: first what implies what on one object, then the edges that leave it. */
    private final class Compiler {
        private final Map<RelationKey, BitSet> computed = new HashMap<>();
        private final Map<RelationKey, List<Rewrite.From>> froms = new HashMap<>();
        private final Map<RelationKey, BitSet> implying = new HashMap<>();

        @Nullable
        RelationClosure[][] compile() {
            for (TypeDefinition type : types) {
                type.relations().forEach(relation -> readLeaves(key(type, relation), relation.rewrite()));
            }
            computed.keySet().forEach(key -> implying.put(key, reachable(key)));
            @Nullable RelationClosure[][] compiled = new @Nullable RelationClosure[typeCount()][relationCount()];
            implying.forEach((key, relations) -> compiled[key.type][key.relation] =
                    new RelationClosure(key.type, key.relation, relations, edges(key.type, relations)));
            return compiled;
        }

        private RelationKey key(TypeDefinition type, RelationDefinition relation) {
            return new RelationKey(typeId(type.name()), relationId(relation.name()));
        }

        private void readLeaves(RelationKey key, Rewrite rewrite) {
            BitSet others = new BitSet();
            List<Rewrite.From> fromLeaves = new ArrayList<>();
            rewrite.forEachLeaf(new Rewrite.Leaves() {
                @Override
                public void direct(Rewrite.Direct leaf) {
                    assignable.put(key, Set.copyOf(leaf.restrictions()));
                }

                @Override
                public void computed(Rewrite.Computed leaf) {
                    others.set(relationId(leaf.relation()));
                }

                @Override
                public void from(Rewrite.From leaf) {
                    fromLeaves.add(leaf);
                }
            });
            computed.put(key, others);
            froms.put(key, fromLeaves);
        }

        /** Relations may refer to each other in circles: each is visited once. */
        private BitSet reachable(RelationKey start) {
            BitSet found = new BitSet();
            Deque<Integer> open = new ArrayDeque<>(List.of(start.relation));
            while (!open.isEmpty()) {
                int relation = open.pop();
                if (!found.get(relation)) {
                    found.set(relation);
                    computed.getOrDefault(new RelationKey(start.type, relation), new BitSet()).stream()
                            .forEach(open::push);
                }
            }
            return found;
        }

        private List<FromEdge> edges(int type, BitSet relations) {
            Set<FromEdge> all = new HashSet<>();
            relations.stream().forEach(relation -> {
                for (Rewrite.From from : froms.getOrDefault(new RelationKey(type, relation), List.of())) {
                    int tupleset = relationId(from.tupleset());
                    for (TypeRestriction parent : assignable.getOrDefault(new RelationKey(type, tupleset), Set.of())) {
                        FromEdge edge = new FromEdge(tupleset, typeId(parent.type()), relationId(from.relation()));
                        if (implying.containsKey(new RelationKey(edge.parentType(), edge.relation()))) {
                            all.add(edge);
                        }
                    }
                }
            });
            return all.stream()
                    .filter(edge -> all.stream().noneMatch(other -> subsumes(other, edge)))
                    .sorted((a, b) -> Integer.compare(a.relation(), b.relation()))
                    .toList();
        }

        /** Of two edges that imply each other the one with the lower relation stays. */
        private boolean subsumes(FromEdge wide, FromEdge narrow) {
            return !wide.equals(narrow)
                    && wide.tupleset() == narrow.tupleset()
                    && wide.parentType() == narrow.parentType()
                    && implies(narrow, wide)
                    && (!implies(wide, narrow) || wide.relation() < narrow.relation());
        }

        private boolean implies(FromEdge narrow, FromEdge wide) {
            BitSet relations = implying.get(new RelationKey(wide.parentType(), wide.relation()));
            return relations != null && relations.get(narrow.relation());
        }
    }
}
