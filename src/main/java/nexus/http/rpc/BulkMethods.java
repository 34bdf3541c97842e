package nexus.http.rpc;

import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import nexus.http.json.JsonWriter;
import nexus.http.json.SpecialValues;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.store.Content;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;

/**
 * Methods about many paths. Each path has an outcome of its own, under the text by which the caller named it; only
 * {@code write_batch} is all or nothing.
 */
final class BulkMethods {
    void register(MethodTable table) {
        table.command("write_batch", BulkMethods::writeBatch, "files");
        table.query("read_bulk", BulkMethods::readBulk, "paths", "return_metadata", "skip_errors");
        table.query("stat_bulk", BulkMethods::statBulk, "paths", "skip_errors");
        table.query("exists_batch", BulkMethods::existsBatch, "paths");
        table.query("metadata_batch", BulkMethods::metadataBatch, "paths", "skip_errors");
        table.command("delete_bulk", BulkMethods::deleteBulk, "paths", "recursive");
        table.command("rename_bulk", BulkMethods::renameBulk, "renames");
    }

    /** A path of a batch as the caller wrote it, and parsed; or why it is no path. */
    private record Item(
            String text,
            @Nullable WorkspacePath path,
            @Nullable Problem fault) {
        static Item parse(String text) {
            try {
                return new Item(text, WorkspacePath.parse(text), null);
            } catch (ProblemException e) {
                return new Item(text, null, e.problem());
            }
        }
    }

    private static List<Item> items(Call call) {
        return call.pathTexts("paths").stream().map(Item::parse).toList();
    }

    // ---- stat -------------------------------------------------------------------------------------------------------

    /** Whom to ask about a path: its tenant, and perhaps the one that shares it. */
    private record Place(@Nullable ZoneName zone, @Nullable ZoneName source) {}

    /** The outcome of each item by its text; one ask for each tenant that is named. */
    private static Future<Map<String, Reply.StatResult>> stats(Call call, List<Item> items) {
        Map<String, Reply.StatResult> results = new LinkedHashMap<>();
        Map<Place, List<Item>> byPlace = new LinkedHashMap<>();
        for (Item item : items) {
            // Takes the place in the order, and is the answer for what is no path.
            results.put(item.text(), new Reply.StatResult(null, item.fault()));
            WorkspacePath path = item.path();
            if (path != null) {
                byPlace.computeIfAbsent(new Place(call.zoneOf(path), path.source()), place -> new ArrayList<>())
                        .add(item);
            }
        }
        if (byPlace.isEmpty()) {
            return call.identity().map(identity -> results);
        }
        return Fanout.each(
                        List.copyOf(byPlace.entrySet()),
                        RpcOptions.SWEEP_FAN_OUT,
                        entry -> stat(call, entry.getKey().zone(), entry.getValue(), results))
                .map(done -> results);
    }

    private static Future<Boolean> stat(
            Call call, @Nullable ZoneName zone, List<Item> items, Map<String, Reply.StatResult> results) {
        List<WorkspacePath> paths = new ArrayList<>();
        for (Item item : items) {
            WorkspacePath path = item.path();
            if (path != null) {
                paths.add(path);
            }
        }
        return call.ask(zone, new TenantRequest.Stat(paths))
                .map(reply -> {
                    List<Reply.StatResult> found =
                            Replies.as(Reply.Stats.class, reply).results();
                    for (int i = 0; i < items.size(); i++) {
                        results.put(items.get(i).text(), found.get(i));
                    }
                    return true;
                })
                .recover(failure -> {
                    Problem problem = Call.problemOf(failure);
                    boolean missing = Call.isMissing(failure) && call.isSystem();
                    if (problem == null || !missing && !Call.hidesPath(failure)) {
                        return Future.failedFuture(failure);
                    }
                    // The tenant is not there, and so is none of its paths; those of others are another matter. Or they
                    // are
                    // shared with another tenant than the caller's, which is refused for all of them at once.
                    items.forEach(item -> results.put(item.text(), new Reply.StatResult(null, problem)));
                    return Future.succeededFuture(true);
                });
    }

    private static Future<Result> infos(Call call, BiConsumer<JsonWriter, Reply.FileInfo> shape) {
        boolean skip = call.params().flag("skip_errors", true);
        return stats(call, items(call)).map(results -> {
            for (Reply.StatResult result : results.values()) {
                Problem problem = result.problem();
                if (problem != null && !skip) {
                    throw problem.exception();
                }
            }
            return Result.json(results.size(), out -> {
                out.object();
                results.forEach((text, result) -> {
                    out.name(text);
                    Reply.FileInfo info = result.info();
                    if (info == null) {
                        out.value((String) null);
                    } else {
                        shape.accept(out, info);
                    }
                });
                out.endObject();
            });
        });
    }

    private static Future<Result> statBulk(Call call) {
        return infos(call, FileJson::stat);
    }

    private static Future<Result> metadataBatch(Call call) {
        return infos(call, FileJson::backend);
    }

    private static Future<Result> existsBatch(Call call) {
        return stats(call, items(call))
                .map(results -> Result.json(results.size(), out -> {
                    out.object();
                    results.forEach((text, result) -> out.put(text, result.info() != null));
                    out.endObject();
                }));
    }

    // ---- read -------------------------------------------------------------------------------------------------------

    /** A content that was read, or why not. */
    @SuppressWarnings("ArrayRecordComponent")
    private record ReadOutcome(
            String text,
            Reply.@Nullable FileInfo info,
            byte[] bytes,
            @Nullable Problem problem) {}

    private static Future<Result> readBulk(Call call) {
        boolean metadata = call.params().flag("return_metadata", false);
        boolean skip = call.params().flag("skip_errors", true);
        long[] total = {0};
        return Fanout.each(items(call), RpcOptions.FAN_OUT, item -> readOne(call, item, skip, total))
                .map(outcomes -> Result.json(
                        total[0] > RpcOptions.OFF_LOOP_BYTES ? Integer.MAX_VALUE : outcomes.size(),
                        out -> readResult(out, outcomes, metadata)));
    }

    private static Future<ReadOutcome> readOne(Call call, Item item, boolean skip, long[] total) {
        WorkspacePath path = item.path();
        Problem fault = item.fault();
        if (path == null) {
            return failedRead(item, fault == null ? Problem.invalidPath("not a path") : fault, skip);
        }
        return call.ask(path, new TenantRequest.ReadFile(path, null))
                .map(reply -> Replies.as(Reply.FileContent.class, reply))
                .compose(file -> {
                    total[0] += file.content().size();
                    if (total[0] > RpcOptions.READ_BYTES) {
                        return Future.failedFuture(Problem.tooLarge("the contents have more than "
                                        + RpcOptions.READ_BYTES + " bytes: read fewer, or use read and read_range")
                                .exception());
                    }
                    return Contents.collected(call, file, RpcOptions.READ_BYTES, Future::succeededFuture)
                            .map(bytes -> new ReadOutcome(item.text(), file.info(), bytes, null));
                })
                .recover(failure -> {
                    Problem problem = Call.problemOf(failure);
                    return problem == null || !isAboutItem(problem)
                            ? Future.failedFuture(failure)
                            : failedRead(item, problem, skip);
                });
    }

    private static Future<ReadOutcome> failedRead(Item item, Problem problem, boolean skip) {
        return skip
                ? Future.succeededFuture(new ReadOutcome(item.text(), null, new byte[0], problem))
                : Future.failedFuture(problem.exception());
    }

    private static void readResult(JsonWriter out, List<ReadOutcome> outcomes, boolean metadata) {
        out.object();
        for (ReadOutcome outcome : outcomes) {
            Reply.FileInfo info = outcome.info();
            out.name(outcome.text());
            if (info == null) {
                out.value((String) null);
            } else if (metadata) {
                out.object().name("content").bytes(outcome.bytes());
                FileJson.writtenMembers(out, info);
                out.endObject();
            } else {
                out.bytes(outcome.bytes());
            }
        }
        out.endObject();
    }

    /** Whether a problem concerns one item of a batch; others, as a full server or a dead key, end the whole call. */
    private static boolean isAboutItem(Problem problem) {
        return switch (problem.code()) {
            case INVALID_REQUEST,
                    INVALID_PATH,
                    NOT_FOUND,
                    ALREADY_EXISTS,
                    FORBIDDEN,
                    REFUSED,
                    CONFLICT,
                    QUOTA_EXCEEDED -> true;
            case UNAUTHENTICATED,
                    TENANT_SUSPENDED,
                    RATE_LIMITED,
                    TOO_COMPLEX,
                    TOO_LARGE,
                    OVERLOADED,
                    UNAVAILABLE,
                    OUTCOME_UNKNOWN,
                    TENANT_GONE -> false;
        };
    }

    // ---- change -----------------------------------------------------------------------------------------------------

    /**
     * What became of one change of a batch.
     *
     * @param newPath of a rename; null for a deletion
     */
    private record ChangeOutcome(
            String text, @Nullable String newPath, @Nullable Problem problem) {}

    private static Future<Result> deleteBulk(Call call) {
        boolean recursive = call.params().flag("recursive", false);
        List<Item> items = items(call);
        return stats(call, items)
                .compose(stats -> Fanout.each(items, RpcOptions.FAN_OUT, item -> {
                    Reply.StatResult stat = stats.get(item.text());
                    Reply.FileInfo info = stat == null ? null : stat.info();
                    return change(
                            call,
                            item,
                            null,
                            path -> info != null && info.directory()
                                    ? new TenantRequest.RemoveDirectory(path, recursive)
                                    : new TenantRequest.DeleteFile(path));
                }))
                .map(BulkMethods::changed);
    }

    private static Future<Result> renameBulk(Call call) {
        List<Item> from = new ArrayList<>();
        Map<String, Item> to = new LinkedHashMap<>();
        for (Object pair : call.params().list("renames", Limits.BATCH_ITEMS)) {
            if (!(pair instanceof List<?> names)
                    || names.size() != 2
                    || !(names.get(0) instanceof String old)
                    || !(names.get(1) instanceof String next)) {
                throw Problem.invalid("parameter 'renames' must be a list of [old path, new path]")
                        .exception();
            }
            if (to.put(old, Item.parse(next)) != null) {
                throw Problem.invalid("parameter 'renames' names a path twice").exception();
            }
            from.add(Item.parse(old));
        }
        return Fanout.each(from, RpcOptions.FAN_OUT, item -> renameOne(call, item, to.get(item.text())))
                .map(BulkMethods::changed);
    }

    private static Future<ChangeOutcome> renameOne(Call call, Item from, @Nullable Item to) {
        WorkspacePath target = to == null ? null : to.path();
        Problem fault = to == null ? null : to.fault();
        if (target == null) {
            return Future.succeededFuture(
                    new ChangeOutcome(from.text(), null, fault == null ? Problem.invalidPath("not a path") : fault));
        }
        return change(call, from, target.wire(), path -> new TenantRequest.Rename(path, target));
    }

    private interface Change {
        TenantRequest of(WorkspacePath path);
    }

    private static Future<ChangeOutcome> change(Call call, Item item, @Nullable String newPath, Change change) {
        WorkspacePath path = item.path();
        if (path == null) {
            return Future.succeededFuture(new ChangeOutcome(item.text(), null, item.fault()));
        }
        return call.ask(path, change.of(path))
                .map(done -> new ChangeOutcome(item.text(), newPath, null))
                .recover(failure -> {
                    Problem problem = Call.problemOf(failure);
                    return problem == null || endsBatch(problem)
                            ? Future.failedFuture(failure)
                            : Future.succeededFuture(new ChangeOutcome(item.text(), null, problem));
                });
    }

    /** Of changes, the caller must hear what became of each: only a dead key ends the call. */
    private static boolean endsBatch(Problem problem) {
        return problem.code() == ProblemCode.UNAUTHENTICATED || problem.code() == ProblemCode.TENANT_GONE;
    }

    private static Result changed(List<ChangeOutcome> outcomes) {
        return Result.json(outcomes.size(), out -> {
            out.object();
            for (ChangeOutcome outcome : outcomes) {
                Problem problem = outcome.problem();
                out.name(outcome.text()).object().put("success", problem == null);
                if (problem != null) {
                    out.put("error", problem.message())
                            .put("reason", problem.code().text());
                } else if (outcome.newPath() != null) {
                    out.put("new_path", outcome.newPath());
                }
                out.endObject();
            }
            out.endObject();
        });
    }

    // ---- write ------------------------------------------------------------------------------------------------------

    /** One file of a batch. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Source(WorkspacePath path, byte[] bytes) {}

    private static Future<Result> writeBatch(Call call) {
        List<Source> sources = sources(call);
        if (sources.isEmpty()) {
            return call.identity().map(identity -> Result.json(out -> out.list().endList()));
        }
        WorkspacePath first = sources.get(0).path();
        List<Content> prepared = new ArrayList<>();
        return Fanout.each(
                        sources,
                        RpcOptions.GREP_FAN_OUT,
                        source -> Contents.prepared(call, source.path(), source.bytes())
                                .map(content -> {
                                    prepared.add(content);
                                    return new TenantRequest.FileWrite(source.path(), content, null, false);
                                }))
                .recover(failure -> Contents.discarded(call, first, prepared, failure))
                .compose(writes -> Contents.commit(
                        call, call.zoneOf(first), first, prepared, new TenantRequest.WriteFiles(writes)))
                .map(reply -> Replies.as(Reply.Written.class, reply).files())
                .map(files -> Result.json(files.size(), out -> {
                    out.list();
                    files.forEach(file -> FileJson.written(out, file));
                    out.endList();
                }));
    }

    private static List<Source> sources(Call call) {
        List<Source> sources = new ArrayList<>();
        Set<WorkspacePath> seen = new HashSet<>();
        long inline = 0;
        for (Object pair : call.params().list("files", Limits.BATCH_ITEMS)) {
            if (!(pair instanceof List<?> parts) || parts.size() != 2 || !(parts.get(0) instanceof String text)) {
                throw Problem.invalid("parameter 'files' must be a list of [path, bytes]")
                        .exception();
            }
            Object content = parts.get(1);
            if (content == null) {
                throw Problem.invalid("parameter 'files' must be a list of [path, bytes]")
                        .exception();
            }
            byte[] bytes = SpecialValues.bytes(content, "parameter 'files'");
            WorkspacePath path = WorkspacePath.parse(text);
            if (!seen.add(path)) {
                throw Problem.invalid("parameter 'files' names " + path.wire() + " twice")
                        .exception();
            }
            if (!sources.isEmpty()
                    && call.isSystem()
                    && !java.util.Objects.equals(
                            path.zone(), sources.get(0).path().zone())) {
                throw Problem.refused("one batch writes files of one tenant only", path.wire())
                        .exception();
            }
            inline += bytes.length <= Limits.INLINE_CONTENT_BYTES ? bytes.length : 0;
            sources.add(new Source(path, bytes));
        }
        if (inline > RpcOptions.BATCH_BYTES) {
            throw Problem.tooLarge("the small contents of the batch have " + inline + " bytes, the limit is "
                            + RpcOptions.BATCH_BYTES)
                    .exception();
        }
        return sources;
    }
}
