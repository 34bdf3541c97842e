package nexus.rebac.tuple;

import java.util.Collection;

/** How the tuples of one relation follow from something else. */
public sealed interface DerivedRelation {

    /**
     * Every object points to the object of the same type whose id is a certain beginning of its own, as a path points to its
     * folder. Given as a length, so that a walk to the root cuts no strings.
     */
    non-sealed interface Prefix extends DerivedRelation {
        /**
         * How much of the id, of which only the first {@code length} characters are there, is the id of the object that it
         * points to: less than {@code length}; -1 if it points to none.
         */
        int targetLength(String id, int length);
    }

    /** Every object points to one and the same object. */
    record Fixed(ObjectRef target) implements DerivedRelation {}

    /** Who is in an object is known elsewhere. Members are objects such as users, not usersets. */
    non-sealed interface Members extends DerivedRelation {
        boolean contains(String objectId, SubjectRef subject);

        /** All members of the object. */
        Collection<SubjectRef> of(String objectId);

        /** The ids of all objects that the subject is a member of. */
        Collection<String> objectsOf(SubjectRef subject);
    }
}
