package nexus.rebac.schema;

/** Whether a model has room for a tuple, and if not, why not. */
public enum Admission {
    ADMITTED,
    UNKNOWN_TYPE,
    UNKNOWN_RELATION,
    UNKNOWN_SUBJECT_TYPE,
    UNKNOWN_SUBJECT_RELATION,
    /** The relation exists, but is computed from others: nobody can be assigned to it. */
    NOT_ASSIGNABLE,
    /** The relation is assignable, but not to a subject of this kind. */
    SUBJECT_NOT_ALLOWED
}
