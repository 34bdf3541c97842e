package nexus.cli;

import nexus.config.DemoOptions;

/** Plays the tutorial against a server of its own. Returns the exit code. */
@FunctionalInterface
public interface DemoAction {
    int demo(DemoOptions options) throws Exception;
}
