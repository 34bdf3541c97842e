package nexus.http.rest;

import io.vertx.core.Future;
import java.time.Instant;
import java.util.List;
import java.util.regex.Pattern;
import nexus.http.json.JsonWriter;
import nexus.http.json.SpecialValues;
import nexus.kernel.ContentHash;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.ZoneName;
import nexus.store.AuditEntry;
import nexus.store.TenantStore;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;

/**
 * The audit log of a tenant: who did what, when, from where, and who was refused.
 *
 * <pre>
 *   GET /v1/tenants/{zone}/audit           entries, newest first or oldest first, filtered, by pages
 *   GET /v1/tenants/{zone}/audit/verify    proves the hash chain, from its beginning or from an entry on
 * </pre>
 *
 * <p>An entry is the very line that {@code .audit/log.jsonl} shows, so its hash can be computed anew from it; what is hashed is
 * said in {@link nexus.store.AuditChain}. Who may read that file may ask here. Under the name {@code system} a system key has
 * the log of what is done to tenants and nodes.
 *
 * <p>Thread-safe.
 */
public final class AuditEndpoint {
    private static final int PAGE = 100;
    private static final int HASH_CHARS = 64;
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,18}");

    private static final Schema.Members ENTRY = Schema.members(
            Schema.required("seq", Schema.whole(1, Long.MAX_VALUE), "Its number: 1, 2, 3 ... without gaps."),
            Schema.required("timestamp", Schema.time(), "When the change was committed, or the refusal noted."),
            Schema.required("revision", Schema.whole(1, Long.MAX_VALUE), "The tenant's revision that it is part of."),
            Schema.required(
                    "kind",
                    Schema.choice("change", "denial", "access", "application"),
                    "A change; a refused operation; a system administrator's reading; an application's own entry."),
            Schema.required("action", Schema.text(), "The operation."),
            Schema.required("user", Schema.text(), "Who, as `user:alice`."),
            Schema.required("key_id", Schema.text(), "The id of the key."),
            Schema.required("remote", Schema.text(), "The address that the request came from."),
            Schema.required("request_id", Schema.text(), "The request's `X-Request-Id`."),
            Schema.optional("resource", Schema.text(), "The path, relative to the tenant's root."),
            Schema.optional(
                    "count", Schema.whole(2, Integer.MAX_VALUE), "How many of the kind it stands for, if several."),
            Schema.optional("detail", Schema.open(), "More, depending on the action; or what the application wrote."),
            Schema.required("hash", Schema.text(), "SHA-256 over the hash of the entry before it and this entry."));

    private static final Schema.Members VERDICT = Schema.members(
            Schema.required(
                    "intact", Schema.flag(), "Whether all entries that were looked at are as they were written."),
            Schema.required(
                    "complete",
                    Schema.flag(),
                    "Whether the log was looked at to its end; if not, go on after `proved`."),
            Schema.required("start", Schema.text(), "The hash that the first entry follows."),
            Schema.required("proved", Schema.whole(0, Long.MAX_VALUE), "The number of the last entry that is proved."),
            Schema.required("hash", Schema.text(), "The hash of that entry: keep both to begin there the next time."),
            Schema.required("last", Schema.whole(0, Long.MAX_VALUE), "The number of the log's last entry."),
            Schema.required(
                    "fault",
                    Schema.members(
                                    Schema.required("seq", Schema.whole(1, Long.MAX_VALUE), "The entry's number."),
                                    Schema.required("reason", Schema.text(), "What is wrong with it."))
                            .orNull(),
                    "The first entry that is not as it was written."));

    /** All operations. */
    public List<Route> routes() {
        return List.of(
                Route.of(
                                "GET",
                                "/v1/tenants/{zone}/audit",
                                "audit_list",
                                "Lists the entries of a tenant's audit log. A page may be short, or empty, although there"
                                        + " are more: go on as long as there is a cursor.",
                                AuditEndpoint::list)
                        .pages(
                                PAGE,
                                Limits.AUDIT_PAGE,
                                Parameter.of(
                                        "kind",
                                        Schema.choice("change", "denial", "access", "application"),
                                        "Only entries of this kind."),
                                Parameter.of("action", Schema.text(1, Limits.IDENTIFIER_BYTES), "Only this operation."),
                                Parameter.of(
                                        "user",
                                        Schema.text(1, 2 * Limits.IDENTIFIER_BYTES),
                                        "Only this user, as `user:alice`."),
                                Parameter.of(
                                        "path_prefix",
                                        Schema.text(1, Limits.PATH_BYTES),
                                        "Only entries whose `resource` begins so, as `/reports/`."),
                                Parameter.of("from", Schema.time(), "Only entries of this time and later."),
                                Parameter.of("to", Schema.time(), "Only entries before this time."),
                                new Parameter(
                                        "order",
                                        Schema.choice("newest_first", "oldest_first"),
                                        false,
                                        "newest_first",
                                        "In which order."))
                        .answers(200, RestReply.pageOf(ENTRY, Limits.AUDIT_PAGE))
                        .refuses(404),
                Route.of(
                                "GET",
                                "/v1/tenants/{zone}/audit/verify",
                                "audit_verify",
                                "Proves that no entry of the audit log was edited, removed, added or moved, up to "
                                        + Limits.AUDIT_PROVED + " entries at a time.",
                                AuditEndpoint::verify)
                        .with(
                                new Parameter(
                                        "after",
                                        Schema.whole(0, Long.MAX_VALUE),
                                        false,
                                        0L,
                                        "The number of an entry whose hash is known: the proof begins there."),
                                Parameter.of(
                                        "hash",
                                        Schema.text(HASH_CHARS, HASH_CHARS),
                                        "The hash of that entry, as it was shown."))
                        .answers(200, VERDICT)
                        .refuses(404));
    }

    private static Future<RestReply> list(RestCall call) {
        TenantRequest request = new TenantRequest.ListAudit(
                new TenantStore.AuditFilter(
                        call.text("kind"), call.text("action"), call.text("user"), call.text("path_prefix")),
                time(call, "from"),
                time(call, "to"),
                "newest_first".equals(call.text("order")),
                number(call.after()),
                call.whole("limit"));
        return call.ask(zone(call), request).map(reply -> {
            Reply.AuditPage page = (Reply.AuditPage) reply;
            Long next = page.next();
            return RestReply.page(
                    call, page.entries(), AuditEndpoint::entry, next == null ? null : Long.toString(next));
        });
    }

    /** The reserved tenant has a log too, of what is done to tenants and nodes: it is a system key's own. */
    private static @Nullable ZoneName zone(RestCall call) {
        boolean own =
                call.caller().credential().isSystem() && call.variable("zone").equals("system");
        return own ? null : call.zone("zone");
    }

    private static void entry(JsonWriter out, AuditEntry entry) {
        out.json(entry.rendered());
    }

    private static @Nullable Instant time(RestCall call, String name) {
        String text = call.text(name);
        return text == null ? null : SpecialValues.parseTime(text, "parameter '" + name + "'");
    }

    private static @Nullable Long number(@Nullable String after) {
        if (after == null) {
            return null;
        }
        if (!NUMBER.matcher(after).matches()) {
            throw Problem.invalid("parameter 'cursor' is not one of an audit log")
                    .exception();
        }
        return Long.valueOf(after);
    }

    private static Future<RestReply> verify(RestCall call) {
        String hash = call.text("hash");
        if (hash != null && !HASH.matcher(hash).matches()) {
            throw Problem.invalid("parameter 'hash' must be 64 lower-case hexadecimal characters")
                    .exception();
        }
        TenantRequest request =
                new TenantRequest.VerifyAudit(call.longWhole("after"), hash == null ? null : new ContentHash(hash));
        return call.ask(zone(call), request).map(reply -> {
            Reply.AuditVerdict verdict = (Reply.AuditVerdict) reply;
            return RestReply.of(out -> write(out, verdict));
        });
    }

    private static void write(JsonWriter out, Reply.AuditVerdict verdict) {
        Long fault = verdict.fault();
        out.object()
                .put("intact", fault == null)
                .put("complete", fault != null || verdict.proved() >= verdict.last())
                .put("start", verdict.start().hex())
                .put("proved", verdict.proved())
                .put("hash", verdict.hash().hex())
                .put("last", verdict.last())
                .name("fault");
        if (fault == null) {
            out.raw("null");
        } else {
            out.object().put("seq", fault).put("reason", verdict.reason()).endObject();
        }
        out.endObject();
    }
}
