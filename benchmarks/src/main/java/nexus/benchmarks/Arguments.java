package nexus.benchmarks;

import java.util.LinkedHashMap;
import java.util.Map;

/** Arguments of the form {@code name=value}; each has a default, and one that is not known is refused. */
final class Arguments {
    private final Map<String, String> values;

    private Arguments(Map<String, String> values) {
        this.values = values;
    }

    /** What was given, over these names and defaults. */
    static Arguments of(String[] given, String... namesAndDefaults) {
        Map<String, String> values = new LinkedHashMap<>();
        for (int i = 0; i < namesAndDefaults.length; i += 2) {
            values.put(namesAndDefaults[i], namesAndDefaults[i + 1]);
        }
        for (String argument : given) {
            int at = argument.indexOf('=');
            String name = at < 0 ? argument : argument.substring(0, at);
            if (at < 0 || !values.containsKey(name)) {
                throw new IllegalArgumentException(argument + ": arguments are " + values);
            }
            values.put(name, argument.substring(at + 1));
        }
        return new Arguments(values);
    }

    String text(String name) {
        return values.get(name);
    }

    int number(String name) {
        return Integer.parseInt(values.get(name));
    }
}
