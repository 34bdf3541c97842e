package nexus.rebac.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import nexus.rebac.Workspace;
import org.junit.jupiter.api.Test;

/** At each limit, and one past it. */
class CheckerLimitsTest {
    private static final int DEPTH = CheckLimits.DEPTH_MIN;

    private static String path(int parts) {
        return "/p".repeat(parts);
    }

    /** Groups g1 to gn, each a member of the one before. */
    private static Workspace nested(CheckLimits limits, int groups) {
        Workspace workspace = new Workspace(limits);
        for (int i = 2; i <= groups; i++) {
            workspace.put("group:g" + (i - 1) + "#member@group:g" + i + "#member");
        }
        return workspace;
    }

    private static CheckLimits limits(int depthMax) {
        return new CheckLimits(depthMax, 10_000, 10_000);
    }

    @Test
    void theDeepestFileAndTheDeepestNestingFitTogether() {
        Workspace workspace = nested(limits(DEPTH), 25).put("file:/#viewer@group:g1#member", "group:g25#member@user:u");
        assertEquals(CheckResult.ALLOWED, workspace.check("file:" + path(64), "read", "user:u"));
        assertEquals(CheckResult.DENIED, workspace.check("file:" + path(64), "read", "user:nobody"));
        assertEquals(
                ListOutcome.COMPLETE,
                workspace.expand("file:" + path(64), "read").outcome());
    }

    @Test
    void aWayOneHopTooLongIsTooDeepAndNotDenied() {
        Workspace workspace = nested(limits(DEPTH), DEPTH + 2).put("group:g" + (DEPTH + 2) + "#member@user:u");
        // From g1 to the last group there are DEPTH + 1 hops, from g2 there are DEPTH.
        assertEquals(CheckResult.TOO_DEEP, workspace.check("group:g1", "member", "user:u"));
        assertEquals(CheckResult.ALLOWED, workspace.check("group:g2", "member", "user:u"));
        assertEquals(CheckResult.TOO_DEEP, workspace.check("group:g1", "member", "user:nobody"));
        assertEquals(CheckResult.DENIED, workspace.check("group:g2", "member", "user:nobody"));
        assertEquals(
                ListOutcome.TOO_DEEP, workspace.expand("group:g1", "member").outcome());
        assertEquals(
                List.of("user:u"),
                Workspace.ids(workspace.expand("group:g2", "member").subjects()));
        assertEquals(
                ListOutcome.TOO_DEEP,
                workspace.roots("user:u", "member", "group").outcome());
        workspace.put("group:g2#member@user:u");
        assertEquals(CheckResult.ALLOWED, workspace.check("group:g1", "member", "user:u"), "found on the way");
    }

    @Test
    void grantRootsCountHopsAsTheCheckDoes() {
        Workspace workspace = nested(limits(DEPTH), DEPTH + 1).put("group:g" + (DEPTH + 1) + "#member@user:u");
        assertEquals(CheckResult.ALLOWED, workspace.check("group:g1", "member", "user:u"));
        GrantRoots roots = workspace.roots("user:u", "member", "group");
        assertEquals(ListOutcome.COMPLETE, roots.outcome());
        assertEquals(DEPTH + 1, roots.ids().size());
        workspace.put("group:g0#member@group:g1#member");
        assertEquals(CheckResult.TOO_DEEP, workspace.check("group:g0", "member", "user:u"));
        assertEquals(GrantRoots.refused(ListOutcome.TOO_DEEP), workspace.roots("user:u", "member", "group"));
    }

    @Test
    void aCircleIsNotDeep() {
        Workspace workspace = nested(limits(DEPTH), DEPTH + 1).put("group:g" + (DEPTH + 1) + "#member@group:g1#member");
        assertEquals(CheckResult.DENIED, workspace.check("group:g1", "member", "user:u"));
        workspace.put("group:g7#member@user:u");
        assertEquals(
                DEPTH + 1, workspace.roots("user:u", "member", "group").ids().size());
        for (int i = 1; i <= DEPTH + 1; i++) {
            assertEquals(CheckResult.ALLOWED, workspace.check("group:g" + i, "member", "user:u"));
            assertEquals(
                    List.of("user:u"),
                    Workspace.ids(workspace.expand("group:g" + i, "member").subjects()));
        }
    }

    @Test
    void aPathLongerThanTheLimitIsTooDeep() {
        Workspace workspace = new Workspace(limits(DEPTH)).put("file:/#viewer@user:u");
        assertEquals(CheckResult.ALLOWED, workspace.check("file:" + path(DEPTH), "read", "user:u"));
        assertEquals(CheckResult.TOO_DEEP, workspace.check("file:" + path(DEPTH + 1), "read", "user:u"));
        assertEquals(CheckResult.TOO_DEEP, workspace.check("file:" + path(DEPTH + 1), "read", "user:nobody"));
    }

    @Test
    void oneNodeTooManyIsTooComplex() {
        CheckLimits limits = new CheckLimits(DEPTH, 200, 10_000);
        Workspace workspace = new Workspace(limits);
        for (int i = 0; i < 198; i++) {
            workspace.put("file:/a#viewer@group:g" + i + "#member");
        }
        // /a, / and the groups: 200 nodes.
        assertEquals(CheckResult.DENIED, workspace.check("file:/a", "read", "user:u"));
        workspace.put("file:/#viewer@group:last#member", "group:last#member@user:u");
        assertEquals(CheckResult.TOO_COMPLEX, workspace.check("file:/a", "read", "user:u"));
        assertEquals(
                ListOutcome.TOO_COMPLEX, workspace.expand("file:/a", "read").outcome());
        workspace.put("group:g0#member@user:u");
        assertEquals(CheckResult.ALLOWED, workspace.check("file:/a", "read", "user:u"), "found before the limit");
    }

    @Test
    void oneEntryTooManyIsTooMany() {
        CheckLimits limits = new CheckLimits(DEPTH, 1_000, 5);
        Workspace workspace = new Workspace(limits);
        for (int i = 0; i < 5; i++) {
            workspace.put("file:/f" + i + "#viewer@user:u", "file:/a#viewer@user:u" + i);
        }
        assertEquals(5, workspace.roots("user:u", "read", "file").ids().size());
        assertEquals(5, workspace.expand("file:/a", "read").subjects().size());
        workspace.put("file:/more#viewer@user:u", "file:/a#viewer@user:more");
        assertEquals(GrantRoots.refused(ListOutcome.TOO_MANY), workspace.roots("user:u", "read", "file"));
        assertEquals(ListOutcome.TOO_MANY, workspace.expand("file:/a", "read").outcome());
        assertEquals(List.of(), workspace.expand("file:/a", "read").subjects());
    }

    /** Random graphs of groups, long lines with shortcuts: the answer follows from the shortest way alone. */
    @Test
    void tooDeepIsExactOnRandomGraphs() {
        int tooDeep = 0;
        for (long seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            int groups = 60 + random.nextInt(120);
            List<int[]> edges = new ArrayList<>();
            for (int i = 0; i + 1 < groups; i++) {
                edges.add(new int[] {i, i + 1});
            }
            for (int i = random.nextInt(6); i > 0; i--) {
                int from = random.nextInt(groups);
                edges.add(new int[] {from, Math.min(groups - 1, from + random.nextInt(30))});
            }
            Workspace workspace = new Workspace(limits(DEPTH));
            for (int[] edge : edges) {
                workspace.put("group:g" + edge[0] + "#member@group:g" + edge[1] + "#member");
            }
            int home = random.nextInt(groups);
            workspace.put("group:g" + home + "#member@user:u");
            int[] hops = hops(groups, edges);
            boolean more = Arrays.stream(hops).anyMatch(each -> each > DEPTH);
            CheckResult expected = hops[home] <= DEPTH ? CheckResult.ALLOWED : CheckResult.TOO_DEEP;
            assertEquals(expected, workspace.check("group:g0", "member", "user:u"), "seed " + seed);
            assertEquals(
                    more ? CheckResult.TOO_DEEP : CheckResult.DENIED,
                    workspace.check("group:g0", "member", "user:nobody"),
                    "seed " + seed);
            tooDeep += expected == CheckResult.TOO_DEEP ? 1 : 0;
        }
        assertTrue(tooDeep > 10 && tooDeep < 190, tooDeep + " of 200");
    }

    private static int[] hops(int groups, List<int[]> edges) {
        int[] hops = new int[groups];
        Arrays.fill(hops, Integer.MAX_VALUE);
        hops[0] = 0;
        Deque<Integer> open = new ArrayDeque<>(List.of(0));
        while (!open.isEmpty()) {
            int at = open.remove();
            for (int[] edge : edges) {
                if (edge[0] == at && hops[edge[1]] == Integer.MAX_VALUE) {
                    hops[edge[1]] = hops[at] + 1;
                    open.add(edge[1]);
                }
            }
        }
        return hops;
    }

    @Test
    void limitsThatTheWorkspaceDoesNotFitIntoAreRefused() {
        assertEquals(89, CheckLimits.DEPTH_MIN);
        assertThrows(IllegalArgumentException.class, () -> new CheckLimits(88, 10_000, 1));
        assertThrows(IllegalArgumentException.class, () -> new CheckLimits(89, 89, 1));
        assertThrows(IllegalArgumentException.class, () -> new CheckLimits(89, 90, 0));
    }

    /** Many rows on one object are looked up instead of read; the answer is the same. */
    @Test
    void aLargeGroupAnswersAsASmallOne() {
        for (int size : new int[] {1, 7, 8, 9, 10, 100, 5_000}) {
            Workspace workspace = new Workspace().put("file:/a#viewer@group:g#member");
            for (int i = 0; i < size; i++) {
                workspace.put("group:g#member@user:u" + i, "group:g#owner@user:o" + i);
            }
            workspace.put("group:g#member@user:late", Workspace.NOON);
            assertEquals(CheckResult.ALLOWED, workspace.check("file:/a/b", "read", "user:u0"));
            assertEquals(CheckResult.ALLOWED, workspace.check("file:/a/b", "read", "user:u" + (size - 1)));
            assertEquals(CheckResult.DENIED, workspace.check("file:/a/b", "read", "user:u" + size));
            assertEquals(CheckResult.DENIED, workspace.check("file:/a/b", "read", "user:o0"));
            assertEquals(CheckResult.DENIED, workspace.check("file:/a/b", "read", "user:late"));
            assertEquals(
                    CheckResult.ALLOWED,
                    workspace.check("file:/a/b", "read", "user:late", Workspace.NOON.minusNanos(1)));
        }
    }
}
