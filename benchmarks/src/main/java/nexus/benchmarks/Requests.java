package nexus.benchmarks;

import java.nio.ByteBuffer;

/** Calls of the Nexus wire as bytes, and what their answers must contain. */
final class Requests {
    private static final String YES = "\"result\":true}";
    private static final String NO = "\"result\":false}";

    private Requests() {}

    /** A call with a key. */
    static ByteBuffer call(String key, String method, String params) {
        return Load.request(
                "/api/nfs/" + method,
                key,
                "{\"jsonrpc\":\"2.0\",\"method\":\"" + method + "\",\"id\":\"1\",\"params\":" + params + "}");
    }

    /** A check of alice's right to read that must be answered so. */
    static Load.Exchange check(String key, String path, boolean expected) {
        String params =
                "{\"subject\":[\"user\",\"alice\"],\"permission\":\"read\",\"object\":[\"file\",\"" + path + "\"]}";
        return new Load.Exchange(call(key, "rebac_check", params), expected ? YES : NO);
    }
}
