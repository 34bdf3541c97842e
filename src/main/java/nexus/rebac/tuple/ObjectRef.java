package nexus.rebac.tuple;

/** An object: {@code file:/reports/q3.pdf}. */
public record ObjectRef(String type, String id) implements Comparable<ObjectRef> {

    /**
     * Takes what is well formed only.
     *
     * @throws TupleFormatException if the type is not a name, or the id is empty, too long or contains what no id may
     */
    public ObjectRef {
        TupleParts.requireType(type);
        TupleParts.requireId(id);
    }

    /** By type, then by id, in the order of their UTF-16 units. */
    @Override
    public int compareTo(ObjectRef other) {
        int byType = type.compareTo(other.type);
        return byType != 0 ? byType : id.compareTo(other.id);
    }

    @Override
    public String toString() {
        return type + ":" + id;
    }
}
