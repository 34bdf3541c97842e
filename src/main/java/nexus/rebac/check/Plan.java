package nexus.rebac.check;

import nexus.rebac.schema.RelationClosure;
import nexus.rebac.tuple.DerivedRelation;
import org.jspecify.annotations.Nullable;

/**
 * What to do at an object when one relation of it is searched: the closure of the relation, bound to the shapes of one index.
 * One look at a row's shape tells whether the row matters and where it leads.
 */
final class Plan {
    /** A row of this shape gives the relation to its subject. */
    static final byte GIVES = 1;

    /** A row of this shape leads to other objects: it has an entry in {@link #targets}. */
    static final byte LEADS = 2;

    final RelationClosure closure;

    /** By shape: {@link #GIVES} and {@link #LEADS}, or 0 for what does not matter here. */
    byte[] roles = {};

    /** By shape: what to search at the row's subject. */
    @Nullable
    Plan[][] targets = {};

    /** The shapes that give the relation to objects, as opposed to usersets. */
    int[] directShapes = {};

    /** Whether rows with an object as subject may lead on: if not, a long list of them need not be read. */
    boolean directLeads;

    /** What leads on without a row. */
    Step[] steps = {};

    /** Who holds the relation without a row. */
    DerivedRelation.Members[] members = {};

    Plan(RelationClosure closure) {
        this.closure = closure;
    }

    /**
     * A derived edge to another object.
     *
     * @param prefix how the target's id is found in the object's own
     * @param fixed or else the one target of all objects
     * @param targetType the target's type in the index
     */
    record Step(
            DerivedRelation.@Nullable Prefix prefix,
            @Nullable String fixed,
            int targetType,
            Plan target) {}
}
