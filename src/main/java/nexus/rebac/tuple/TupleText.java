package nexus.rebac.tuple;

import nexus.rebac.schema.ModelNames;

/**
 * The paper's text form of a tuple: {@code document:readme#viewer@group:eng#member}.
 *
 * <p>Ids may contain the signs that divide the text, and are not escaped, so the parser has rules: a type ends at the first
 * {@code :}; the object ends at the first {@code #} that is followed by a relation name, {@code @}, a type name and {@code :};
 * a subject is a userset if its last {@code #} is followed by a relation name and nothing else. Hence parsing what was
 * printed gives the same tuple, except where an id imitates a divider: an object id that contains {@code #name@name:}, or
 * the id of a subject without relation that ends in {@code #name}. {@link #isFaithful} tells them apart.
 */
public final class TupleText {
    private TupleText() {}

    public static String print(RelationTuple tuple) {
        return tuple.object() + "#" + tuple.relation() + "@" + tuple.subject();
    }

    /** Whether parsing the printed tuple gives the same tuple. */
    public static boolean isFaithful(RelationTuple tuple) {
        SubjectRef subject = tuple.subject();
        return dividerWithin(tuple.object().id()) < 0 && (subject.isUserset() || relationStart(subject.id()) < 0);
    }

    /**
     * The tuple that the text says.
     *
     * @throws TupleFormatException if the text is not a tuple
     */
    public static RelationTuple parse(String text) {
        int objectEnd = dividerWithin(text);
        if (objectEnd < 0) {
            throw new TupleFormatException("expected object#relation@subject");
        }
        int relationEnd = text.indexOf('@', objectEnd);
        return new RelationTuple(
                parseObject(text.substring(0, objectEnd)),
                text.substring(objectEnd + 1, relationEnd),
                parseSubject(text.substring(relationEnd + 1)));
    }

    /**
     * The object that the text says.
     *
     * @throws TupleFormatException if the text is not {@code type:id}
     */
    public static ObjectRef parseObject(String text) {
        int typeEnd = typeEnd(text);
        return new ObjectRef(text.substring(0, typeEnd), text.substring(typeEnd + 1));
    }

    /**
     * The subject that the text says.
     *
     * @throws TupleFormatException if the text is neither {@code type:id} nor {@code type:id#relation}
     */
    public static SubjectRef parseSubject(String text) {
        int typeEnd = typeEnd(text);
        int hash = relationStart(text.substring(typeEnd + 1));
        if (hash < 0) {
            return SubjectRef.of(text.substring(0, typeEnd), text.substring(typeEnd + 1));
        }
        int idEnd = typeEnd + 1 + hash;
        return new SubjectRef(
                text.substring(0, typeEnd), text.substring(typeEnd + 1, idEnd), text.substring(idEnd + 1));
    }

    private static int typeEnd(String text) {
        int colon = text.indexOf(':');
        if (colon < 0) {
            throw new TupleFormatException("expected type:id");
        }
        return colon;
    }

    /** Where {@code #relation} begins at the end of an id; -1 if the id has no such end. */
    private static int relationStart(String id) {
        int hash = id.lastIndexOf('#');
        return hash > 0 && ModelNames.isName(id, hash + 1, id.length()) ? hash : -1;
    }

    /** Where the first {@code #name@name:} begins; -1 if there is none. */
    private static int dividerWithin(String text) {
        for (int hash = text.indexOf('#'); hash >= 0; hash = text.indexOf('#', hash + 1)) {
            int at = nameEnd(text, hash + 1);
            if (at > hash + 1 && at < text.length() && text.charAt(at) == '@') {
                int colon = nameEnd(text, at + 1);
                if (colon > at + 1 && colon < text.length() && text.charAt(colon) == ':') {
                    return hash;
                }
            }
        }
        return -1;
    }

    private static int nameEnd(String text, int start) {
        int end = start;
        while (end < text.length() && ModelNames.isPart(text.charAt(end))) {
            end++;
        }
        return ModelNames.isName(text, start, end) ? end : start;
    }
}
