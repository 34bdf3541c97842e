package nexus.http.rpc;

import io.vertx.core.Future;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import nexus.http.json.Params;
import nexus.kernel.Must;
import org.jspecify.annotations.Nullable;

/** The methods that are served, by their names on the wire. Filled once at the start, then only read. */
final class MethodTable {
    /** One method. */
    interface Handler {
        /** Parses, asks, formats. Expected failures are thrown or returned as {@code ProblemException}s. */
        Future<Result> handle(Call call);
    }

    /**
     * @param mutates whether it may change anything; its answers are never stored by caches
     */
    record Method(String name, boolean mutates, Set<String> params, Handler handler) {
        Future<Result> call(RpcServices services, Caller caller, Map<?, ?> values) {
            return handler.handle(new Call(services, caller, new Params(values, params)));
        }
    }

    private final Map<String, Method> methods = new HashMap<>();

    /** Adds a method that changes nothing. */
    MethodTable query(String name, Handler handler, String... params) {
        return add(new Method(name, false, Set.of(params), handler));
    }

    /** Adds a method that may change something. */
    MethodTable command(String name, Handler handler, String... params) {
        return add(new Method(name, true, Set.of(params), handler));
    }

    private MethodTable add(Method method) {
        Must.hold(methods.put(method.name(), method) == null, "one method of a name", method.name());
        return this;
    }

    @Nullable
    Method find(String name) {
        return methods.get(name);
    }

    /** Sorted. */
    Collection<String> names() {
        return new TreeMap<>(methods).keySet();
    }
}
