package nexus.rebac.schema;

import java.util.BitSet;
import java.util.List;

/**
 * One relation of one type with everything that the same object contributes to it: the relations that imply it, itself
 * included, and the edges that lead from any of them to other objects. An edge whose target is implied by the target of
 * another edge over the same objects is left out, so a search that follows the remaining edges misses nothing.
 *
 * <p>It may be computed ahead because every rewrite is a union: then whoever holds one of the implying relations holds this
 * one, whatever else is true.
 */
public final class RelationClosure {
    private final int type;
    private final int relation;
    private final BitSet implying;
    private final List<FromEdge> edges;

    RelationClosure(int type, int relation, BitSet implying, List<FromEdge> edges) {
        this.type = type;
        this.relation = relation;
        this.implying = implying;
        this.edges = List.copyOf(edges);
    }

    public int type() {
        return type;
    }

    public int relation() {
        return relation;
    }

    /** Whether everybody who holds the other relation on an object holds this one. */
    public boolean isImpliedBy(int otherRelation) {
        return implying.get(otherRelation);
    }

    public List<FromEdge> edges() {
        return edges;
    }

    /**
     * Everybody who holds {@code relation} on an object of {@code parentType} that {@code tupleset} points to.
     */
    public record FromEdge(int tupleset, int parentType, int relation) {}
}
