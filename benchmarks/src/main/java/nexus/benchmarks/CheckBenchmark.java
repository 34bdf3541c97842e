package nexus.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import nexus.rebac.check.CheckLimits;
import nexus.rebac.check.CheckResult;
import nexus.rebac.check.Checker;
import nexus.rebac.schema.ModelParser;
import nexus.rebac.tuple.DerivedRelation;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.RelationTuple;
import nexus.rebac.tuple.SubjectRef;
import nexus.rebac.tuple.TupleIndex;
import nexus.rebac.tuple.WorkspaceTuples;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** A check in the engine: a grant five folders up, found and not found. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class CheckBenchmark {
    @Param({"1000", "100000"})
    int tuples;

    private Checker checker;
    private final ObjectRef file = new ObjectRef("file", "/a/b/c/d/e/report.txt");
    private final SubjectRef alice = SubjectRef.of("user", "alice");
    private final SubjectRef mallory = SubjectRef.of("user", "mallory");
    private final SubjectRef member = SubjectRef.of("user", "member");
    private final Instant now = Instant.parse("2026-01-01T00:00:00Z");

    @Setup
    public void fill() throws IOException {
        TupleIndex index = new TupleIndex(42);
        put(index, new ObjectRef("file", "/a"), "owner", alice);
        put(index, new ObjectRef("file", "/a"), "can_read", new SubjectRef("group", "outer", "member"));
        put(index, new ObjectRef("group", "outer"), "member", new SubjectRef("group", "inner", "member"));
        put(index, new ObjectRef("group", "inner"), "member", member);
        for (int i = 4; i < tuples; i++) {
            put(index, new ObjectRef("file", "/x/" + i / 10), "can_read", SubjectRef.of("user", "u" + i % 1000));
        }
        try (InputStream in = CheckBenchmark.class.getResourceAsStream("/nexus/workspace.fga")) {
            checker = new Checker(
                    ModelParser.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8)),
                    index,
                    new WorkspaceTuples(new Nobody()),
                    CheckLimits.DEFAULT);
        }
    }

    private static void put(TupleIndex index, ObjectRef object, String relation, SubjectRef subject) {
        index.put(new RelationTuple(object, relation, subject), null);
    }

    @Benchmark
    public CheckResult hitFiveFoldersUp() {
        return checker.check(file, "read", alice, now);
    }

    @Benchmark
    public CheckResult hitThroughTwoGroups() {
        return checker.check(file, "read", member, now);
    }

    @Benchmark
    public CheckResult miss() {
        return checker.check(file, "read", mallory, now);
    }

    private static final class Nobody implements DerivedRelation.Members {
        @Override
        public boolean contains(String objectId, SubjectRef subject) {
            return false;
        }

        @Override
        public Collection<SubjectRef> of(String objectId) {
            return List.of();
        }

        @Override
        public Collection<String> objectsOf(SubjectRef subject) {
            return List.of();
        }
    }
}
