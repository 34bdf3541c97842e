package nexus.tenant;

/** The actor has stopped: ask again, this node or another one has it anew. */
public final class StoppedException extends RuntimeException {
    private final boolean mayBeDone;

    /** An actor that did nothing. */
    public StoppedException() {
        this(false);
    }

    /** @param mayBeDone whether a command may have been carried out: its id tells, when it is asked again */
    public StoppedException(boolean mayBeDone) {
        super("the actor has stopped", null, false, false);
        this.mayBeDone = mayBeDone;
    }

    /** Whether a command may have been carried out. */
    public boolean mayBeDone() {
        return mayBeDone;
    }
}
