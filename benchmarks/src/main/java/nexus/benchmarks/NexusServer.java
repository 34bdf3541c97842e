package nexus.benchmarks;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The real server as a child process on a data directory, and the few calls that prepare it. */
final class NexusServer implements AutoCloseable {
    private static final Pattern KEY = Pattern.compile("\"api_key\":\"([^\"]+)\"");

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final ChildProcess process;
    private final String admin;

    private NexusServer(ChildProcess process, String admin) {
        this.process = process;
        this.admin = admin;
    }

    /** Starts the jar's {@code serve} and waits until it is ready. */
    static NexusServer start(Path jar, Path data, String... options) throws IOException {
        List<String> arguments = new ArrayList<>(
                List.of("-Xmx1g", "-jar", jar.toString(), "serve", "--port", "0", "--data-dir", data.toString()));
        arguments.addAll(List.of(options));
        ChildProcess process = ChildProcess.java(arguments.toArray(String[]::new));
        return new NexusServer(
                process, Files.readString(data.resolve("admin.key")).strip());
    }

    /** Starts a node of a cluster: of whose nodes none may be the one that makes the administrator's key. */
    static NexusServer startNode(Path jar, Path data, String admin, String... options) throws IOException {
        List<String> arguments = new ArrayList<>(
                List.of("-Xmx1g", "-jar", jar.toString(), "serve", "--port", "0", "--data-dir", data.toString()));
        arguments.addAll(List.of(options));
        return new NexusServer(
                ChildProcess.java(Map.of("NEXUS_ADMIN_KEY", admin), arguments.toArray(String[]::new)), admin);
    }

    /** What is done with a directory for the data of servers. */
    interface Work {
        void with(Path data) throws Exception;
    }

    /** Makes a directory for the data of servers and deletes it at the end, when they are closed. */
    static void inNewDirectory(Work work) throws Exception {
        Path directory = Files.createTempDirectory("nexus-benchmark-");
        try {
            work.with(directory);
        } finally {
            try (Stream<Path> all = Files.walk(directory)) {
                for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
    }

    ChildProcess process() {
        return process;
    }

    /** The system administrator's key. */
    String admin() {
        return admin;
    }

    /** A call by the system administrator; its result as JSON. */
    String call(String method, String params) throws IOException, InterruptedException {
        String answer = send("POST", "/api/nfs/" + method, "{\"params\":" + params + "}");
        if (answer.contains("\"error\"")) {
            throw new IllegalStateException(method + " " + params + ": " + answer);
        }
        return answer;
    }

    /** A request of the system administrator; what it is answered with 200. */
    String send(String method, String path, String body) throws IOException, InterruptedException {
        HttpResponse<String> answer = client.send(
                HttpRequest.newBuilder(uri(path))
                        .header("Authorization", "Bearer " + admin)
                        .method(method, HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IllegalStateException(method + " " + path + ": " + answer.statusCode() + " " + answer.body());
        }
        return answer.body();
    }

    String get(String path) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(uri(path)).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }

    private URI uri(String path) {
        return URI.create("http://127.0.0.1:" + process.port() + path);
    }

    /** A tenant without limits, with a user alice; her key. */
    String makeTenant(String zone) throws IOException, InterruptedException {
        call("mkdir", "{\"path\":\"/tenants/" + zone + "\"}");
        call(
                "write",
                "{\"path\":\"/tenants/" + zone + "/.tenant.json\",\"content\":\"{\\\"plan\\\":\\\"enterprise\\\"}\"}");
        Matcher made = KEY.matcher(
                call("admin_create_key", "{\"zone_id\":\"" + zone + "\",\"user_id\":\"alice\",\"name\":\"alice\"}"));
        if (!made.find()) {
            throw new IllegalStateException("no key was made");
        }
        return made.group(1);
    }

    /** Makes a user the owner of a path. */
    void grant(String zone, String user, String path) throws IOException, InterruptedException {
        call(
                "rebac_create",
                "{\"subject\":[\"user\",\"" + user + "\"],\"relation\":\"owner\",\"object\":[\"file\",\"" + path
                        + "\"],\"zone_id\":\"" + zone + "\"}");
    }

    @Override
    public void close() {
        process.close();
    }
}
