package nexus.http.rest;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import nexus.http.rpc.QueryString;
import nexus.kernel.Must;
import nexus.kernel.ProblemException;

/** A path with variables, as {@code /v1/tenants/{zone}/suspend}; a variable is one whole, non-empty segment. */
record PathTemplate(String text) {
    PathTemplate {
        Must.hold(text.startsWith("/v1/") && !text.endsWith("/"), "a path of this interface", text);
    }

    /** The values of the variables by their names, sorted and decoded; empty if the path is none of these. */
    Optional<Map<String, String>> match(String path) {
        String[] wanted = text.split("/", -1);
        String[] given = path.split("/", -1);
        if (wanted.length != given.length) {
            return Optional.empty();
        }
        Map<String, String> values = new TreeMap<>();
        for (int i = 0; i < wanted.length; i++) {
            if (!isVariable(wanted[i])) {
                if (!wanted[i].equals(given[i])) {
                    return Optional.empty();
                }
            } else if (given[i].isEmpty()) {
                return Optional.empty();
            } else {
                try {
                    values.put(nameOf(wanted[i]), QueryString.decodeSegment(given[i]));
                } catch (ProblemException e) {
                    // What cannot be read names nothing.
                    return Optional.empty();
                }
            }
        }
        return Optional.of(values);
    }

    /** The names of its variables, in their order. */
    List<String> variables() {
        List<String> names = new ArrayList<>();
        for (String segment : text.split("/", -1)) {
            if (isVariable(segment)) {
                names.add(nameOf(segment));
            }
        }
        return names;
    }

    private static boolean isVariable(String segment) {
        return segment.startsWith("{") && segment.endsWith("}");
    }

    private static String nameOf(String segment) {
        return segment.substring(1, segment.length() - 1);
    }
}
