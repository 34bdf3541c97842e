package nexus.http.rest;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import nexus.http.json.JsonWriter;
import nexus.http.rpc.ListCursor;
import org.jspecify.annotations.Nullable;

/**
 * What an operation answers when it went well; the status is its route's.
 *
 * @param body writes one JSON value; null for no body
 * @param etag without quotes; null for none
 */
public record RestReply(
        @Nullable Consumer<JsonWriter> body, @Nullable String etag, Map<String, String> headers) {
    /** Headers keep their order. */
    public RestReply {
        headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
    }

    /** A JSON value. */
    public static RestReply of(Consumer<JsonWriter> body) {
        return new RestReply(body, null, Map.of());
    }

    /** Nothing to say. */
    public static RestReply empty() {
        return new RestReply(null, null, Map.of());
    }

    /**
     * A page of {@code items}, in the order of keys that no write changes: the next page begins behind the last key, whatever
     * was added or removed meanwhile.
     *
     * @param last the key of the last item if there may be more behind it; null at the end
     */
    public static <T> RestReply page(
            RestCall call, List<T> items, BiConsumer<JsonWriter, T> item, @Nullable String last) {
        String filters = call.filters();
        return of(out -> {
            out.object().name("items").list();
            items.forEach(one -> item.accept(out, one));
            out.endList()
                    .put("next_cursor", last == null ? null : ListCursor.print(last, filters))
                    .endObject();
        });
    }

    /** The shape of a page. */
    public static Schema.Members pageOf(Schema item, int limitMax) {
        return Schema.members(
                Schema.required("items", Schema.list(item, limitMax), "The items of this page."),
                Schema.required(
                        "next_cursor",
                        Schema.text().orNull(),
                        "The `cursor` of the next page; null: this is the last."));
    }

    /** With an etag. */
    public RestReply tagged(String tag) {
        return new RestReply(body, tag, headers);
    }

    /** With one more header. */
    public RestReply with(String header, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(header, value);
        return new RestReply(body, etag, more);
    }
}
