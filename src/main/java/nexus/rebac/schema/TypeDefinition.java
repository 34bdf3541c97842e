package nexus.rebac.schema;

import java.util.List;

/** A type of objects and its relations, in the order in which they were written. */
public record TypeDefinition(String name, List<RelationDefinition> relations) {
    public TypeDefinition {
        relations = List.copyOf(relations);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("type ").append(name).append('\n');
        if (!relations.isEmpty()) {
            text.append("  relations\n");
        }
        relations.forEach(relation -> text.append("    ").append(relation).append('\n'));
        return text.toString();
    }
}
