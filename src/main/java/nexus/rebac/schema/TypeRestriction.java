package nexus.rebac.schema;

/**
 * One kind of subject that may be assigned directly: the objects of a type ({@code user}), or with a relation the usersets of
 * a type ({@code group#member}).
 *
 * @param relation empty for the objects themselves
 */
public record TypeRestriction(String type, String relation) {

    public boolean isUserset() {
        return !relation.isEmpty();
    }

    @Override
    public String toString() {
        return isUserset() ? type + "#" + relation : type;
    }
}
