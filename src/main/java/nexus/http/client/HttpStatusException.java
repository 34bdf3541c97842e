package nexus.http.client;

/** The server answered with a status instead of a JSON-RPC answer: 401, 413, 429, 503. */
public final class HttpStatusException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final String body;

    HttpStatusException(String method, int status, String body) {
        super(method + ": HTTP " + status + " " + body);
        this.status = status;
        this.body = body;
    }

    /** The status. */
    public int status() {
        return status;
    }

    /** The body as text. */
    public String body() {
        return body;
    }
}
