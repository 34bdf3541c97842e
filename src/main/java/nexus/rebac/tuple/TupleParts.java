package nexus.rebac.tuple;

import nexus.rebac.schema.ModelNames;

/** What is well formed in a tuple. Nothing is normalised: two ids are the same when their bytes are. */
final class TupleParts {
    private TupleParts() {}

    static void requireType(String type) {
        requireName(type, "type", TupleLimits.TYPE_LENGTH_MAX);
    }

    static void requireRelation(String relation) {
        requireName(relation, "relation", TupleLimits.RELATION_LENGTH_MAX);
    }

    private static void requireName(String name, String what, int lengthMax) {
        if (name.length() > lengthMax) {
            throw new TupleFormatException(
                    "a " + what + " of " + name.length() + " characters; at most " + lengthMax + " are allowed");
        }
        if (!ModelNames.isName(name)) {
            throw new TupleFormatException("'" + name + "' is not a " + what + " name");
        }
    }

    /** An unpaired surrogate has no UTF-8 form: two such ids would be one in the database. */
    static void requireId(String id) {
        int bytes = 0;
        for (int i = 0; i < id.length(); i++) {
            char c = id.charAt(i);
            if (c < 0x80) {
                if (c == 0 || c == '\n' || c == '\r') {
                    throw new TupleFormatException("an id must not contain NUL or line breaks");
                }
                bytes++;
            } else if (c < 0x800) {
                bytes += 2;
            } else if (!Character.isSurrogate(c)) {
                bytes += 3;
            } else if (Character.isHighSurrogate(c)
                    && i + 1 < id.length()
                    && Character.isLowSurrogate(id.charAt(i + 1))) {
                bytes += 4;
                i++;
            } else {
                throw new TupleFormatException("an id must be valid Unicode");
            }
        }
        if (bytes == 0) {
            throw new TupleFormatException("an id must not be empty");
        }
        if (bytes > TupleLimits.ID_BYTES_MAX) {
            throw new TupleFormatException(
                    "an id of " + bytes + " bytes; at most " + TupleLimits.ID_BYTES_MAX + " are allowed");
        }
    }
}
