package nexus.rebac.tuple;

/**
 * A tuple without its ids. A tenant has millions of tuples but few shapes, so what depends on the names only, such as what a
 * model makes of a tuple, is decided once for each shape.
 *
 * @param subjectRelation empty for the object itself
 */
public record TupleShape(String objectType, String relation, String subjectType, String subjectRelation) {

    static TupleShape of(RelationTuple tuple) {
        return new TupleShape(
                tuple.object().type(),
                tuple.relation(),
                tuple.subject().type(),
                tuple.subject().relation());
    }

    public boolean isUserset() {
        return !subjectRelation.isEmpty();
    }
}
