package nexus.e2e.cluster;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import nexus.history.Model;
import nexus.history.Models;
import nexus.history.Operation.Kind;
import nexus.http.client.HttpStatusException;
import nexus.http.client.Json;
import nexus.http.client.NexusClient;
import nexus.http.client.NexusClient.Ref;
import nexus.http.client.NexusException;

/**
 * A tenant that clients work on, and what they can do to it. Its objects are files, logs, grants and keys, or, of a tenant that
 * may have only so many files, the number of its files.
 */
abstract class Tenant {
    static final String FILE = "file";
    static final String LOG = "log";
    static final String GRANT = "grant";
    static final String KEY = "key";
    static final String QUOTA = "quota";

    private final String zone;
    private final String owner;
    private final Recorder recorder;

    Tenant(Cluster cluster, Recorder recorder, String zone, String limits) {
        NexusClient admin = cluster.admin();
        admin.mkdir("/tenants/" + zone);
        admin.write("/tenants/" + zone + "/.tenant.json", "{\"plan\":\"enterprise\",\"limits\":" + limits + "}");
        this.zone = zone;
        this.recorder = recorder;
        this.owner = admin.createKey(zone, "alice", "alice").text();
        admin.rebacCreate(Ref.user("alice"), "owner", Ref.file("/tenants/" + zone), zone);
    }

    String zone() {
        return zone;
    }

    /** A path below the root. */
    String path(String relative) {
        return "/tenants/" + zone + "/" + relative;
    }

    /** The key of the tenant's administrator. */
    String owner() {
        return owner;
    }

    /** What is asked of a tenant's object. */
    interface Request {
        String ask(NexusClient client);
    }

    /** Asks and records. */
    Optional<String> ask(
            String client, Node node, String key, String object, Kind kind, String argument, Request request) {
        return recorder.ask(
                node,
                new Recorder.Task(zone, client, zone + "/" + object, kind, argument),
                () -> request.ask(node.as(key)));
    }

    /** Something that one of its clients does. */
    abstract void step(Client client, Node node, RandomGenerator random);

    /** The questions at the end, so that every object's last state is known. Returns false while one has no answer. */
    abstract boolean askAll(Node node);

    /** The model of an object. */
    static Model<?> model(String object) {
        String[] parts = object.split("/");
        return switch (parts[1]) {
            case FILE -> Models.file();
            case LOG -> Models.log();
            case GRANT -> Models.grant();
            case KEY -> Models.key();
            case QUOTA -> Models.quota(Integer.parseInt(parts[2]));
            default -> throw new IllegalArgumentException("no such object: " + object);
        };
    }

    /** Who works on a tenant: a name, and a number for each thing that he makes. */
    static final class Client {
        private final String name;
        private int things;

        Client(String name) {
            this.name = name;
        }

        String name() {
            return name;
        }

        /** A text that nobody else has. */
        String next() {
            return name + "-" + ++things;
        }
    }

    /** The answer that a refusal stands for. */
    static String or(int code, String answer, java.util.function.Supplier<String> request) {
        try {
            return request.get();
        } catch (NexusException e) {
            if (e.code() == code) {
                return answer;
            }
            throw e;
        }
    }

    // ---- files, logs, grants, keys ----------------------------------------------------------------------------------

    /** A tenant without limits. */
    static final class Work extends Tenant {
        /** Objects that grow are left for new ones after so many steps, so that a history can be judged in time. */
        private static final int STEPS_PER_GENERATION = 250;

        private static final int FILES = 2;
        private static final int USERS = 3;
        private static final int LIVE_KEYS = 3;
        private static final String SHARED = "shared.txt";

        private final AtomicInteger steps = new AtomicInteger();
        private final List<String> users = new ArrayList<>();
        private final List<String> tuples = new ArrayList<>();
        private final ConcurrentLinkedDeque<NexusClient.Key> keys = new ConcurrentLinkedDeque<>();
        private final ConcurrentLinkedDeque<NexusClient.Key> formerKeys = new ConcurrentLinkedDeque<>();

        Work(Cluster cluster, Recorder recorder, String zone) {
            super(cluster, recorder, zone, "{}");
            NexusClient admin = cluster.admin();
            admin.write(path(SHARED), "shared");
            for (int i = 0; i < USERS; i++) {
                users.add(admin.createKey(zone, user(i), user(i)).text());
                String tuple = admin.rebacCreate(Ref.user(user(i)), "viewer", Ref.file(path(SHARED)), zone);
                admin.rebacDelete(tuple);
                tuples.add(tuple);
            }
        }

        private static String user(int number) {
            return "user" + number;
        }

        @Override
        void step(Client client, Node node, RandomGenerator random) {
            int generation = steps.incrementAndGet() / STEPS_PER_GENERATION;
            String file = generation + "-" + random.nextInt(FILES);
            int user = random.nextInt(USERS);
            int dice = random.nextInt(100);
            if (dice < 22) {
                read(client, node, file);
            } else if (dice < 42) {
                write(client, node, file, random.nextInt(20) == 0 ? 50_000 : random.nextInt(600));
            } else if (dice < 47) {
                delete(client, node, file);
            } else if (dice < 60) {
                append(client, node, generation);
            } else if (dice < 64) {
                readLog(client, node, generation);
            } else if (dice < 70) {
                grant(client, node, user);
            } else if (dice < 76) {
                revoke(client, node, user);
            } else if (dice < 84) {
                check(client, node, user);
            } else if (dice < 90) {
                use(client, node, user);
            } else {
                keys(client, node, random);
            }
        }

        /** A content begins with the text that names it, and says how long it is. */
        private static byte[] content(String text, int padding) {
            return (text + " " + padding + " " + "x".repeat(padding)).getBytes(StandardCharsets.UTF_8);
        }

        private static String nameOf(byte[] content) {
            String[] parts = new String(content, StandardCharsets.UTF_8).split(" ", -1);
            if (parts.length != 3 || parts[2].length() != Integer.parseInt(parts[1])) {
                throw new IllegalStateException("a content that nobody wrote");
            }
            return parts[0];
        }

        Optional<String> read(Client client, Node node, String file) {
            return ask(
                    client.name(),
                    node,
                    owner(),
                    FILE + "/" + file,
                    Kind.READ,
                    "",
                    http -> or(NexusException.NOT_FOUND, Models.ABSENT, () -> {
                        Map<String, ?> answer = Json.object(
                                http.call("read", Map.of("path", path("f/" + file), "return_metadata", true)));
                        return nameOf((byte[]) answer.get("content")) + "@" + answer.get("version");
                    }));
        }

        void write(Client client, Node node, String file, int padding) {
            String text = client.next();
            ask(
                    client.name(),
                    node,
                    owner(),
                    FILE + "/" + file,
                    Kind.WRITE,
                    text,
                    http -> Long.toString(http.write(path("f/" + file), content(text, padding))
                            .version()));
        }

        private void delete(Client client, Node node, String file) {
            ask(
                    client.name(),
                    node,
                    owner(),
                    FILE + "/" + file,
                    Kind.DELETE,
                    "",
                    http -> or(NexusException.NOT_FOUND, Models.ABSENT, () -> {
                        http.delete(path("f/" + file));
                        return Models.OK;
                    }));
        }

        void append(Client client, Node node, int generation) {
            String line = client.next();
            ask(
                    client.name(),
                    node,
                    owner(),
                    LOG + "/" + generation,
                    Kind.APPEND,
                    line,
                    http -> Long.toString(
                            http.append(path("log-" + generation), (line + "\n").getBytes(StandardCharsets.UTF_8))
                                    .version()));
        }

        Optional<String> readLog(Client client, Node node, int generation) {
            return ask(
                    client.name(),
                    node,
                    owner(),
                    LOG + "/" + generation,
                    Kind.READ,
                    "",
                    http -> or(
                            NexusException.NOT_FOUND,
                            Models.ABSENT,
                            () -> String.join(
                                    ",",
                                    http.readText(path("log-" + generation))
                                            .lines()
                                            .toList())));
        }

        void grant(Client client, Node node, int user) {
            ask(client.name(), node, owner(), GRANT + "/" + user, Kind.GRANT, "", http -> {
                String tuple = http.rebacCreate(Ref.user(user(user)), "viewer", Ref.file(path(SHARED)), null);
                if (!tuple.equals(tuples.get(user))) {
                    throw new IllegalStateException("the same grant has another id: " + tuple);
                }
                return Models.OK;
            });
        }

        void revoke(Client client, Node node, int user) {
            ask(
                    client.name(),
                    node,
                    owner(),
                    GRANT + "/" + user,
                    Kind.REVOKE,
                    "",
                    http -> Boolean.toString(http.rebacDelete(tuples.get(user))));
        }

        /** The administrator asks whether the user may. */
        Optional<String> check(Client client, Node node, int user) {
            return ask(
                    client.name(),
                    node,
                    owner(),
                    GRANT + "/" + user,
                    Kind.CHECK,
                    "",
                    http -> Boolean.toString(http.rebacCheck(Ref.user(user(user)), "read", Ref.file(path(SHARED)))));
        }

        /** The user tries. */
        Optional<String> use(Client client, Node node, int user) {
            return ask(
                    client.name(),
                    node,
                    users.get(user),
                    GRANT + "/" + user,
                    Kind.CHECK,
                    "",
                    http -> or(NexusException.PERMISSION, "false", () -> {
                        http.read(path(SHARED));
                        return "true";
                    }));
        }

        private void keys(Client client, Node node, RandomGenerator random) {
            int dice = random.nextInt(10);
            if (keys.size() < LIVE_KEYS && dice < 4) {
                // Of a key whose creation was not answered nobody knows the secret.
                ask(client.name(), node, Cluster.ADMIN, KEY + "/new", Kind.GRANT, "", http -> {
                    keys.add(http.createKey(zone(), "guest", client.next()));
                    return Models.OK;
                });
                return;
            }
            NexusClient.Key live = keys.peekFirst();
            NexusClient.Key former = formerKeys.peekLast();
            if (live != null && dice < 5) {
                keys.remove(live);
                formerKeys.add(live);
                ask(client.name(), node, Cluster.ADMIN, KEY + "/" + live.id(), Kind.REVOKE, "", http -> {
                    http.revokeKey(live.id());
                    return Models.OK;
                });
            } else if (live != null && dice < 8) {
                useKey(client.name(), node, live);
            } else if (former != null) {
                useKey(client.name(), node, former);
            }
        }

        private Optional<String> useKey(String client, Node node, NexusClient.Key key) {
            return ask(client, node, key.text(), KEY + "/" + key.id(), Kind.CHECK, "", http -> {
                try {
                    http.exists(path(SHARED));
                    return "true";
                } catch (HttpStatusException e) {
                    if (e.status() == 401) {
                        return "false";
                    }
                    throw e;
                }
            });
        }

        @Override
        boolean askAll(Node node) {
            Client last = new Client("last");
            boolean all = true;
            for (int generation = 0; generation <= steps.get() / STEPS_PER_GENERATION; generation++) {
                for (int file = 0; file < FILES; file++) {
                    all &= read(last, node, generation + "-" + file).isPresent();
                }
                all &= readLog(last, node, generation).isPresent();
            }
            for (int user = 0; user < USERS; user++) {
                all &= check(last, node, user).isPresent();
                all &= use(last, node, user).isPresent();
            }
            for (NexusClient.Key key : keys) {
                all &= useKey(last.name(), node, key).isPresent();
            }
            for (NexusClient.Key key : formerKeys) {
                all &= useKey(last.name(), node, key).isPresent();
            }
            return all;
        }
    }

    // ---- quotas -----------------------------------------------------------------------------------------------------

    /** A tenant that may have a few files, whose clients all want one more. */
    static final class Race extends Tenant {
        private static final int LIMIT = 8;

        private final ConcurrentLinkedDeque<String> files = new ConcurrentLinkedDeque<>();
        private final Client last = new Client("last");
        private boolean full;

        Race(Cluster cluster, Recorder recorder, String zone) {
            super(cluster, recorder, zone, "{\"max_files\":" + LIMIT + "}");
        }

        private static String object() {
            return QUOTA + "/" + LIMIT;
        }

        @Override
        void step(Client client, Node node, RandomGenerator random) {
            int dice = random.nextInt(100);
            String file = files.peekFirst();
            if (dice < 55 || file == null) {
                create(client, node);
            } else if (dice < 85) {
                if (files.remove(file)) {
                    remove(client, node, file);
                }
            } else {
                count(client.name(), node, random.nextBoolean() ? owner() : Cluster.ADMIN);
            }
        }

        private Optional<String> create(Client client, Node node) {
            String file = client.next();
            Optional<String> answer = ask(
                    client.name(),
                    node,
                    owner(),
                    object(),
                    Kind.CREATE,
                    file,
                    http -> or(NexusException.QUOTA, Models.FULL, () -> {
                        http.write(path(file), "x");
                        return Models.OK;
                    }));
            // What nobody answered is removed too, if only to learn whether it was there.
            if (answer.isEmpty() || answer.get().equals(Models.OK)) {
                files.add(file);
            }
            return answer;
        }

        private void remove(Client client, Node node, String file) {
            Optional<String> answer = ask(
                    client.name(),
                    node,
                    owner(),
                    object(),
                    Kind.REMOVE,
                    file,
                    http -> or(NexusException.NOT_FOUND, Models.ABSENT, () -> {
                        http.delete(path(file));
                        return Models.OK;
                    }));
            if (answer.isEmpty()) {
                files.add(file);
            }
        }

        private Optional<String> count(String client, Node node, String key) {
            return ask(client, node, key, object(), Kind.COUNT, "", http -> {
                Object files = Json.object(http.readJson(path(".tenant.json")).get("usage"))
                        .get("files");
                long number = Long.parseLong(String.valueOf(files));
                if (number > LIMIT) {
                    throw new IllegalStateException("the usage is " + number + ", the limit is " + LIMIT);
                }
                return Long.toString(number);
            });
        }

        /** Takes what is free, to the last unit, and counts. */
        @Override
        boolean askAll(Node node) {
            for (int i = 0; i <= 2 * LIMIT && !full; i++) {
                full = create(last, node).filter(Models.FULL::equals).isPresent();
            }
            return full
                    && count(last.name(), node, owner())
                            .filter(Integer.toString(LIMIT)::equals)
                            .isPresent();
        }
    }
}
