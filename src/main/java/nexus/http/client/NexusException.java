package nexus.http.client;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The server refused a call, as a JSON-RPC error. */
public final class NexusException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** No such file, version or key. */
    public static final int NOT_FOUND = -32000;

    /** Something is there already. */
    public static final int EXISTS = -32001;

    /** The text is no path. */
    public static final int INVALID_PATH = -32002;

    /** The caller may not. */
    public static final int PERMISSION = -32004;

    /** Against a rule. */
    public static final int VALIDATION = -32005;

    /** A precondition did not hold. */
    public static final int CONFLICT = -32006;

    /** Over a quota. */
    public static final int QUOTA = -32010;

    /** Later, perhaps. */
    public static final int LATER = -32012;

    private final String method;
    private final int code;
    private final String detail;
    private final transient Map<String, @Nullable Object> data;

    NexusException(String method, int code, String detail, Map<String, @Nullable Object> data) {
        super(method + ": " + code + " " + detail + (data.isEmpty() ? "" : " " + data));
        this.method = method;
        this.code = code;
        this.detail = detail;
        this.data = data;
    }

    /** The method that was called. */
    public String method() {
        return method;
    }

    /** The JSON-RPC code. */
    public int code() {
        return code;
    }

    /** The server's message alone. */
    public String detail() {
        return detail;
    }

    /** The members of {@code data}; empty if there are none. */
    public Map<String, @Nullable Object> data() {
        return data;
    }
}
