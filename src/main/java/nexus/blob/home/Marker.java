package nexus.blob.home;

import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import nexus.kernel.JsonText;

/**
 * What the marker in a directory or bucket says.
 *
 * @param database whose contents the place holds
 * @param id of the place
 */
record Marker(UUID database, UUID id) {
    private static final String UUID_SHAPE = "([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})";
    private static final Pattern SHAPE = Pattern.compile("\\{\\s*\"database\"\\s*:\\s*\"" + UUID_SHAPE
            + "\"\\s*,\\s*\"id\"\\s*:\\s*\"" + UUID_SHAPE + "\"\\s*}\\s*");

    /** As one JSON object on a line. */
    String text() {
        return new JsonText()
                        .put("database", database.toString())
                        .put("id", id.toString())
                        .end()
                + "\n";
    }

    /** Reads what {@link #text} wrote, spaced as you like; anything else is no marker of ours. */
    static Optional<Marker> parse(String text) {
        Matcher matcher = SHAPE.matcher(text);
        return matcher.matches()
                ? Optional.of(new Marker(UUID.fromString(matcher.group(1)), UUID.fromString(matcher.group(2))))
                : Optional.empty();
    }
}
