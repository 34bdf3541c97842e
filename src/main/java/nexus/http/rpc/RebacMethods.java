package nexus.http.rpc;

import io.vertx.core.Future;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import nexus.http.json.JsonWriter;
import nexus.http.json.Params;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.SubjectRef;
import nexus.store.TupleRow;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import nexus.tenant.WireIds;
import org.jspecify.annotations.Nullable;

/** Methods about tuples and checks. Object ids of files are wire paths; the tenant's actor makes them its own. */
final class RebacMethods {
    private static final String FILE = "file";
    private static final String TENANT = "tenant";
    private static final Set<String> CONSISTENCY = Set.of("minimize_latency", "at_least_as_fresh", "fully_consistent");

    void register(MethodTable table) {
        table.command(
                "rebac_create",
                RebacMethods::create,
                "subject",
                "relation",
                "object",
                "expires_at",
                "zone_id",
                "column_config",
                "context",
                "conditions");
        table.command("rebac_delete", RebacMethods::delete, "tuple_id", "zone_id");
        table.query(
                "rebac_list_tuples",
                RebacMethods::listTuples,
                "subject",
                "relation",
                "object",
                "relation_in",
                "zone_id");
        table.query(
                "rebac_check",
                RebacMethods::check,
                "subject",
                "permission",
                "object",
                "zone_id",
                "consistency_mode",
                "min_revision");
        table.query("rebac_check_batch", RebacMethods::checkBatch, "checks", "zone_id");
        table.query("rebac_expand", RebacMethods::expand, "permission", "object", "zone_id");
    }

    /** An object and the path that it is, if it is a file. */
    record Target(ObjectRef object, @Nullable WorkspacePath path) {}

    static Target target(@Nullable Object value, String field) {
        if (!(value instanceof List<?> parts) || parts.size() != 2) {
            throw Problem.invalid(field + " must be a list of a type and an id").exception();
        }
        String type = Params.identifier(parts.get(0), field + "[0]");
        if (!type.equals(FILE)) {
            return new Target(object(type, Params.identifier(parts.get(1), field + "[1]"), field), null);
        }
        if (!(parts.get(1) instanceof String text)) {
            throw Problem.invalid(field + "[1] must be a string").exception();
        }
        WorkspacePath path = WorkspacePath.parse(text);
        return new Target(object(FILE, path.wire(), field), path);
    }

    private static ObjectRef object(String type, String id, String field) {
        try {
            return new ObjectRef(type, id);
        } catch (IllegalArgumentException e) {
            throw malformed(field, e);
        }
    }

    private static SubjectRef subject(@Nullable Object value, String field) {
        if (!(value instanceof List<?> parts) || parts.size() < 2 || parts.size() > 3) {
            throw Problem.invalid(field + " must be a list of a type, an id and perhaps a relation")
                    .exception();
        }
        String type = Params.identifier(parts.get(0), field + "[0]");
        String id = Params.identifier(parts.get(1), field + "[1]");
        String relation =
                parts.size() == 3 && parts.get(2) != null ? Params.identifier(parts.get(2), field + "[2]") : "";
        if (type.equals(FILE)) {
            id = WorkspacePath.parse(id).wire();
        }
        try {
            return new SubjectRef(type.equals("zone") ? TENANT : type, id, relation);
        } catch (IllegalArgumentException e) {
            throw malformed(field, e);
        }
    }

    private static RuntimeException malformed(String field, IllegalArgumentException e) {
        return Problem.invalid(field + ": " + e.getMessage()).exception();
    }

    private static String field(String name) {
        return "parameter '" + name + "'";
    }

    private static Target requiredTarget(Call call) {
        return target(call.params().required("object"), field("object"));
    }

    private static SubjectRef requiredSubject(Call call) {
        return subject(call.params().required("subject"), field("subject"));
    }

    private static @Nullable String zoneId(Call call) {
        return call.params().optionalString("zone_id");
    }

    private static Future<Result> create(Call call) {
        SubjectRef subject = requiredSubject(call);
        String relation = call.params().identifier("relation");
        Target target = requiredTarget(call);
        Instant expiresAt = call.params().optionalTime("expires_at");
        call.params().notServed("column_config", "context", "conditions");
        WorkspacePath path = target.path();
        if (call.isSystem() && path != null && path.source() != null) {
            return offer(call, subject, relation, path, expiresAt).map(RebacMethods::granted);
        }
        return call.ask(
                        call.zone(zoneId(call), path),
                        new TenantRequest.CreateTuple(target.object(), relation, subject, expiresAt))
                .map(RebacMethods::granted);
    }

    /** A grant at a path where another tenant's shares appear announces a share of that tenant. */
    private static Future<Reply> offer(
            Call call, SubjectRef subject, String relation, WorkspacePath path, @Nullable Instant expiresAt) {
        ZoneName source = path.source();
        ZoneName target = path.zone();
        String zoneId = zoneId(call);
        String name = WorkspacePath.nameOf(path.relative());
        if (source == null
                || target == null
                || zoneId != null && !zoneId.equals(source.value())
                || !path.relative().equals(WorkspacePath.sharedFrom(source) + "/" + name)) {
            throw Problem.refused(
                            "a share is announced for /tenants/{target}/shared/from-{source}/{name} with the source as "
                                    + "zone_id",
                            path.wire())
                    .exception();
        }
        if (!subject.equals(SubjectRef.of(TENANT, target.value())) || WorkspacePath.isControl(path.relative())) {
            throw Problem.refused(
                            "what " + source + " shares with " + target + " is granted to [\"tenant\", \"" + target
                                    + "\"]",
                            path.wire())
                    .exception();
        }
        return call.ask(source, new TenantRequest.OfferShare(target, name, relation, expiresAt));
    }

    /** What a grant answers. */
    static Result granted(Reply reply) {
        Reply.Granted granted = Replies.as(Reply.Granted.class, reply);
        return Result.json(out -> out.object()
                .put("tuple_id", granted.id())
                .put("revision", granted.revision())
                .put("consistency_token", "v" + granted.revision())
                .endObject());
    }

    private static Future<Result> delete(Call call) {
        return deleteById(call, call.params().string("tuple_id"), zoneId(call));
    }

    /** Ends the grant or the share of an id. */
    static Future<Result> deleteById(Call call, String text, @Nullable String zoneId) {
        Optional<WireIds> id = WireIds.parse(text);
        // Who asks is judged even if there is nothing to delete.
        return id.isEmpty()
                ? call.identity().map(identity -> bool(false))
                : Addresses.of(call, zoneId, id.get().tenant())
                        .compose(address -> address.isEmpty()
                                ? call.identity().map(identity -> bool(false))
                                : call.ask(
                                                address.get().zone(),
                                                new TenantRequest.DeleteTuple(
                                                        id.get().id()))
                                        .map(reply -> bool(Replies.as(Reply.Flag.class, reply)
                                                .value())));
    }

    private static Result bool(boolean value) {
        return Result.json(out -> out.value(value));
    }

    private static Future<Result> listTuples(Call call) {
        Object subjectValue = call.params().optional("subject");
        SubjectRef subject = subjectValue == null ? null : subject(subjectValue, field("subject"));
        Object objectValue = call.params().optional("object");
        Target target = objectValue == null ? null : target(objectValue, field("object"));
        TenantRequest request =
                new TenantRequest.ListTuples(subject, relations(call), target == null ? null : target.object());
        ZoneName zone = call.zone(zoneId(call), target == null ? null : target.path());
        Future<List<Reply.Tuples>> tuples = call.isSystem() && zone == null
                ? everywhere(call, request)
                : call.ask(zone, request).map(reply -> List.of(Replies.as(Reply.Tuples.class, reply)));
        return tuples.map(RebacMethods::listed);
    }

    private static List<String> relations(Call call) {
        String relation = call.params().optionalIdentifier("relation");
        List<String> relations = new ArrayList<>();
        if (call.params().has("relation_in")) {
            for (Object item : call.params().list("relation_in", Limits.BATCH_ITEMS)) {
                relations.add(Params.identifier(item, field("relation_in")));
            }
            if (relations.isEmpty()) {
                throw Problem.invalid(field("relation_in") + " must not be empty")
                        .exception();
            }
        }
        if (relation == null) {
            return relations;
        }
        if (!relations.isEmpty() && !relations.contains(relation)) {
            throw Problem.invalid(field("relation") + " is not one of 'relation_in'")
                    .exception();
        }
        return List.of(relation);
    }

    /** A system key that names no tenant asks them all. */
    private static Future<List<Reply.Tuples>> everywhere(Call call, TenantRequest request) {
        int[] found = {0};
        return Tenants.all(call, RpcOptions.SWEEP_TENANTS)
                .compose(tenants -> Fanout.each(
                        tenants,
                        RpcOptions.SWEEP_FAN_OUT,
                        tenant -> call.ask(Tenants.nameIn(tenant.path()), request)
                                .map(reply -> {
                                    Reply.Tuples tuples = Replies.as(Reply.Tuples.class, reply);
                                    found[0] += tuples.tuples().size();
                                    if (found[0] > Limits.UNPAGED_ITEMS) {
                                        throw Problem.tooLarge("there are more than " + Limits.UNPAGED_ITEMS
                                                        + " tuples: name a zone_id, a subject or an object")
                                                .exception();
                                    }
                                    return tuples;
                                })));
    }

    private static Result listed(List<Reply.Tuples> all) {
        int count = 0;
        for (Reply.Tuples tuples : all) {
            count += tuples.tuples().size();
        }
        return Result.json(count, out -> {
            out.list();
            for (Reply.Tuples tuples : all) {
                for (TupleRow row : tuples.tuples()) {
                    tuple(out, tuples.tenant(), tuples.zone(), row);
                }
            }
            out.endList();
        });
    }

    private static void tuple(JsonWriter out, TenantId tenant, ZoneName zone, TupleRow row) {
        SubjectRef subject = row.tuple().subject();
        out.object()
                .put("tuple_id", WireIds.print(tenant, row.id()))
                .put("subject_type", subject.type())
                .put("subject_id", subject.id())
                .put("subject_relation", subject.relation().isEmpty() ? null : subject.relation())
                .put("relation", row.tuple().relation())
                .put("object_type", row.tuple().object().type())
                .put("object_id", row.tuple().object().id())
                .name("created_at")
                .isoTime(row.createdAt())
                .name("expires_at")
                .isoTime(row.expiresAt())
                .put("zone_id", zone.value())
                .endObject();
    }

    private static Future<Result> check(Call call) {
        SubjectRef subject = requiredSubject(call);
        String permission = call.params().identifier("permission");
        Target target = requiredTarget(call);
        // Every check is answered from the newest committed state: all modes are the strictest one.
        call.params().choice("consistency_mode", "minimize_latency", CONSISTENCY);
        if (call.params().has("min_revision")) {
            call.params().integer("min_revision", 0, Long.MAX_VALUE);
        }
        return call.ask(
                        call.zone(zoneId(call), target.path()),
                        new TenantRequest.Check(
                                List.of(new TenantRequest.CheckItem(subject, permission, target.object()))))
                .map(reply -> bool(Replies.as(Reply.Checks.class, reply).allowed()[0]));
    }

    /** A question and its place among all. */
    private record Question(int index, TenantRequest.CheckItem item) {}

    private static Future<Result> checkBatch(Call call) {
        List<?> checks = call.params().list("checks", Limits.CHECK_BATCH_ITEMS);
        String zoneId = zoneId(call);
        // A system key may ask several tenants in one call.
        Map<Optional<ZoneName>, List<Question>> byZone = new LinkedHashMap<>();
        for (int i = 0; i < checks.size(); i++) {
            String field = field("checks") + "[" + i + "]";
            if (!(checks.get(i) instanceof List<?> parts) || parts.size() != 3) {
                throw Problem.invalid(field + " must be a list of a subject, a permission and an object")
                        .exception();
            }
            Target target = target(parts.get(2), field + "[2]");
            TenantRequest.CheckItem item = new TenantRequest.CheckItem(
                    subject(parts.get(0), field + "[0]"),
                    Params.identifier(parts.get(1), field + "[1]"),
                    target.object());
            byZone.computeIfAbsent(Optional.ofNullable(call.zone(zoneId, target.path())), zone -> new ArrayList<>())
                    .add(new Question(i, item));
        }
        if (checks.isEmpty()) {
            return call.identity().map(identity -> Result.json(out -> out.list().endList()));
        }
        boolean[] allowed = new boolean[checks.size()];
        return Fanout.each(
                        List.copyOf(byZone.entrySet()),
                        RpcOptions.SWEEP_FAN_OUT,
                        entry -> ask(call, entry.getKey().orElse(null), entry.getValue(), allowed))
                .map(done -> Result.json(allowed.length, out -> {
                    out.list();
                    for (boolean value : allowed) {
                        out.value(value);
                    }
                    out.endList();
                }));
    }

    private static Future<Boolean> ask(
            Call call, @Nullable ZoneName zone, List<Question> questions, boolean[] allowed) {
        List<TenantRequest.CheckItem> items =
                questions.stream().map(Question::item).toList();
        return call.ask(zone, new TenantRequest.Check(items)).map(reply -> {
            boolean[] answers = Replies.as(Reply.Checks.class, reply).allowed();
            for (int i = 0; i < answers.length; i++) {
                allowed[questions.get(i).index()] = answers[i];
            }
            return true;
        });
    }

    private static Future<Result> expand(Call call) {
        String permission = call.params().identifier("permission");
        Target target = requiredTarget(call);
        return call.ask(call.zone(zoneId(call), target.path()), new TenantRequest.Expand(permission, target.object()))
                .map(reply -> Replies.as(Reply.Subjects.class, reply).subjects())
                .map(subjects -> Result.json(subjects.size(), out -> {
                    out.list();
                    for (String subject : subjects) {
                        int colon = subject.indexOf(':');
                        out.list()
                                .value(subject.substring(0, Math.max(0, colon)))
                                .value(subject.substring(colon + 1))
                                .endList();
                    }
                    out.endList();
                }));
    }
}
