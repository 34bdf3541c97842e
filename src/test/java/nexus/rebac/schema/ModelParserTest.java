package nexus.rebac.schema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import nexus.rebac.schema.Rewrite.Computed;
import nexus.rebac.schema.Rewrite.Direct;
import nexus.rebac.schema.Rewrite.From;
import nexus.rebac.schema.Rewrite.Union;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class ModelParserTest {
    private static final String HEADER = "model\n  schema 1.1\n";

    /** A model, where the fault is, and what the message says. */
    private record Refusal(String text, int line, int column, String message) {}

    private static Refusal refusal(int line, int column, String message, String... lines) {
        return new Refusal(String.join("\n", lines), line, column, message);
    }

    /** As {@link #refusal}, with a header, a type user and a type doc around the definitions; the first is on line 6. */
    private static Refusal inDoc(int line, int column, String message, String... definitions) {
        return new Refusal(
                HEADER + "type user\ntype doc\n  relations\n    " + String.join("\n    ", definitions) + "\n",
                line,
                column,
                message);
    }

    private static final List<Refusal> REFUSALS = List.of(
            refusal(1, 1, "the model is empty", ""),
            refusal(3, 1, "the model is empty", "", "  # nothing", ""),
            refusal(1, 1, "expected 'model' but found 'type'", "type user"),
            refusal(1, 7, "expected the end of the line but found 'schema'", "model schema 1.1"),
            refusal(2, 1, "expected 'schema' but found 'type'", "model", "type user"),
            refusal(2, 8, "schema '1.0' is not supported; only 1.1 is", "model", "schema 1.0"),
            refusal(2, 8, "schema '1.2' is not supported; only 1.1 is", "model", "schema 1.2"),
            refusal(2, 7, "schema the end of the model is not supported; only 1.1 is", "model", "schema"),
            refusal(2, 11, "the model defines no types", "model", "schema 1.1"),
            refusal(1, 1, "modules ('module') are not supported yet", "module core", "type user"),
            refusal(3, 1, "modules ('extend') are not supported yet", "model", "schema 1.1", "extend type user"),
            refusal(
                    4,
                    1,
                    "conditions are not supported yet",
                    "model",
                    "schema 1.1",
                    "type user",
                    "condition c(x: int) { x < 1 }"),
            refusal(3, 1, "expected 'type' but found 'types'", "model", "schema 1.1", "types user"),
            refusal(3, 5, "expected a type name but found the end of the model", "model", "schema 1.1", "type"),
            refusal(3, 6, "expected a type name but found '1st'", "model", "schema 1.1", "type 1st"),
            refusal(3, 6, "unexpected character 'ü' (U+00FC)", "model", "schema 1.1", "type über"),
            refusal(4, 6, "type 'user' is defined twice", "model", "schema 1.1", "type user", "type user"),
            refusal(4, 1, "expected 'type' but found 'define'", "model", "schema 1.1", "type a", "define b: [a]"),
            inDoc(7, 12, "relation 'a' of type 'doc' is defined twice", "define a: [user]", "define a: [user]"),
            inDoc(6, 22, "intersection ('and') is not supported yet", "define a: [user] and b", "define b: [user]"),
            inDoc(6, 22, "exclusion ('but not') is not supported yet", "define a: [user] but not b"),
            inDoc(6, 27, "exclusion ('but not') is not supported yet", "define a: [user] or b but not c"),
            inDoc(6, 27, "intersection ('and') is not supported yet", "define a: [user] or b and c"),
            inDoc(6, 15, "grouping with parentheses is not supported yet", "define a: (b or c)"),
            inDoc(6, 25, "grouping with parentheses is not supported yet", "define a: [user] or (b)"),
            inDoc(6, 16, "a wildcard ('user:*') is not supported yet", "define a: [user:*]"),
            inDoc(6, 22, "a wildcard ('user:*') is not supported yet", "define a: [user, user:*]"),
            inDoc(6, 21, "conditions ('with') are not supported yet", "define a: [user with c]"),
            inDoc(6, 25, "conditions ('with') are not supported yet", "define a: [user#mem with c]"),
            inDoc(6, 21, "expected '*' but found 'x'", "define a: [user:x]"),
            inDoc(6, 16, "type 'robot' is not defined", "define a: [robot]"),
            inDoc(6, 16, "relation 'b' is not defined on type 'user'", "define a: [user#b]"),
            inDoc(6, 22, "'user' is listed twice", "define a: [user, user]"),
            inDoc(6, 16, "expected a type name but found ']'", "define a: []"),
            inDoc(6, 21, "expected ',' or ']' but found 'doc'", "define a: [user doc]"),
            inDoc(6, 15, "relation 'b' is not defined on type 'doc'", "define a: b"),
            inDoc(6, 25, "relation 'b' is not defined on type 'doc'", "define a: [user] or b"),
            inDoc(6, 25, "relation 'p' is not defined on type 'doc'", "define a: [user] or a from p"),
            inDoc(
                    6,
                    25,
                    "'from p' needs a relation that is only assigned directly, and only to objects",
                    "define a: [user] or a from p",
                    "define p: a"),
            inDoc(
                    6,
                    25,
                    "'from p' needs a relation that is only assigned directly, and only to objects",
                    "define a: [user] or a from p",
                    "define p: [doc] or a"),
            inDoc(
                    6,
                    25,
                    "'from p' needs a relation that is only assigned directly, and only to objects",
                    "define a: [user] or a from p",
                    "define p: [doc, doc#a]"),
            inDoc(
                    6,
                    25,
                    "no type that 'p' points to has a relation 'b'",
                    "define a: [user] or b from p",
                    "define p: [doc]"),
            inDoc(
                    6,
                    20,
                    "the list of direct types comes first in a definition, and only once",
                    "define a: b or [user]",
                    "define b: [user]"),
            inDoc(6, 12, "nobody can ever hold relation 'a' of type 'doc'", "define a: a"),
            inDoc(6, 12, "nobody can ever hold relation 'a' of type 'doc'", "define a: b", "define b: a"),
            inDoc(6, 12, "nobody can ever hold relation 'a' of type 'doc'", "define a: [doc#a]"),
            inDoc(7, 12, "nobody can ever hold relation 'a' of type 'doc'", "define p: [doc]", "define a: a from p"),
            inDoc(6, 14, "expected ':' but found '['", "define a [user]"),
            inDoc(6, 12, "expected a relation name but found ':'", "define : [user]"),
            inDoc(6, 14, "expected a relation name or '[' but found the end of the line", "define a:"),
            inDoc(6, 24, "expected a relation name or '[' but found the end of the line", "define a: [user] or"),
            inDoc(6, 22, "expected the end of the line but found 'editor'", "define a: [user] editor"),
            inDoc(
                    6,
                    31,
                    "expected a relation name after 'from' but found the end of the line",
                    "define a: [user] or a from"),
            inDoc(6, 15, "unexpected character '@' (U+0040)", "define a: @user"),
            inDoc(
                    6,
                    12,
                    "relation name of 51 characters; at most 50 are allowed",
                    "define " + "r".repeat(51) + ": [user]"));

    @TestFactory
    List<DynamicTest> refusesWithLineAndColumn() {
        return REFUSALS.stream()
                .map(refusal -> DynamicTest.dynamicTest("model: " + refusal.text.replace("\n", " / "), () -> {
                    ModelException refused = assertThrows(ModelException.class, () -> ModelParser.parse(refusal.text));
                    assertTrue(
                            refused.getMessage().contains(refusal.message),
                            () -> "expected: " + refusal.message + ", was: " + refused.getMessage());
                    assertEquals(
                            refusal.line + ":" + refusal.column,
                            refused.line() + ":" + refused.column(),
                            refused.getMessage());
                    assertTrue(refused.getMessage()
                            .startsWith("line " + refusal.line + ", column " + refusal.column + ": "));
                }))
                .toList();
    }

    @Test
    void refusesTooLongATextBeforeReadingIt() {
        String text = "#".repeat(ModelLimits.TEXT_LENGTH_MAX + 1);
        ModelException refused = assertThrows(ModelException.class, () -> ModelParser.parse(text));
        assertEquals("a model of 262145 characters; at most 262144 are allowed", refused.getMessage());
        assertEquals(0, refused.line());
    }

    @Test
    void refusesOneTypeTooMany() {
        StringBuilder text = new StringBuilder(HEADER);
        for (int i = 0; i < ModelLimits.TYPES_MAX; i++) {
            text.append("type t").append(i).append('\n');
        }
        assertEquals(100, ModelParser.parse(text.toString()).typeCount());
        ModelException refused = assertThrows(
                ModelException.class,
                () -> ModelParser.parse(text.append("type more").toString()));
        assertTrue(refused.getMessage().contains("more than 100 types"));
    }

    @Test
    void refusesOneRelationTooMany() {
        StringBuilder text = new StringBuilder(HEADER + "type t\n  relations\n");
        for (int i = 0; i < ModelLimits.RELATIONS_MAX; i++) {
            text.append("    define r").append(i).append(i == 0 ? ": [t]\n" : ": r" + (i - 1) + "\n");
        }
        assertEquals(1_000, ModelParser.parse(text.toString()).relationCount());
        ModelException refused = assertThrows(
                ModelException.class,
                () -> ModelParser.parse(text.append("    define more: [t]").toString()));
        assertTrue(refused.getMessage().contains("more than 1000 relations"), refused.getMessage());
    }

    @Test
    void readsEveryConstruct() {
        AuthorizationModel model = ModelParser.parse("""
                # A comment before anything.
                model
                  schema 1.1 # one behind a word

                type user
                type group
                  relations
                    define member: [user, group#member]\r
                type doc-type
                  relations

                    define parent: [doc-type]
                    # one between
                    define can_read-all: [
                      user, # one inside a list
                      group#member
                    ] or owner or can_read-all from parent # one at the end
                    define owner: [user]""");
        assertEquals(
                List.of(
                        new TypeDefinition("user", List.of()),
                        new TypeDefinition(
                                "group",
                                List.of(new RelationDefinition(
                                        "member",
                                        new Direct(List.of(
                                                new TypeRestriction("user", ""),
                                                new TypeRestriction("group", "member")))))),
                        new TypeDefinition(
                                "doc-type",
                                List.of(
                                        new RelationDefinition(
                                                "parent", new Direct(List.of(new TypeRestriction("doc-type", "")))),
                                        new RelationDefinition(
                                                "can_read-all",
                                                new Union(List.of(
                                                        new Direct(List.of(
                                                                new TypeRestriction("user", ""),
                                                                new TypeRestriction("group", "member"))),
                                                        new Computed("owner"),
                                                        new From("can_read-all", "parent")))),
                                        new RelationDefinition(
                                                "owner", new Direct(List.of(new TypeRestriction("user", ""))))))),
                model.types());
    }

    @Test
    void keywordsAreNamesWhereANameIsExpected() {
        AuthorizationModel model = ModelParser.parse(
                HEADER + "type type\n  relations\n    define define: [type]\n    define relations: define");
        assertNotNull(model.closure("type", "relations"));
    }

    @Test
    void printsWhatItWouldReadAgain() {
        AuthorizationModel workspace = WorkspaceModel.get();
        assertEquals(workspace.types(), ModelParser.parse(workspace.toString()).types());
    }

    @Test
    void relationsMayReferToEachOtherIfThereIsAWayIn() {
        AuthorizationModel model = ModelParser.parse(
                HEADER + "type u\ntype d\n relations\n  define a: b\n  define b: [u] or c\n  define c: a\n");
        for (String one : List.of("a", "b", "c")) {
            for (String other : List.of("a", "b", "c")) {
                RelationClosure closure = model.closure("d", one);
                assertNotNull(closure);
                assertTrue(closure.isImpliedBy(model.relationId(other)), one + " by " + other);
            }
        }
    }

    @Test
    void aWalkUpTheWorkspaceFollowsOneEdge() {
        AuthorizationModel model = WorkspaceModel.get();
        for (String relation : List.of("read", "viewer", "can_read", "write", "editor", "share", "direct_owner")) {
            RelationClosure closure = model.closure("file", relation);
            assertNotNull(closure);
            assertEquals(1, closure.edges().size(), relation);
        }
    }

    @Test
    void unknownNamesHaveNoNumberAndNoClosure() {
        AuthorizationModel model = WorkspaceModel.get();
        assertEquals(AuthorizationModel.UNKNOWN, model.typeId("folder"));
        assertEquals(AuthorizationModel.UNKNOWN, model.relationId("fly"));
        assertNull(model.closure("folder", "owner"));
        assertNull(model.closure("file", "fly"));
        assertNull(model.closure("file", "member"));
        assertNull(model.closure("user", "owner"));
    }

    @Test
    void namesHaveAnAlphabet() {
        for (String name : List.of("a", "_", "A1", "shared-owner", "can_read", "org.example/doc")) {
            assertTrue(ModelNames.isName(name), name);
        }
        for (String name : List.of("", "1a", "-a", "a b", "a#b", "a:b", "é", "a*")) {
            assertFalse(ModelNames.isName(name), name);
        }
    }
}
