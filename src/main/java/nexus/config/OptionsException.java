package nexus.config;

import java.util.List;

/** The options are wrong. Holds all errors that were found, each a sentence for the operator, without secrets. */
public final class OptionsException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final List<String> errors;

    public OptionsException(List<String> errors) {
        super(String.join("\n", errors));
        this.errors = List.copyOf(errors);
    }

    public List<String> errors() {
        return errors;
    }
}
