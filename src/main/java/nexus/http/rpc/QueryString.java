package nexus.http.rpc;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import nexus.kernel.Problem;
import org.jspecify.annotations.Nullable;

/** The part of a URL behind the question mark, read strictly: what is not well-formed is refused, never guessed. */
public final class QueryString {
    private QueryString() {}

    /**
     * The parameters in their order. The length of the text is bounded by that of a request's first line.
     *
     * @param query null or empty for none
     */
    public static Map<String, String> parse(@Nullable String query) {
        Map<String, String> params = new LinkedHashMap<>();
        if (query == null || query.isEmpty()) {
            return params;
        }
        for (String pair : query.split("&", -1)) {
            int equals = pair.indexOf('=');
            if (equals <= 0) {
                throw invalid("must be of the form name=value&name=value");
            }
            String name = decode(pair.substring(0, equals));
            if (params.put(name, decode(pair.substring(equals + 1))) != null) {
                throw invalid("names a parameter twice");
            }
        }
        return params;
    }

    /** One segment of a path, in which a plus sign is one. */
    public static String decodeSegment(String segment) {
        return decode(segment.replace("+", "%2B"));
    }

    private static String decode(String text) {
        ByteBuffer bytes = ByteBuffer.allocate(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '%') {
                int high = i + 2 < text.length() ? Character.digit(text.charAt(i + 1), 16) : -1;
                int low = high < 0 ? -1 : Character.digit(text.charAt(i + 2), 16);
                if (low < 0) {
                    throw invalid("has a broken percent code");
                }
                bytes.put((byte) (high << 4 | low));
                i += 2;
            } else if (c >= 0x80) {
                throw invalid("must be in ASCII, everything else in percent codes");
            } else {
                bytes.put((byte) (c == '+' ? ' ' : c));
            }
        }
        try {
            CharBuffer decoded = StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(bytes.flip());
            return decoded.toString();
        } catch (CharacterCodingException e) {
            throw invalid("must be in UTF-8");
        }
    }

    private static RuntimeException invalid(String rule) {
        return Problem.invalid("the query string " + rule).exception();
    }
}
