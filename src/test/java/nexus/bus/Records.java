package nexus.bus;

import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import nexus.store.KeyRecord;
import org.jspecify.annotations.Nullable;

/** Records looked at from outside, so that a test sees every member, also those that a form forgets. */
final class Records {
    private Records() {}

    /** Everything that a message holds, as text: arrays by their content, maps in their order, a stored key without its hash. */
    static String show(@Nullable Object value) {
        if (value == null) {
            return "null";
        } else if (value instanceof byte[] bytes) {
            return "x" + HexFormat.of().formatHex(bytes);
        } else if (value instanceof boolean[] flags) {
            return Arrays.toString(flags);
        } else if (value instanceof List<?> list) {
            return list.stream().map(Records::show).collect(Collectors.joining(", ", "[", "]"));
        } else if (value instanceof Map<?, ?> map) {
            return map.entrySet().stream()
                    .map(entry -> show(entry.getKey()) + "=" + show(entry.getValue()))
                    .collect(Collectors.joining(", ", "{", "}"));
        } else if (value instanceof Record) {
            return Arrays.stream(value.getClass().getRecordComponents())
                    .filter(component -> !isKeyHash(component))
                    .map(component -> component.getName() + "=" + show(get(component, value)))
                    .collect(Collectors.joining(", ", value.getClass().getSimpleName() + "(", ")"));
        }
        return value.getClass().getSimpleName() + ":" + value;
    }

    private static boolean isKeyHash(RecordComponent component) {
        return component.getDeclaringRecord() == KeyRecord.class
                && component.getName().equals("secretHash");
    }

    /** The value of a component. */
    static @Nullable Object get(RecordComponent component, Object record) {
        try {
            component.getAccessor().setAccessible(true);
            return component.getAccessor().invoke(record);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    /** The records that a sealed type permits, through all its parts. */
    static List<Class<?>> kinds(Class<?> type) {
        if (!type.isSealed()) {
            return List.of(type);
        }
        return Arrays.stream(type.getPermittedSubclasses())
                .flatMap(permitted -> kinds(permitted).stream())
                .toList();
    }
}
