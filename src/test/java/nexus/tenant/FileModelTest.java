package nexus.tenant;

import static nexus.tenant.ActorFixture.ALICE;
import static nexus.tenant.ActorFixture.path;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import nexus.kernel.ProblemException;
import nexus.kernel.WorkspacePath;
import nexus.store.Content;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random commands against a naive tree: the same are accepted, the same contents are there, and the usage equals a recount,
 * however the commands fall into groups and also when groups fail.
 */
class FileModelTest {
    private static final String[] NAMES = {"a", "b", "c", "\u00e9"};

    /** A path to its text; null for a directory. */
    private final TreeMap<String, String> tree = new TreeMap<>();

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void theActorDoesWhatTheNaiveTreeDoes(long seed) throws Exception {
        Random random = new Random(seed);
        try (ActorFixture acme = new ActorFixture()) {
            for (int round = 0; round < 150; round++) {
                if (random.nextInt(20) == 0) {
                    acme.store.fates.add(MemoryTenantStore.Fate.COMMITTED_UNKNOWN);
                }
                // All are sent from one context in order, so they act in this order, in groups of chance.
                List<Step> steps = new ArrayList<>();
                for (int i = random.nextInt(12); i >= 0; i--) {
                    steps.add(step(random));
                }
                List<Future<Reply>> replies = new ArrayList<>();
                steps.forEach(step -> replies.add(acme.send(ALICE, step.request)));
                for (int i = 0; i < steps.size(); i++) {
                    boolean done = done(replies.get(i));
                    assertEquals(
                            steps.get(i).model(tree), done, "seed " + seed + " round " + round + " " + steps.get(i));
                }
                assertEquals(acme.store.recount(), acme.store.usage(), "seed " + seed + " round " + round);
            }
            compare(acme, seed);
        }
    }

    @Test
    void aRandomGroupThatFailsLeavesNothing() throws Exception {
        try (ActorFixture acme = new ActorFixture()) {
            acme.call(ALICE, ActorFixture.write("/kept", "1"));
            acme.store.fates.add(MemoryTenantStore.Fate.FAILS);
            assertEquals(false, done(acme.send(ALICE, ActorFixture.write("/lost", "1"))));
            assertEquals(1, acme.store.files.size());
            assertEquals(acme.store.recount(), acme.store.usage());
        }
    }

    private void compare(ActorFixture acme, long seed) throws Exception {
        TreeMap<String, String> found = new TreeMap<>();
        Reply.Listing listing =
                (Reply.Listing) acme.call(ALICE, new TenantRequest.ListFiles(path("/"), true, null, null, null));
        for (Reply.FileInfo info : listing.entries()) {
            String relative = info.path().substring("/tenants/acme".length());
            if (!WorkspacePath.isControl(relative)) {
                found.put(relative, info.directory() ? null : text(acme, relative));
            }
        }
        assertEquals(tree, found, "seed " + seed);
    }

    private static String text(ActorFixture acme, String relative) throws Exception {
        Reply.FileContent content =
                (Reply.FileContent) acme.call(ALICE, new TenantRequest.ReadFile(path(relative), null));
        return new String(((Content.Inline) content.content()).bytes(), StandardCharsets.UTF_8);
    }

    private static boolean done(Future<Reply> reply) throws Exception {
        try {
            ActorFixture.await(reply);
            return true;
        } catch (ProblemException e) {
            return false;
        }
    }

    private interface Model {
        boolean apply(TreeMap<String, String> tree);
    }

    private record Step(TenantRequest request, Model change) {
        boolean model(TreeMap<String, String> tree) {
            return change.apply(tree);
        }

        @Override
        public String toString() {
            return request.toString();
        }
    }

    private static Step step(Random random) {
        String at = randomPath(random);
        String to = randomPath(random);
        String text = Integer.toString(random.nextInt(1000));
        return switch (random.nextInt(8)) {
            case 0, 1 -> new Step(ActorFixture.write(at, text), tree -> write(tree, at, text, false));
            case 2 -> new Step(TenantActorTest.append(at, text), tree -> write(tree, at, text, true));
            case 3 ->
                new Step(new TenantRequest.DeleteFile(path(at)), tree -> {
                    boolean file = tree.get(at) != null;
                    if (file) {
                        tree.remove(at);
                    }
                    return file;
                });
            case 4 -> new Step(new TenantRequest.Rename(path(at), path(to)), tree -> rename(tree, at, to));
            case 5 ->
                new Step(new TenantRequest.MakeDirectory(path(at), true, false), tree -> {
                    boolean free = !tree.containsKey(at) && parents(tree, at, false);
                    if (free) {
                        parents(tree, at, true);
                        tree.put(at, null);
                    }
                    return free;
                });
            case 6 ->
                new Step(new TenantRequest.CopyFile(path(at), path(to)), tree -> {
                    String source = tree.get(at);
                    return source != null && !tree.containsKey(to) && write(tree, to, source, false);
                });
            default ->
                new Step(new TenantRequest.RemoveDirectory(path(at), true), tree -> {
                    boolean folder = tree.containsKey(at) && tree.get(at) == null;
                    if (folder) {
                        tree.keySet().removeIf(path -> WorkspacePath.isWithin(path, at));
                    }
                    return folder;
                });
        };
    }

    private static String randomPath(Random random) {
        StringBuilder path = new StringBuilder();
        for (int i = random.nextInt(3); i >= 0; i--) {
            path.append('/').append(NAMES[random.nextInt(NAMES.length)]);
        }
        return path.toString();
    }

    private static boolean write(TreeMap<String, String> tree, String at, String text, boolean append) {
        if (tree.containsKey(at) && tree.get(at) == null || !parents(tree, at, false)) {
            return false;
        }
        parents(tree, at, true);
        String before = tree.get(at);
        tree.put(at, append && before != null ? before + text : text);
        return true;
    }

    private static boolean rename(TreeMap<String, String> tree, String from, String to) {
        boolean folder = tree.containsKey(from) && tree.get(from) == null;
        if (!tree.containsKey(from)
                || tree.containsKey(to)
                || folder && WorkspacePath.isWithin(to, from)
                || !parents(tree, to, false)
                || WorkspacePath.isWithin(to, from)) {
            return false;
        }
        parents(tree, to, true);
        for (String path : List.copyOf(tree.keySet())) {
            if (WorkspacePath.isWithin(path, from)) {
                String text = tree.get(path);
                tree.remove(path);
                tree.put(to + path.substring(from.length()), text);
            }
        }
        return true;
    }

    /** Whether all above a path are directories or free; makes the missing ones if asked to. */
    private static boolean parents(TreeMap<String, String> tree, String path, boolean make) {
        for (String at = WorkspacePath.parentOf(path); at != null && !at.equals("/"); at = WorkspacePath.parentOf(at)) {
            if (tree.get(at) != null) {
                return false;
            }
            if (make) {
                tree.putIfAbsent(at, null);
            }
        }
        return true;
    }
}
