package nexus.http.rpc;

import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import nexus.http.json.JsonWriter;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.WorkspacePath;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;

/** Methods that look for files by their paths and contents. Only what the caller may read is ever looked at. */
final class SearchMethods {
    void register(MethodTable table) {
        table.query("glob", SearchMethods::glob, "pattern", "path");
        table.query("glob_batch", SearchMethods::globBatch, "patterns", "path");
        table.query(
                "grep",
                SearchMethods::grep,
                "pattern",
                "path",
                "file_pattern",
                "ignore_case",
                "max_results",
                "search_mode");
    }

    /** The part of a path below a folder, without a slash in front. */
    private static String below(WorkspacePath folder, String path) {
        String prefix = folder.wire();
        return prefix.equals("/") ? path.substring(1) : path.substring(prefix.length() + 1);
    }

    // ---- glob -------------------------------------------------------------------------------------------------------

    private static Future<Result> glob(Call call) {
        String pattern = call.params().string("pattern");
        WorkspacePath folder = call.path("path", "/");
        return matches(call, folder, Map.of(pattern, Glob.parse(pattern, "parameter 'pattern'")))
                .map(found -> {
                    List<String> paths = found.getOrDefault(pattern, List.of());
                    return Result.json(paths.size(), out -> {
                        out.object().name("matches");
                        paths(out, paths);
                        out.endObject();
                    });
                });
    }

    private static Future<Result> globBatch(Call call) {
        Map<String, Glob> patterns = new LinkedHashMap<>();
        for (Object item : call.params().list("patterns", RpcOptions.GLOB_PATTERNS)) {
            if (!(item instanceof String text)) {
                throw Problem.invalid("parameter 'patterns' must be a list of strings")
                        .exception();
            }
            patterns.put(text, Glob.parse(text, "parameter 'patterns'"));
        }
        WorkspacePath folder = call.path("path", "/");
        return matches(call, folder, patterns).map(found -> {
            int count = found.values().stream().mapToInt(List::size).sum();
            return Result.json(count, out -> {
                out.object();
                found.forEach((pattern, paths) -> {
                    out.name(pattern);
                    paths(out, paths);
                });
                out.endObject();
            });
        });
    }

    private static void paths(JsonWriter out, List<String> paths) {
        out.list();
        paths.forEach(out::value);
        out.endList();
    }

    private static Future<Map<String, List<String>>> matches(
            Call call, WorkspacePath folder, Map<String, Glob> patterns) {
        Map<String, List<String>> found = new LinkedHashMap<>();
        patterns.keySet().forEach(pattern -> found.put(pattern, new ArrayList<>()));
        int[] count = {0};
        return TreeWalk.files(call, folder, file -> {
                    String relative = below(folder, file.path());
                    patterns.forEach((pattern, glob) -> {
                        if (glob.matches(relative)) {
                            found.computeIfAbsent(pattern, name -> new ArrayList<>())
                                    .add(file.path());
                            count[0]++;
                        }
                    });
                    if (count[0] > Limits.UNPAGED_ITEMS) {
                        throw Problem.tooLarge(
                                        "there are more than " + Limits.UNPAGED_ITEMS + " matches: narrow the path")
                                .exception();
                    }
                    return true;
                })
                .map(done -> found);
    }

    // ---- grep -------------------------------------------------------------------------------------------------------

    /** A line in a file. */
    private record FileHit(String path, LineSearch.Hit hit) {}

    private static Future<Result> grep(Call call) {
        String filePattern = call.params().optionalString("file_pattern");
        Glob glob = filePattern == null ? null : Glob.parse(filePattern, "parameter 'file_pattern'");
        int max = call.params().integer("max_results", 100, 1, RpcOptions.GREP_RESULTS);
        // Contents are searched as they are: there are no parsed ones to choose.
        call.params().choice("search_mode", "auto", Set.of("auto", "raw"));
        LineSearch search = new LineSearch(
                call.params().string("pattern"),
                call.params().flag("ignore_case", false),
                call.services().ticker(),
                call.caller().deadlineNanos());
        WorkspacePath folder = call.path("path", "/");
        return candidates(call, folder, glob)
                .compose(files -> new Grep(call, search, files, max).run())
                .map(hits -> Result.json(hits.size(), out -> {
                    out.object().name("results").list();
                    for (FileHit hit : hits) {
                        out.object()
                                .put("file", hit.path())
                                .put("line", hit.hit().line())
                                .put("content", hit.hit().content())
                                .put("match", hit.hit().match())
                                .endObject();
                    }
                    out.endList().endObject();
                }));
    }

    private static Future<List<WorkspacePath>> candidates(Call call, WorkspacePath folder, @Nullable Glob glob) {
        List<WorkspacePath> files = new ArrayList<>();
        long[] bytes = {0};
        return TreeWalk.files(call, folder, file -> {
                    if (file.size() <= Limits.GREP_FILE_BYTES
                            && (glob == null || glob.matches(below(folder, file.path())))) {
                        files.add(WorkspacePath.parse(file.path()));
                        bytes[0] += file.size();
                    }
                    if (files.size() > Limits.GREP_FILES || bytes[0] > Limits.GREP_BYTES) {
                        throw Problem.tooLarge("there is more to search than " + Limits.GREP_FILES + " files or "
                                        + Limits.GREP_BYTES + " bytes: narrow the path or the file pattern")
                                .exception();
                    }
                    return true;
                })
                .map(done -> files);
    }

    /** Reads and searches a few files at a time, in the order of their paths, until there are results enough. */
    private static final class Grep {
        private final Call call;
        private final LineSearch search;
        private final List<WorkspacePath> files;
        private final int max;
        private final List<FileHit> hits = new ArrayList<>();
        private long chars;

        Grep(Call call, LineSearch search, List<WorkspacePath> files, int max) {
            this.call = call;
            this.search = search;
            this.files = files;
            this.max = max;
        }

        Future<List<FileHit>> run() {
            return from(0);
        }

        private Future<List<FileHit>> from(int start) {
            if (start >= files.size() || hits.size() >= max) {
                return Future.succeededFuture(hits);
            }
            int end = Math.min(files.size(), start + RpcOptions.GREP_FAN_OUT);
            return Fanout.each(files.subList(start, end), RpcOptions.GREP_FAN_OUT, this::one)
                    .compose(found -> {
                        found.forEach(this::take);
                        return from(end);
                    });
        }

        private Future<List<FileHit>> one(WorkspacePath path) {
            return call.ask(path, new TenantRequest.ReadFile(path, null))
                    .compose(reply -> Contents.collected(
                            call,
                            Replies.as(Reply.FileContent.class, reply),
                            Limits.GREP_FILE_BYTES,
                            bytes -> searched(path, bytes)))
                    .recover(failure -> {
                        Problem problem = Call.problemOf(failure);
                        // It was moved, deleted or hidden since it was listed.
                        boolean gone = problem != null
                                && (problem.code() == ProblemCode.NOT_FOUND || problem.code() == ProblemCode.FORBIDDEN);
                        return gone ? Future.succeededFuture(List.of()) : Future.failedFuture(failure);
                    });
        }

        private Future<List<FileHit>> searched(WorkspacePath path, byte[] bytes) {
            return call.services().offLoop(() -> inFile(path, bytes));
        }

        private List<FileHit> inFile(WorkspacePath path, byte[] bytes) {
            List<LineSearch.Hit> lines = new ArrayList<>();
            search.search(bytes, max, lines);
            return lines.stream().map(line -> new FileHit(path.wire(), line)).toList();
        }

        private void take(List<FileHit> found) {
            for (FileHit hit : found) {
                if (hits.size() == max) {
                    return;
                }
                chars += hit.hit().content().length() + hit.hit().match().length();
                if (chars > RpcOptions.GREP_RESULT_CHARS) {
                    throw Problem.tooLarge("the matching lines have more than " + RpcOptions.GREP_RESULT_CHARS
                                    + " characters: ask for fewer results")
                            .exception();
                }
                hits.add(hit);
            }
        }
    }
}
