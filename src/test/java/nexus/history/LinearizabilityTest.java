package nexus.history;

import static nexus.history.Operation.Kind.APPEND;
import static nexus.history.Operation.Kind.CHECK;
import static nexus.history.Operation.Kind.COUNT;
import static nexus.history.Operation.Kind.CREATE;
import static nexus.history.Operation.Kind.DELETE;
import static nexus.history.Operation.Kind.GRANT;
import static nexus.history.Operation.Kind.READ;
import static nexus.history.Operation.Kind.REMOVE;
import static nexus.history.Operation.Kind.REVOKE;
import static nexus.history.Operation.Kind.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import nexus.history.Operation.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Histories that are right, and histories of every fault that the cluster must not have. */
class LinearizabilityTest {
    private final List<Operation> history = new ArrayList<>();

    private void done(long called, long returned, Kind kind, String argument, String result) {
        history.add(Operation.done("c", "n", "o", kind, argument, result, called, returned));
    }

    private void open(long called, Kind kind, String argument) {
        history.add(Operation.open("c", "n", "o", kind, argument, called));
    }

    private void right(Model<?> model) {
        assertEquals(Optional.empty(), Linearizability.fault(model, history));
    }

    private void wrong(Model<?> model) {
        Optional<String> fault = Linearizability.fault(model, history);
        assertTrue(fault.isPresent(), "a wrong history was taken");
        assertTrue(fault.get().startsWith("no order explains it"), fault.get());
    }

    // ---- files ------------------------------------------------------------------------------------------------------

    @Test
    void oneAfterTheOtherIsRight() {
        done(0, 1, READ, "", "absent");
        done(2, 3, WRITE, "a", "1");
        done(4, 5, WRITE, "b", "2");
        done(6, 7, READ, "", "b@2");
        done(8, 9, DELETE, "", "ok");
        done(10, 11, DELETE, "", "absent");
        done(12, 13, WRITE, "c", "1");
        done(14, 15, READ, "", "c@1");
        right(Models.file());
    }

    @Test
    void concurrentOnesMayTakeAnyOrder() {
        done(0, 10, WRITE, "a", "2");
        done(1, 9, WRITE, "b", "1");
        done(2, 8, READ, "", "b@1");
        done(11, 12, READ, "", "a@2");
        right(Models.file());
    }

    @Test
    void aReadThatBeganAfterAWriteWasAnsweredMustSeeIt() {
        done(0, 1, WRITE, "a", "1");
        done(2, 3, WRITE, "b", "2");
        done(4, 5, READ, "", "a@1");
        wrong(Models.file());
    }

    @Test
    void aReadThatOverlapsTheWriteMaySeeEither() {
        done(0, 1, WRITE, "a", "1");
        done(2, 5, WRITE, "b", "2");
        done(3, 4, READ, "", "a@1");
        right(Models.file());
    }

    @Test
    void twoReadersMustNotSeeAWriteComeAndGo() {
        done(0, 1, WRITE, "a", "1");
        done(2, 20, WRITE, "b", "2");
        done(3, 4, READ, "", "b@2");
        done(5, 6, READ, "", "a@1");
        wrong(Models.file());
    }

    @Test
    void anAcknowledgedWriteThatIsLostIsFound() {
        done(0, 1, WRITE, "a", "1");
        done(2, 3, READ, "", "absent");
        wrong(Models.file());
    }

    @Test
    void aWriteThatWasAppliedTwiceIsFound() {
        done(0, 1, WRITE, "a", "1");
        done(2, 3, WRITE, "b", "3");
        wrong(Models.file());
    }

    @Test
    void aWriteThatSurvivesItsDeletionIsFound() {
        done(0, 1, WRITE, "a", "1");
        done(2, 3, DELETE, "", "ok");
        done(4, 5, READ, "", "a@1");
        wrong(Models.file());
    }

    // ---- open ones --------------------------------------------------------------------------------------------------

    @Test
    void anOpenWriteMayNeverHappen() {
        done(0, 1, WRITE, "a", "1");
        open(2, WRITE, "b");
        done(4, 5, READ, "", "a@1");
        right(Models.file());
    }

    @Test
    void anOpenWriteMayHappenMuchLater() {
        done(0, 1, WRITE, "a", "1");
        open(2, WRITE, "b");
        done(4, 5, READ, "", "a@1");
        done(6, 7, WRITE, "c", "2");
        done(8, 9, READ, "", "b@3");
        right(Models.file());
    }

    @Test
    void anOpenWriteHappensOnceOnly() {
        open(0, WRITE, "b");
        done(4, 5, READ, "", "b@1");
        done(6, 7, WRITE, "c", "2");
        done(8, 9, READ, "", "b@3");
        wrong(Models.file());
    }

    @Test
    void anOpenWriteDoesNotHappenBeforeItsCall() {
        done(0, 1, READ, "", "b@1");
        open(2, WRITE, "b");
        wrong(Models.file());
    }

    @Test
    void anOpenWriteThatHappenedTwiceShowsInTheVersion() {
        open(0, WRITE, "b");
        done(4, 5, READ, "", "b@2");
        wrong(Models.file());
    }

    @Test
    void openQuestionsSayNothing() {
        open(0, READ, "");
        done(1, 2, WRITE, "a", "1");
        right(Models.file());
    }

    @Test
    void manyOpenWritesAreDecidedQuickly() {
        for (int i = 0; i < 40; i++) {
            open(i, WRITE, "open" + i);
        }
        for (int i = 1; i <= 300; i++) {
            done(100 + 2 * i, 101 + 2 * i, WRITE, "w" + i, Integer.toString(i));
        }
        right(Models.file());
        done(2000, 2001, READ, "", "open17@301");
        done(2002, 2003, READ, "", "open3@302");
        right(Models.file());
    }

    @Test
    void whatCannotBeDecidedIsSaid() {
        for (int i = 0; i < 20; i++) {
            open(i, WRITE, "open" + i);
        }
        done(100, 101, READ, "", "other@15");
        Optional<String> fault = Linearizability.fault(Models.file(), history, 10);
        assertTrue(fault.orElse("").startsWith("not decided after 10 steps"), fault.toString());
    }

    // ---- logs -------------------------------------------------------------------------------------------------------

    @Test
    void aLogHasEveryLineOnceInItsPlace() {
        done(0, 5, APPEND, "x", "2");
        done(1, 6, APPEND, "y", "1");
        done(7, 8, READ, "", "y,x");
        open(9, APPEND, "z");
        done(10, 11, READ, "", "y,x");
        done(12, 13, READ, "", "y,x,z");
        right(Models.log());
    }

    @Test
    void aLostLineIsFound() {
        done(0, 1, APPEND, "x", "1");
        done(2, 3, APPEND, "y", "2");
        done(4, 5, READ, "", "x");
        wrong(Models.log());
    }

    @Test
    void aDoubledLineIsFound() {
        done(0, 1, APPEND, "x", "1");
        done(4, 5, READ, "", "x,x");
        wrong(Models.log());
    }

    @Test
    void aDoubledOpenLineIsFound() {
        open(0, APPEND, "x");
        done(2, 3, APPEND, "y", "3");
        wrong(Models.log());
    }

    @Test
    void exchangedLinesAreFound() {
        done(0, 1, APPEND, "x", "1");
        done(2, 3, APPEND, "y", "2");
        done(4, 5, READ, "", "y,x");
        wrong(Models.log());
    }

    @Test
    void aRefusedLineThatIsThereIsFound() {
        // It was answered that nothing was done, so it is not in the history.
        done(2, 3, READ, "", "x");
        wrong(Models.log());
    }

    // ---- grants -----------------------------------------------------------------------------------------------------

    @Test
    void aCheckFollowsGrantAndRevoke() {
        done(0, 1, CHECK, "", "false");
        done(2, 3, GRANT, "", "ok");
        done(4, 5, CHECK, "", "true");
        done(6, 9, REVOKE, "", "true");
        done(7, 8, CHECK, "", "true");
        done(10, 11, CHECK, "", "false");
        done(12, 13, REVOKE, "", "false");
        right(Models.grant());
    }

    @Test
    void aGrantThatChangesNothingNowMayBeNeededLater() {
        done(0, 1, GRANT, "", "ok");
        done(2, 6, REVOKE, "", "true");
        done(5, 8, GRANT, "", "ok");
        done(9, 10, CHECK, "", "true");
        right(Models.grant());
    }

    @Test
    void aStaleAllowIsFound() {
        done(0, 1, GRANT, "", "ok");
        done(2, 3, REVOKE, "", "true");
        done(4, 5, CHECK, "", "true");
        wrong(Models.grant());
    }

    @Test
    void aStaleDenialIsFound() {
        done(0, 1, GRANT, "", "ok");
        done(4, 5, CHECK, "", "false");
        wrong(Models.grant());
    }

    @Test
    void aRevokeThatOnlyOneNodeHasHeardOfIsFound() {
        done(0, 1, GRANT, "", "ok");
        done(2, 30, REVOKE, "", "true");
        done(3, 4, CHECK, "", "false");
        done(5, 6, CHECK, "", "true");
        wrong(Models.grant());
    }

    @Test
    void anOpenGrantExplainsOneAllowAndNoSecondAfterARevoke() {
        open(0, GRANT, "");
        done(1, 2, CHECK, "", "false");
        done(3, 4, CHECK, "", "true");
        done(5, 6, REVOKE, "", "true");
        right(Models.grant());
        done(7, 8, CHECK, "", "true");
        wrong(Models.grant());
    }

    @Test
    void aKeyIsGoodUntilItIsRevoked() {
        done(0, 1, CHECK, "", "true");
        open(2, REVOKE, "");
        done(3, 4, CHECK, "", "true");
        done(5, 6, REVOKE, "", "ok");
        done(7, 8, CHECK, "", "false");
        right(Models.key());
        done(9, 10, CHECK, "", "true");
        wrong(Models.key());
    }

    // ---- quotas -----------------------------------------------------------------------------------------------------

    @Test
    void aQuotaIsUsedToTheLastUnitAndRefusedOnlyThen() {
        done(0, 9, CREATE, "a", "ok");
        done(1, 9, CREATE, "b", "full");
        done(2, 9, CREATE, "c", "ok");
        done(10, 11, COUNT, "", "2");
        done(12, 13, REMOVE, "a", "ok");
        done(14, 15, REMOVE, "a", "absent");
        done(16, 17, CREATE, "d", "ok");
        done(18, 19, COUNT, "", "2");
        right(Models.quota(2));
    }

    @Test
    void aQuotaThatIsPassedIsFound() {
        done(0, 9, CREATE, "a", "ok");
        done(1, 9, CREATE, "b", "ok");
        done(2, 9, CREATE, "c", "ok");
        wrong(Models.quota(2));
    }

    @Test
    void aQuotaThatIsPassedForAMomentIsFound() {
        done(0, 1, CREATE, "a", "ok");
        done(2, 3, CREATE, "b", "ok");
        done(4, 9, REMOVE, "a", "ok");
        done(5, 6, COUNT, "", "3");
        wrong(Models.quota(2));
    }

    @Test
    void aLastUnitThatCannotBeUsedIsFound() {
        done(0, 1, CREATE, "a", "ok");
        done(2, 3, CREATE, "b", "full");
        wrong(Models.quota(2));
    }

    @Test
    void aUnitThatIsNotGivenBackIsFound() {
        done(0, 1, CREATE, "a", "ok");
        done(2, 3, REMOVE, "a", "ok");
        done(4, 5, CREATE, "b", "full");
        wrong(Models.quota(1));
    }

    @Test
    void anOpenCreationMayHoldAUnit() {
        open(0, CREATE, "a");
        done(2, 3, CREATE, "b", "full");
        done(4, 5, REMOVE, "a", "ok");
        done(6, 7, CREATE, "c", "ok");
        right(Models.quota(1));
    }

    @Test
    void manyOpenCreationsAreDecidedQuickly() {
        for (int i = 0; i < 40; i++) {
            open(i, CREATE, "open" + i);
            done(50 + i, 51 + i, REMOVE, "open" + i, "absent");
        }
        done(100, 101, COUNT, "", "0");
        // Three of them were done late, nobody knows which.
        done(102, 103, COUNT, "", "3");
        done(104, 105, REMOVE, "open7", "ok");
        done(106, 107, COUNT, "", "2");
        right(Models.quota(3));
        done(108, 109, COUNT, "", "5");
        wrong(Models.quota(3));
    }

    // ---- all --------------------------------------------------------------------------------------------------------

    @Test
    void aFaultTellsWhereItIs() {
        done(0, 1, WRITE, "a", "1");
        done(2, 3, READ, "", "b@1");
        String fault = Linearizability.fault(Models.file(), history).orElse("");
        assertTrue(fault.contains("1 of 2 answers") && fault.contains("READ -> b@1"), fault);
    }

    /** Histories of a real object under concurrency are right; with one answer from the past they are not. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void whatAnObjectReallyDidIsRightAndOneStaleAnswerIsNot(long seed) {
        Random random = new Random(seed);
        String value = "";
        long version = 0;
        List<String> past = new ArrayList<>(List.of("absent"));
        for (int i = 1; i <= 400; i++) {
            // The moment of the effect is 100 * i; calls and answers lie around it and overlap up to 5 neighbours.
            long called = 100L * i - random.nextInt(500);
            long returned = 100L * i + random.nextInt(500);
            if (random.nextInt(10) == 0) {
                open(called, WRITE, "open" + i);
                if (random.nextBoolean()) {
                    value = "open" + i;
                    version++;
                    past.add(value + "@" + version);
                }
            } else if (random.nextBoolean()) {
                value = "w" + i;
                version++;
                past.add(value + "@" + version);
                done(called, returned, WRITE, value, Long.toString(version));
            } else {
                done(called, returned, READ, "", version == 0 ? "absent" : value + "@" + version);
            }
        }
        Collections.shuffle(history, random);
        right(Models.file());
        done(100_000, 100_001, READ, "", past.get(past.size() / 2));
        wrong(Models.file());
    }

    @Test
    void aCallComesBeforeItsAnswer() {
        boolean refused = false;
        try {
            done(2, 1, READ, "", "absent");
        } catch (IllegalArgumentException e) {
            refused = true;
        }
        assertTrue(refused);
        assertFalse(Operation.done("c", "n", "o", READ, "", "absent", 1, 1).isOpen());
    }
}
