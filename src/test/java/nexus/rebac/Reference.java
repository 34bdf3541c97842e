package nexus.rebac;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import nexus.rebac.schema.Rewrite;
import nexus.rebac.schema.TypeDefinition;
import nexus.rebac.schema.TypeRestriction;
import nexus.rebac.tuple.RelationTuple;
import nexus.rebac.tuple.SubjectRef;

/**
 * What the paper says, word for word and slowly: every relation on every object is a set of subjects, all sets grow from empty
 * by their rewrites until nothing changes. Of the engine it uses only the values: definitions, tuples, refs.
 */
final class Reference {
    private final Map<String, Map<String, Rewrite>> rules = new HashMap<>();
    private final Map<String, Set<SubjectRef>> sets = new HashMap<>();
    private final Set<String> objects;
    private final Map<String, Set<String>> parents;
    private final Map<String, List<RelationTuple>> tuples = new HashMap<>();
    private final Map<String, Set<SubjectRef>> members;

    /**
     * @param objects all that a tuple or a question may mention, as {@code type:id}
     * @param tuples the living ones, without those of derived relations
     * @param parents derived tuples, from {@code type:id#relation} to {@code type:id}
     * @param members derived members, from {@code type:id#relation}
     */
    Reference(
            List<TypeDefinition> types,
            Set<String> objects,
            Iterable<RelationTuple> tuples,
            Map<String, Set<String>> parents,
            Map<String, Set<SubjectRef>> members) {
        for (TypeDefinition type : types) {
            Map<String, Rewrite> ofType = new HashMap<>();
            type.relations().forEach(relation -> ofType.put(relation.name(), relation.rewrite()));
            rules.put(type.name(), ofType);
        }
        this.objects = objects;
        this.parents = parents;
        this.members = members;
        for (RelationTuple tuple : tuples) {
            this.tuples
                    .computeIfAbsent(tuple.object() + "#" + tuple.relation(), any -> new java.util.ArrayList<>())
                    .add(tuple);
        }
        while (grow()) {
            // Again, until nothing changes.
        }
    }

    boolean holds(String object, String relation, SubjectRef subject) {
        return set(object, relation).contains(subject);
    }

    /** The subjects in the set that are objects. */
    Set<SubjectRef> objectsIn(String object, String relation) {
        Set<SubjectRef> found = new TreeSet<>();
        set(object, relation).stream()
                .filter(subject -> subject.relation().isEmpty())
                .forEach(found::add);
        return found;
    }

    private Set<SubjectRef> set(String object, String relation) {
        return sets.computeIfAbsent(object + "#" + relation, any -> new HashSet<>());
    }

    private boolean grow() {
        boolean grew = false;
        for (String object : objects) {
            String type = object.substring(0, object.indexOf(':'));
            for (Map.Entry<String, Rewrite> rule :
                    rules.getOrDefault(type, Map.of()).entrySet()) {
                grew |= set(object, rule.getKey()).addAll(evaluate(object, rule.getKey(), rule.getValue()));
            }
        }
        return grew;
    }

    private Set<SubjectRef> evaluate(String object, String relation, Rewrite rewrite) {
        String id = object.substring(object.indexOf(':') + 1);
        String type = object.substring(0, object.indexOf(':'));
        Set<SubjectRef> result = new HashSet<>();
        result.add(new SubjectRef(type, id, relation));
        result.addAll(members.getOrDefault(object + "#" + relation, Set.of()));
        rewrite.forEachLeaf(new Rewrite.Leaves() {
            @Override
            public void direct(Rewrite.Direct leaf) {
                for (RelationTuple tuple : tuples.getOrDefault(object + "#" + relation, List.of())) {
                    SubjectRef subject = tuple.subject();
                    if (leaf.restrictions().contains(new TypeRestriction(subject.type(), subject.relation()))) {
                        result.add(subject);
                        if (!subject.relation().isEmpty()) {
                            result.addAll(set(subject.type() + ":" + subject.id(), subject.relation()));
                        }
                    }
                }
            }

            @Override
            public void computed(Rewrite.Computed leaf) {
                result.addAll(set(object, leaf.relation()));
            }

            @Override
            public void from(Rewrite.From leaf) {
                for (RelationTuple tuple : tuples.getOrDefault(object + "#" + leaf.tupleset(), List.of())) {
                    SubjectRef parent = tuple.subject();
                    if (isAllowed(type, leaf.tupleset(), parent)
                            && parent.relation().isEmpty()) {
                        result.addAll(set(parent.type() + ":" + parent.id(), leaf.relation()));
                    }
                }
                for (String parent : parents.getOrDefault(object + "#" + leaf.tupleset(), Set.of())) {
                    result.addAll(set(parent, leaf.relation()));
                }
            }
        });
        return result;
    }

    private boolean isAllowed(String type, String tupleset, SubjectRef parent) {
        return rules.getOrDefault(type, Map.of()).get(tupleset) instanceof Rewrite.Direct direct
                && direct.restrictions().contains(new TypeRestriction(parent.type(), parent.relation()));
    }
}
