package nexus.rebac.schema;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Refuses models that refer to what does not exist, say a thing twice, or define what nobody can ever hold. */
final class ModelVerifier {
    private final List<TypeDefinition> types;
    private final Positions positions;
    private final Map<String, Map<String, RelationDefinition>> relations = new HashMap<>();

    ModelVerifier(List<TypeDefinition> types, Positions positions) {
        this.types = types;
        this.positions = positions;
    }

    void verify() {
        collectNames();
        for (TypeDefinition type : types) {
            for (RelationDefinition relation : type.relations()) {
                relation.rewrite().forEachLeaf(new References(type));
            }
        }
        verifyEntries();
    }

    private void collectNames() {
        if (types.isEmpty()) {
            throw new ModelException("the model defines no types", positions.of(types));
        }
        refuse(types, types.size() > ModelLimits.TYPES_MAX, "more than " + ModelLimits.TYPES_MAX + " types");
        int count = 0;
        for (TypeDefinition type : types) {
            verifyName(type, type.name(), "type", ModelLimits.TYPE_NAME_LENGTH_MAX);
            refuse(type, relations.containsKey(type.name()), "type '" + type.name() + "' is defined twice");
            Map<String, RelationDefinition> byName = new HashMap<>();
            for (RelationDefinition relation : type.relations()) {
                verifyName(relation, relation.name(), "relation", ModelLimits.RELATION_NAME_LENGTH_MAX);
                refuse(
                        relation,
                        byName.put(relation.name(), relation) != null,
                        "relation '" + relation.name() + "' of type '" + type.name() + "' is defined twice");
                refuse(
                        relation,
                        ++count > ModelLimits.RELATIONS_MAX,
                        "more than " + ModelLimits.RELATIONS_MAX + " relations");
            }
            relations.put(type.name(), byName);
        }
    }

    private void verifyName(Object part, String name, String what, int lengthMax) {
        refuse(part, !ModelNames.isName(name), "'" + name + "' is not a " + what + " name");
        refuse(
                part,
                name.length() > lengthMax,
                what + " name of " + name.length() + " characters; at most " + lengthMax + " are allowed");
    }

    private void refuse(Object part, boolean wrong, String message) {
        if (wrong) {
            throw new ModelException(message, positions.of(part));
        }
    }

    private Map<String, RelationDefinition> of(String type) {
        return relations.getOrDefault(type, Map.of());
    }

    private boolean isDefined(String type, String relation) {
        return of(type).containsKey(relation);
    }

    /** Everything that a rule mentions must exist. */
    private final class References implements Rewrite.Leaves {
        private final TypeDefinition type;

        References(TypeDefinition type) {
            this.type = type;
        }

        @Override
        public void direct(Rewrite.Direct leaf) {
            refuse(leaf, leaf.restrictions().isEmpty(), "a list of direct types must not be empty");
            Set<TypeRestriction> seen = new HashSet<>();
            for (TypeRestriction restriction : leaf.restrictions()) {
                refuse(
                        restriction,
                        !relations.containsKey(restriction.type()),
                        "type '" + restriction.type() + "' is not defined");
                refuse(
                        restriction,
                        restriction.isUserset() && !isDefined(restriction.type(), restriction.relation()),
                        missing(restriction.type(), restriction.relation()));
                refuse(restriction, !seen.add(restriction), "'" + restriction + "' is listed twice");
            }
        }

        @Override
        public void computed(Rewrite.Computed leaf) {
            refuse(leaf, !isDefined(type.name(), leaf.relation()), missing(type.name(), leaf.relation()));
        }

        @Override
        public void from(Rewrite.From leaf) {
            RelationDefinition tupleset = of(type.name()).get(leaf.tupleset());
            if (tupleset == null) {
                throw new ModelException(missing(type.name(), leaf.tupleset()), positions.of(leaf));
            }
            List<TypeRestriction> parents =
                    tupleset.rewrite() instanceof Rewrite.Direct direct ? direct.restrictions() : List.of();
            refuse(
                    leaf,
                    parents.isEmpty() || parents.stream().anyMatch(TypeRestriction::isUserset),
                    "'from " + leaf.tupleset()
                            + "' needs a relation that is only assigned directly, and only to objects");
            refuse(
                    leaf,
                    parents.stream().noneMatch(parent -> isDefined(parent.type(), leaf.relation())),
                    "no type that '" + leaf.tupleset() + "' points to has a relation '" + leaf.relation() + "'");
        }

        private String missing(String typeName, String relation) {
            return "relation '" + relation + "' is not defined on type '" + typeName + "'";
        }
    }

    /**
     * The least fixpoint of "somebody could hold it": begins with the relations to which objects are assigned, and adds those
     * that can be entered through others until nothing changes. What is left over could never hold for anybody.
     */
    private void verifyEntries() {
        Set<TypeRestriction> entered = new HashSet<>();
        boolean grew = true;
        while (grew) {
            grew = false;
            for (TypeDefinition type : types) {
                for (RelationDefinition relation : type.relations()) {
                    grew |= relation.rewrite().isEntered(leaf -> isLeafEntered(type, leaf, entered))
                            && entered.add(new TypeRestriction(type.name(), relation.name()));
                }
            }
        }
        for (TypeDefinition type : types) {
            for (RelationDefinition relation : type.relations()) {
                refuse(
                        relation,
                        !entered.contains(new TypeRestriction(type.name(), relation.name())),
                        "nobody can ever hold relation '" + relation.name() + "' of type '" + type.name()
                                + "': no way into it begins with objects that are assigned directly");
            }
        }
    }

    private boolean isLeafEntered(TypeDefinition type, Rewrite leaf, Set<TypeRestriction> entered) {
        boolean[] found = {false};
        leaf.forEachLeaf(new Rewrite.Leaves() {
            @Override
            public void direct(Rewrite.Direct direct) {
                found[0] = direct.restrictions().stream()
                        .anyMatch(restriction -> !restriction.isUserset() || entered.contains(restriction));
            }

            @Override
            public void computed(Rewrite.Computed computed) {
                found[0] = entered.contains(new TypeRestriction(type.name(), computed.relation()));
            }

            @Override
            public void from(Rewrite.From from) {
                RelationDefinition tupleset = of(type.name()).get(from.tupleset());
                found[0] = tupleset != null
                        && tupleset.rewrite() instanceof Rewrite.Direct direct
                        && direct.restrictions().stream()
                                .anyMatch(parent ->
                                        entered.contains(new TypeRestriction(parent.type(), from.relation())));
            }
        });
        return found[0];
    }
}
