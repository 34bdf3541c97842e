package nexus.http.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class UnifiedDiffTest {
    private static String diff(String first, String second) {
        return UnifiedDiff.of(
                "/p", 1, 2, first.getBytes(StandardCharsets.UTF_8), second.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void showsAChangeWithItsContext() {
        assertEquals(
                "--- /p (v1)\n+++ /p (v2)\n@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n",
                diff("a\nb\nc\nd\ne\nf\ng\nh\ni\n", "a\nb\nc\nd\nE\nf\ng\nh\ni\n"));
        assertEquals("", diff("a\n", "a\n"));
        assertEquals("--- /p (v1)\n+++ /p (v2)\n@@ -0,0 +1 @@\n+a\n", diff("", "a\n"));
        assertEquals("--- /p (v1)\n+++ /p (v2)\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n", diff("a", "a\n"));
        assertEquals("Binary files /p (v1) and /p (v2) differ\n", diff("\0", "a"));
    }

    @Test
    void applyingItGivesTheSecondText() {
        Random random = new Random(5);
        for (int round = 0; round < 3000; round++) {
            String first = text(random);
            String second = random.nextInt(3) == 0 ? text(random) : edited(first, random);
            String diff = diff(first, second);
            assertEquals(second, applied(first, diff), () -> first + "=====\n" + second + "=====\n" + diff);
        }
    }

    @Test
    void isTheShortestWhereItSearches() {
        Random random = new Random(6);
        for (int round = 0; round < 500; round++) {
            String first = text(random);
            String second = text(random);
            long edits = diff(first, second)
                    .lines()
                    .skip(2)
                    .filter(line -> line.startsWith("+") || line.startsWith("-"))
                    .count();
            assertEquals(lines(first).size() + lines(second).size() - 2L * common(lines(first), lines(second)), edits);
        }
    }

    @Test
    void beyondItsBoundItIsStillRight() {
        StringBuilder first = new StringBuilder();
        StringBuilder second = new StringBuilder();
        for (int i = 0; i < 3 * UnifiedDiff.EDITS; i++) {
            first.append("a").append(i).append('\n');
            second.append(i % 2 == 0 ? "a" : "b").append(i).append('\n');
        }
        String diff = diff(first.toString(), second.toString());
        assertEquals(second.toString(), applied(first.toString(), diff));
        assertTrue(diff.length() > 0);
    }

    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(20); i > 0; i--) {
            text.append((char) ('a' + random.nextInt(4))).append('\n');
        }
        return text.toString();
    }

    private static String edited(String text, Random random) {
        List<String> lines = new ArrayList<>(lines(text));
        for (int i = random.nextInt(3); i >= 0; i--) {
            if (!lines.isEmpty() && random.nextBoolean()) {
                lines.remove(random.nextInt(lines.size()));
            } else {
                lines.add(random.nextInt(lines.size() + 1), "x\n");
            }
        }
        return String.join("", lines);
    }

    private static List<String> lines(String text) {
        return text.lines().map(line -> line + "\n").toList();
    }

    private static int common(List<String> a, List<String> b) {
        int[][] longest = new int[a.size() + 1][b.size() + 1];
        for (int i = 1; i <= a.size(); i++) {
            for (int j = 1; j <= b.size(); j++) {
                longest[i][j] = a.get(i - 1).equals(b.get(j - 1))
                        ? longest[i - 1][j - 1] + 1
                        : Math.max(longest[i - 1][j], longest[i][j - 1]);
            }
        }
        return longest[a.size()][b.size()];
    }

    /** What patch(1) does. */
    private static String applied(String text, String diff) {
        if (diff.isEmpty()) {
            return text;
        }
        List<String> before = lines(text);
        StringBuilder out = new StringBuilder();
        int at = 0;
        for (String line : diff.lines().skip(2).toList()) {
            if (line.startsWith("@@")) {
                String[] range = line.substring(4, line.indexOf(' ', 4)).split(",", -1);
                int start = Integer.parseInt(range[0]);
                int next = range.length == 2 && range[1].equals("0") ? start : start - 1;
                while (at < next) {
                    out.append(before.get(at++));
                }
            } else if (line.startsWith("+")) {
                out.append(line.substring(1)).append('\n');
            } else {
                assertEquals(before.get(at), line.substring(1) + "\n");
                at++;
                if (line.startsWith(" ")) {
                    out.append(line.substring(1)).append('\n');
                }
            }
        }
        while (at < before.size()) {
            out.append(before.get(at++));
        }
        return out.toString();
    }
}
