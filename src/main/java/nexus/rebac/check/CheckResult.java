package nexus.rebac.check;

/**
 * The answer to "does the subject hold the relation on the object". Only {@link #ALLOWED} allows; a caller that cannot tell
 * the others apart treats them as refusals, but never reports a limit as "denied".
 */
public enum CheckResult {
    ALLOWED,
    /** Everything was searched; the subject does not hold the relation. */
    DENIED,
    /** Not found within {@link CheckLimits#depthMax()} hops, and there is more beyond. */
    TOO_DEEP,
    /** Not found among {@link CheckLimits#nodesMax()} nodes, and there are more. */
    TOO_COMPLEX,
    /** The model has no such type, of the object or of the subject. */
    UNKNOWN_TYPE,
    /** The type of the object has no such relation, or that of a userset has not. */
    UNKNOWN_RELATION;

    public boolean isAllowed() {
        return this == ALLOWED;
    }
}
