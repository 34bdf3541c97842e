package nexus.rebac.tuple;

import org.jspecify.annotations.Nullable;

/**
 * The derived tuples of a tenant's workspace: the parent of a file is its folder, up to the root; every group has the root as
 * its workspace; the members of a tenant are those whom the register of users says.
 */
public final class WorkspaceTuples implements DerivedTuples {
    public static final String ROOT = "/";

    private static final DerivedRelation.Prefix PARENT = WorkspaceTuples::folderLength;
    private static final DerivedRelation.Fixed WORKSPACE = new DerivedRelation.Fixed(new ObjectRef("file", ROOT));

    private final DerivedRelation.Members members;

    /**
     * The derived tuples of one tenant's workspace.
     *
     * @param members who belongs to which tenant; asked at every use, so it may change
     */
    public WorkspaceTuples(DerivedRelation.Members members) {
        this.members = members;
    }

    @Override
    public @Nullable DerivedRelation relation(String type, String relation) {
        return switch (type + "#" + relation) {
            case "file#parent" -> PARENT;
            case "group#workspace" -> WORKSPACE;
            case "tenant#member" -> members;
            default -> null;
        };
    }

    /** Of {@code /a/b} this is {@code /a}, of {@code /a} the root, of the root and of what is not a path nothing. */
    private static int folderLength(String path, int length) {
        if (length <= 1 || path.charAt(0) != '/') {
            return -1;
        }
        return Math.max(1, path.lastIndexOf('/', length - 1));
    }
}
