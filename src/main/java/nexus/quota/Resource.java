package nexus.quota;

/** What a quota counts. */
public enum Resource {
    /** Enabled users that hold an unrevoked key. */
    USERS("users"),
    /** Regular files in the workspace. */
    FILES("files"),
    /** Bytes of every retained version of the files. */
    BYTES("storage");

    private final String text;

    Resource(String text) {
        this.text = text;
    }

    /** The name on the wire. */
    public String text() {
        return text;
    }
}
