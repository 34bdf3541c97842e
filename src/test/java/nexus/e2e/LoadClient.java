package nexus.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import nexus.e2e.SharedServer.Tenant;
import nexus.http.client.HttpStatusException;
import nexus.http.client.Json;
import nexus.http.client.NexusClient;
import nexus.http.client.NexusClient.Ref;
import nexus.http.client.NexusException;
import org.jspecify.annotations.Nullable;

/**
 * A client of a tenant that works while the server dies, and knows afterwards what must be there.
 *
 * <p>Everything that it changes is its own, except for one log that all clients of the tenant append to. So what it knows is
 * exact: after each call a thing is as the answer said, or, when there was no answer, as before or as after. A thing in doubt
 * is left alone until {@link #verify} has looked; from then on it is as it was seen. An answer that says "not done" is taken
 * at its word, and so is a refused connection.
 *
 * <p>{@link #run} belongs to one thread, {@link #verify} to whoever has seen that thread end.
 */
final class LoadClient {
    private static final int FILES_MAX = 25;
    private static final int ANCHORS = 3;
    private static final int SMALL_BYTES = 3000;
    /** Above 64 KiB contents are files of the blob store. */
    private static final int LARGE_BYTES = 70_000;

    private static final int LARGE_SPREAD = 60_000;

    /** Of a key whose making had no answer nobody has the secret. */
    private static final NexusClient.Key NO_KEY = new NexusClient.Key("", "", "", null);

    private final String name;
    private final Tenant tenant;
    private final Random random;
    private final String sharedLog;

    /** Files whose content is known. */
    private final Map<String, byte[]> files = new TreeMap<>();

    private final List<Doubt> doubts = new ArrayList<>();
    private final Log ownLog;
    private final Log partOfShared;

    /** Users with a grant that is known to be there, and its id; and those whose grant is known to be gone. */
    private final Map<String, String> grants = new LinkedHashMap<>();

    private final Set<String> revokedGrants = new LinkedHashSet<>();
    private final Map<String, Doubtful> doubtfulGrants = new LinkedHashMap<>();

    /** Keys by name: those that hold, those whose revocation is known, and those in doubt. */
    private final Map<String, NexusClient.Key> keys = new LinkedHashMap<>();

    private final List<NexusClient.Key> revokedKeys = new ArrayList<>();
    private final Map<String, NexusClient.Key> doubtfulKeys = new LinkedHashMap<>();

    private int sequence;
    private volatile int done;
    private volatile int inDoubt;

    /** Whether a thing in doubt was to come or to go. */
    private enum Doubtful {
        MADE,
        REVOKED
    }

    private enum Outcome {
        DONE,
        NOT_DONE,
        IN_DOUBT
    }

    /** A change of files that may have happened: as a whole or not at all. Null is a file that is not there. */
    private record Doubt(String what, Map<String, byte @Nullable []> before, Map<String, byte @Nullable []> after) {}

    /** Lines that were appended to a file by this client, in order; refused ones are not among them. */
    private static final class Log {
        final String path;
        final List<String> lines = new ArrayList<>();
        final Set<String> doubtful = new HashSet<>();

        Log(String path) {
            this.path = path;
        }

        /** What of this client's must be in the file, given what is there. */
        List<String> expected(List<String> present) {
            Set<String> there = new HashSet<>(present);
            return lines.stream()
                    .filter(line -> !doubtful.contains(line) || there.contains(line))
                    .toList();
        }

        void settle(List<String> present) {
            lines.retainAll(new HashSet<>(present));
            doubtful.clear();
        }
    }

    /**
     * A client with a directory of its own below the tenant's root, and files in it that are always there.
     *
     * @param sharedLog the path of the log that all clients of the tenant append to
     */
    LoadClient(String name, Tenant tenant, String sharedLog, long seed) {
        this.name = name;
        this.tenant = tenant;
        this.random = new Random(seed);
        this.sharedLog = sharedLog;
        this.ownLog = new Log(path("log.txt"));
        this.partOfShared = new Log(sharedLog);
        tenant.owner().mkdir(tenant.path(name));
        for (int i = 0; i < ANCHORS; i++) {
            byte[] content = bytes();
            tenant.owner().write(anchor(i), content);
            files.put(anchor(i), content);
        }
    }

    private String path(String file) {
        return tenant.path(name + "/" + file);
    }

    private String anchor(int number) {
        return path("anchor-" + number);
    }

    /** Changes that were acknowledged so far. */
    int done() {
        return done;
    }

    /** Changes that had no clear answer so far. */
    int inDoubt() {
        return inDoubt;
    }

    // ---- load -------------------------------------------------------------------------------------------------------

    /** Changes one thing after another until it is over. */
    void run(BooleanSupplier over) {
        while (!over.getAsBoolean()) {
            if (step() == Outcome.NOT_DONE) {
                // The server is away. Asking it in a tight loop would only slow its start.
                LockSupport.parkNanos(5_000_000);
            }
        }
    }

    private Outcome step() {
        sequence++;
        int dice = random.nextInt(100);
        List<String> own = files.keySet().stream()
                .filter(path -> !path.startsWith(path("anchor-")))
                .toList();
        Outcome outcome;
        if (dice < 20) {
            outcome = append(ownLog);
        } else if (dice < 32) {
            outcome = append(partOfShared);
        } else if (dice < 42) {
            outcome = grant();
        } else if (dice < 49) {
            outcome = grants.isEmpty() ? grant() : revoke(pick(List.copyOf(grants.keySet())));
        } else if (dice < 54) {
            outcome = makeKey();
        } else if (dice < 57) {
            outcome = keys.isEmpty() ? makeKey() : revokeKey(pick(List.copyOf(keys.keySet())));
        } else if (own.size() < 3 || dice < 75 && own.size() < FILES_MAX) {
            outcome = dice % 6 == 0 ? writeBatch() : write(path("file-" + sequence));
        } else if (dice < 86) {
            outcome = write(pick(own));
        } else if (dice < 90) {
            outcome = rename(pick(own), path("moved-" + sequence));
        } else {
            outcome = delete(pick(own));
        }
        if (outcome == Outcome.DONE) {
            done++;
        } else if (outcome == Outcome.IN_DOUBT) {
            inDoubt++;
        }
        return outcome;
    }

    private <T> T pick(List<T> from) {
        return from.get(random.nextInt(from.size()));
    }

    private byte[] bytes() {
        byte[] bytes = new byte
                [random.nextInt(6) == 0 ? LARGE_BYTES + random.nextInt(LARGE_SPREAD) : random.nextInt(SMALL_BYTES)];
        random.nextBytes(bytes);
        return bytes;
    }

    private Outcome write(String path) {
        byte[] content = bytes();
        return files("write", changed(path, content), () -> tenant.owner().write(path, content));
    }

    private Outcome writeBatch() {
        Map<String, byte @Nullable []> after = new TreeMap<>();
        List<List<Object>> batch = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            byte[] content = new byte[random.nextInt(SMALL_BYTES)];
            random.nextBytes(content);
            after.put(path("batch-" + sequence + "-" + i), content);
            batch.add(List.of(path("batch-" + sequence + "-" + i), content));
        }
        return files("write_batch", after, () -> tenant.owner().call("write_batch", Map.of("files", batch)));
    }

    private Outcome rename(String from, String to) {
        Map<String, byte @Nullable []> after = new TreeMap<>();
        after.put(from, null);
        after.put(to, files.get(from));
        return files("rename", after, () -> {
            tenant.owner().rename(from, to);
            return true;
        });
    }

    private Outcome delete(String path) {
        return files("delete", changed(path, null), () -> {
            tenant.owner().delete(path);
            return true;
        });
    }

    private static Map<String, byte @Nullable []> changed(String path, byte @Nullable [] content) {
        Map<String, byte @Nullable []> after = new TreeMap<>();
        after.put(path, content);
        return after;
    }

    private Outcome files(String what, Map<String, byte @Nullable []> after, Supplier<?> call) {
        Map<String, byte @Nullable []> before = new TreeMap<>();
        after.keySet().forEach(path -> before.put(path, files.get(path)));
        Outcome outcome = attempt(call);
        if (outcome == Outcome.DONE) {
            become(after);
        } else if (outcome == Outcome.IN_DOUBT) {
            after.keySet().forEach(files::remove);
            doubts.add(new Doubt(what, before, after));
        }
        return outcome;
    }

    private void become(Map<String, byte @Nullable []> now) {
        now.forEach((path, content) -> {
            if (content == null) {
                files.remove(path);
            } else {
                files.put(path, content);
            }
        });
    }

    private Outcome append(Log log) {
        // Now and then a long one, so that the log passes 64 KiB.
        String line = name + "-" + sequence + "-" + "x".repeat(random.nextInt(8) == 0 ? 4000 : random.nextInt(100));
        Outcome outcome =
                attempt(() -> tenant.owner().append(log.path, (line + "\n").getBytes(StandardCharsets.UTF_8)));
        if (outcome != Outcome.NOT_DONE) {
            log.lines.add(line);
        }
        if (outcome == Outcome.IN_DOUBT) {
            log.doubtful.add(line);
        }
        return outcome;
    }

    private Outcome grant() {
        String user = name + "-user-" + sequence;
        String[] id = new String[1];
        String anchor = anchor(random.nextInt(ANCHORS));
        Outcome outcome = attempt(
                () -> id[0] = tenant.owner().rebacCreate(Ref.user(user), "viewer", Ref.file(anchor), tenant.zone()));
        if (outcome == Outcome.DONE) {
            grants.put(user, id[0]);
        } else if (outcome == Outcome.IN_DOUBT) {
            doubtfulGrants.put(user, Doubtful.MADE);
        }
        return outcome;
    }

    private Outcome revoke(String user) {
        String id = grants.get(user);
        Outcome outcome = attempt(() -> {
            assertTrue(tenant.owner().rebacDelete(String.valueOf(id)), "there is no grant to revoke: " + user);
            return true;
        });
        if (outcome != Outcome.NOT_DONE) {
            grants.remove(user);
        }
        if (outcome == Outcome.DONE) {
            revokedGrants.add(user);
        } else if (outcome == Outcome.IN_DOUBT) {
            doubtfulGrants.put(user, Doubtful.REVOKED);
        }
        return outcome;
    }

    private Outcome makeKey() {
        String keyName = name + "-key-" + sequence;
        NexusClient.Key[] key = new NexusClient.Key[1];
        // Some users have several keys: the seat is taken with the first and given back with the last.
        String user = name + "-seat-" + random.nextInt(8);
        Outcome outcome = attempt(() -> key[0] = tenant.admin().createKey(tenant.zone(), user, keyName));
        if (outcome == Outcome.DONE) {
            keys.put(keyName, key[0]);
        } else if (outcome == Outcome.IN_DOUBT) {
            doubtfulKeys.put(keyName, NO_KEY);
        }
        return outcome;
    }

    private Outcome revokeKey(String keyName) {
        NexusClient.Key key = keys.get(keyName);
        if (key == null) {
            throw new IllegalStateException("no such key: " + keyName);
        }
        Outcome outcome = attempt(() -> {
            tenant.admin().revokeKey(key.id());
            return true;
        });
        if (outcome != Outcome.NOT_DONE) {
            keys.remove(keyName);
        }
        if (outcome == Outcome.DONE) {
            revokedKeys.add(key);
        } else if (outcome == Outcome.IN_DOUBT) {
            doubtfulKeys.put(keyName, key);
        }
        return outcome;
    }

    /** Calls once, and says what is known then. */
    private static Outcome attempt(Supplier<?> call) {
        try {
            call.get();
            return Outcome.DONE;
        } catch (NexusException e) {
            assertEquals(NexusException.LATER, e.code(), e::getMessage);
            return "unknown".equals(e.data().get("outcome")) ? Outcome.IN_DOUBT : Outcome.NOT_DONE;
        } catch (HttpStatusException e) {
            assertEquals(503, e.status(), e::getMessage);
            return Outcome.NOT_DONE;
        } catch (UncheckedIOException e) {
            return e.getCause() instanceof ConnectException ? Outcome.NOT_DONE : Outcome.IN_DOUBT;
        }
    }

    // ---- truth ------------------------------------------------------------------------------------------------------

    /** Compares all that this client did with what is there. What was in doubt is known afterwards. */
    void verify() {
        verifyFiles();
        verifyOwnLog();
        verifyGrants();
        verifyKeys();
    }

    private void verifyFiles() {
        Map<String, NexusClient.Entry> listed = tenant.owner().list(tenant.path(name), true).stream()
                .filter(entry -> !entry.directory())
                .collect(Collectors.toMap(NexusClient.Entry::path, entry -> entry));
        for (Doubt doubt : doubts) {
            Map<String, byte @Nullable []> now = new TreeMap<>();
            doubt.after().keySet().forEach(path -> now.put(path, listed.containsKey(path) ? read(path) : null));
            boolean isBefore = same(now, doubt.before());
            assertTrue(
                    isBefore || same(now, doubt.after()),
                    () -> doubt.what() + " was done by half: before " + sizes(doubt.before()) + ", after "
                            + sizes(doubt.after()) + ", now " + sizes(now));
            become(now);
        }
        doubts.clear();
        Set<String> expected = new TreeSet<>(files.keySet());
        if (listed.containsKey(ownLog.path)) {
            expected.add(ownLog.path);
        }
        assertEquals(expected, new TreeSet<>(listed.keySet()), "the files of " + name);
        files.forEach((path, content) -> {
            NexusClient.Entry entry = listed.get(path);
            assertEquals(content.length, entry.size(), path);
            assertEquals(etag(content), entry.etag(), path);
            assertArrayEquals(content, read(path), path);
        });
    }

    private byte[] read(String path) {
        return tenant.owner().read(path);
    }

    private static boolean same(Map<String, byte @Nullable []> left, Map<String, byte @Nullable []> right) {
        return left.entrySet().stream().allMatch(entry -> Arrays.equals(entry.getValue(), right.get(entry.getKey())));
    }

    private static Map<String, Integer> sizes(Map<String, byte @Nullable []> contents) {
        Map<String, Integer> sizes = new TreeMap<>();
        contents.forEach((path, content) -> sizes.put(path, content == null ? -1 : content.length));
        return sizes;
    }

    private void verifyOwnLog() {
        List<String> present = lines(tenant, ownLog.path);
        assertEquals(ownLog.expected(present), present, "each line once and in order: " + ownLog.path);
        ownLog.settle(present);
    }

    private static List<String> lines(Tenant tenant, String path) {
        return tenant.owner().exists(path)
                ? tenant.owner().readText(path).lines().toList()
                : List.of();
    }

    /** Compares the log that the clients of a tenant share. */
    static void verifySharedLog(List<LoadClient> clients) {
        LoadClient first = clients.get(0);
        List<String> present = lines(first.tenant, first.sharedLog);
        List<String> left = new ArrayList<>(present);
        for (LoadClient client : clients) {
            List<String> own = present.stream()
                    .filter(line -> line.startsWith(client.name + "-"))
                    .toList();
            assertEquals(client.partOfShared.expected(own), own, "each line once and in order: " + first.sharedLog);
            client.partOfShared.settle(own);
            left.removeAll(own);
        }
        assertEquals(List.of(), left, "lines that nobody appended");
    }

    private void verifyGrants() {
        Map<String, String> present = new LinkedHashMap<>();
        for (int i = 0; i < ANCHORS; i++) {
            for (Map<String, @Nullable Object> tuple : tenant.owner().rebacListTuples(null, Ref.file(anchor(i)))) {
                if ("viewer".equals(tuple.get("relation"))) {
                    String user = String.valueOf(tuple.get("subject_id"));
                    assertFalse(present.containsKey(user), "twice: " + user);
                    present.put(user, String.valueOf(tuple.get("tuple_id")));
                }
            }
        }
        doubtfulGrants.forEach((user, doubt) -> {
            if (present.containsKey(user)) {
                grants.put(user, present.get(user));
            } else if (doubt == Doubtful.REVOKED) {
                revokedGrants.add(user);
            }
        });
        doubtfulGrants.clear();
        assertEquals(new TreeMap<>(grants), new TreeMap<>(present), "the grants of " + name);
        List<Object> checks = new ArrayList<>();
        List<Boolean> expected = new ArrayList<>();
        List.of(grants.keySet(), revokedGrants)
                .forEach(users -> users.forEach(user -> {
                    // Each grant is on one of the anchors: he may read one of them or none.
                    for (int i = 0; i < ANCHORS; i++) {
                        checks.add(List.of(List.of("user", user), "read", List.of("file", anchor(i))));
                    }
                    expected.add(grants.containsKey(user));
                }));
        assertEquals(expected, anyOf(checks), "checks of granted and revoked users of " + name);
    }

    private List<Boolean> anyOf(List<Object> checks) {
        List<Boolean> answers = new ArrayList<>();
        int size = 333 * ANCHORS;
        for (int from = 0; from < checks.size(); from += size) {
            Object batch = tenant.owner()
                    .call(
                            "rebac_check_batch",
                            Map.of("checks", checks.subList(from, Math.min(checks.size(), from + size))));
            Json.array(batch).forEach(answer -> answers.add(Boolean.TRUE.equals(answer)));
        }
        List<Boolean> any = new ArrayList<>();
        for (int i = 0; i < answers.size(); i += ANCHORS) {
            any.add(answers.subList(i, i + ANCHORS).contains(true));
        }
        return any;
    }

    private void verifyKeys() {
        Map<String, @Nullable Object> page = Json.object(tenant.admin()
                .call("admin_list_keys", Map.of("zone_id", tenant.zone(), "include_revoked", true, "limit", 1000)));
        Map<String, String> live = new TreeMap<>();
        Set<String> seen = new HashSet<>();
        for (Object item : Json.array(page.get("keys"))) {
            Map<String, @Nullable Object> key = Json.object(item);
            String keyName = String.valueOf(key.get("name"));
            if (keyName.startsWith(name + "-")) {
                assertTrue(seen.add(keyName), "made twice: " + keyName);
                if (!Boolean.TRUE.equals(key.get("revoked"))) {
                    live.put(keyName, String.valueOf(key.get("key_id")));
                }
            }
        }
        doubtfulKeys.forEach((keyName, key) -> {
            String id = live.get(keyName);
            if (id == null && !key.text().isEmpty()) {
                revokedKeys.add(key);
            } else if (id != null) {
                keys.put(keyName, key.text().isEmpty() ? new NexusClient.Key(id, "", "", null) : key);
            }
        });
        doubtfulKeys.clear();
        assertEquals(new TreeSet<>(keys.keySet()), live.keySet(), "the keys of " + name);
        keys.values().stream()
                .filter(key -> !key.text().isEmpty())
                .forEach(key -> assertTrue(isValid(key), "an acknowledged key does not hold: " + key.id()));
        revokedKeys.forEach(key -> assertFalse(isValid(key), "a revoked key is back: " + key.id()));
    }

    private boolean isValid(NexusClient.Key key) {
        return tenant.admin().withKey(key.text()).whoami().authenticated();
    }

    private static String etag(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
