package nexus.rebac;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import nexus.rebac.check.CheckResult;
import org.junit.jupiter.api.Test;

/** Every name of every relation of a file, against every name that can be asked. */
class AliasTest {
    private static final List<String> OWNER = List.of("owner", "direct_owner", "shared-owner");
    private static final List<String> EDITOR =
            List.of("editor", "can_write", "writer", "direct_editor", "shared-editor");
    private static final List<String> VIEWER =
            List.of("viewer", "can_read", "reader", "direct_viewer", "shared-viewer");

    /** The rank of a grant, and the rank that a question needs: 3 owner, 2 editor, 1 viewer. */
    private static final Map<String, Integer> PERMISSIONS = Map.of("read", 1, "write", 2, "execute", 3, "share", 3);

    private static int rank(String relation) {
        if (OWNER.contains(relation)) {
            return 3;
        }
        if (EDITOR.contains(relation)) {
            return 2;
        }
        return VIEWER.contains(relation) ? 1 : PERMISSIONS.getOrDefault(relation, 0);
    }

    private static List<String> names() {
        List<String> names = new ArrayList<>(OWNER);
        names.addAll(EDITOR);
        names.addAll(VIEWER);
        return names;
    }

    @Test
    void anAliasMeansExactlyItsRelationHereAndBelow() {
        List<String> asked = new ArrayList<>(names());
        asked.addAll(PERMISSIONS.keySet());
        List<String> subjects = List.of("user:u", "agent:u", "service:u", "group:g#member", "tenant:t#member");
        int answers = 0;
        for (String granted : names()) {
            for (String subject : subjects) {
                Workspace workspace = new Workspace().put("file:/a#" + granted + "@" + subject);
                for (String question : asked) {
                    CheckResult expected = rank(granted) >= rank(question) ? CheckResult.ALLOWED : CheckResult.DENIED;
                    for (String path : List.of("/a", "/a/b", "/a/b/c/d/e/f")) {
                        assertEquals(
                                expected,
                                workspace.check("file:" + path, question, subject),
                                granted + " granted, " + question + " asked at " + path + " by " + subject);
                        answers++;
                    }
                    assertEquals(CheckResult.DENIED, workspace.check("file:/", question, subject));
                    assertEquals(CheckResult.DENIED, workspace.check("file:/ab", question, subject));
                }
            }
        }
        assertEquals(13 * 5 * 17 * 3, answers);
    }

    @Test
    void aGrantIsListedByTheNameItWasGivenUnder() {
        for (String granted : names()) {
            Workspace workspace = new Workspace().put("file:/a#" + granted + "@user:u");
            assertEquals(
                    granted,
                    workspace
                            .index
                            .byObject(Workspace.object("file:/a"))
                            .get(0)
                            .tuple()
                            .relation());
        }
        assertTrue(names().size() == 13);
    }
}
