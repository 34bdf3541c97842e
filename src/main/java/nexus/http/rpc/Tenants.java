package nexus.http.rpc;

import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;

/** The tenants that a caller may see, page by page. */
final class Tenants {
    private Tenants() {}

    static Future<Reply.Listing> page(Call call, @Nullable ZoneName after, int limit) {
        return call.ask((ZoneName) null, new TenantRequest.ListTenants(after, limit))
                .map(reply -> Replies.as(Reply.Listing.class, reply));
    }

    /** All of them, up to a bound; more is a problem. */
    static Future<List<Reply.FileInfo>> all(Call call, int max) {
        return more(call, null, new ArrayList<>(), max);
    }

    private static Future<List<Reply.FileInfo>> more(
            Call call, @Nullable ZoneName after, List<Reply.FileInfo> found, int max) {
        return page(call, after, Math.min(Limits.PAGE_ITEMS, max)).compose(page -> {
            found.addAll(page.entries());
            if (found.size() > max || (page.next() != null && found.size() == max)) {
                return Future.failedFuture(
                        Problem.tooLarge("there are more than " + max + " tenants: name one, or list them by pages")
                                .exception());
            }
            return page.next() == null ? Future.succeededFuture(found) : more(call, nameIn(page.next()), found, max);
        });
    }

    /** The name in a cursor of tenants, which is a name or the path of a tenant. */
    static ZoneName nameIn(String cursor) {
        String name = WorkspacePath.nameOf(cursor);
        if (!ZoneName.isValid(name)) {
            throw Problem.invalid("parameter 'cursor' is not one of a list of tenants")
                    .exception();
        }
        return new ZoneName(name);
    }
}
