package nexus.rebac.schema;

/** A relation of a type and the rule that says who holds it. */
public record RelationDefinition(String name, Rewrite rewrite) {
    @Override
    public String toString() {
        return "define " + name + ": " + rewrite;
    }
}
