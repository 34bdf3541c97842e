package nexus.bus;

import java.util.function.ToIntFunction;
import nexus.kernel.Must;
import org.jspecify.annotations.Nullable;

/**
 * The constants of an enum as bytes that stay the same whatever happens to their order. Give it a {@code switch} expression
 * without {@code default}: then the compiler finds a constant that has no code.
 */
final class Codes<E extends Enum<E>> implements Form<E> {
    private final ToIntFunction<E> codes;
    private final @Nullable Object[] constants = new Object[256];
    private final Class<E> type;

    Codes(Class<E> type, ToIntFunction<E> codes) {
        this.type = type;
        this.codes = codes;
        for (E constant : type.getEnumConstants()) {
            int code = codes.applyAsInt(constant);
            Must.hold(code > 0 && code < constants.length, "a code fits into a byte", code);
            Must.hold(constants[code] == null, "every constant has a code of its own", code);
            constants[code] = constant;
        }
    }

    @Override
    public void write(MessageWriter out, E value) {
        out.code(codes.applyAsInt(value));
    }

    @Override
    public E read(MessageReader in) {
        int code = in.code();
        Object constant = constants[code];
        if (constant == null) {
            throw in.fault("no " + type.getSimpleName() + " has the code " + code);
        }
        return type.cast(constant);
    }
}
