package nexus.history;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The objects of a tenant, one after the other. */
public final class Models {
    /** What a file that is not there answers. */
    public static final String ABSENT = "absent";

    /** What was done without more to tell. */
    public static final String OK = "ok";

    /** What a tenant answers that has no room. */
    public static final String FULL = "full";

    /** What is answered of a right that nobody has. */
    public static final String NO = "false";

    private Models() {}

    /** A file's content and version. */
    public record File(String value, long version) {
        static final File NONE = new File("", 0);

        /** As a read tells it. */
        public String text() {
            return version == 0 ? ABSENT : value + "@" + version;
        }
    }

    /**
     * A file that is written whole. A write answers the version, which is one more than the last one, or 1 where no file was:
     * so a write that was applied twice shows in the next one. A read answers {@code value@version} or {@link #ABSENT}.
     */
    public static Model<File> file() {
        return new Model<>() {
            @Override
            public File initial() {
                return File.NONE;
            }

            @Override
            public @Nullable File next(File state, Operation operation) {
                return switch (operation.kind()) {
                    case WRITE ->
                        answered(
                                operation,
                                Long.toString(state.version() + 1),
                                new File(operation.argument(), state.version() + 1));
                    case READ -> answered(operation, state.text(), state);
                    case DELETE -> answered(operation, state.version() == 0 ? ABSENT : OK, File.NONE);
                    default -> throw foreign(operation);
                };
            }

            @Override
            public List<Operation> resolved(List<Operation> history) {
                Map<String, Seen> seen = new HashMap<>();
                for (Operation operation : history) {
                    String result = operation.result();
                    int at = result == null ? -1 : result.indexOf('@');
                    if (operation.kind() == Operation.Kind.READ && result != null && at > 0) {
                        note(seen, result.substring(0, at), result.substring(at + 1), operation.returned());
                    }
                }
                return history.stream()
                        .map(operation -> operation.kind() == Operation.Kind.WRITE ? known(operation, seen) : operation)
                        .toList();
            }
        };
    }

    /**
     * A file that only grows by lines. An append answers the version, which is the number of appends, and with it the place
     * of the line; a read answers all lines, joined by commas.
     */
    public static Model<List<String>> log() {
        return new Model<>() {
            @Override
            public List<String> initial() {
                return List.of();
            }

            @Override
            public @Nullable List<String> next(List<String> state, Operation operation) {
                return switch (operation.kind()) {
                    case APPEND -> {
                        String place = Integer.toString(state.size() + 1);
                        if (!isPossible(operation, place)) {
                            yield null;
                        }
                        List<String> longer = new ArrayList<>(state);
                        longer.add(operation.argument());
                        yield List.copyOf(longer);
                    }
                    case READ -> answered(operation, state.isEmpty() ? ABSENT : String.join(",", state), state);
                    default -> throw foreign(operation);
                };
            }

            @Override
            public List<Operation> resolved(List<Operation> history) {
                Map<String, Seen> seen = new HashMap<>();
                for (Operation operation : history) {
                    String result = operation.result();
                    if (operation.kind() == Operation.Kind.READ && result != null && !result.equals(ABSENT)) {
                        String[] lines = result.split(",");
                        for (int i = 0; i < lines.length; i++) {
                            note(seen, lines[i], Integer.toString(i + 1), operation.returned());
                        }
                    }
                }
                return history.stream()
                        .map(operation ->
                                operation.kind() == Operation.Kind.APPEND ? known(operation, seen) : operation)
                        .toList();
            }
        };
    }

    /**
     * A grant, which somebody holds or not; nobody at first. Granting is idempotent; a revoke answers whether there was
     * something to revoke, a check whether it is held.
     */
    public static Model<Boolean> grant() {
        return new Right(false) {
            @Override
            String revoked(boolean before) {
                return Boolean.toString(before);
            }
        };
    }

    /** A key, good until it is revoked; to revoke it again is no fault. */
    public static Model<Boolean> key() {
        return new Right(true) {
            @Override
            String revoked(boolean before) {
                return OK;
            }
        };
    }

    private abstract static class Right implements Model<Boolean> {
        private final boolean atFirst;

        Right(boolean atFirst) {
            this.atFirst = atFirst;
        }

        abstract String revoked(boolean before);

        @Override
        public Boolean initial() {
            return atFirst;
        }

        @Override
        public @Nullable Boolean next(Boolean state, Operation operation) {
            return switch (operation.kind()) {
                case GRANT -> answered(operation, OK, true);
                case REVOKE -> answered(operation, revoked(state), false);
                case CHECK -> answered(operation, state.toString(), state);
                default -> throw foreign(operation);
            };
        }
    }

    /** The files of a tenant: those that are known by name, and how many others. */
    public record Files(TreeSet<String> named, int unseen) {
        int count() {
            return named.size() + unseen;
        }

        Files with(String file) {
            if (file.equals(Operation.UNSEEN)) {
                return new Files(named, unseen + 1);
            }
            TreeSet<String> more = new TreeSet<>(named);
            more.add(file);
            return new Files(more, unseen);
        }

        Files without(String file) {
            TreeSet<String> less = new TreeSet<>(named);
            less.remove(file);
            return new Files(less, unseen);
        }
    }

    /**
     * The files of a tenant that may have so many; each is created once at the most. A creation is refused if and only if the
     * limit is reached, a removal answers whether the file was there, a count how many there are.
     */
    public static Model<Files> quota(int limit) {
        return new Model<>() {
            @Override
            public Files initial() {
                return new Files(new TreeSet<>(), 0);
            }

            @Override
            public @Nullable Files next(Files state, Operation operation) {
                return switch (operation.kind()) {
                    case CREATE -> {
                        boolean room = state.count() < limit;
                        yield answered(operation, room ? OK : FULL, room ? state.with(operation.argument()) : state);
                    }
                    case REMOVE -> {
                        boolean there = state.named().contains(operation.argument());
                        yield answered(
                                operation, there ? OK : ABSENT, there ? state.without(operation.argument()) : state);
                    }
                    case COUNT -> answered(operation, Integer.toString(state.count()), state);
                    default -> throw foreign(operation);
                };
            }

            @Override
            public List<Operation> resolved(List<Operation> history) {
                Map<String, Seen> removed = new HashMap<>();
                Map<String, Long> missed = new HashMap<>();
                Set<String> mayBeRemoved = new HashSet<>();
                for (Operation operation : history) {
                    if (operation.kind() == Operation.Kind.REMOVE) {
                        if (operation.isOpen()) {
                            mayBeRemoved.add(operation.argument());
                        } else if (OK.equals(operation.result())) {
                            note(removed, operation.argument(), OK, operation.returned());
                        } else {
                            missed.merge(operation.argument(), operation.called(), Math::max);
                        }
                    }
                }
                return history.stream()
                        .map(operation -> {
                            String file = operation.argument();
                            boolean creation = operation.kind() == Operation.Kind.CREATE && operation.isOpen();
                            if (!creation || mayBeRemoved.contains(file) && !removed.containsKey(file)) {
                                return operation;
                            }
                            Seen seen = removed.get(file);
                            // It was not there when it was to be removed: if it ever was done, then later.
                            return seen == null
                                    ? operation.unseen(missed.getOrDefault(file, operation.called()))
                                    : operation.resolved(seen.result(), seen.before());
                        })
                        .toList();
            }
        };
    }

    /** What an operation was answered, as another answer shows, and until when it was done. */
    private record Seen(String result, long before) {}

    private static void note(Map<String, Seen> seen, String argument, String result, long before) {
        seen.merge(
                argument,
                new Seen(result, before),
                (one, other) -> one.result().equals(other.result()) && one.before() > other.before() ? other : one);
    }

    private static Operation known(Operation operation, Map<String, Seen> seen) {
        if (!operation.isOpen()) {
            return operation;
        }
        Seen shown = seen.get(operation.argument());
        return shown == null
                ? operation.unseen(operation.called())
                : operation.resolved(shown.result(), shown.before());
    }

    private static boolean isPossible(Operation operation, String right) {
        return operation.isOpen() || right.equals(operation.result());
    }

    private static <S> @Nullable S answered(Operation operation, String right, S next) {
        return isPossible(operation, right) ? next : null;
    }

    private static IllegalArgumentException foreign(Operation operation) {
        return new IllegalArgumentException("this object has no such operation: " + operation);
    }
}
