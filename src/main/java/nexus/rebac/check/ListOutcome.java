package nexus.rebac.check;

/** Whether a list is all there is. Anything but {@link #COMPLETE} comes with an empty list: no part is taken for the whole. */
public enum ListOutcome {
    COMPLETE,
    /** More than {@link CheckLimits#listMax()} entries. */
    TOO_MANY,
    /** There is more beyond {@link CheckLimits#depthMax()} hops. */
    TOO_DEEP,
    /** More than {@link CheckLimits#nodesMax()} nodes would have to be visited. */
    TOO_COMPLEX,
    UNKNOWN_TYPE,
    UNKNOWN_RELATION
}
