package nexus.http.rest;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import nexus.http.json.JsonWriter;

/**
 * The OpenAPI 3.1 document of {@code /v1}, and the page that shows it. Both are written from the routes by which requests are
 * judged: what is served is documented, and nothing else is.
 */
public final class OpenApi {
    /** How every operation may refuse: form, key, permission, size, rate, and that it cannot be reached. */
    private static final List<Integer> REFUSALS = List.of(400, 401, 403, 413, 429, 503);

    private static final Map<Integer, String> MEANINGS = meanings();

    private final String version;
    private final List<Route> routes;

    /** The document of these routes. */
    public OpenApi(String version, List<Route> routes) {
        this.version = version;
        this.routes = List.copyOf(routes);
    }

    private static Map<Integer, String> meanings() {
        Map<Integer, String> meanings = new LinkedHashMap<>();
        meanings.put(400, "The request does not have the form that it must have; the detail names the rule.");
        meanings.put(401, "There is no key, or it opens nothing.");
        meanings.put(403, "The key may not do this, its tenant is suspended, or a quota is in the way.");
        meanings.put(404, "It is not there.");
        meanings.put(409, "It is there already, or has changed meanwhile.");
        meanings.put(412, "It is not as `If-Match` wants it.");
        meanings.put(413, "The body is too large.");
        meanings.put(422, "Well-formed and permitted, but against a rule.");
        meanings.put(429, "Too often; `Retry-After` says when to come back.");
        meanings.put(503, "Not at the moment; `Retry-After` says when to come back.");
        return meanings;
    }

    /** The statuses by which an operation may refuse. */
    static Set<Integer> refusals(Route route) {
        Set<Integer> all = new TreeSet<>(REFUSALS);
        all.addAll(route.output().refusals());
        if (route.input().takes(RequestHeader.IF_MATCH)) {
            all.add(412);
        }
        if (route.input().takes(RequestHeader.IDEMPOTENCY_KEY)) {
            all.add(422);
        }
        return all;
    }

    // ---- the document -----------------------------------------------------------------------------------------------

    /** The document as JSON. */
    public String json() {
        JsonWriter out = new JsonWriter(64 * 1024);
        out.object().put("openapi", "3.1.0").name("info").object();
        out.put("title", "Nexus")
                .put("version", version)
                .put("description", "The server's own REST interface. Errors are problem details (RFC 9457).")
                .endObject();
        out.name("servers").list().object().put("url", "/").endObject().endList();
        out.name("security")
                .list()
                .object()
                .name("key")
                .list()
                .endList()
                .endObject()
                .endList();
        out.name("paths").object();
        byPath().forEach((path, methods) -> {
            out.name(path).object();
            methods.forEach(route -> operation(out, route));
            out.endObject();
        });
        out.endObject().name("components").object();
        out.name("securitySchemes").object().name("key").object();
        out.put("type", "http").put("scheme", "bearer").put("description", "An API key.");
        out.endObject().endObject();
        out.name("schemas").object().name("Problem");
        ProblemDetails.shape().print(out);
        out.endObject().endObject().endObject();
        return new String(out.array(), 0, out.size(), StandardCharsets.UTF_8);
    }

    private Map<String, List<Route>> byPath() {
        Map<String, List<Route>> paths = new LinkedHashMap<>();
        for (Route route : routes) {
            paths.computeIfAbsent(route.path(), path -> new ArrayList<>()).add(route);
        }
        return paths;
    }

    private static void operation(JsonWriter out, Route route) {
        out.name(route.method().toLowerCase(Locale.ROOT)).object();
        out.put("operationId", route.operation()).put("summary", route.summary());
        out.name("tags").list().value(tagOf(route)).endList();
        parameters(out, route);
        Schema.Members body = route.input().body();
        if (body != null) {
            out.name("requestBody").object().put("required", true);
            content(out, "application/json", () -> body.print(out));
            out.endObject();
        }
        out.name("responses").object();
        answer(out, route);
        for (int status : refusals(route)) {
            out.name(Integer.toString(status)).object().put("description", String.valueOf(MEANINGS.get(status)));
            content(
                    out,
                    "application/problem+json",
                    () -> out.object()
                            .put("$ref", "#/components/schemas/Problem")
                            .endObject());
            out.endObject();
        }
        out.endObject().endObject();
    }

    /** What stands behind {@code /v1/} in its path. */
    private static String tagOf(Route route) {
        return route.path().split("/", -1)[2];
    }

    private static void parameters(JsonWriter out, Route route) {
        out.name("parameters").list();
        for (String variable : new PathTemplate(route.path()).variables()) {
            out.object().put("name", variable).put("in", "path").put("required", true);
            out.name("schema").object().put("type", "string").endObject().endObject();
        }
        for (Parameter parameter : route.input().parameters()) {
            out.object().put("name", parameter.name()).put("in", "query").put("required", parameter.required());
            out.put("description", parameter.description()).name("schema").object();
            parameter.schema().keywords(out);
            if (parameter.otherwise() instanceof Long number) {
                out.put("default", number);
            }
            out.endObject().endObject();
        }
        for (RequestHeader header : RequestHeader.values()) {
            if (route.input().takes(header)) {
                out.object().put("name", header.text()).put("in", "header").put("required", false);
                out.put("description", header.description());
                out.name("schema").object().put("type", "string").endObject().endObject();
            }
        }
        out.endList();
    }

    private static void answer(JsonWriter out, Route route) {
        Route.Output output = route.output();
        out.name(Integer.toString(output.status())).object().put("description", "Done.");
        if (output.etag()) {
            out.name("headers").object().name("ETag").object();
            out.put("description", "For `If-Match`.").name("schema").object().put("type", "string");
            out.endObject().endObject().endObject();
        }
        Schema.Members body = output.body();
        if (body != null) {
            content(out, "application/json", () -> body.print(out));
        }
        out.endObject();
    }

    private static void content(JsonWriter out, String type, Runnable schema) {
        out.name("content").object().name(type).object().name("schema");
        schema.run();
        out.endObject().endObject();
    }

    // ---- the page ---------------------------------------------------------------------------------------------------

    /** The document as a page: no script, no font, nothing from anywhere else. */
    public String html() {
        StringBuilder page = new StringBuilder(32 * 1024);
        page.append("""
                <!DOCTYPE html>
                <html lang="en"><head><meta charset="utf-8"><title>Nexus /v1</title><style>
                body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
                code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre{background:#f4f4f4;padding:.8rem;overflow:auto}
                summary{cursor:pointer;padding:.3rem 0}table{border-collapse:collapse}td{padding:.1rem .8rem .1rem 0;vertical-align:top}
                b{display:inline-block;min-width:4.5rem}
                </style></head><body><h1>Nexus /v1</h1>
                <p>The server's own REST interface, in version
                """);
        page.append(escaped(version)).append("""
                . Send the key as <code>Authorization: Bearer</code>; errors are
                problem details (RFC 9457). The same as an <a href="/v1/openapi.json">OpenAPI 3.1 document</a>.</p>
                """);
        byPath().forEach((path, methods) -> methods.forEach(route -> operation(page, route)));
        return page.append("</body></html>\n").toString();
    }

    private static void operation(StringBuilder page, Route route) {
        page.append("<details id=\"")
                .append(route.operation())
                .append("\"><summary><b>")
                .append(route.method());
        page.append("</b> <code>")
                .append(escaped(route.path()))
                .append("</code> ")
                .append(marked(route.summary()));
        page.append("</summary>\n<table>");
        for (Parameter parameter : route.input().parameters()) {
            row(page, parameter.name(), (parameter.required() ? "Required. " : "") + parameter.description());
        }
        for (RequestHeader header : RequestHeader.values()) {
            if (route.input().takes(header)) {
                row(page, header.text(), header.description());
            }
        }
        page.append("</table>\n");
        Schema.Members body = route.input().body();
        if (body != null) {
            page.append("<p>Takes</p><pre>").append(escaped(pretty(body))).append("</pre>\n");
        }
        Route.Output output = route.output();
        page.append("<p>Answers <code>").append(output.status()).append("</code></p>");
        Schema.Members answer = output.body();
        if (answer != null) {
            page.append("<pre>").append(escaped(pretty(answer))).append("</pre>\n");
        }
        page.append("<table>");
        refusals(route).forEach(status -> row(page, Integer.toString(status), String.valueOf(MEANINGS.get(status))));
        page.append("</table></details>\n");
    }

    private static void row(StringBuilder page, String name, String text) {
        page.append("<tr><td><code>")
                .append(escaped(name))
                .append("</code></td><td>")
                .append(marked(text));
        page.append("</td></tr>");
    }

    /** A schema on several lines. */
    private static String pretty(Schema schema) {
        JsonWriter out = new JsonWriter(1024);
        schema.print(out);
        String json = new String(out.array(), 0, out.size(), StandardCharsets.UTF_8);
        StringBuilder pretty = new StringBuilder(2 * json.length());
        int depth = 0;
        boolean quoted = false;
        for (int i = 0; i < json.length(); i++) {
            char c = json.charAt(i);
            quoted ^= c == '"' && (i == 0 || json.charAt(i - 1) != '\\');
            boolean closes = !quoted && (c == '}' || c == ']');
            depth -= closes ? 1 : 0;
            if (closes) {
                pretty.append('\n').append("  ".repeat(depth));
            }
            pretty.append(c);
            boolean opens = !quoted && (c == '{' || c == '[');
            depth += opens ? 1 : 0;
            if (opens || !quoted && c == ',') {
                pretty.append('\n').append("  ".repeat(depth));
            } else if (!quoted && c == ':') {
                pretty.append(' ');
            }
        }
        return pretty.toString();
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    /** What stands between backquotes is code. */
    private static String marked(String text) {
        return escaped(text).replaceAll("`([^`]*)`", "<code>$1</code>");
    }
}
