package nexus.http.rpc;

import java.util.function.Consumer;
import nexus.http.json.JsonWriter;
import nexus.kernel.TenantId;
import nexus.store.Content;
import org.jspecify.annotations.Nullable;

/** What a method answers when it went well. */
sealed interface Result {
    /** The hash of the content that it shows, if it shows one. */
    @Nullable
    String etag();

    /**
     * A value that is written at once.
     *
     * @param items how many entries there are to write, roughly: many are written off the event loop
     */
    record Json(Consumer<JsonWriter> text, @Nullable String etag, int items) implements Result {}

    /**
     * A part of a stored content, sent in pieces as base64.
     *
     * @param before writes what precedes the base64
     * @param after writes what follows it
     */
    record Stored(
            TenantId tenant,
            Content.Stored content,
            long start,
            long length,
            Consumer<JsonWriter> before,
            Consumer<JsonWriter> after)
            implements Result {
        @Override
        public String etag() {
            return content.hash().hex();
        }
    }

    /** A value. */
    static Result json(Consumer<JsonWriter> text) {
        return new Json(text, null, 1);
    }

    /** A value of many entries. */
    static Result json(int items, Consumer<JsonWriter> text) {
        return new Json(text, null, items);
    }

    /** An object with one member that is true or false. */
    static Result flag(String name, boolean value) {
        return json(out -> out.object().put(name, value).endObject());
    }
}
