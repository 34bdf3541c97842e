package nexus.rebac.tuple;

/**
 * Whom a tuple names: an object ({@code user:alice}), or with a relation everybody who holds it on the object
 * ({@code group:eng#member}), a userset.
 *
 * @param relation empty for the object itself
 */
public record SubjectRef(String type, String id, String relation) implements Comparable<SubjectRef> {

    /**
     * Takes what is well formed only.
     *
     * @throws TupleFormatException if the type or relation is not a name, or the id is empty, too long or contains what no id
     *     may
     */
    public SubjectRef {
        TupleParts.requireType(type);
        TupleParts.requireId(id);
        if (!relation.isEmpty()) {
            TupleParts.requireRelation(relation);
        }
    }

    /** The object itself. */
    public static SubjectRef of(String type, String id) {
        return new SubjectRef(type, id, "");
    }

    /** Everybody who holds the relation on the object. */
    public static SubjectRef userset(ObjectRef object, String relation) {
        TupleParts.requireRelation(relation);
        return new SubjectRef(object.type(), object.id(), relation);
    }

    public boolean isUserset() {
        return !relation.isEmpty();
    }

    /** By type, then by id, then by relation, in the order of their UTF-16 units. */
    @Override
    public int compareTo(SubjectRef other) {
        int byType = type.compareTo(other.type);
        if (byType != 0) {
            return byType;
        }
        int byId = id.compareTo(other.id);
        return byId != 0 ? byId : relation.compareTo(other.relation);
    }

    @Override
    public String toString() {
        return isUserset() ? type + ":" + id + "#" + relation : type + ":" + id;
    }
}
