package nexus.rebac.schema;

/** Where in a model's text something stands; lines and columns count from 1. */
record Position(int line, int column) {
    /** Of what did not come as text. */
    static final Position UNKNOWN = new Position(0, 0);

    boolean isKnown() {
        return line > 0;
    }

    @Override
    public String toString() {
        return "line " + line + ", column " + column;
    }
}
