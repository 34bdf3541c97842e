package nexus.rebac;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import nexus.rebac.check.CheckLimits;
import nexus.rebac.check.CheckResult;
import nexus.rebac.check.Checker;
import nexus.rebac.check.GrantRoots;
import nexus.rebac.check.ListOutcome;
import nexus.rebac.expand.Expander;
import nexus.rebac.schema.AuthorizationModel;
import nexus.rebac.schema.ModelException;
import nexus.rebac.schema.ModelParser;
import nexus.rebac.tuple.DerivedTuples;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.RelationTuple;
import nexus.rebac.tuple.StoredTuple;
import nexus.rebac.tuple.SubjectRef;
import nexus.rebac.tuple.TupleIndex;
import nexus.rebac.tuple.TupleText;
import org.junit.jupiter.api.Test;

/** Checker, grant roots and expander against {@link Reference}: on all small models, then on random larger ones. */
class PropertyTest {
    private static final Instant NOW = Workspace.NOON;

    /** Every kind of leaf, alone and in company; relations a and b of type d, which p makes a graph. */
    private static final List<String> RULES = List.of(
            "[u]",
            "[u, d#a]",
            "[u, d#b]",
            "[d#a, d#b]",
            "a",
            "b",
            "a from p",
            "b from p",
            "[u] or a",
            "[u] or b",
            "[u, d] or a from p",
            "[u] or b from p",
            "[u, d#b] or b or a from p",
            "a or b from p");

    @Test
    void equalsTheReferenceOnAllSmallModels() {
        List<RelationTuple> possible = tuples(
                "d:1#p@d:1",
                "d:1#p@d:2",
                "d:2#p@d:1",
                "d:1#a@u:1",
                "d:1#b@u:1",
                "d:2#a@u:1",
                "d:2#b@u:1",
                "d:1#a@d:1#b",
                "d:1#a@d:2#b",
                "d:1#b@d:2#a",
                "d:1#b@d:2#b",
                "d:2#a@d:1#a",
                "d:1#a@d:2");
        int models = 0;
        int questions = 0;
        for (String a : RULES) {
            for (String b : RULES) {
                Optional<AuthorizationModel> model =
                        parse("model\nschema 1.1\ntype u\ntype d\nrelations\ndefine p: [d]\ndefine a: " + a
                                + "\ndefine b: " + b);
                if (model.isPresent()) {
                    models++;
                    for (int i = 0; i < possible.size(); i++) {
                        for (int j = i; j < possible.size(); j++) {
                            for (int k = j; k < possible.size(); k++) {
                                Set<RelationTuple> chosen = new LinkedHashSet<>(List.of(possible.get(i)));
                                chosen.add(possible.get(j));
                                chosen.add(possible.get(k));
                                if (k > j || j == i) {
                                    questions += compare(model.get(), chosen, Set.of("d:1", "d:2"), Set.of("u:1"));
                                }
                            }
                        }
                    }
                }
            }
        }
        assertTrue(models > 100, models + " models");
        assertTrue(questions > 500_000, questions + " questions");
    }

    @Test
    void equalsTheReferenceOnRandomModels() {
        int models = 0;
        for (long seed = 0; seed < 1_000; seed++) {
            Random random = new Random(seed);
            Optional<AuthorizationModel> model = parse(randomModel(random));
            if (model.isPresent()) {
                models++;
                Set<String> objects = Set.of("g:1", "g:2", "g:3", "d:1", "d:2", "d:3", "d:4");
                Set<String> users = Set.of("u:1", "u:2");
                try {
                    compare(model.get(), randomTuples(random, objects, users), objects, users);
                } catch (AssertionError e) {
                    throw new AssertionError("seed " + seed + "\n" + model.get(), e);
                }
            }
        }
        assertTrue(models > 200, models + " models");
    }

    private static String randomModel(Random random) {
        StringBuilder text = new StringBuilder("model\n  schema 1.1\ntype u\n");
        for (String type : List.of("g", "d")) {
            text.append("type ").append(type).append("\n  relations\n    define p: ");
            text.append(random.nextBoolean() ? "[d]\n" : "[g, d]\n");
            for (String relation : List.of("a", "b", "c")) {
                List<String> operands = new ArrayList<>();
                if (random.nextInt(4) > 0) {
                    Set<String> direct = new TreeSet<>();
                    for (int i = random.nextInt(3); i >= 0; i--) {
                        direct.add(pick(random, "u", "u", "g", "d#a", "g#a", "g#b", "d#c", "g#c"));
                    }
                    operands.add(direct.toString());
                }
                for (int i = random.nextInt(3); i > 0; i--) {
                    operands.add(pick(random, "a", "b", "c", "a from p", "b from p", "c from p"));
                }
                if (operands.isEmpty()) {
                    operands.add("[u]");
                }
                text.append("    define ").append(relation).append(": ");
                text.append(String.join(" or ", operands)).append('\n');
            }
        }
        return text.toString();
    }

    private static Set<RelationTuple> randomTuples(Random random, Set<String> objects, Set<String> users) {
        List<String> sorted = new ArrayList<>(new TreeSet<>(objects));
        List<String> sortedUsers = new ArrayList<>(new TreeSet<>(users));
        Set<RelationTuple> tuples = new LinkedHashSet<>();
        for (int i = random.nextInt(24); i >= 0; i--) {
            String object = sorted.get(random.nextInt(sorted.size()));
            String relation = pick(random, "a", "b", "c", "p");
            String subject = random.nextInt(3) == 0
                    ? sortedUsers.get(random.nextInt(sortedUsers.size()))
                    : sorted.get(random.nextInt(sorted.size())) + pick(random, "", "#a", "#b", "#c");
            tuples.add(TupleText.parse(object + "#" + relation + "@" + subject));
        }
        return tuples;
    }

    /** Asks everything there is to ask, and returns how many questions that were. */
    private static int compare(
            AuthorizationModel model, Set<RelationTuple> tuples, Set<String> objects, Set<String> users) {
        TupleIndex index = new TupleIndex(7);
        tuples.forEach(tuple -> index.put(tuple, null));
        Reference reference = new Reference(model.types(), objects, tuples, Map.of(), Map.of());
        Checker checker = new Checker(model, index, DerivedTuples.NONE, CheckLimits.DEFAULT);
        Expander expander = new Expander(model, index, DerivedTuples.NONE, CheckLimits.DEFAULT);
        int questions = 0;
        Set<SubjectRef> subjects = subjects(model, objects, users);
        for (String object : objects) {
            ObjectRef ref = TupleText.parseObject(object);
            for (String relation : relations(model, ref.type())) {
                for (SubjectRef subject : subjects) {
                    questions++;
                    boolean expected = reference.holds(object, relation, subject);
                    CheckResult actual = checker.check(ref, relation, subject, NOW);
                    if (actual != (expected ? CheckResult.ALLOWED : CheckResult.DENIED)) {
                        throw new AssertionError(model + "\n" + tuples + "\n" + subject + " " + relation + " " + object
                                + ": expected " + expected + ", was " + actual);
                    }
                }
                assertEquals(
                        new ArrayList<>(reference.objectsIn(object, relation)),
                        expander.subjects(ref, relation, NOW).subjects(),
                        () -> model + "\n" + tuples + "\nexpand " + object + " " + relation);
            }
        }
        for (SubjectRef subject : subjects) {
            for (String type :
                    new TreeSet<>(objects.stream().map(o -> o.substring(0, 1)).toList())) {
                for (String relation : relations(model, type)) {
                    compareRoots(reference, checker, subject, relation, type, objects, tuples);
                }
            }
        }
        return questions;
    }

    private static void compareRoots(
            Reference reference,
            Checker checker,
            SubjectRef subject,
            String relation,
            String type,
            Set<String> objects,
            Set<RelationTuple> tuples) {
        List<String> expected = objects.stream()
                .filter(object -> object.startsWith(type + ":") && reference.holds(object, relation, subject))
                .map(object -> object.substring(2))
                .sorted()
                .toList();
        GrantRoots actual = checker.grantRoots(subject, relation, type, NOW);
        assertEquals(ListOutcome.COMPLETE, actual.outcome());
        assertEquals(expected, actual.ids(), () -> tuples + "\nroots " + subject + " " + relation + " " + type);
    }

    private static Set<SubjectRef> subjects(AuthorizationModel model, Set<String> objects, Set<String> users) {
        Set<SubjectRef> subjects = new TreeSet<>();
        users.forEach(user -> subjects.add(TupleText.parseSubject(user)));
        for (String object : objects) {
            ObjectRef ref = TupleText.parseObject(object);
            subjects.add(SubjectRef.of(ref.type(), ref.id()));
            relations(model, ref.type()).forEach(relation -> subjects.add(SubjectRef.userset(ref, relation)));
        }
        return subjects;
    }

    private static List<String> relations(AuthorizationModel model, String type) {
        return model.types().get(model.typeId(type)).relations().stream()
                .map(relation -> relation.name())
                .toList();
    }

    /** In the workspace, with its derived tuples and with expiries, over random changes of one index. */
    @Test
    void equalsTheReferenceInRandomWorkspaces() {
        for (long seed = 0; seed < 40; seed++) {
            Random random = new Random(seed);
            Workspace workspace = new Workspace();
            workspace.register.add("acme", "user:1");
            workspace.register.add("acme", "agent:2");
            workspace.register.add("beta", "user:3");
            for (int round = 0; round < 8; round++) {
                for (int change = random.nextInt(12); change >= 0; change--) {
                    change(random, workspace);
                }
                if (round % 3 == 2) {
                    churn(random, workspace);
                }
                compareWorkspace("seed " + seed + " round " + round, workspace);
            }
        }
    }

    private static final List<String> PATHS = List.of("/", "/a", "/a/b", "/a/b/c", "/a/bb", "/aa", "/z/y/x");
    private static final List<String> ALIASES = List.of(
            "owner",
            "direct_owner",
            "shared-owner",
            "editor",
            "can_write",
            "writer",
            "viewer",
            "can_read",
            "shared-viewer");

    private static void change(Random random, Workspace workspace) {
        List<RelationTuple> stored = new ArrayList<>();
        workspace.index.forEach(each -> stored.add(each.tuple()));
        if (!stored.isEmpty() && random.nextInt(3) == 0) {
            assertTrue(workspace.index.remove(stored.get(random.nextInt(stored.size()))));
            return;
        }
        String subject = pick(
                random, "user:1", "agent:2", "user:3", "group:a#member", "group:b#member", "group:c#member", "user:4");
        String object = random.nextInt(3) == 0
                ? "group:" + pick(random, "a#member", "b#member", "c#member", "a#owner")
                : "file:" + PATHS.get(random.nextInt(PATHS.size())) + "#" + ALIASES.get(random.nextInt(ALIASES.size()));
        if (object.startsWith("file") && random.nextInt(5) == 0) {
            subject = pick(random, "tenant:acme#member", "tenant:beta#member");
        }
        Instant expiry = NOW.plusSeconds(random.nextInt(3) - 1);
        workspace.index.put(TupleText.parse(object + "@" + subject), random.nextBoolean() ? null : expiry);
    }

    /** Enough removals for the index to be rebuilt and everything in it to be numbered anew. */
    private static void churn(Random random, Workspace workspace) {
        for (int i = workspace.index.size() + 100; i > 0; i--) {
            RelationTuple passing = TupleText.parse(
                    "file:/passing#" + pick(random, "viewer", "owner") + "@user:" + random.nextInt(1_000));
            if (workspace.index.put(passing, null)) {
                workspace.index.remove(passing);
            }
        }
    }

    private static void compareWorkspace(String where, Workspace workspace) {
        List<RelationTuple> living = new ArrayList<>();
        workspace.index.forEach(stored -> {
            if (isAlive(stored)) {
                living.add(stored.tuple());
            }
        });
        Map<String, Set<SubjectRef>> members = new HashMap<>();
        Set<String> objects = new HashSet<>(Set.of("tenant:acme", "tenant:beta"));
        for (String tenant : List.of("acme", "beta")) {
            members.put("tenant:" + tenant + "#member", new HashSet<>(workspace.register.of(tenant)));
        }
        Map<String, Set<String>> parents = new HashMap<>();
        for (String group : List.of("a", "b", "c")) {
            objects.add("group:" + group);
            parents.put("group:" + group + "#workspace", Set.of("file:/"));
        }
        List<String> paths = new ArrayList<>(PATHS);
        paths.addAll(List.of("/z", "/z/y", "/a/b/c/d", "/b"));
        for (String path : paths) {
            objects.add("file:" + path);
            if (!path.equals("/")) {
                String parent = path.substring(0, path.lastIndexOf('/'));
                parents.put("file:" + path + "#parent", Set.of("file:" + (parent.isEmpty() ? "/" : parent)));
            }
        }
        Reference reference = new Reference(workspace.model.types(), objects, living, parents, members);
        List<String> subjects = List.of(
                "user:1",
                "agent:2",
                "user:3",
                "user:4",
                "user:5",
                "group:a#member",
                "group:c#member",
                "tenant:acme#member",
                "tenant:beta#member",
                "group:a#owner",
                "file:/a/b#viewer",
                "file:/z#owner");
        for (String text : subjects) {
            SubjectRef subject = TupleText.parseSubject(text);
            for (String object : objects) {
                ObjectRef ref = TupleText.parseObject(object);
                for (String relation : relations(workspace.model, ref.type())) {
                    assertEquals(
                            reference.holds(object, relation, subject) ? CheckResult.ALLOWED : CheckResult.DENIED,
                            workspace.checker.check(ref, relation, subject, NOW),
                            () -> where + ": " + living + "\n" + subject + " " + relation + " " + object);
                }
            }
            for (String relation : List.of("read", "editor", "share", "can_read")) {
                compareWorkspaceRoots(where, workspace, reference, paths, subject, relation);
            }
        }
        for (String object : objects) {
            for (String relation : relations(workspace.model, object.substring(0, object.indexOf(':')))) {
                assertEquals(
                        Workspace.ids(new ArrayList<>(reference.objectsIn(object, relation))),
                        Workspace.ids(workspace.expand(object, relation).subjects()),
                        where);
            }
        }
    }

    /** Everything under a root is visible, nothing else is, and no root is under another. */
    private static void compareWorkspaceRoots(
            String where,
            Workspace workspace,
            Reference reference,
            List<String> paths,
            SubjectRef subject,
            String relation) {
        GrantRoots roots = workspace.checker.grantRoots(subject, relation, "file", NOW);
        assertEquals(ListOutcome.COMPLETE, roots.outcome());
        for (String path : paths) {
            assertEquals(
                    reference.holds("file:" + path, relation, subject),
                    roots.ids().stream().anyMatch(root -> isAtOrUnder(path, root)),
                    () -> where + ": " + subject + " " + relation + " " + path + " from " + roots);
        }
        for (String root : roots.ids()) {
            assertTrue(
                    roots.ids().stream().noneMatch(other -> !other.equals(root) && isAtOrUnder(root, other)),
                    () -> where + ": " + roots);
        }
    }

    private static boolean isAtOrUnder(String path, String root) {
        return root.equals("/") || path.equals(root) || path.startsWith(root + "/");
    }

    private static boolean isAlive(StoredTuple stored) {
        return stored.expiresAt() == null || NOW.compareTo(stored.expiresAt()) < 0;
    }

    private static Optional<AuthorizationModel> parse(String text) {
        try {
            return Optional.of(ModelParser.parse(text));
        } catch (ModelException e) {
            return Optional.empty();
        }
    }

    private static List<RelationTuple> tuples(String... texts) {
        return List.of(texts).stream().map(TupleText::parse).toList();
    }

    private static String pick(Random random, String... choices) {
        return choices[random.nextInt(choices.length)];
    }
}
