package nexus.http.rpc;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import nexus.http.json.JsonWriter;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.store.BlobPlace;
import nexus.store.Content;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;

/**
 * The way of contents between the wire and the tenant: small ones travel in the command, large ones go to the blob store
 * first and the command carries their place.
 */
final class Contents {
    private Contents() {}

    /** A content that a command can carry; a large one is stored, if the tenant says that it may be written there. */
    static Future<Content> prepared(Call call, WorkspacePath path, byte[] bytes) {
        if (bytes.length <= Limits.INLINE_CONTENT_BYTES) {
            return Future.succeededFuture(Content.Inline.of(bytes));
        }
        return call.ask(path, new TenantRequest.PrepareWrite(path, bytes.length))
                .compose(ready -> call.tenantOf(path))
                .compose(tenant -> call.services().blobs().put(tenant, Buffer.buffer(bytes)))
                .map(stored -> stored);
    }

    /**
     * Asks for a change that carries these contents. If it certainly was not made, the stored ones are removed again; if
     * nobody knows, or a copy turned out not to be needed, they are left to the collector.
     */
    static Future<Reply> commit(
            Call call, @Nullable ZoneName zone, WorkspacePath path, List<Content> contents, TenantRequest change) {
        return call.ask(zone, change).recover(failure -> discarded(call, path, contents, failure));
    }

    /** The same failure, after the stored contents are removed if they certainly are not needed. */
    static <T> Future<T> discarded(Call call, WorkspacePath path, List<Content> contents, Throwable failure) {
        return discard(call, path, contents, failure).compose(done -> Future.failedFuture(failure));
    }

    private static Future<Void> discard(Call call, WorkspacePath path, List<Content> contents, Throwable failure) {
        List<BlobPlace> places = new ArrayList<>();
        for (Content content : contents) {
            if (content instanceof Content.Stored stored) {
                places.add(stored.place());
            }
        }
        Problem problem = Call.problemOf(failure);
        if (places.isEmpty() || problem == null || problem.code() == ProblemCode.OUTCOME_UNKNOWN) {
            return Future.succeededFuture();
        }
        return call.tenantOf(path)
                .compose(tenant -> call.services().blobs().remove(tenant, places))
                // What cannot be removed now is an orphan, and the collector's work.
                .otherwiseEmpty();
    }

    /** The content of a reply as the value of {@code read}, alone or with its metadata around it. */
    static Result asResult(Reply.FileContent file, boolean metadata) {
        Consumer<JsonWriter> before = out -> {
            if (metadata) {
                out.object().name("content");
            }
        };
        Consumer<JsonWriter> after = out -> {
            if (metadata) {
                out.put("etag", file.info().etag())
                        .put("version", file.info().version())
                        .name("modified_at")
                        .time(file.info().modifiedAt())
                        .put("size", file.info().size())
                        .endObject();
            }
        };
        Content content = file.content();
        if (content instanceof Content.Stored stored) {
            return part(file.tenant(), stored, 0, stored.size(), before, after);
        }
        byte[] bytes = ((Content.Inline) content).bytes();
        return new Result.Json(
                out -> {
                    before.accept(out);
                    out.bytes(bytes);
                    after.accept(out);
                },
                content.hash().hex(),
                weight(bytes));
    }

    /** Large ones, as the audit log can be, are rendered off the event loop. */
    private static int weight(byte[] bytes) {
        return bytes.length > RpcOptions.OFF_LOOP_BYTES ? Integer.MAX_VALUE : 1;
    }

    /** Bytes {@code start} to {@code end} of the content of a reply; what lies behind its end is not there. */
    static Result range(Reply.FileContent file, long start, long end) {
        Content content = file.content();
        long from = Math.min(start, content.size());
        long to = Math.min(end, content.size());
        if (content instanceof Content.Stored stored) {
            return part(file.tenant(), stored, from, to - from, out -> {}, out -> {});
        }
        byte[] bytes =
                java.util.Arrays.copyOfRange(((Content.Inline) content).bytes(), Math.toIntExact(from), (int) to);
        return new Result.Json(out -> out.bytes(bytes), content.hash().hex(), weight(bytes));
    }

    private static Result part(
            TenantId tenant,
            Content.Stored content,
            long start,
            long length,
            Consumer<JsonWriter> before,
            Consumer<JsonWriter> after) {
        if (length > RpcOptions.READ_BYTES) {
            throw tooLarge(length);
        }
        return new Result.Stored(
                tenant,
                content,
                start,
                length,
                out -> {
                    before.accept(out);
                    out.startBytes();
                },
                out -> {
                    out.endBytes();
                    after.accept(out);
                });
    }

    private static RuntimeException tooLarge(long length) {
        return Problem.tooLarge("the content has " + length + " bytes, one answer carries up to "
                        + RpcOptions.READ_BYTES + ": use read_range")
                .exception();
    }

    /**
     * All bytes of a content, in memory. Stored ones count against the memory for bodies until {@code use} has ended.
     *
     * @param max the most bytes that make sense here
     */
    static <T> Future<T> collected(
            Call call, Reply.FileContent file, long max, java.util.function.Function<byte[], Future<T>> use) {
        Content content = file.content();
        if (content instanceof Content.Inline inline) {
            return use.apply(inline.bytes());
        }
        Content.Stored stored = (Content.Stored) content;
        if (stored.size() > max) {
            return Future.failedFuture(
                    Problem.tooLarge("the content has " + stored.size() + " bytes, the limit here is " + max)
                            .exception());
        }
        BodyMemory memory = call.services().memory();
        if (!memory.reserve(stored.size())) {
            return Future.failedFuture(Problem.overloaded("the server has no memory for this content at the moment")
                    .exception());
        }
        return call.services()
                .blobs()
                .read(file.tenant(), stored.place(), 0, Math.toIntExact(stored.size()))
                .compose(buffer -> use.apply(buffer.getBytes()))
                .onComplete(done -> memory.release(stored.size()));
    }
}
