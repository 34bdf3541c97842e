package nexus.rebac.tuple;

/** How long the parts of a tuple may be. */
public final class TupleLimits {
    /** As in OpenFGA. */
    public static final int TYPE_LENGTH_MAX = 254;

    /** As in OpenFGA. */
    public static final int RELATION_LENGTH_MAX = 50;

    /** In UTF-8: the longest path of a workspace is an id. */
    public static final int ID_BYTES_MAX = 4_096;

    private TupleLimits() {}
}
