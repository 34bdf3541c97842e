package nexus.rebac.check;

import java.util.List;

/**
 * Where a subject's grants begin: ids of objects, sorted by their UTF-16 units.
 *
 * @param ids empty unless the outcome is {@link ListOutcome#COMPLETE}
 */
public record GrantRoots(ListOutcome outcome, List<String> ids) {
    public GrantRoots {
        ids = List.copyOf(ids);
        if (outcome != ListOutcome.COMPLETE && !ids.isEmpty()) {
            throw new IllegalArgumentException("a list that is not complete must be empty");
        }
    }

    static GrantRoots refused(ListOutcome outcome) {
        return new GrantRoots(outcome, List.of());
    }
}
