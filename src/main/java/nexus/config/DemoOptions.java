package nexus.config;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the demonstration runs. It takes nothing from the environment: what is set there is for a real server, and the
 * demonstration must not write into that one's data.
 *
 * @param port 0: any free one
 * @param dataDir null: a temporary directory, deleted at the end
 */
public record DemoOptions(int port, @Nullable Path dataDir) {

    private static final int PORT_MAX = 65_535;

    /**
     * Checks the values.
     *
     * @throws OptionsException if the port is none
     */
    public DemoOptions {
        if (port < 0 || port > PORT_MAX) {
            throw new OptionsException(List.of("--port is " + port + ", allowed is 0 to " + PORT_MAX));
        }
    }
}
