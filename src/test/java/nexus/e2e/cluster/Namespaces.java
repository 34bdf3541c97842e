package nexus.e2e.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * A network of its own for each node, joined by a bridge, so that nodes can be parted from each other while both go on
 * reaching the database. Needs Linux, root and {@code ip}; where one is missing the reason is told.
 */
final class Namespaces implements Network {
    private static final Duration COMMAND = Duration.ofSeconds(10);

    /** Of the range that is reserved for tests of networks (RFC 2544). */
    private static final String PREFIX = "198.18.";

    private static final int FIRST = 11;

    private final String bridge;
    private final String subnet;
    private final int nodes;

    private Namespaces(int nodes) {
        long own = ProcessHandle.current().pid();
        this.bridge = "nx" + own;
        this.subnet = PREFIX + own % 256 + ".";
        this.nodes = nodes;
    }

    /** Why there cannot be such a network here; empty if there can. */
    static Optional<String> missing() {
        String probe = "nxprobe" + ProcessHandle.current().pid() % 100_000;
        Optional<String> failure = tried("ip", "netns", "add", probe)
                .or(() -> tried("ip", "link", "add", probe, "type", "bridge"))
                .or(() -> tried("ip", "link", "del", probe));
        tried("ip", "netns", "del", probe);
        return failure;
    }

    static Namespaces make(int nodes) {
        Namespaces made = new Namespaces(nodes);
        Runtime.getRuntime().addShutdownHook(new Thread(made::close));
        made.close();
        run("ip", "link", "add", made.bridge, "type", "bridge");
        run("ip", "address", "add", made.machine() + "/24", "dev", made.bridge);
        run("ip", "link", "set", made.bridge, "up");
        for (int node = 0; node < nodes; node++) {
            String name = made.name(node);
            String outside = made.bridge + "n" + node;
            run("ip", "netns", "add", name);
            run("ip", "link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", name);
            run("ip", "link", "set", outside, "master", made.bridge, "up");
            run("ip", "-n", name, "address", "add", made.host(node) + "/24", "dev", "eth0");
            run("ip", "-n", name, "link", "set", "lo", "up");
            run("ip", "-n", name, "link", "set", "eth0", "up");
        }
        return made;
    }

    private String name(int node) {
        return bridge + "-" + node;
    }

    @Override
    public String host(int node) {
        return subnet + (FIRST + node);
    }

    @Override
    public String machine() {
        return subnet + 1;
    }

    @Override
    public String interfaces() {
        return subnet + "*";
    }

    @Override
    public List<String> members() {
        return IntStream.range(0, nodes).mapToObj(this::host).toList();
    }

    @Override
    public int portsPerHost(int nodes) {
        return 1;
    }

    @Override
    public List<String> under(int node) {
        return List.of("ip", "netns", "exec", name(node));
    }

    /** Nothing that one of them sends reaches the other. */
    void part(int one, int other) {
        run("ip", "-n", name(one), "route", "add", "blackhole", host(other) + "/32");
        run("ip", "-n", name(other), "route", "add", "blackhole", host(one) + "/32");
    }

    /** They reach each other again. */
    void join(int one, int other) {
        run("ip", "-n", name(one), "route", "del", "blackhole", host(other) + "/32");
        run("ip", "-n", name(other), "route", "del", "blackhole", host(one) + "/32");
    }

    private static void run(String... command) {
        tried(command).ifPresent(failure -> {
            throw new IllegalStateException(failure);
        });
    }

    /** What went wrong; empty if nothing did. */
    private static Optional<String> tried(String... command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (!process.waitFor(COMMAND.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                return Optional.of(String.join(" ", command) + ": did not end");
            }
            return process.exitValue() == 0 ? Optional.empty() : Optional.of(String.join(" ", command) + ": " + said);
        } catch (IOException e) {
            return Optional.of(String.join(" ", command) + ": " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(new IOException("interrupted in " + String.join(" ", command), e));
        }
    }

    @Override
    public void close() {
        List<String> names =
                new ArrayList<>(IntStream.range(0, nodes).mapToObj(this::name).toList());
        names.forEach(name -> tried("ip", "netns", "del", name));
        tried("ip", "link", "del", bridge);
    }
}
