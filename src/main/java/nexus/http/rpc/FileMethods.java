package nexus.http.rpc;

import io.vertx.core.Future;
import java.util.List;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.kernel.WorkspacePath;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;

/** Methods about one file or directory. */
final class FileMethods {
    private static final int ETAG_CHARS = 256;
    private static final byte[] NO_MEMBERS = {'{', '}'};

    void register(MethodTable table) {
        table.command("mkdir", FileMethods::mkdir, "path", "parents", "exist_ok");
        table.command("rmdir", FileMethods::rmdir, "path", "recursive");
        table.command(
                "write",
                FileMethods::write,
                "path",
                "content",
                "if_match",
                "if_none_match",
                "force",
                "lock",
                "lock_timeout");
        table.command("write_stream", FileMethods::writeStream, "path", "chunks");
        table.command("append", FileMethods::append, "path", "content", "if_match", "force");
        table.command("delete", FileMethods::delete, "path");
        table.command("rename", FileMethods::rename, "old_path", "new_path");
        table.command("copy", FileMethods::copy, "src_path", "dst_path");
        table.query("read", FileMethods::read, "path", "return_metadata", "parsed", "return_url", "expires_in");
        table.query("read_range", FileMethods::readRange, "path", "start", "end");
        table.query("exists", FileMethods::exists, "path");
        table.query("is_directory", FileMethods::isDirectory, "path");
        table.query("stat", FileMethods::stat, "path");
        table.query("get_metadata", FileMethods::getMetadata, "path");
        table.query("get_etag", FileMethods::getEtag, "path");
    }

    private static Future<Result> mkdir(Call call) {
        WorkspacePath path = call.path("path");
        TenantRequest request = new TenantRequest.MakeDirectory(
                path, call.params().flag("parents", false), call.params().flag("exist_ok", false));
        // A tenant that is to be made cannot be asked: its maker is the system's actor.
        return call.ask(path.isTenantRoot() ? null : call.zoneOf(path), request)
                .map(done -> Result.flag("created", true));
    }

    private static Future<Result> rmdir(Call call) {
        WorkspacePath path = call.path("path");
        return call.ask(
                        path,
                        new TenantRequest.RemoveDirectory(path, call.params().flag("recursive", false)))
                .map(done -> Result.flag("removed", true));
    }

    private static Future<Result> write(Call call) {
        WorkspacePath path = call.path("path");
        byte[] bytes = call.params().bytes("content");
        call.params().notServed("lock");
        call.params().optionalPositive("lock_timeout", Integer.MAX_VALUE);
        boolean force = call.params().flag("force", false);
        String match = ifMatch(call, force);
        boolean noneMatch = call.params().flag("if_none_match", false) && !force;
        return written(call, path, bytes, match, noneMatch)
                .map(file -> Result.json(out -> {
                    out.object().name("bytes_written");
                    FileJson.written(out, file);
                    out.endObject();
                }));
    }

    private static Future<Reply.FileInfo> written(
            Call call, WorkspacePath path, byte[] bytes, @Nullable String match, boolean noneMatch) {
        if (isRecord(path)) {
            return writeRecord(call, path, bytes, match, noneMatch);
        }
        return call.isSystem() && ShareDocument.isNote(path)
                ? writeNote(call, path, bytes, match, noneMatch)
                : writeFile(call, path, bytes, match, noneMatch);
    }

    /** The note of a share, by a system administrator: it makes the share that was announced a live one. */
    private static Future<Reply.FileInfo> writeNote(
            Call call, WorkspacePath path, byte[] bytes, @Nullable String match, boolean noneMatch) {
        return call.systemAdministrator("bind_share").compose(identity -> {
            if (match != null || noneMatch) {
                throw Problem.refused("the note of a share is written under no condition", path.wire())
                        .exception();
            }
            return call.ask(path.source(), ShareDocument.parse(bytes, path)).map(Replies::onlyWritten);
        });
    }

    private static @Nullable String ifMatch(Call call, boolean force) {
        String etag = call.params().optionalString("if_match");
        if (etag != null && etag.length() > ETAG_CHARS) {
            throw Problem.invalid(
                            "parameter 'if_match' has " + etag.length() + " characters, the limit is " + ETAG_CHARS)
                    .exception();
        }
        return force ? null : etag;
    }

    private static boolean isRecord(WorkspacePath path) {
        return path.place() == WorkspacePath.Place.TENANT && path.relative().equals(WorkspacePath.RECORD);
    }

    private static boolean isAuditLog(WorkspacePath path) {
        return path.place() == WorkspacePath.Place.TENANT && path.relative().equals(WorkspacePath.AUDIT_LOG);
    }

    private static Future<Reply.FileInfo> writeRecord(
            Call call, WorkspacePath path, byte[] bytes, @Nullable String match, boolean noneMatch) {
        TenantRequest.RecordPatch patch;
        try {
            patch = RecordDocument.parse(bytes, path);
        } catch (ProblemException e) {
            // Permission and conditions come first; a record that asks for nothing brings them to light.
            TenantRequest.RecordPatch nothing = RecordDocument.parse(NO_MEMBERS, path);
            return call.ask(path, new TenantRequest.UpdateRecord(nothing, match, noneMatch))
                    .compose(reply -> Future.failedFuture(e));
        }
        return call.ask(path, new TenantRequest.UpdateRecord(patch, match, noneMatch))
                .map(Replies::onlyWritten);
    }

    private static Future<Reply.FileInfo> writeFile(
            Call call, WorkspacePath path, byte[] bytes, @Nullable String match, boolean noneMatch) {
        return Contents.prepared(call, path, bytes).compose(content -> {
            List<TenantRequest.FileWrite> writes =
                    List.of(new TenantRequest.FileWrite(path, content, match, noneMatch));
            return Contents.commit(
                            call, call.zoneOf(path), path, List.of(content), new TenantRequest.WriteFiles(writes))
                    .map(Replies::onlyWritten);
        });
    }

    private static Future<Result> writeStream(Call call) {
        WorkspacePath path = call.path("path");
        byte[] bytes = call.params().bytes("chunks");
        return written(call, path, bytes, null, false).map(file -> Result.json(out -> FileJson.written(out, file)));
    }

    private static Future<Result> append(Call call) {
        WorkspacePath path = call.path("path");
        byte[] bytes = call.params().bytes("content");
        String match = ifMatch(call, call.params().flag("force", false));
        if (bytes.length > RpcOptions.APPEND_BYTES) {
            throw Problem.tooLarge("the content has " + bytes.length + " bytes, one append takes up to "
                            + RpcOptions.APPEND_BYTES)
                    .exception();
        }
        TenantRequest request;
        if (isAuditLog(path)) {
            if (match != null) {
                throw Problem.refused(
                                "the audit log takes entries under no condition: if_match is refused", path.wire())
                        .exception();
            }
            request = new TenantRequest.AppendAudit(AuditLines.parse(bytes, path));
        } else {
            request = new TenantRequest.AppendFile(path, bytes, match);
        }
        return call.ask(path, request)
                .map(Replies::onlyWritten)
                .map(file -> Result.json(out -> FileJson.written(out, file)));
    }

    private static Future<Result> delete(Call call) {
        WorkspacePath path = call.path("path");
        return call.ask(path, new TenantRequest.DeleteFile(path)).map(done -> Result.flag("deleted", true));
    }

    private static Future<Result> rename(Call call) {
        WorkspacePath from = call.path("old_path");
        WorkspacePath to = call.path("new_path");
        return call.ask(from, new TenantRequest.Rename(from, to)).map(done -> Result.flag("renamed", true));
    }

    private static Future<Result> copy(Call call) {
        WorkspacePath from = call.path("src_path");
        WorkspacePath to = call.path("dst_path");
        return call.ask(from, new TenantRequest.CopyFile(from, to)).map(done -> Result.flag("copied", true));
    }

    private static Future<Result> read(Call call) {
        WorkspacePath path = call.path("path");
        boolean metadata = call.params().flag("return_metadata", false);
        call.params().notServed("parsed", "return_url");
        call.params().optionalPositive("expires_in", Integer.MAX_VALUE);
        return call.ask(path, new TenantRequest.ReadFile(path, null))
                .map(reply -> Contents.asResult(Replies.as(Reply.FileContent.class, reply), metadata));
    }

    private static Future<Result> readRange(Call call) {
        WorkspacePath path = call.path("path");
        long start = call.params().integer("start", 0, Long.MAX_VALUE);
        long end = call.params().integer("end", 0, Long.MAX_VALUE);
        if (end < start) {
            throw Problem.invalid("parameter 'end' is " + end + ", before 'start', " + start)
                    .exception();
        }
        return call.ask(path, new TenantRequest.ReadFile(path, null))
                .map(reply -> Contents.range(Replies.as(Reply.FileContent.class, reply), start, end));
    }

    /** What is known of one path: exactly one member is there. */
    private static Future<Reply.StatResult> statOf(Call call, WorkspacePath path) {
        return call.ask(path, new TenantRequest.Stat(List.of(path)))
                .map(reply -> Replies.as(Reply.Stats.class, reply).results().get(0));
    }

    /** The info, or null where there is nothing, or nothing to see; any other problem is a failure. */
    private static Reply.@Nullable FileInfo visible(Reply.StatResult result, boolean hideForbidden) {
        Problem problem = result.problem();
        if (problem == null
                || problem.code() == ProblemCode.NOT_FOUND
                || (hideForbidden && problem.code() == ProblemCode.FORBIDDEN)) {
            return result.info();
        }
        throw problem.exception();
    }

    private static Future<Result> exists(Call call) {
        return statOf(call, call.path("path"))
                .map(result -> Result.flag("exists", visible(result, true) != null))
                .recover(failure -> hidden(failure, "exists"));
    }

    private static Future<Result> isDirectory(Call call) {
        return statOf(call, call.path("path"))
                .map(result -> {
                    Reply.FileInfo info = visible(result, true);
                    return Result.flag("is_directory", info != null && info.directory());
                })
                .recover(failure -> hidden(failure, "is_directory"));
    }

    private static Future<Result> hidden(Throwable failure, String name) {
        return Call.hidesPath(failure) || Call.isMissing(failure)
                ? Future.succeededFuture(Result.flag(name, false))
                : Future.failedFuture(failure);
    }

    private static Future<Result> stat(Call call) {
        return statOf(call, call.path("path")).map(result -> {
            Problem problem = result.problem();
            Reply.FileInfo info = result.info();
            if (problem != null || info == null) {
                throw (problem == null ? Problem.notFound("no such file or directory", null) : problem).exception();
            }
            return new Result.Json(out -> FileJson.stat(out, info), info.etag(), 1);
        });
    }

    private static Future<Result> getMetadata(Call call) {
        return statOf(call, call.path("path")).map(result -> {
            Reply.FileInfo info = visible(result, false);
            return Result.json(out -> {
                out.object().name("metadata");
                if (info == null) {
                    out.value((String) null);
                } else {
                    FileJson.posix(out, info);
                }
                out.endObject();
            });
        });
    }

    private static Future<Result> getEtag(Call call) {
        return statOf(call, call.path("path")).map(result -> {
            Reply.FileInfo info = visible(result, false);
            return Result.json(out ->
                    out.object().put("etag", info == null ? null : info.etag()).endObject());
        });
    }
}
