package nexus.http;

import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import nexus.http.json.JsonWriter;
import nexus.http.rest.OpenApi;
import nexus.http.rpc.Answer;
import nexus.kernel.CommandId;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.tenant.Ask;
import nexus.tenant.Claims;
import nexus.tenant.Credential;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;

/** What is answered to GET: how the server is doing, and who a key is. */
final class Pages {
    private static final String GET_METHODS = "GET, HEAD, OPTIONS";

    /** Whoever speaks through a proxy on this machine is not this machine. */
    private static final Set<String> FORWARDED = Set.of("X-Forwarded-For", "Forwarded", "X-Real-IP");

    private final HttpOptions options;
    private final HttpServices services;
    private final Collection<String> methods;
    private final String openApi;
    private final String docs;

    /**
     * @param methods the names of the served methods
     * @param openApi of the server's own interface
     */
    Pages(HttpOptions options, HttpServices services, Collection<String> methods, OpenApi openApi) {
        this.options = options;
        this.services = services;
        this.methods = methods;
        this.openApi = openApi.json();
        this.docs = openApi.html();
    }

    void answer(Exchange exchange, String path) {
        switch (path) {
            case "/health" -> get(exchange, "health", this::health);
            case "/ready" -> get(exchange, "ready", this::ready);
            case "/metrics" -> get(exchange, "metrics", this::metrics);
            case "/api/auth/whoami" -> get(exchange, "whoami", this::whoami);
            case "/v1/openapi.json" ->
                get(exchange, "openapi", of -> of.text(200, "application/json; charset=utf-8", openApi));
            case "/v1/docs" -> get(exchange, "docs", of -> of.text(200, "text/html; charset=utf-8", docs));
            case "/api/nfs/status" -> get(exchange, "status", this::status);
            default -> exchange.detail(404, "Not Found");
        }
    }

    private interface Page {
        void answer(Exchange exchange);
    }

    private void get(Exchange exchange, String operation, Page page) {
        exchange.operation(operation);
        HttpMethod method = exchange.request().method();
        if (HttpMethod.GET.equals(method) || HttpMethod.HEAD.equals(method)) {
            page.answer(exchange);
        } else if (HttpMethod.OPTIONS.equals(method)) {
            exchange.options(GET_METHODS);
        } else {
            exchange.notAllowed(GET_METHODS);
        }
    }

    /** A page of JSON. */
    static Answer.Whole json(int status, JsonWriter out) {
        return new Answer.Whole(status, status < 400 ? "ok" : "http_" + status, Answer.Caching.NO_STORE, null, 0, out);
    }

    private void health(Exchange exchange) {
        exchange.send(json(
                200,
                new JsonWriter(128)
                        .object()
                        .put("status", "ok")
                        .put("version", options.version())
                        .put("mode", options.mode())
                        .endObject()));
    }

    private void ready(Exchange exchange) {
        boolean ready = services.ready().getAsBoolean();
        exchange.send(json(
                ready ? 200 : 503,
                new JsonWriter(64).object().put("ready", ready).endObject()));
    }

    private void status(Exchange exchange) {
        JsonWriter out = new JsonWriter(2048)
                .object()
                .put("status", "running")
                .put("service", "nexus-rpc")
                .put("version", options.version())
                .put("async", true)
                .name("methods")
                .list();
        methods.forEach(out::value);
        exchange.send(json(200, out.endList().endObject()));
    }

    /**
     * Metrics hold no tenant's name or content, but they tell how the server is doing: to its own machine, or to a system key.
     */
    private void metrics(Exchange exchange) {
        if (isLocal(exchange.request())) {
            sendMetrics(exchange);
            return;
        }
        Optional<Credential> credential = Identity.credential(exchange.request().headers(), services.keys());
        if (credential.isEmpty() || !credential.get().isSystem()) {
            noMetrics(exchange);
            return;
        }
        identity(exchange, credential.get(), Claims.NONE)
                .onComplete(
                        identity -> {
                            if (identity.systemAdministrator()) {
                                sendMetrics(exchange);
                            } else {
                                noMetrics(exchange);
                            }
                        },
                        failure -> noMetrics(exchange));
    }

    private static void noMetrics(Exchange exchange) {
        exchange.detail(401, "metrics are for this machine, or for a system key");
    }

    private void sendMetrics(Exchange exchange) {
        exchange.text(
                200,
                "text/plain; version=0.0.4; charset=utf-8",
                services.metrics().get());
    }

    /** Whether a request comes from this machine itself, and not by a proxy on it. */
    private static boolean isLocal(HttpServerRequest request) {
        for (String header : FORWARDED) {
            if (request.headers().contains(header)) {
                return false;
            }
        }
        try {
            // The text is an address, so no name is looked up.
            return InetAddress.getByName(ClientAddress.peer(request)).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }

    private void whoami(Exchange exchange) {
        Optional<Credential> credential = Identity.credential(exchange.request().headers(), services.keys());
        if (credential.isEmpty()) {
            services.telemetry().unauthenticated();
            nobody(exchange);
            return;
        }
        Claims claims;
        try {
            claims = Identity.claims(exchange.request().headers());
        } catch (ProblemException e) {
            nobody(exchange);
            return;
        }
        identity(exchange, credential.get(), claims)
                .onComplete(identity -> somebody(exchange, identity), failure -> notIdentified(exchange, failure));
    }

    private Future<Reply.Identity> identity(Exchange exchange, Credential credential, Claims claims) {
        return services.gateway()
                .ask(new Ask(
                        exchange.requestId(),
                        ClientAddress.of(exchange.request(), options.trustedProxies()),
                        new CommandId(new UUID(0, 0)),
                        credential,
                        claims,
                        null,
                        options.requestTimeout(),
                        new TenantRequest.WhoAmI()))
                .map(reply -> {
                    if (reply instanceof Reply.Identity identity) {
                        return identity;
                    }
                    throw new IllegalStateException("BUG: an identity was promised");
                });
    }

    private void notIdentified(Exchange exchange, Throwable failure) {
        Problem problem = Exchange.problemOf(failure);
        if (problem == null) {
            exchange.bug(failure);
        } else if (problem.code().isRetryable() || problem.code() == ProblemCode.RATE_LIMITED) {
            exchange.unavailable(problem.message());
        } else {
            nobody(exchange);
        }
    }

    private void nobody(Exchange exchange) {
        identityAnswer(exchange, false, null);
    }

    private void somebody(Exchange exchange, Reply.Identity identity) {
        identityAnswer(exchange, true, identity);
    }

    private static void identityAnswer(Exchange exchange, boolean authenticated, Reply.@Nullable Identity identity) {
        exchange.send(json(
                200,
                new JsonWriter(256)
                        .object()
                        .put("authenticated", authenticated)
                        .put("subject_type", identity == null ? null : identity.subjectType())
                        .put("subject_id", identity == null ? null : identity.subjectId())
                        .put(
                                "zone_id",
                                identity == null || identity.zone() == null
                                        ? null
                                        : identity.zone().value())
                        .put("is_admin", identity != null && identity.systemAdministrator())
                        .put("inherit_permissions", true)
                        .put("user", identity == null ? null : identity.subjectId())
                        .endObject()));
    }
}
