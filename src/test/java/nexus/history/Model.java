package nexus.history;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an object does when one operation comes after the other: the specification that a history is judged by.
 *
 * @param <S> its states; values that compare by content
 */
public interface Model<S> {
    /** The state before the first operation. */
    S initial();

    /**
     * The state after an operation, or null if its answer cannot be had in this state. An open operation has no answer: its
     * effect is what it would be in this state.
     */
    @Nullable
    S next(S state, Operation operation);

    /**
     * The same history with everything said that can be known of its open operations: when one of them shows in an answer, it
     * was done before that answer, and how; those that cannot show are told to be alike. Without this the search would try
     * every subset of them.
     */
    default List<Operation> resolved(List<Operation> history) {
        return history;
    }
}
