package nexus.rebac.schema;

/** How large a model may be. The first four are OpenFGA's own limits, so a model that fits there fits here. */
public final class ModelLimits {
    public static final int TEXT_LENGTH_MAX = 256 * 1024;
    public static final int TYPES_MAX = 100;
    public static final int TYPE_NAME_LENGTH_MAX = 254;
    public static final int RELATION_NAME_LENGTH_MAX = 50;

    /** Over all types: closures are computed for each relation, so compiling is quadratic in this number. */
    public static final int RELATIONS_MAX = 1_000;

    private ModelLimits() {}
}
