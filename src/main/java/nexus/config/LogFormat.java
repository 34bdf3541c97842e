package nexus.config;

/** How log lines look. The values' names in lower case are what an operator writes. */
public enum LogFormat {
    TEXT,
    JSON
}
