package nexus.http.rpc;

import java.util.Map;
import nexus.http.json.JsonWriter;
import nexus.kernel.TenantId;
import nexus.store.Content;
import org.jspecify.annotations.Nullable;

/** What goes back over HTTP. */
public sealed interface Answer {
    /** What a cache may do with an answer. */
    enum Caching {
        NO_STORE("no-store"),
        REVALIDATE("private, max-age=0, must-revalidate");

        private final String header;

        Caching(String header) {
            this.header = header;
        }

        /** The value of {@code Cache-Control}. */
        public String header() {
            return header;
        }
    }

    /** The HTTP status. */
    int status();

    /** How it went, for metrics: {@code ok}, the text of a problem code, or {@code bug}. */
    String outcome();

    /** What caches may do with it. */
    Caching caching();

    /** The etag of the content that it shows, if any. */
    @Nullable
    String etag();

    /**
     * An answer that is there as a whole.
     *
     * @param retryAfter seconds, 0 for none
     * @param body empty for none
     * @param headers more of them, by name
     */
    record Whole(
            int status,
            String outcome,
            Caching caching,
            @Nullable String etag,
            int retryAfter,
            JsonWriter body,
            Map<String, String> headers)
            implements Answer {
        /** Without more headers. */
        public Whole(
                int status, String outcome, Caching caching, @Nullable String etag, int retryAfter, JsonWriter body) {
            this(status, outcome, caching, etag, retryAfter, body, Map.of());
        }
    }

    /** An answer with a stored content in its middle: {@code length} bytes from {@code start}, as base64. */
    @SuppressWarnings("ArrayRecordComponent")
    record Streamed(
            Caching caching,
            String etag,
            byte[] head,
            TenantId tenant,
            Content.Stored content,
            long start,
            long length,
            byte[] tail)
            implements Answer {
        @Override
        public int status() {
            return 200;
        }

        @Override
        public String outcome() {
            return "ok";
        }

        /** Bytes of the whole answer. */
        public long bodyBytes() {
            return head.length + (length + 2) / 3 * 4 + tail.length;
        }
    }
}
