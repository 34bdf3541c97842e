package nexus.history;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** What all clients did, object by object. Thread-safe. */
public final class History {
    private final List<Operation> operations = new ArrayList<>();

    /** Records an operation that has ended, one way or the other. */
    public synchronized void add(Operation operation) {
        operations.add(operation);
    }

    /** All so far, in the order in which they ended. */
    public synchronized List<Operation> all() {
        return List.copyOf(operations);
    }

    /** How many there are. */
    public synchronized int size() {
        return operations.size();
    }

    /** The operations of each object. */
    public Map<String, List<Operation>> byObject() {
        return all().stream().collect(Collectors.groupingBy(Operation::object, TreeMap::new, Collectors.toList()));
    }

    /** What is wrong with each object's history; objects whose history is right are missing. */
    public Map<String, String> faults(Function<String, Model<?>> models) {
        Map<String, String> faults = new TreeMap<>();
        byObject().forEach((object, history) -> {
            Optional<String> fault = Linearizability.fault(models.apply(object), history);
            fault.ifPresent(text -> faults.put(object, text));
        });
        return faults;
    }

    /**
     * The longest time between two answers of the chosen operations that follow each other, within a span of time whose ends
     * count as answers; in nanoseconds.
     */
    public long longestSilence(Predicate<Operation> chosen, long from, long to) {
        List<Long> answers = new ArrayList<>(all().stream()
                .filter(operation -> !operation.isOpen() && chosen.test(operation))
                .map(Operation::returned)
                .filter(at -> at >= from && at <= to)
                .sorted()
                .toList());
        answers.add(to);
        long longest = 0;
        long before = from;
        for (long at : answers) {
            longest = Math.max(longest, at - before);
            before = at;
        }
        return longest;
    }

    /** The text of one object's history, for people: in the order of the calls. */
    public static String text(List<Operation> history) {
        return history.stream()
                .sorted(java.util.Comparator.comparingLong(Operation::called))
                .map(Operation::toString)
                .collect(Collectors.joining("\n"));
    }
}
