package nexus.http.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import org.junit.jupiter.api.Test;

class LineSearchTest {
    private static List<LineSearch.Hit> search(String pattern, boolean ignoreCase, String text) {
        List<LineSearch.Hit> hits = new ArrayList<>();
        new LineSearch(pattern, ignoreCase, () -> 0, 1).search(text.getBytes(StandardCharsets.UTF_8), 100, hits);
        return hits;
    }

    @Test
    void findsLiteralsAndPatterns() {
        String text = "one\ntwo Two\r\nthree";
        assertEquals(List.of(new LineSearch.Hit(2, "two Two", "two")), search("two", false, text));
        assertEquals(List.of(new LineSearch.Hit(2, "two Two", "two")), search("TWO", true, text));
        assertEquals(
                List.of(new LineSearch.Hit(1, "one", "e"), new LineSearch.Hit(3, "three", "e")),
                search("e$", false, text));
        assertEquals(List.of(), search("two", false, "two\0"));
    }

    @Test
    void hostilePatternsTakeLinearTime() {
        String line = "a".repeat(20_000);
        assertTimeoutPreemptively(
                Duration.ofSeconds(10), () -> assertEquals(List.of(), search("(a+)+$b", false, line)));
    }

    @Test
    void refusesWhatWouldBeALargeMachine() {
        for (String pattern : List.of("(a{100}){100}", "a{1001}", "", "a".repeat(1001), "(", "(?=a)b")) {
            ProblemException refusal = assertThrows(ProblemException.class, () -> search(pattern, false, "x"), pattern);
            assertEquals(ProblemCode.INVALID_REQUEST, refusal.problem().code());
        }
    }

    @Test
    void stopsAtTheDeadlineWithinALine() {
        AtomicLong time = new AtomicLong();
        LineSearch search = new LineSearch("(a|aa)*b", false, time::incrementAndGet, 3);
        byte[] line = "a".repeat(1_000_000).getBytes(StandardCharsets.UTF_8);
        ProblemException refusal =
                assertThrows(ProblemException.class, () -> search.search(line, 1, new ArrayList<>()));
        assertEquals(ProblemCode.TOO_LARGE, refusal.problem().code());
        assertEquals(4, time.get());
    }
}
