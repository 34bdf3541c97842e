package nexus.tenant;

import java.util.ArrayList;
import java.util.List;
import nexus.kernel.Problem;
import nexus.kernel.ProblemException;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import org.jspecify.annotations.Nullable;

/**
 * Where a user's own things are, and what his agents are called.
 *
 * <pre>
 *   /users/alice                            his directory, which he owns
 *   /users/alice/agent/UntrustedAgent       the directory of his agent, agent:alice,UntrustedAgent
 * </pre>
 */
final class UserPlaces {
    /** The agents that a user is provisioned with, by the names that Nexus gives them. */
    static final List<String> STANDARD_AGENTS = List.of("ImpersonatedUser", "UntrustedAgent");

    private static final String USERS = "/users/";
    private static final String AGENTS = "/agent/";
    private static final char SEPARATOR = ',';

    /** Any tenant's name would do: what is a legal name of a directory does not depend on it. */
    private static final ZoneName ANY_ZONE = new ZoneName("x");

    private UserPlaces() {}

    /** The paths of a user's directory and, if they are wanted, of his standard agents'; none if he can have none. */
    static List<String> of(String userId, boolean agents) {
        String home = home(userId);
        if (home == null) {
            return List.of();
        }
        List<String> paths = new ArrayList<>(3);
        paths.add(home);
        if (agents) {
            STANDARD_AGENTS.forEach(name -> paths.add(ofAgent(home, name)));
        }
        return paths;
    }

    /** The path of a user's directory, or null if his id cannot be the name of one. */
    static @Nullable String home(String userId) {
        try {
            return requireHome(userId);
        } catch (ProblemException e) {
            return null;
        }
    }

    /** The path of a user's directory, or the problem of an id that cannot be the name of one. */
    static String requireHome(String userId) {
        String home = USERS + userId;
        WorkspacePath path;
        try {
            path = WorkspacePath.parse(WorkspacePath.wire(ANY_ZONE, home));
        } catch (ProblemException e) {
            throw Problem.invalid("user_id must be a name that a directory can have: "
                            + e.problem().message())
                    .exception();
        }
        if (userId.isEmpty() || userId.indexOf('/') >= 0 || !path.relative().equals(home)) {
            throw Problem.invalid("user_id must be a name that a directory can have")
                    .exception();
        }
        return home;
    }

    /** The path of an agent's directory. */
    static String ofAgent(String home, String agent) {
        return home + AGENTS + agent;
    }

    /** The id of a user's agent. */
    static String agentId(String userId, String agent) {
        return userId + SEPARATOR + agent;
    }

    /** Whether a subject is one of the user's agents: {@code agent:alice,Bot} is alice's, {@code agent:alice,x,Bot} is not. */
    static boolean isAgentOf(String userId, String subject) {
        String prefix = "agent:" + userId + SEPARATOR;
        return subject.startsWith(prefix) && subject.indexOf(SEPARATOR, prefix.length()) < 0;
    }

    /** Whether the ids of agents could not be told apart from those of another user's. */
    static boolean isAmbiguous(String userId) {
        return userId.indexOf(SEPARATOR) >= 0;
    }
}
