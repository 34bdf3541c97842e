package nexus.http.rpc;

import io.vertx.core.Future;
import java.util.List;
import java.util.Set;
import nexus.http.json.JsonWriter;
import nexus.kernel.Problem;
import nexus.kernel.WorkspacePath;
import nexus.store.FileVersion;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;

/** Methods about the retained versions of a file. */
final class VersionMethods {
    void register(MethodTable table) {
        table.query("list_versions", VersionMethods::list, "path");
        table.query("get_version", VersionMethods::get, "path", "version");
        table.command("rollback", VersionMethods::rollback, "path", "version");
        table.query("diff_versions", VersionMethods::diff, "path", "v1", "v2", "mode");
    }

    private static long version(Call call, String name) {
        return call.params().integer(name, 1, Long.MAX_VALUE);
    }

    private static Future<List<FileVersion>> versions(Call call, WorkspacePath path) {
        return call.ask(path, new TenantRequest.ListVersions(path))
                .map(reply -> Replies.as(Reply.Versions.class, reply).versions());
    }

    private static Future<Result> list(Call call) {
        WorkspacePath path = call.path("path");
        return versions(call, path)
                .map(versions -> Result.json(versions.size(), out -> {
                    out.list();
                    for (FileVersion version : versions) {
                        version(out, path, version);
                    }
                    out.endList();
                }));
    }

    private static void version(JsonWriter out, WorkspacePath path, FileVersion version) {
        Long parent = version.parent();
        out.object()
                .put("version", version.version())
                .put("content_hash", version.hash().hex())
                .put("size", version.size())
                .put("mime_type", MimeTypes.of(path.wire()))
                .name("created_at")
                .time(version.createdAt())
                .put("created_by", version.createdBy())
                .put("change_reason", (String) null)
                .put("source_type", version.source())
                .name("parent_version_id");
        if (parent == null) {
            out.value((String) null);
        } else {
            out.value(parent);
        }
        out.endObject();
    }

    private static Future<Result> get(Call call) {
        WorkspacePath path = call.path("path");
        return call.ask(path, new TenantRequest.ReadFile(path, version(call, "version")))
                .map(reply -> Contents.asResult(Replies.as(Reply.FileContent.class, reply), false));
    }

    private static Future<Result> rollback(Call call) {
        WorkspacePath path = call.path("path");
        return call.ask(path, new TenantRequest.Rollback(path, version(call, "version")))
                .map(done -> Result.json(out -> out.value((String) null)));
    }

    private static Future<Result> diff(Call call) {
        WorkspacePath path = call.path("path");
        long first = version(call, "v1");
        long second = version(call, "v2");
        String mode = call.params().choice("mode", "metadata", Set.of("metadata", "content"));
        return mode.equals("content")
                ? contentDiff(call, path, first, second)
                : versions(call, path)
                        .map(versions -> metadataDiff(path, find(versions, path, first), find(versions, path, second)));
    }

    private static FileVersion find(List<FileVersion> versions, WorkspacePath path, long number) {
        for (FileVersion version : versions) {
            if (version.version() == number) {
                return version;
            }
        }
        throw Problem.notFound("version " + number + " is not kept", path.wire())
                .exception();
    }

    private static Result metadataDiff(WorkspacePath path, FileVersion first, FileVersion second) {
        return Result.json(out -> out.object()
                .put("path", path.wire())
                .put("v1", first.version())
                .put("v2", second.version())
                .put("content_hash_v1", first.hash().hex())
                .put("content_hash_v2", second.hash().hex())
                .put("content_changed", !first.hash().equals(second.hash()))
                .put("size_v1", first.size())
                .put("size_v2", second.size())
                .put("size_delta", second.size() - first.size())
                .name("created_at_v1")
                .time(first.createdAt())
                .name("created_at_v2")
                .time(second.createdAt())
                .endObject());
    }

    private static Future<Result> contentDiff(Call call, WorkspacePath path, long first, long second) {
        return bytes(call, path, first)
                .compose(before -> bytes(call, path, second)
                        .compose(after -> call.services()
                                .offLoop(() -> UnifiedDiff.of(path.wire(), first, second, before, after))))
                .map(text -> Result.json(out -> out.value(text)));
    }

    private static Future<byte[]> bytes(Call call, WorkspacePath path, long version) {
        return call.ask(path, new TenantRequest.ReadFile(path, version))
                .compose(reply -> Contents.collected(
                        call,
                        Replies.as(Reply.FileContent.class, reply),
                        RpcOptions.DIFF_BYTES,
                        Future::succeededFuture));
    }
}
