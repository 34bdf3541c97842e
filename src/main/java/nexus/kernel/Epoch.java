package nexus.kernel;

/** How often a tenant has been taken: each owner has its own, and only the newest can commit. */
public record Epoch(long value) {
    /** An epoch; the first owner's is 1. */
    public Epoch {
        Must.hold(value > 0, "an epoch is positive", value);
    }

    @Override
    public String toString() {
        return Long.toString(value);
    }
}
