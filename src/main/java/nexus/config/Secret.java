package nexus.config;

/** A text that must not be shown. It renders as {@code ***}; only who asks for the value gets it. */
public record Secret(String value) {

    static final String HIDDEN = "***";

    @Override
    public String toString() {
        return HIDDEN;
    }
}
