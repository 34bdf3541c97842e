package nexus.cli;

import nexus.config.ServerOptions;

/** Runs a server until it is told to stop. Returns the exit code. */
@FunctionalInterface
public interface ServeAction {
    int serve(ServerOptions options) throws Exception;
}
