package nexus.rebac.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.List;
import nexus.rebac.Workspace;
import nexus.rebac.tuple.TupleText;
import org.junit.jupiter.api.Test;

class CheckerTest {

    /** The checker knows the index's numbers; when a rebuild gives them to others, a viewer must not become an owner. */
    @Test
    void aRebuildOfTheIndexDoesNotChangeWhatAGrantMeans() {
        Workspace workspace = new Workspace();
        int passing = 200;
        for (int i = 0; i < passing; i++) {
            workspace.put("file:/passing/" + i + "#owner@user:o");
        }
        workspace.put("file:/a#viewer@user:u");
        assertEquals(CheckResult.ALLOWED, workspace.check("file:/a", "read", "user:u"));
        assertEquals(CheckResult.DENIED, workspace.check("file:/a", "share", "user:u"));
        int version = workspace.index.rows().version();
        for (int i = 0; i < passing; i++) {
            workspace.index.remove(TupleText.parse("file:/passing/" + i + "#owner@user:o"));
            assertEquals(CheckResult.ALLOWED, workspace.check("file:/a", "read", "user:u"));
            assertEquals(CheckResult.DENIED, workspace.check("file:/a", "share", "user:u"));
            assertEquals(CheckResult.DENIED, workspace.check("file:/passing/" + i, "read", "user:o"));
        }
        assertNotEquals(version, workspace.index.rows().version(), "the index was rebuilt");
        assertEquals(List.of("/a"), workspace.roots("user:u", "read", "file").ids());
        assertEquals(List.of(), workspace.roots("user:u", "share", "file").ids());
    }

    @Test
    void aRevokedGrantIsDeadAtOnceOnEveryWayToIt() {
        Workspace workspace = new Workspace()
                .put("group:all#member@group:eng#member", "group:eng#member@user:u", "file:/#editor@group:all#member");
        for (String tuple : List.of(
                "group:all#member@group:eng#member", "group:eng#member@user:u", "file:/#editor@group:all#member")) {
            assertEquals(CheckResult.ALLOWED, workspace.check("file:/a/b", "write", "user:u"));
            workspace.index.remove(TupleText.parse(tuple));
            assertEquals(CheckResult.DENIED, workspace.check("file:/a/b", "write", "user:u"));
            assertEquals(List.of(), workspace.roots("user:u", "write", "file").ids());
            assertEquals(List.of(), workspace.expand("file:/a/b", "write").subjects());
            workspace.put(tuple);
        }
    }

    @Test
    void aMemberThatLeavesTheRegisterHoldsNothingMore() {
        Workspace workspace = new Workspace().put("file:/a#viewer@tenant:acme#member");
        assertEquals(CheckResult.DENIED, workspace.check("file:/a", "read", "user:u"));
        workspace.register.add("acme", "user:u");
        assertEquals(CheckResult.ALLOWED, workspace.check("file:/a", "read", "user:u"));
        workspace.register.remove("acme", "user:u");
        assertEquals(CheckResult.DENIED, workspace.check("file:/a", "read", "user:u"));
    }
}
