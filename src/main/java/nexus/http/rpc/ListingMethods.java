package nexus.http.rpc;

import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import nexus.http.json.JsonWriter;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.WorkspacePath;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;

/** Methods that list folders. */
final class ListingMethods {
    private static final List<String> NAMESPACES = List.of("archives", "external", "shared", "workspace");

    private final RpcOptions options;

    ListingMethods(RpcOptions options) {
        this.options = options;
    }

    void register(MethodTable table) {
        table.query("list", this::list, "path", "recursive", "details", "prefix", "show_parsed", "limit", "cursor");
        table.query("get_available_namespaces", ListingMethods::namespaces);
    }

    private Future<Result> list(Call call) {
        String prefix = call.params().optionalString("prefix");
        if (prefix != null && prefix.length() > Limits.PATH_BYTES) {
            throw Problem.invalid("parameter 'prefix' has " + prefix.length() + " characters, the limit is "
                            + Limits.PATH_BYTES)
                    .exception();
        }
        WorkspacePath folder = folderOf(call.path("path", "/"), prefix);
        boolean recursive = call.params().flag("recursive", true);
        boolean details = call.params().flag("details", false);
        call.params().flag("show_parsed", true);
        Integer limit = call.params().optionalInteger("limit", 1, Limits.PAGE_ITEMS);
        String cursor = call.params().optionalString("cursor");
        if (cursor != null && limit == null) {
            throw Problem.invalid("parameter 'cursor' needs the parameter 'limit'")
                    .exception();
        }
        String filters = folder.wire() + '\n' + recursive + '\n' + (prefix == null ? "" : "=" + prefix);
        String after = ListCursor.parse(cursor, filters);
        Future<Reply.Listing> listing = isAbove(folder)
                ? tenants(call, prefix, after, limit)
                : files(call, folder, recursive, prefix, after, limit);
        return listing.map(page -> Result.json(page.entries().size(), out -> render(out, page, details, filters)));
    }

    /** Old clients list by a prefix alone: the folder is then the root of the tenant in it. */
    private static WorkspacePath folderOf(WorkspacePath folder, @Nullable String prefix) {
        if (prefix != null && !prefix.isBlank() && isAbove(folder)) {
            WorkspacePath named = WorkspacePath.parse(prefix);
            if ((named.zone() != null && !named.isTenantRoot())
                    || prefix.strip().endsWith("/")) {
                return named.zone() == null ? folder : WorkspacePath.inTenant(named.zone(), WorkspacePath.ROOT);
            }
        }
        return folder;
    }

    /** Whether a folder holds tenants: {@code /tenants}, and {@code /}, which holds nothing else. */
    private static boolean isAbove(WorkspacePath folder) {
        return folder.place() == WorkspacePath.Place.TENANTS || folder.place() == WorkspacePath.Place.TOP;
    }

    private static Future<Reply.Listing> files(
            Call call,
            WorkspacePath folder,
            boolean recursive,
            @Nullable String prefix,
            @Nullable String after,
            @Nullable Integer limit) {
        return call.ask(folder, new TenantRequest.ListFiles(folder, recursive, prefix, after, limit))
                .map(reply -> Replies.as(Reply.Listing.class, reply))
                .recover(failure -> Call.hidesPath(failure)
                        ? Future.succeededFuture(new Reply.Listing(List.of(), null))
                        : Future.failedFuture(failure));
    }

    private static Future<Reply.Listing> tenants(
            Call call, @Nullable String prefix, @Nullable String after, @Nullable Integer limit) {
        Future<Reply.Listing> listing = limit == null
                ? Tenants.all(call, Limits.UNPAGED_ITEMS).map(all -> new Reply.Listing(all, null))
                : Tenants.page(call, after == null ? null : Tenants.nameIn(after), limit);
        return prefix == null ? listing : listing.map(page -> matching(page, prefix));
    }

    private static Reply.Listing matching(Reply.Listing page, String prefix) {
        List<Reply.FileInfo> entries = new ArrayList<>();
        for (Reply.FileInfo entry : page.entries()) {
            if (entry.path().startsWith(prefix)) {
                entries.add(entry);
            }
        }
        return new Reply.Listing(entries, page.next());
    }

    private void render(JsonWriter out, Reply.Listing page, boolean details, String filters) {
        out.object().name("files").list();
        for (Reply.FileInfo entry : page.entries()) {
            if (options.listEntriesAsStrings() && !details) {
                out.value(entry.path());
            } else {
                FileJson.entry(out, entry, details);
            }
        }
        String next = page.next();
        out.endList()
                .put("has_more", next != null)
                .put("next_cursor", next == null ? null : ListCursor.print(next, filters))
                .endObject();
    }

    private static Future<Result> namespaces(Call call) {
        return call.identity()
                .map(identity -> Result.json(out -> {
                    out.object().name("namespaces").list();
                    NAMESPACES.subList(0, 3).forEach(out::value);
                    if (identity.systemAdministrator()) {
                        out.value("system");
                    }
                    out.value(NAMESPACES.get(3)).endList().endObject();
                }));
    }
}
