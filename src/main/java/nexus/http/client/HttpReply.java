package nexus.http.client;

import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;

/**
 * An answer as it came, its body decompressed.
 *
 * @param version of HTTP, as {@code HTTP_1_1}
 */
public record HttpReply(int status, String version, HttpHeaders headers, byte[] body) {
    /** The body as text. */
    public String text() {
        return new String(body, StandardCharsets.UTF_8);
    }
}
