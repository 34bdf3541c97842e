package nexus.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What {@code docker/} says of the server and of its own files is true. No engine is needed, and none is asked. */
class DockerTest {
    private static final Path DOCKER = Path.of("docker");
    private static final String DOCKERFILE = read(DOCKER.resolve("Dockerfile"));
    private static final String COMPOSE = read(DOCKER.resolve("compose.yaml"));
    private static final String BALANCER = read(DOCKER.resolve("haproxy.cfg"));

    @Test
    void everyVariableIsAnOptionOfTheServer() throws IOException {
        Set<String> known = Stream.of(ServerOption.values())
                .map(ServerOption::variable)
                .collect(Collectors.toCollection(TreeSet::new));
        known.add(ServerOption.DEBUG_VARIABLE);
        try (Stream<Path> files = Files.list(DOCKER)) {
            for (Path file : files.toList()) {
                for (String variable : all("NEXUS_[A-Z0-9_]+", read(file))) {
                    assertTrue(known.contains(variable), variable + " in " + file + ", known are " + known);
                }
            }
        }
        assertEquals(
                Set.of("NEXUS_HOST", "NEXUS_PORT", "NEXUS_DATA_DIR"), Set.copyOf(all("NEXUS_[A-Z_]+", DOCKERFILE)));
        assertEquals(
                Set.of(
                        "NEXUS_CLUSTER",
                        "NEXUS_DATABASE_URL",
                        "NEXUS_NODE_NAME",
                        "NEXUS_TRUSTED_PROXIES",
                        "NEXUS_ADMIN_KEY"),
                Set.copyOf(all("NEXUS_[A-Z_]+", COMPOSE)));
    }

    @Test
    void whatIsCopiedExistsAndIsLetThrough() {
        List<String> ignored =
                read(DOCKER.resolve("Dockerfile.dockerignore")).lines().toList();
        List<String> copies = all("^COPY (?!--from)(?:--\\S+ )*(\\S+) \\S+$", DOCKERFILE);
        assertEquals(
                Set.of("pom.xml", "src/main", "docker/jvm.options", "docker/healthcheck", "cluster-config"),
                Set.copyOf(copies));
        for (String source : copies) {
            assertTrue(Files.exists(Path.of(source)), source);
            assertTrue(ignored.contains("!" + source), source + " does not pass " + ignored);
        }
        assertTrue(ignored.contains("*"), "everything else stays outside: " + ignored);
        for (String path : all("/app/([a-z.-]+)", DOCKERFILE)) {
            boolean there = copies.contains(path) || copies.contains("docker/" + path) || path.equals("nexus.jar");
            assertTrue(there, path + " is not in the image");
        }
    }

    @Test
    void whatComposeNamesExists() {
        assertEquals(List.of("docker/Dockerfile"), all("dockerfile: (\\S+)", COMPOSE));
        List<String> mounted = all("\"\\./([^:]+):", COMPOSE);
        assertEquals(List.of("haproxy.cfg"), mounted);
        mounted.forEach(file -> assertTrue(Files.exists(DOCKER.resolve(file)), file));
        String cluster = one("NEXUS_CLUSTER: /app/(\\S+)", COMPOSE);
        assertTrue(read(Path.of(cluster)).contains("${NODES_LIST}"), cluster + " takes the nodes from NODES_LIST");
    }

    @Test
    void whatComposeAsksForIsInTheExample() {
        Set<String> asked = new TreeSet<>(all("\\$\\{([A-Z_]+)", COMPOSE));
        Set<String> shown = new TreeSet<>(all("^(?:# )?([A-Z_]+)=", read(DOCKER.resolve(".env.example"))));
        assertEquals(shown, asked);
        assertTrue(read(Path.of(".gitignore")).lines().anyMatch(".env"::equals), "keys do not get into the repository");
    }

    @Test
    void allSpeakOfTheSameNodes() {
        List<String> nodes = all("NEXUS_NODE_NAME: (\\S+)", COMPOSE);
        assertEquals(3, nodes.size(), nodes.toString());
        for (String node : nodes) {
            assertTrue(COMPOSE.contains("\n  " + node + ":\n    <<: *node"), node + " is a service");
        }
        assertEquals(
                all("aliases: \\[(\\S+)\\]", COMPOSE),
                List.of(one("NODES_LIST: (\\S+)", COMPOSE).split(",")));
        List<String> twice = new ArrayList<>(nodes);
        twice.addAll(nodes);
        assertEquals(twice, all("^    server (\\S+) ", BALANCER), "in both parts of the balancer");
        assertEquals(nodes, all("^    server (\\S+) \\S+ check$", BALANCER), "each is checked");
    }

    @Test
    void portsAgree() {
        String port = String.valueOf(ServerOption.PORT.defaultText());
        assertEquals(port, one("NEXUS_PORT=(\\d+)", DOCKERFILE));
        assertEquals(port, one("^EXPOSE (\\d+)$", DOCKERFILE));
        assertEquals(port, one("NEXUS_PORT:-(\\d+)", read(DOCKER.resolve("healthcheck"))));
        assertEquals(Set.of(port), Set.copyOf(all("^    server (?:\\S+) \\S+:(\\d+) ", BALANCER)));
        String listening = one("^    bind :(\\d+)$", BALANCER);
        assertEquals(listening, one("ports: \\[\"127\\.0\\.0\\.1:\\d+:(\\d+)\"\\]", COMPOSE));
    }

    @Test
    void theHealthCheckCanBeExecuted() {
        assertTrue(Files.isExecutable(DOCKER.resolve("healthcheck")));
        assertFalse(DOCKERFILE.contains("curl"), "the image has none");
    }

    private static List<String> all(String regex, String text) {
        Matcher matcher = Pattern.compile(regex, Pattern.MULTILINE).matcher(text);
        List<String> found = new ArrayList<>();
        while (matcher.find()) {
            found.add(matcher.groupCount() == 0 ? matcher.group() : matcher.group(1));
        }
        return found;
    }

    private static String one(String regex, String text) {
        List<String> found = all(regex, text);
        assertEquals(1, found.size(), regex + " is there once: " + found);
        return found.get(0);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
