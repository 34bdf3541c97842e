package nexus.tenant;

/** The actor has stopped without doing anything: ask the node again, it may have another one. */
public final class StoppedException extends RuntimeException {
    StoppedException() {
        super("the actor has stopped", null, false, false);
    }
}
