package nexus.store.postgres;

import static nexus.store.postgres.StoreFixture.T0;
import static nexus.store.postgres.StoreFixture.await;
import static nexus.store.postgres.StoreFixture.tuple;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.RelationTuple;
import nexus.rebac.tuple.SubjectRef;
import nexus.store.FileEntry;
import nexus.store.TenantStore.FileRange;
import nexus.store.TenantStore.FolderTotals;
import nexus.store.TenantStore.TupleQuery;
import nexus.store.TupleRow;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Listings against a naive model that holds all paths in memory. */
class PgListTest {
    private static final Comparator<String> BYTES =
            (a, b) -> Arrays.compareUnsigned(a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));

    /** Names that sort oddly: around the slash, in upper case, beyond ASCII, beyond sixteen bits, and long ones. */
    private static final List<String> NAMES = List.of(
            "a",
            "A",
            "a-b",
            "a.txt",
            "a b",
            "a0",
            "b",
            "\u00e9",
            "\uffee",
            "\ud83d\ude00",
            "x".repeat(250),
            "\ud83d\ude00".repeat(60));

    private static StoreFixture fixture;

    @BeforeAll
    static void open() {
        fixture = new StoreFixture();
    }

    @AfterAll
    static void close() {
        fixture.close();
    }

    @Test
    void listsAsTheModelDoes() {
        for (int seed = 0; seed < 8; seed++) {
            Random random = new Random(seed);
            StoreFixture.Owned tenant = fixture.tenant("tree" + seed);
            TreeSet<String> tree = new TreeSet<>(BYTES);
            GroupBuilder group = tenant.next();
            for (int i = 0; i < 150; i++) {
                String path = anyPath(random);
                if (tree.add(path)) {
                    group.put(fixture.directory(path));
                }
            }
            tenant.commit(group);
            int found = 0;
            for (int i = 0; i < 120; i++) {
                found += compare(tenant.id, tree, anyRange(random, tree));
            }
            assertTrue(found > 300, "found " + found);
        }
    }

    private static int compare(TenantId tenant, TreeSet<String> tree, FileRange range) {
        List<String> expected = model(tree, range);
        List<String> found = await(fixture.store.list(tenant, range)).stream()
                .map(FileEntry::path)
                .toList();
        assertEquals(expected, found, range.toString());
        String folder = range.folder();
        List<String> below = tree.stream()
                .filter(path -> !path.equals(folder) && WorkspacePath.isWithin(path, folder))
                .toList();
        FolderTotals totals = await(fixture.store.folderTotals(tenant, folder));
        assertEquals(below.size(), totals.entries());
        assertEquals(
                below.stream()
                        .mapToInt(path -> depth(path) - depth(folder))
                        .max()
                        .orElse(0),
                totals.deepest());
        assertEquals(
                below.stream()
                        .mapToInt(path -> bytes(path) - bytes(folder))
                        .max()
                        .orElse(0),
                totals.longest());
        return found.size();
    }

    private static int depth(String path) {
        return path.equals("/") ? 0 : (int) path.chars().filter(c -> c == '/').count();
    }

    private static int bytes(String path) {
        return path.getBytes(StandardCharsets.UTF_8).length;
    }

    private static List<String> model(TreeSet<String> tree, FileRange range) {
        return tree.stream()
                .filter(path -> range.roots().stream().anyMatch(root -> WorkspacePath.isWithin(path, root)))
                .filter(path -> !path.equals(range.folder()) && WorkspacePath.isWithin(path, range.folder()))
                .filter(path -> !range.directChildren() || range.folder().equals(WorkspacePath.parentOf(path)))
                .filter(path -> range.prefix() == null || path.startsWith(range.prefix()))
                .filter(path -> range.after() == null || BYTES.compare(path, range.after()) > 0)
                .limit(range.limit())
                .collect(Collectors.toList());
    }

    private static String anyPath(Random random) {
        StringBuilder path = new StringBuilder();
        for (int depth = random.nextInt(4); depth >= 0; depth--) {
            path.append('/').append(NAMES.get(random.nextInt(NAMES.size())));
        }
        return path.toString();
    }

    private static FileRange anyRange(Random random, TreeSet<String> tree) {
        List<String> roots = new ArrayList<>();
        if (random.nextInt(3) == 0) {
            roots.add("/");
        } else {
            for (int i = random.nextInt(5); i >= 0; i--) {
                String root = random.nextBoolean() ? anyPath(random) : any(random, tree);
                if (roots.stream()
                        .noneMatch(
                                other -> WorkspacePath.isWithin(root, other) || WorkspacePath.isWithin(other, root))) {
                    roots.add(root);
                }
            }
        }
        String folder = "/";
        if (random.nextBoolean()) {
            String parent = WorkspacePath.parentOf(any(random, tree));
            folder = parent == null ? "/" : parent;
        }
        String prefix = null;
        if (random.nextInt(3) == 0) {
            String path = any(random, tree);
            prefix = path.substring(
                    0,
                    path.offsetByCodePoints(
                            0, 1 + random.nextInt(Math.min(3, path.codePointCount(0, path.length()) - 1))));
        }
        String after = random.nextInt(3) == 0 ? any(random, tree) : null;
        return new FileRange(roots, folder, random.nextBoolean(), prefix, after, 1 + random.nextInt(60));
    }

    private static String any(Random random, TreeSet<String> tree) {
        return List.copyOf(tree).get(random.nextInt(tree.size()));
    }

    @Test
    void pagesMeetWithoutGapOrOverlap() {
        StoreFixture.Owned tenant = fixture.tenant("pages");
        GroupBuilder group = tenant.next();
        TreeSet<String> tree = new TreeSet<>(BYTES);
        for (int i = 0; i < 500; i++) {
            String path = "/d" + i % 7 + "/" + Integer.toHexString(i * 7919);
            tree.add(path);
            group.put(fixture.directory(path));
        }
        tenant.commit(group);
        List<String> all = new ArrayList<>();
        String after = null;
        List<FileEntry> page;
        do {
            page = await(fixture.store.list(tenant.id, new FileRange(List.of("/"), "/", false, null, after, 33)));
            page.forEach(entry -> all.add(entry.path()));
            after = all.get(all.size() - 1);
        } while (page.size() == 33);
        assertEquals(List.copyOf(tree), all);
    }

    @Test
    void prefixesEndWhereTheyMust() {
        StoreFixture.Owned tenant = fixture.tenant("prefixes");
        GroupBuilder group = tenant.next();
        String last = Character.toString(Character.MAX_CODE_POINT);
        group.put(fixture.directory("/" + last), fixture.directory("/" + last + "a"), fixture.directory("/\ud7ff"));
        group.put(fixture.directory("/\ue000"), fixture.directory("/a"));
        tenant.commit(group);
        assertEquals(List.of("/" + last, "/" + last + "a"), withPrefix(tenant, "/" + last));
        assertEquals(List.of("/\ud7ff"), withPrefix(tenant, "/\ud7ff"));
        assertEquals(5, withPrefix(tenant, "/").size());
        assertEquals(List.of(), withPrefix(tenant, "/b"));
    }

    private static List<String> withPrefix(StoreFixture.Owned tenant, String prefix) {
        return await(fixture.store.list(tenant.id, new FileRange(List.of("/"), "/", false, prefix, null, 100))).stream()
                .map(FileEntry::path)
                .toList();
    }

    @Test
    void manyRootsAreOneQuery() {
        StoreFixture.Owned tenant = fixture.tenant("roots");
        GroupBuilder group = tenant.next();
        List<String> roots = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            roots.add("/r" + i);
        }
        group.put(fixture.directory("/r5"), fixture.directory("/r5/x"), fixture.directory("/r9999"));
        tenant.commit(group);
        assertEquals(
                List.of("/r5", "/r5/x", "/r9999"),
                await(fixture.store.list(tenant.id, new FileRange(roots, "/", false, null, null, 100))).stream()
                        .map(FileEntry::path)
                        .toList());
        assertEquals(
                List.of(), await(fixture.store.list(tenant.id, new FileRange(List.of(), "/", false, null, null, 9))));
    }

    @Test
    void listingsReadNoMoreThanTheyNeed() {
        StoreFixture.Owned tenant = fixture.tenant("big");
        for (int i = 0; i < 20; i++) {
            GroupBuilder group = tenant.next();
            for (int j = 0; j < 1000; j++) {
                group.put(fixture.directory("/big/" + i + "-" + j));
            }
            group.put(fixture.directory("/small" + i));
            tenant.commit(group);
        }
        tenant.commit(tenant.next().put(fixture.directory("/big")));
        List<FileEntry> children =
                await(fixture.store.list(tenant.id, new FileRange(List.of("/"), "/", true, null, null, 100)));
        assertEquals(21, children.size());
        String plan = String.join("\n", explain(tenant, "/", true)) + String.join("\n", explain(tenant, "/big", false));
        assertTrue(plan.contains("file_entry_children") && plan.contains("file_entry_path"), plan);
        assertTrue(!plan.contains("Seq Scan"), plan);
    }

    private static List<String> explain(StoreFixture.Owned tenant, String folder, boolean children) {
        Step step = PgTenantStore.listStep(tenant.id, new FileRange(List.of("/"), folder, children, null, null, 10));
        List<String> lines = new ArrayList<>();
        await(fixture.database.query(tenant.id, new Step("EXPLAIN (ANALYZE, COSTS OFF) " + step.sql(), step.args())))
                .forEach(row -> lines.add(row.getString(0)));
        for (String line : lines) {
            assertTrue(!line.contains("Rows Removed by Filter"), String.join("\n", lines));
        }
        return lines;
    }

    @Test
    void findsTuplesByAnyOfTheirParts() {
        StoreFixture.Owned tenant = fixture.tenant("tuples");
        Random random = new Random(5);
        List<TupleRow> all = new ArrayList<>();
        GroupBuilder group = tenant.next();
        for (int i = 0; i < 400; i++) {
            RelationTuple tuple = new RelationTuple(
                    new ObjectRef(pick(random, "file", "group"), pick(random, "/a", "/A", "/b")),
                    pick(random, "viewer", "editor", "owner"),
                    new SubjectRef(pick(random, "user", "group"), pick(random, "x", "y"), pick(random, "", "member")));
            TupleRow row = new TupleRow(
                    UUID.nameUUIDFromBytes(tuple.toString().getBytes(StandardCharsets.UTF_8)), tuple, T0, null);
            if (all.stream().noneMatch(other -> other.id().equals(row.id()))) {
                all.add(row);
                group.tuplesPut.add(row);
            }
        }
        tenant.commit(group);
        all.sort(Comparator.comparing(row -> row.id().toString()));
        for (int i = 0; i < 200; i++) {
            TupleQuery query = new TupleQuery(
                    pick(random, null, "file"),
                    pick(random, null, "/a", "/A"),
                    random.nextBoolean() ? List.of() : List.of("viewer", "owner"),
                    pick(random, null, "user"),
                    pick(random, null, "x"),
                    pick(random, null, "", "member"),
                    random.nextBoolean()
                            ? null
                            : all.get(random.nextInt(all.size())).id(),
                    1 + random.nextInt(20));
            assertEquals(model(all, query), await(fixture.store.tuples(tenant.id, query)), query.toString());
        }
    }

    @SafeVarargs
    private static <T extends @Nullable Object> T pick(Random random, T... choices) {
        return choices[random.nextInt(choices.length)];
    }

    private static List<TupleRow> model(List<TupleRow> all, TupleQuery query) {
        return all.stream()
                .filter(row -> matches(query.objectType(), row.tuple().object().type()))
                .filter(row -> matches(query.objectId(), row.tuple().object().id()))
                .filter(row -> query.relations().isEmpty()
                        || query.relations().contains(row.tuple().relation()))
                .filter(row ->
                        matches(query.subjectType(), row.tuple().subject().type()))
                .filter(row -> matches(query.subjectId(), row.tuple().subject().id()))
                .filter(row ->
                        matches(query.subjectRelation(), row.tuple().subject().relation()))
                .filter(row -> query.after() == null
                        || row.id().toString().compareTo(query.after().toString()) > 0)
                .limit(query.limit())
                .toList();
    }

    private static boolean matches(@Nullable String wanted, String value) {
        return wanted == null || wanted.equals(value);
    }

    @Test
    void manyTuplesStreamIntoATake() {
        StoreFixture.Owned tenant = fixture.tenant("many");
        for (int i = 0; i < 25; i++) {
            GroupBuilder group = tenant.next();
            for (int j = 0; j < 1000; j++) {
                group.tuplesPut.add(tuple("/f" + i, "viewer", "u" + j));
            }
            tenant.commit(group);
        }
        TreeSet<String> seen = new TreeSet<>();
        await(fixture.store.take(tenant.id, fixture.node, (tuple, expiry) -> seen.add(tuple.toString())));
        assertEquals(25_000, seen.size());
    }
}
