package nexus.http.rest;

/** A header that an operation may take; one that it does not take is refused where ignoring it would do harm. */
public enum RequestHeader {
    /** Only if the resource still has this etag. */
    IF_MATCH("If-Match", "Only if the resource still has this ETag, else 412."),

    /** The request may come again, and is done once. */
    IDEMPOTENCY_KEY(
            "Idempotency-Key",
            "Names the request: when it comes again within 24 hours, from the same API key and with the same content, it is "
                    + "not done again and gets the same answer, with `Idempotency-Replayed: true`; with another content it "
                    + "is refused with 422.");

    private final String text;
    private final String description;

    RequestHeader(String text, String description) {
        this.text = text;
        this.description = description;
    }

    /** The name on the wire. */
    public String text() {
        return text;
    }

    /** What it does. */
    String description() {
        return description;
    }
}
