package nexus.bus;

import java.lang.reflect.AnnotatedType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.function.Supplier;
import nexus.kernel.ContentHash;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.RelationTuple;
import nexus.rebac.tuple.SubjectRef;
import nexus.store.BlobPlace;
import nexus.store.Content;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;

/**
 * Random values of any type that messages are made of: of a sealed type a random kind, of a record one with random members.
 * What has a form of its own (a path, a zone's name, a hash) has a generator here.
 */
final class RandomMessages {
    private static final List<String> ALPHABET =
            List.of("a", "Z", "7", "-", " ", "\n", "\u0000", "\"", "é", "€", "\ufffd", "\uffff", "😀", "\ud800\udc00");
    private static final List<String> NAMES = List.of("a", "b.txt", "Ü", "日本", "😀", "x y", ".hidden", "%41");

    private final Random random;
    private final Map<Class<?>, Supplier<Object>> generators = new HashMap<>();

    RandomMessages(long seed) {
        this.random = new Random(seed);
        generators.put(boolean.class, random::nextBoolean);
        generators.put(Boolean.class, random::nextBoolean);
        generators.put(int.class, this::integer);
        generators.put(Integer.class, this::integer);
        generators.put(long.class, this::number);
        generators.put(Long.class, this::number);
        generators.put(String.class, this::text);
        generators.put(byte[].class, () -> bytes(32));
        generators.put(boolean[].class, this::flags);
        generators.put(UUID.class, () -> new UUID(random.nextLong(), random.nextLong()));
        generators.put(
                Instant.class,
                () -> Instant.ofEpochSecond(
                        random.nextLong() % Instant.MAX.getEpochSecond(), random.nextInt(1_000_000_000)));
        generators.put(Duration.class, () -> Duration.ofSeconds(number(), random.nextInt(1_000_000_000)));
        generators.put(ZoneName.class, this::zone);
        generators.put(WorkspacePath.class, this::path);
        generators.put(ContentHash.class, () -> ContentHash.of(bytes(8)));
        generators.put(BlobPlace.class, () -> new BlobPlace("p" + Math.abs(integer())));
        generators.put(ObjectRef.class, () -> new ObjectRef(word(), "/" + word() + "/é 😀"));
        generators.put(SubjectRef.class, () -> new SubjectRef(word(), word(), random.nextBoolean() ? "" : word()));
        generators.put(RelationTuple.class, () -> new RelationTuple(of(ObjectRef.class), word(), of(SubjectRef.class)));
        generators.put(
                Problem.Retry.class,
                () -> new Problem.Retry(
                        List.of(ProblemCode.OVERLOADED, ProblemCode.UNAVAILABLE, ProblemCode.RATE_LIMITED)
                                .get(random.nextInt(3)),
                        text(),
                        of(Duration.class)));
        generators.put(
                Content.Inline.class,
                () -> Content.Inline.of(bytes(random.nextInt(20) == 0 ? Limits.INLINE_CONTENT_BYTES : 100)));
        generators.put(TenantRequest.Idempotent.class, this::idempotent);
        generators.put(Reply.Replayed.class, () -> new Reply.Replayed(new Reply.Granted(text(), number())));
        generators.put(
                TenantRequest.AppendFile.class,
                () -> new TenantRequest.AppendFile(
                        path(),
                        bytes(random.nextInt(20) == 0 ? Limits.MIB : 100),
                        random.nextBoolean() ? null : text()));
    }

    private TenantRequest.Idempotent idempotent() {
        while (true) {
            TenantRequest.Command command = of(TenantRequest.Command.class);
            if (TenantRequest.Idempotent.isPossible(command)) {
                return new TenantRequest.Idempotent(of(UUID.class), of(ContentHash.class), command);
            }
        }
    }

    /** A random value of a type. */
    <T> T of(Class<T> type) {
        return type.cast(value(type));
    }

    private Object value(Type type) {
        if (type instanceof ParameterizedType parameterized) {
            Type[] arguments = parameterized.getActualTypeArguments();
            return parameterized.getRawType() == List.class ? list(arguments[0]) : texts();
        }
        Class<?> plain = (Class<?>) type;
        Supplier<Object> generator = generators.get(plain);
        if (generator != null) {
            return generator.get();
        } else if (plain.isSealed()) {
            List<Class<?>> kinds = Records.kinds(plain);
            return value(kinds.get(random.nextInt(kinds.size())));
        } else if (plain.isEnum()) {
            Object[] constants = plain.getEnumConstants();
            return constants[random.nextInt(constants.length)];
        }
        return record(plain);
    }

    private Object record(Class<?> type) {
        RecordComponent[] components = type.getRecordComponents();
        Class<?>[] types = new Class<?>[components.length];
        @Nullable Object[] values = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            types[i] = components[i].getType();
            values[i] =
                    isNullable(components[i]) && random.nextBoolean() ? null : value(components[i].getGenericType());
        }
        try {
            return type.getDeclaredConstructor(types).newInstance(values);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("no generator for " + type, e);
        }
    }

    static boolean isNullable(RecordComponent component) {
        AnnotatedType type = component.getAnnotatedType();
        return type.isAnnotationPresent(Nullable.class);
    }

    private List<Object> list(Type item) {
        int size = random.nextInt(50) == 0 ? 300 : random.nextInt(4);
        List<Object> list = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            list.add(value(item));
        }
        return list;
    }

    private Map<String, String> texts() {
        Map<String, String> texts = new LinkedHashMap<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            texts.put(text(), text());
        }
        return texts;
    }

    private int integer() {
        return random.nextInt() >> random.nextInt(32);
    }

    private long number() {
        return random.nextLong() >> random.nextInt(64);
    }

    private String text() {
        int length = random.nextInt(100) == 0 ? 40_000 : random.nextInt(12);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append(ALPHABET.get(random.nextInt(ALPHABET.size())));
        }
        return text.toString();
    }

    private String word() {
        return "w" + Integer.toHexString(random.nextInt(1000));
    }

    private byte[] bytes(int max) {
        byte[] bytes = new byte[random.nextInt(max + 1)];
        random.nextBytes(bytes);
        return bytes;
    }

    private boolean[] flags() {
        boolean[] flags = new boolean[random.nextInt(1001)];
        for (int i = 0; i < flags.length; i++) {
            flags[i] = random.nextBoolean();
        }
        return flags;
    }

    private ZoneName zone() {
        return new ZoneName("z" + random.nextInt(1000));
    }

    private WorkspacePath path() {
        StringBuilder path = new StringBuilder();
        switch (random.nextInt(5)) {
            case 0 -> path.append('/');
            case 1 -> path.append("/tenants/");
            case 2 -> path.append("/elsewhere/");
            default -> path.append("/tenants/").append(zone()).append('/');
        }
        int depth = random.nextInt(30) == 0 ? Limits.PATH_DEPTH : random.nextInt(4);
        for (int i = 0; i < depth; i++) {
            path.append(NAMES.get(random.nextInt(NAMES.size()))).append('/');
        }
        return WorkspacePath.parse(path.toString());
    }
}
