package nexus.history;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.Set;
import nexus.history.Operation.Kind;
import org.junit.jupiter.api.Test;

/** What is read out of histories and samples. */
class HistoryTest {
    private static Operation read(String object, long called, long returned, String result) {
        return Operation.done("c", "n", object, Kind.READ, "", result, called, returned);
    }

    @Test
    void objectsAreJudgedOneByOne() {
        History history = new History();
        history.add(read("good", 0, 1, "absent"));
        history.add(read("bad", 0, 1, "x@1"));
        history.add(Operation.open("c", "n", "good", Kind.WRITE, "x", 5));
        Map<String, String> faults = history.faults(object -> Models.file());
        assertEquals(Set.of("bad"), faults.keySet());
        assertEquals(3, history.size());
    }

    @Test
    void silenceIsTheLongestTimeBetweenAnswers() {
        History history = new History();
        for (long at : List.of(10L, 20L, 70L, 90L)) {
            history.add(read("a", at - 5, at, "absent"));
        }
        history.add(read("b", 20, 45, "absent"));
        history.add(Operation.open("c", "n", "a", Kind.WRITE, "x", 40));
        assertEquals(50, history.longestSilence(operation -> operation.object().equals("a"), 0, 100));
        assertEquals(25, history.longestSilence(operation -> true, 0, 100));
        assertEquals(110, history.longestSilence(operation -> true, 0, 200));
        assertEquals(30, history.longestSilence(operation -> operation.object().equals("a"), 25, 55));
    }

    @Test
    void anEpochHasOneOwner() {
        Owners owners = new Owners();
        owners.saw("acme", 1, "one");
        owners.saw("acme", 1, "one");
        owners.saw("acme", 1, null);
        owners.saw("acme", 2, "two");
        owners.saw("beta", 1, "two");
        assertEquals(List.of(), owners.faults());
        assertEquals(3, owners.count());
        owners.saw("acme", 2, "one");
        assertEquals(List.of("tenant acme had two owners in epoch 2: two and one"), owners.faults());
    }

    @Test
    void epochsOnlyRise() {
        Owners owners = new Owners();
        owners.saw("acme", 3, "one");
        owners.saw("acme", 2, null);
        assertEquals(List.of("tenant acme went back from epoch 3 to 2"), owners.faults());
    }
}
