package nexus.history;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Judges whether one object's history could have come from the object doing one operation after the other, each at some moment
 * between its call and its answer.
 *
 * <p>The search of Wing and Gong ("Testing and Verifying Concurrent Objects", 1993) with the memory of Lowe ("Testing for
 * linearizability", 2017): it puts one operation after the other into an order, undoes the last one when none fits, and never
 * looks twice at the same set of operations in the same state. The next one can be any that was called before the first answer
 * among those that are left. Three things keep it short. What fits and can have changed nothing is put next at once, for nothing
 * depends on it and later it may not fit. Open operations are tried last, because most of them were never done; what is left of them at the end was
 * never done. And of open operations that are alike only the first is tried.
 */
public final class Linearizability {
    private Linearizability() {}

    /** Nothing, if the history is right; else why not, for people. */
    public static <S> Optional<String> fault(Model<S> model, List<Operation> history) {
        return fault(model, history, STEPS_MAX);
    }

    /** Far more than a right history of a few hundred operations needs: some seconds. */
    private static final long STEPS_MAX = 5_000_000;

    static <S> Optional<String> fault(Model<S> model, List<Operation> history, long stepsMax) {
        return new Search<>(model, history, stepsMax).run();
    }

    private record Seen<S>(BitSet done, S state) {}

    /** One operation that was put into the order, and what else could have been put there. */
    private static final class Step<S> {
        final S before;
        final int[] choices;
        int next;
        int taken = -1;

        Step(S before, int[] choices) {
            this.before = before;
            this.choices = choices;
        }
    }

    private static final class Search<S> {
        private final Model<S> model;
        private final List<Operation> operations;
        private final int toAnswer;
        private final long stepsMax;
        private final BitSet done = new BitSet();
        private final Set<Seen<S>> seen = new HashSet<>();
        private final Deque<Step<S>> order = new ArrayDeque<>();
        /** All before this one are done. */
        private int first;

        private int answered;
        private int best = -1;
        private BitSet bestDone = new BitSet();
        private @Nullable S bestState;

        Search(Model<S> model, List<Operation> history, long stepsMax) {
            this.model = model;
            this.stepsMax = stepsMax;
            this.operations = model.resolved(history).stream()
                    .filter(operation -> !(operation.isOpen() && operation.isQuestion()))
                    .sorted(Comparator.comparingLong(Operation::called))
                    .toList();
            this.toAnswer = (int)
                    operations.stream().filter(operation -> !operation.isOpen()).count();
        }

        Optional<String> run() {
            S state = model.initial();
            note(state);
            order.push(new Step<>(state, choices(state)));
            for (long steps = 0; answered < toAnswer; steps++) {
                if (steps == stepsMax) {
                    return Optional.of("not decided after " + stepsMax + " steps; " + report());
                }
                Step<S> step = order.element();
                if (step.taken >= 0) {
                    undo(step);
                }
                if (step.next == step.choices.length) {
                    order.pop();
                    if (order.isEmpty()) {
                        return Optional.of("no order explains it; " + report());
                    }
                    continue;
                }
                int choice = step.choices[step.next++];
                S after = model.next(step.before, operations.get(choice));
                boolean vain = operations.get(choice).isOpen() && step.before.equals(after);
                if (after == null || vain) {
                    continue;
                }
                take(step, choice);
                if (seen.add(new Seen<>((BitSet) done.clone(), after))) {
                    note(after);
                    order.push(new Step<>(after, choices(after)));
                }
            }
            return Optional.empty();
        }

        private void take(Step<S> step, int choice) {
            step.taken = choice;
            done.set(choice);
            answered += operations.get(choice).isOpen() ? 0 : 1;
            first = done.nextClearBit(first);
        }

        private void undo(Step<S> step) {
            done.clear(step.taken);
            answered -= operations.get(step.taken).isOpen() ? 0 : 1;
            first = Math.min(first, step.taken);
            step.taken = -1;
        }

        /** Those that may be next: called before any that is left was answered. The open ones come last. */
        private int[] choices(S state) {
            List<Integer> sure = new ArrayList<>();
            List<Integer> open = new ArrayList<>();
            Set<String> alike = new HashSet<>();
            long firstAnswer = Long.MAX_VALUE;
            for (int i = done.nextClearBit(first); i < operations.size(); i = done.nextClearBit(i + 1)) {
                Operation operation = operations.get(i);
                if (operation.called() > firstAnswer) {
                    break;
                }
                firstAnswer = Math.min(firstAnswer, operation.returned());
                if (!operation.isOpen()) {
                    sure.add(i);
                } else if (alike.add(operation.kind() + operation.argument())) {
                    open.add(i);
                }
            }
            for (int choice : sure) {
                Operation operation = operations.get(choice);
                if (operation.changedNothing() && model.next(state, operation) != null) {
                    return new int[] {choice};
                }
            }
            sure.addAll(open);
            return sure.stream().mapToInt(Integer::intValue).toArray();
        }

        private void note(S state) {
            if (answered > best) {
                best = answered;
                bestDone = (BitSet) done.clone();
                bestState = state;
            }
        }

        /** The furthest that was come, and what could not follow there. */
        private String report() {
            StringBuilder text = new StringBuilder()
                    .append(best)
                    .append(" of ")
                    .append(toAnswer)
                    .append(" answers can be explained; then the state is ")
                    .append(bestState)
                    .append(" and none of these can be next:");
            done.clear();
            done.or(bestDone);
            first = 0;
            int[] choices = bestState == null ? new int[0] : choices(bestState);
            for (int choice : choices) {
                text.append("\n    ").append(operations.get(choice));
            }
            return text.toString();
        }
    }
}
