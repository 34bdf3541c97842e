package nexus.http.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import nexus.kernel.ProblemException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GlobTest {
    private static boolean matches(String pattern, String path) {
        return Glob.parse(pattern, "pattern").matches(path);
    }

    @ParameterizedTest
    @CsvSource({
        "*.txt,           a.txt,           true",
        "*.txt,           x/y/a.txt,       true",
        "*.txt,           a.txt.gz,        false",
        "/*.txt,          a.txt,           true",
        "/*.txt,          x/a.txt,         false",
        "x/*.txt,         x/a.txt,         true",
        "x/*.txt,         x/y/a.txt,       false",
        "**/*.txt,        a.txt,           true",
        "**/*.txt,        x/y/a.txt,       true",
        "x/**,            x/y/a.txt,       true",
        "x/**,            y/a.txt,         false",
        "x/**/z,          x/z,             true",
        "x/**/z,          x/a/b/z,         true",
        "**,              x/a,             true",
        "a?c,             abc,             true",
        "a?c,             ac,              false",
        "a[b-d]c,         acc,             true",
        "a[!b-d]c,        acc,             false",
        "a[!b-d]c,        aec,             true",
        "a[]]c,           a]c,             true",
        "a[bc,            a[bc,            true",
        "a**b,            axxb,            true",
        "A*,              abc,             false",
        "*,               .hidden,         true",
    })
    void matchesAsTheGuideSays(String pattern, String path, boolean expected) {
        assertEquals(expected, matches(pattern, path));
    }

    @Test
    void agreesWithANaiveMatcherOnAllSmallPatterns() {
        List<String> patterns = new ArrayList<>();
        words("ab*?/", 5, "", patterns);
        List<String> paths = new ArrayList<>();
        words("ab/", 4, "", paths);
        paths.removeIf(path -> path.startsWith("/") || path.endsWith("/") || path.contains("//"));
        int compared = 0;
        for (String pattern : patterns) {
            if (pattern.replace("/", "").isEmpty() || pattern.contains("***")) {
                continue;
            }
            Glob glob = Glob.parse(pattern, "pattern");
            for (String path : paths) {
                assertEquals(naive(pattern, path), glob.matches(path), pattern + " on " + path);
                compared++;
            }
        }
        assertTrue(compared > 100_000, "compared " + compared);
    }

    private static void words(String alphabet, int length, String prefix, List<String> out) {
        if (!prefix.isEmpty()) {
            out.add(prefix);
        }
        if (prefix.length() < length) {
            for (int i = 0; i < alphabet.length(); i++) {
                words(alphabet, length, prefix + alphabet.charAt(i), out);
            }
        }
    }

    /** The definition, word by word, and exponential. */
    private static boolean naive(String pattern, String path) {
        if (pattern.indexOf('/') < 0 && !pattern.equals("**")) {
            return name(pattern, path.substring(path.lastIndexOf('/') + 1));
        }
        List<String> parts = new ArrayList<>(List.of(pattern.split("/")));
        parts.removeIf(String::isEmpty);
        return components(parts, List.of(path.split("/")));
    }

    private static boolean components(List<String> parts, List<String> names) {
        if (parts.isEmpty()) {
            return names.isEmpty();
        }
        List<String> rest = parts.subList(1, parts.size());
        if (parts.get(0).equals("**")) {
            for (int skip = 0; skip <= names.size(); skip++) {
                if (components(rest, names.subList(skip, names.size()))) {
                    return true;
                }
            }
            return false;
        }
        return !names.isEmpty() && name(parts.get(0), names.get(0)) && components(rest, names.subList(1, names.size()));
    }

    private static boolean name(String pattern, String text) {
        if (pattern.isEmpty()) {
            return text.isEmpty();
        }
        char first = pattern.charAt(0);
        if (first == '*') {
            return name(pattern.substring(1), text) || (!text.isEmpty() && name(pattern, text.substring(1)));
        }
        return !text.isEmpty()
                && (first == '?' || first == text.charAt(0))
                && name(pattern.substring(1), text.substring(1));
    }

    @Test
    void noPatternMakesItSlow() {
        String path = "a".repeat(250);
        String deep = "a/".repeat(60) + "b";
        Random random = new Random(3);
        assertTimeoutPreemptively(Duration.ofSeconds(5), () -> {
            for (int round = 0; round < 1000; round++) {
                assertFalse(matches("*a".repeat(20 + random.nextInt(100)) + "c", path));
                assertFalse(matches("**/a/".repeat(20) + "c", deep));
            }
        });
    }

    @Test
    void refusesEmptyAndLongPatterns() {
        assertThrows(ProblemException.class, () -> matches("", "a"));
        assertThrows(ProblemException.class, () -> matches("//", "a"));
        assertThrows(ProblemException.class, () -> matches("a".repeat(1001), "a"));
    }
}
