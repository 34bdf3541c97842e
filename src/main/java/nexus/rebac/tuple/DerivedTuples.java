package nexus.rebac.tuple;

import org.jspecify.annotations.Nullable;

/**
 * The tuples that are computed rather than stored, by relation. What is derived is never stored as well: stored tuples of such
 * a relation count for nothing, and a writer refuses them.
 */
@FunctionalInterface
public interface DerivedTuples {
    /** Everything is stored. */
    DerivedTuples NONE = (type, relation) -> null;

    /** How the relation of the type is derived; null if its tuples are stored. Always gives the same answer. */
    @Nullable
    DerivedRelation relation(String type, String relation);

    default boolean isDerived(String type, String relation) {
        return relation(type, relation) != null;
    }
}
