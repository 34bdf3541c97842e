/**
 * The server's own REST interface, below {@code /v1}.
 *
 * <p>An operation is a {@link nexus.http.rest.Route}: data that says method, path, body, parameters, headers and answer. Requests
 * are judged by it, and the OpenAPI document is written from it, so the two cannot differ. To add operations, write a class with
 * a method {@code List<Route> routes()} and hand its routes to the {@link nexus.http.rest.RouteTable} in
 * {@code nexus.http.HttpAdapter}:
 *
 * <pre>
 *   Route.of("PUT", "/v1/things/{zone}", "thing_put", "What it does, in one line.", this::put)
 *           .takes(Schema.members(Schema.required("name", Schema.text(1, 100), "What it is called.")), 4096)
 *           .heeds(RequestHeader.IF_MATCH, RequestHeader.IDEMPOTENCY_KEY)
 *           .answers(200, THING)
 *           .tagged()                       // the answer has an ETag
 *           .refuses(404, 412);             // besides 400, 401, 403, 413, 429, 503, which all have
 *
 *   private Future&lt;RestReply&gt; put(RestCall call) {
 *       ZoneName zone = call.zone("zone");
 *       return call.ask(zone, new TenantRequest.PutThing(call.body().string("name"), call.ifMatch()))
 *               .map(reply -&gt; RestReply.of(out -&gt; ...).tagged(...));
 *   }
 * </pre>
 *
 * <p>What comes to a handler is judged already by its {@link nexus.http.rest.Schema}; an unknown parameter, member or header that
 * the route does not take is refused. A handler decides nothing: it asks a tenant, whose rules are the same behind every
 * interface. Expected failures are {@link nexus.kernel.Problem}s, and become problem details (RFC 9457) in one place.
 *
 * <p>A listing is paged by {@code route.pages(...)}, {@code call.after()} and {@link nexus.http.rest.RestReply#page}: the cursor
 * is the last key, opaque, and refused under other filters; pages are stable while others write.
 *
 * <p>{@code Idempotency-Key} costs a handler nothing: the one command that it asks is remembered with its reply, in its own
 * transaction, and answered again. So a handler of such a route asks one command and nothing else, and its answer is a function
 * of the request and the reply alone.
 */
@NullMarked
package nexus.http.rest;

import org.jspecify.annotations.NullMarked;
