package nexus.bus;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;
import nexus.kernel.Must;

/**
 * The kinds of a sealed type: a row for each, with its code, its writer and its reader. A code is never used again for
 * something else. A kind that has no row is found when the table is made.
 *
 * <p>A kind that comes with a later version of the protocol gets a row that says so; it cannot be sent to a node that speaks an
 * older one, and is unknown in messages that claim to be older.
 */
final class Kinds<T> implements Form<T> {
    private record Kind<K>(
            int code, int since, Class<K> type, BiConsumer<MessageWriter, K> write, Function<MessageReader, K> read) {
        void write(MessageWriter out, Object value) {
            out.code(code);
            write.accept(out, type.cast(value));
        }
    }

    private final Class<T> sealed;
    private final Map<Integer, Kind<? extends T>> byCode;
    private final Map<Class<?>, Kind<? extends T>> byType;

    private Kinds(Class<T> sealed, List<Kind<? extends T>> kinds) {
        this.sealed = sealed;
        this.byCode = new HashMap<>(kinds.size() * 2);
        this.byType = new HashMap<>(kinds.size() * 2);
        for (Kind<? extends T> kind : kinds) {
            Must.hold(byCode.put(kind.code(), kind) == null, "every kind has a code of its own", kind.code());
            Must.hold(byType.put(kind.type(), kind) == null, "a kind has one row", kind.type());
        }
        requireAll(sealed);
    }

    private void requireAll(Class<?> type) {
        if (type.isSealed()) {
            for (Class<?> permitted : type.getPermittedSubclasses()) {
                requireAll(permitted);
            }
        } else {
            Must.hold(byType.containsKey(type), "every kind has a row", type);
        }
    }

    @Override
    public void write(MessageWriter out, T value) {
        Kind<? extends T> kind = byType.get(value.getClass());
        if (kind == null) {
            throw new IllegalStateException("BUG: no row for " + value.getClass());
        }
        Must.hold(kind.since() <= out.version(), "the receiver's version knows the kind", kind.type(), out.version());
        kind.write(out, value);
    }

    @Override
    public T read(MessageReader in) {
        int code = in.code();
        Kind<? extends T> kind = byCode.get(code);
        if (kind == null || kind.since() > in.version()) {
            throw in.fault("no " + sealed.getSimpleName() + " has the code " + code + " in version " + in.version());
        }
        return kind.read().apply(in);
    }

    static <T> Rows<T> of(Class<T> sealed) {
        return new Rows<>(sealed);
    }

    /** The rows of a table in the making. */
    static final class Rows<T> {
        private final Class<T> sealed;
        private final List<Kind<? extends T>> kinds = new ArrayList<>();

        private Rows(Class<T> sealed) {
            this.sealed = sealed;
        }

        /** A kind that every version has. */
        <K extends T> Rows<T> kind(
                int code, Class<K> type, BiConsumer<MessageWriter, K> write, Function<MessageReader, K> read) {
            return kind(code, NodeCodec.FIRST, type, write, read);
        }

        /** A kind that this version brought. */
        <K extends T> Rows<T> kind(
                int code,
                int since,
                Class<K> type,
                BiConsumer<MessageWriter, K> write,
                Function<MessageReader, K> read) {
            kinds.add(new Kind<>(code, since, type, write, read));
            return this;
        }

        /** A kind that holds nothing, so that one value is as good as another. */
        <K extends T> Rows<T> empty(int code, Class<K> type, K value) {
            return kind(code, type, (out, v) -> {}, in -> value);
        }

        Kinds<T> complete() {
            return new Kinds<>(sealed, kinds);
        }
    }
}
