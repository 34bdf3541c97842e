package nexus.http.rpc;

import io.vertx.core.Future;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import nexus.http.json.JsonFormatException;
import nexus.http.json.JsonReader;
import nexus.http.json.JsonWriter;
import nexus.http.json.Params;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.ZoneName;
import nexus.tenant.Credential;
import org.jspecify.annotations.Nullable;

/**
 * The REST twins of the key methods, for Nexus clients that speak so. What is asked and what comes back is that of
 * {@link AdminMethods}; here are only the paths, the parameters' other clothes, and the statuses.
 *
 * <pre>
 *   POST   /api/v2/auth/keys         201   a JSON object
 *   GET    /api/v2/auth/keys         200   filters in the query string
 *   GET    /api/v2/auth/keys/{id}    200   zone_id in the query string
 *   DELETE /api/v2/auth/keys/{id}    200   zone_id in the query string
 * </pre>
 *
 * <p>Thread-safe.
 */
public final class RestEndpoint {
    private static final String KEYS = "/api/v2/auth/keys";
    private static final String ID = "key_id";
    private static final Pattern WHOLE_NUMBER = Pattern.compile("-?[0-9]{1,18}");

    private static final Action CREATE = new Action(
            "keys_create",
            201,
            true,
            true,
            Set.of(
                    "label",
                    "name",
                    "user_id",
                    "zone_id",
                    "subject_type",
                    "subject_id",
                    "is_admin",
                    "expires_days",
                    "grants"),
            call -> AdminMethods.make(call).map(RestEndpoint::created));
    private static final Action LIST = new Action(
            "keys_list",
            200,
            false,
            false,
            Set.of("user_id", "zone_id", "is_admin", "include_revoked", "include_expired", "limit", "offset"),
            AdminMethods::list);
    private static final Action GET = new Action("keys_get", 200, false, false, Set.of("zone_id"), AdminMethods::get);
    private static final Action REVOKE =
            new Action("keys_revoke", 200, true, false, Set.of("zone_id"), AdminMethods::revoke);

    private static final Map<String, Action> OF_ALL = actions("GET", LIST, "POST", CREATE);
    private static final Map<String, Action> OF_ONE = actions("GET", GET, "DELETE", REVOKE);

    private static final Set<String> FLAGS = Set.of("is_admin", "include_revoked", "include_expired");
    private static final Set<String> NUMBERS = Set.of("limit", "offset");

    private final RpcServices services;

    /** All resources over these services. */
    public RestEndpoint(RpcServices services) {
        this.services = services;
    }

    /**
     * One thing that can be done with a resource.
     *
     * @param status of the answer when it went well
     * @param mutates whether it may change anything; its answers are never stored by caches
     * @param hasBody whether its parameters are in the body; else in the query string
     * @param params their names
     */
    private record Action(
            String name,
            int status,
            boolean mutates,
            boolean hasBody,
            Set<String> params,
            MethodTable.Handler handler) {}

    /** What is at a path. */
    private final class Keys implements Resource {
        private final Map<String, Action> actions;
        private final @Nullable String id;

        private Keys(Map<String, Action> actions, @Nullable String id) {
            this.actions = actions;
            this.id = id;
        }

        @Override
        public String allowed() {
            return String.join(", ", actions.keySet()) + ", OPTIONS";
        }

        @Override
        public Optional<String> operationName(String httpMethod) {
            return Optional.ofNullable(actions.get(httpMethod)).map(Action::name);
        }

        @Override
        public Operation operation(String httpMethod, RequestHead head) {
            Action action = actions.get(httpMethod);
            if (action == null) {
                throw new IllegalStateException("BUG: there is no " + httpMethod + " here");
            }
            return new Request(services, action, id, head.query());
        }
    }

    private static Map<String, Action> actions(String first, Action one, String second, Action other) {
        Map<String, Action> actions = new LinkedHashMap<>();
        actions.put(first, one);
        actions.put(second, other);
        return Collections.unmodifiableMap(actions);
    }

    /** What is at a path; empty if nothing is. */
    public Optional<Resource> find(String path) {
        if (path.equals(KEYS)) {
            return Optional.of(new Keys(OF_ALL, null));
        }
        if (!path.startsWith(KEYS + "/")) {
            return Optional.empty();
        }
        // An id needs no decoding: one of ours has letters and digits only.
        String id = path.substring(KEYS.length() + 1);
        return id.isEmpty() || id.indexOf('/') >= 0 ? Optional.empty() : Optional.of(new Keys(OF_ONE, id));
    }

    // ---- one request ------------------------------------------------------------------------------------------------

    private record Request(
            RpcServices services,
            Action action,
            @Nullable String id,
            @Nullable String query) implements Operation {
        @Override
        public Future<Answer> handle(Caller caller, byte[] body) {
            boolean systemKey = caller.credential().isSystem();
            Future<Result> result;
            try {
                Params params = params(body);
                result = action.handler().handle(new Call(services, caller, params));
            } catch (JsonFormatException e) {
                return Future.succeededFuture(malformed(e));
            } catch (RuntimeException e) {
                result = Future.failedFuture(e);
            }
            return result.<Answer>map(this::whole).recover(failure -> {
                Problem problem = Call.problemOf(failure);
                return problem == null
                        ? Future.failedFuture(failure)
                        : Future.succeededFuture(RestErrors.answer(problem, systemKey));
            });
        }

        @Override
        public int bodyBytesMax() {
            return RpcOptions.REST_BODY_BYTES;
        }

        @Override
        public Answer refused(byte[] body, Problem problem, Credential credential) {
            return RestErrors.answer(problem, credential.isSystem());
        }

        private Params params(byte[] body) {
            Map<String, @Nullable Object> values = new LinkedHashMap<>();
            if (action.hasBody()) {
                if (query != null && !query.isEmpty()) {
                    throw Problem.invalid("parameters belong into the body").exception();
                }
                return named(members(body));
            }
            if (body.length > 0) {
                throw Problem.invalid("a request of this kind has no body").exception();
            }
            QueryString.parse(query).forEach((name, text) -> values.put(name, typed(name, text)));
            Params params = new Params(values, action.params());
            if (id == null) {
                return params;
            }
            values.put(ID, id);
            return new Params(values, Set.of("zone_id", ID));
        }

        private Map<?, ?> members(byte[] body) {
            if (JsonReader.read(body) instanceof Map<?, ?> members) {
                return members;
            }
            throw Problem.invalid("the body must be a JSON object").exception();
        }

        /** What the key is called may be said in two ways, and need not be said. */
        private Params named(Map<?, ?> members) {
            Params given = new Params(members, action.params());
            if (given.has("grants") && !given.list("grants", Limits.BATCH_ITEMS).isEmpty()) {
                throw Problem.refused("grants are not made with a key: use rebac_create", null)
                        .exception();
            }
            if (given.has("label") && given.has("name")) {
                throw Problem.invalid("'label' and 'name' mean the same: give one of them")
                        .exception();
            }
            Map<Object, @Nullable Object> values = new LinkedHashMap<>(members);
            values.put("name", given.has("label") ? given.optional("label") : given.optional("name"));
            values.putIfAbsent("name", "unnamed");
            return new Params(values, action.params());
        }

        /** A value of a query string as JSON would have it; what it cannot be stays a text, and is refused as one. */
        private static Object typed(String name, String text) {
            if (FLAGS.contains(name) && text.equalsIgnoreCase("true")) {
                return true;
            }
            if (FLAGS.contains(name) && text.equalsIgnoreCase("false")) {
                return false;
            }
            return NUMBERS.contains(name) && WHOLE_NUMBER.matcher(text).matches() ? (Object) Long.valueOf(text) : text;
        }

        private static Answer malformed(JsonFormatException fault) {
            JsonWriter out = new JsonWriter(128)
                    .object()
                    .put("detail", String.valueOf(fault.getMessage()))
                    .endObject();
            return new Answer.Whole(400, "invalid_request", Answer.Caching.NO_STORE, null, 0, out);
        }

        private Answer.Whole whole(Result result) {
            Result.Json json = (Result.Json) result;
            JsonWriter out = new JsonWriter(512);
            json.text().accept(out);
            return new Answer.Whole(
                    action.status(),
                    "ok",
                    action.mutates() ? Answer.Caching.NO_STORE : Answer.Caching.REVALIDATE,
                    null,
                    0,
                    out);
        }
    }

    private static Result created(AdminMethods.Made made) {
        ZoneName zone = made.zone();
        return Result.json(out -> out.object()
                .put("key_id", made.keyId())
                .put("id", made.keyId())
                .put("key", made.text())
                .put("raw_key", made.text())
                .put("user_id", made.key().userId())
                .put("name", made.key().name())
                .put("zone_id", zone == null ? null : zone.value())
                .put("is_admin", made.key().systemAdministrator())
                .name("expires_at")
                .isoTime(made.key().expiresAt())
                .endObject());
    }
}
