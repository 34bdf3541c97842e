package nexus.http.rest;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import nexus.http.rpc.Operation;
import nexus.http.rpc.RequestHead;
import nexus.http.rpc.Resource;
import nexus.http.rpc.RpcServices;
import nexus.kernel.Must;

/** All operations of {@code /v1}, found by path and method. Thread-safe. */
public final class RouteTable {
    private final RpcServices services;
    private final List<Route> routes;
    private final Map<PathTemplate, Map<String, Route>> byPath = new LinkedHashMap<>();

    /** These routes; two of the same method and path, or of the same name, are a bug. */
    public RouteTable(RpcServices services, List<Route> routes) {
        this.services = services;
        this.routes = List.copyOf(routes);
        Set<String> names = new HashSet<>();
        for (Route route : routes) {
            Must.hold(names.add(route.operation()), "one operation of a name", route.operation());
            Map<String, Route> methods =
                    byPath.computeIfAbsent(new PathTemplate(route.path()), path -> new LinkedHashMap<>());
            Must.hold(methods.put(route.method(), route) == null, "one operation of a method and path", route.path());
        }
    }

    /** All of them, in the order in which they are shown. */
    public List<Route> routes() {
        return routes;
    }

    /** What is at a path; empty if nothing is. */
    public Optional<Resource> find(String path) {
        List<Resource> found = new ArrayList<>(1);
        byPath.forEach((template, methods) ->
                template.match(path).ifPresent(values -> found.add(new At(services, methods, values))));
        // A path without variables is told apart from one with variables by its place in the order of the routes.
        return found.stream().findFirst();
    }

    private record At(RpcServices services, Map<String, Route> methods, Map<String, String> variables)
            implements Resource {
        @Override
        public String allowed() {
            return String.join(", ", methods.keySet()) + ", OPTIONS";
        }

        @Override
        public Optional<String> operationName(String httpMethod) {
            return Optional.ofNullable(methods.get(httpMethod)).map(Route::operation);
        }

        @Override
        public Operation operation(String httpMethod, RequestHead head) {
            Route route = methods.get(httpMethod);
            if (route == null) {
                throw new IllegalStateException("BUG: there is no " + httpMethod + " here");
            }
            return new RestRequest(services, route, variables, head);
        }
    }
}
