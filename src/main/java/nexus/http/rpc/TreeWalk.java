package nexus.http.rpc;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.function.Predicate;
import nexus.kernel.WorkspacePath;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;

/**
 * Shows each file below a folder that the caller may read, page by page in the order of the paths, until the visitor has
 * seen enough. A folder that he cannot see has none.
 */
final class TreeWalk {
    private final Call call;
    private final WorkspacePath folder;
    private final Predicate<Reply.FileInfo> visitor;
    private final Promise<Void> promise = Promise.promise();

    private TreeWalk(Call call, WorkspacePath folder, Predicate<Reply.FileInfo> visitor) {
        this.call = call;
        this.folder = folder;
        this.visitor = visitor;
    }

    /**
     * Of {@code /} and {@code /tenants}, the files of all tenants that the caller may see.
     *
     * @param visitor says whether it wants more
     */
    static Future<Void> files(Call call, WorkspacePath folder, Predicate<Reply.FileInfo> visitor) {
        if (folder.place() == WorkspacePath.Place.TENANT || folder.place() == WorkspacePath.Place.ELSEWHERE) {
            TreeWalk walk = new TreeWalk(call, folder, visitor);
            walk.page(null);
            return walk.promise.future();
        }
        return Tenants.all(call, RpcOptions.SWEEP_TENANTS)
                .compose(tenants ->
                        Fanout.each(tenants, 1, tenant -> files(call, WorkspacePath.parse(tenant.path()), visitor)))
                .mapEmpty();
    }

    private void page(@Nullable String after) {
        call.ask(folder, new TenantRequest.ListFiles(folder, true, null, after, RpcOptions.WALK_PAGE))
                .map(reply -> Replies.as(Reply.Listing.class, reply))
                .onComplete(this::visit, this::fail);
    }

    private void visit(Reply.Listing page) {
        try {
            for (Reply.FileInfo file : page.entries()) {
                if (!file.directory() && !visitor.test(file)) {
                    promise.complete();
                    return;
                }
            }
        } catch (RuntimeException e) {
            promise.fail(e);
            return;
        }
        String next = page.next();
        if (next == null) {
            promise.complete();
        } else {
            page(next);
        }
    }

    private void fail(Throwable failure) {
        if (Call.hidesPath(failure)) {
            promise.complete();
        } else {
            promise.fail(failure);
        }
    }
}
