package nexus.bus;

import java.util.function.BiConsumer;
import java.util.function.Function;

/** How values of one type are written and read: what {@code write} appends, {@code read} takes, and nothing else. */
interface Form<T> {
    void write(MessageWriter out, T value);

    T read(MessageReader in);

    /** The form that these two are. */
    static <T> Form<T> of(BiConsumer<MessageWriter, T> write, Function<MessageReader, T> read) {
        return new Form<>() {
            @Override
            public void write(MessageWriter out, T value) {
                write.accept(out, value);
            }

            @Override
            public T read(MessageReader in) {
                return read.apply(in);
            }
        };
    }
}
