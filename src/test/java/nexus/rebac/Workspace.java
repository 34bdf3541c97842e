package nexus.rebac;

import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import nexus.rebac.check.CheckLimits;
import nexus.rebac.check.CheckResult;
import nexus.rebac.check.Checker;
import nexus.rebac.check.GrantRoots;
import nexus.rebac.expand.Expander;
import nexus.rebac.expand.Expansion;
import nexus.rebac.schema.AuthorizationModel;
import nexus.rebac.schema.WorkspaceModel;
import nexus.rebac.tuple.DerivedRelation;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.SubjectRef;
import nexus.rebac.tuple.TupleIndex;
import nexus.rebac.tuple.TupleText;
import nexus.rebac.tuple.WorkspaceTuples;
import org.jspecify.annotations.Nullable;

/** A tenant's workspace for tests: everything is said in text. */
public final class Workspace {
    public static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

    public final AuthorizationModel model = WorkspaceModel.get();
    public final TupleIndex index = new TupleIndex(42);
    public final Register register = new Register();
    public final WorkspaceTuples derived = new WorkspaceTuples(register);
    public final Checker checker;
    public final Expander expander;

    public Workspace() {
        this(CheckLimits.DEFAULT);
    }

    public Workspace(CheckLimits limits) {
        checker = new Checker(model, index, derived, limits);
        expander = new Expander(model, index, derived, limits);
    }

    public Workspace put(String... tuples) {
        for (String tuple : tuples) {
            index.put(TupleText.parse(tuple), null);
        }
        return this;
    }

    public Workspace put(String tuple, @Nullable Instant expiresAt) {
        index.put(TupleText.parse(tuple), expiresAt);
        return this;
    }

    public CheckResult check(String object, String relation, String subject) {
        return check(object, relation, subject, NOON);
    }

    public CheckResult check(String object, String relation, String subject, Instant now) {
        return checker.check(TupleText.parseObject(object), relation, TupleText.parseSubject(subject), now);
    }

    public Expansion expand(String object, String relation) {
        return expander.subjects(TupleText.parseObject(object), relation, NOON);
    }

    public GrantRoots roots(String subject, String relation, String type) {
        return checker.grantRoots(TupleText.parseSubject(subject), relation, type, NOON);
    }

    /** The members of tenants. */
    public static final class Register implements DerivedRelation.Members {
        private final Map<String, Set<SubjectRef>> members = new TreeMap<>();

        public void add(String tenant, String subject) {
            members.computeIfAbsent(tenant, any -> new TreeSet<>()).add(TupleText.parseSubject(subject));
        }

        public void remove(String tenant, String subject) {
            members.getOrDefault(tenant, Set.of()).remove(TupleText.parseSubject(subject));
        }

        @Override
        public boolean contains(String objectId, SubjectRef subject) {
            return members.getOrDefault(objectId, Set.of()).contains(subject);
        }

        @Override
        public Collection<SubjectRef> of(String objectId) {
            return members.getOrDefault(objectId, Set.of());
        }

        @Override
        public Collection<String> objectsOf(SubjectRef subject) {
            return members.entrySet().stream()
                    .filter(entry -> entry.getValue().contains(subject))
                    .map(Map.Entry::getKey)
                    .toList();
        }
    }

    public static List<String> ids(List<?> refs) {
        return refs.stream().map(Object::toString).toList();
    }

    static ObjectRef object(String text) {
        return TupleText.parseObject(text);
    }
}
