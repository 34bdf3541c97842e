package nexus.config;

/** How the entries of a listing look: objects with attributes, or names only. */
public enum ListEntries {
    OBJECT,
    STRING
}
