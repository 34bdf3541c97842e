package nexus.rebac.check;

/**
 * How far a search goes before it says that it has not finished.
 *
 * @param depthMax hops from the object that is asked about, each through a userset or a {@code from}
 * @param nodesMax pairs of object and relation that are visited
 * @param listMax entries of a list of objects or subjects
 */
public record CheckLimits(int depthMax, int nodesMax, int listMax) {
    /** A path of the workspace has at most so many parts, so the root is at most so many hops away. */
    public static final int PATH_DEPTH_MAX = 64;

    /** How deep groups may be nested, at least, wherever the grant to the outermost stands. */
    public static final int GROUP_NESTING_MAX = 25;

    /** What a check of the deepest file, through the deepest nesting of groups, needs. */
    public static final int DEPTH_MIN = PATH_DEPTH_MAX + GROUP_NESTING_MAX;

    /** Room for other models above the workspace's needs; ten thousand nodes are visited in about a millisecond. */
    public static final CheckLimits DEFAULT = new CheckLimits(100, 10_000, 10_000);

    public CheckLimits {
        if (depthMax < DEPTH_MIN) {
            throw new IllegalArgumentException("depthMax " + depthMax + " is less than " + DEPTH_MIN
                    + ", the depth of paths and of nested groups together");
        }
        if (nodesMax <= depthMax) {
            throw new IllegalArgumentException("nodesMax " + nodesMax + " must be more than depthMax " + depthMax
                    + ": a walk visits a node a hop");
        }
        if (listMax < 1) {
            throw new IllegalArgumentException("listMax " + listMax + " must be at least 1");
        }
    }
}
