package nexus.rebac.expand;

import java.util.List;
import nexus.rebac.check.ListOutcome;
import nexus.rebac.tuple.SubjectRef;

/**
 * Who holds a relation: objects, no usersets, sorted by type and id.
 *
 * @param subjects empty unless the outcome is {@link ListOutcome#COMPLETE}
 */
public record Expansion(ListOutcome outcome, List<SubjectRef> subjects) {
    public Expansion {
        subjects = List.copyOf(subjects);
        if (outcome != ListOutcome.COMPLETE && !subjects.isEmpty()) {
            throw new IllegalArgumentException("a list that is not complete must be empty");
        }
    }

    static Expansion refused(ListOutcome outcome) {
        return new Expansion(outcome, List.of());
    }
}
