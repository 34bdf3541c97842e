package nexus.rebac.tuple;

/** One fact: the subject is related to the object. */
public record RelationTuple(ObjectRef object, String relation, SubjectRef subject) {

    /**
     * Takes what is well formed only.
     *
     * @throws TupleFormatException if the relation is not a name
     */
    public RelationTuple {
        TupleParts.requireRelation(relation);
    }

    /** As {@link TupleText} prints it. */
    @Override
    public String toString() {
        return TupleText.print(this);
    }
}
