package nexus.benchmarks;

import io.vertx.core.buffer.Buffer;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.LongFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The real server with its embedded PostgreSQL and the bare yardstick, each a process of its own, under load from this one.
 * Prints a Markdown table. Arguments: the jar, then the milliseconds of each run (default 3000).
 */
public final class HttpBenchmark {
    private static final int LOOPS = Runtime.getRuntime().availableProcessors();
    private static final String JAVA =
            Path.of(System.getProperty("java.home"), "bin", "java").toString();
    private static final Pattern KEY = Pattern.compile("\"api_key\":\"([^\"]+)\"");

    private final HttpClient client = HttpClient.newHttpClient();
    private int port;
    private String admin = "";

    private HttpBenchmark() {}

    /** See the class. */
    public static void main(String... arguments) throws Exception {
        long millis = arguments.length > 1 ? Long.parseLong(arguments[1]) : 3000;
        new HttpBenchmark().run(Path.of(arguments[0]), millis);
    }

    private void run(Path jar, long millis) throws Exception {
        Path data = Files.createTempDirectory("nexus-benchmark-");
        Process bare = start(List.of(
                JAVA, "-cp", System.getProperty("java.class.path"), BareServer.class.getName(), "2097", "" + LOOPS));
        Process server = serve(jar, data);
        try {
            System.out.println("cores " + LOOPS + ", JDK " + Runtime.version() + ", event loops " + LOOPS
                    + ", client on the same cores with one event loop, " + millis + " ms a run\n");
            System.out.println("| request | connections | req/s | of bare | p50 ms | p99 ms | open at | achieved | p50 ms | p99 ms |");
            System.out.println("|---|---|---|---|---|---|---|---|---|---|");
            measure(millis);
            stop(server);
            warmStarts(jar, data);
        } finally {
            stop(server);
            stop(bare);
            try (Stream<Path> all = Files.walk(data)) {
                all.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
            }
        }
    }

    private Process serve(Path jar, Path data) throws Exception {
        Process server = start(List.of(
                JAVA, "-Xmx1g", "-jar", jar.toString(), "serve", "--port", "0", "--data-dir", data.toString()));
        admin = Files.readString(data.resolve("admin.key")).strip();
        return server;
    }

    private Process start(List<String> command) throws Exception {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream()));
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            if (line.startsWith("listening on")) {
                port = Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
                return process;
            }
        }
        throw new IllegalStateException("did not start: " + command);
    }

    private static void stop(Process process) throws Exception {
        process.destroy();
        process.waitFor();
    }

    private String call(String key, String method, String params) throws Exception {
        HttpResponse<String> answer = client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/api/nfs/" + method))
                        .header("Authorization", "Bearer " + key)
                        .POST(HttpRequest.BodyPublishers.ofString("{\"params\":" + params + "}"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        if (answer.body().contains("\"error\"")) {
            throw new IllegalStateException(method + ": " + answer.body());
        }
        return answer.body();
    }

    private void measure(long millis) throws Exception {
        call(admin, "mkdir", "{\"path\":\"/tenants/bench\"}");
        Matcher made = KEY.matcher(
                call(admin, "admin_create_key", "{\"zone_id\":\"bench\",\"user_id\":\"alice\",\"name\":\"alice\"}"));
        if (!made.find()) {
            throw new IllegalStateException("no key");
        }
        String key = made.group(1);
        call(admin, "write", "{\"path\":\"/tenants/bench/.tenant.json\",\"content\":\"{\\\"plan\\\":\\\"enterprise\\\"}\"}");
        call(admin, "rebac_create", grant("/tenants/bench/w"));
        call(admin, "rebac_create", grant("/tenants/bench/a"));
        String text = "x".repeat(1024);
        call(key, "write", "{\"path\":\"/tenants/bench/w/read.txt\",\"content\":\"" + text + "\"}");

        Buffer health = Load.request("/health", "", "");
        Buffer hit = check(key, "alice", "/tenants/bench/a/b/c/d/e/f.txt");
        Buffer miss = check(key, "alice", "/tenants/bench/n/b/c/d/e/f.txt");
        Buffer read = Load.request(
                "/api/nfs/read", key, rpc("read", "{\"path\":\"/tenants/bench/w/read.txt\",\"return_metadata\":false}"));
        long[] next = new long[1];
        LongFunction<Buffer> write = i -> Load.request(
                "/api/nfs/write",
                key,
                rpc("write", "{\"path\":\"/tenants/bench/w/" + next[0]++ + ".txt\",\"content\":\"" + text + "\"}"));
        List<Row> rows = new ArrayList<>();
        rows.add(new Row("bare Vert.x, same body as a check", 2097, i -> hit, "result"));
        rows.add(new Row("GET /health", port, i -> health, "ok"));
        rows.add(new Row("rebac_check", port, i -> (i & 1) == 0 ? hit : miss, "result"));
        rows.add(new Row("read 1 KiB", port, i -> read, "result"));
        rows.add(new Row("write 1 KiB", port, write, "result"));
        double[] yardstick = new double[3];
        for (Row row : rows) {
            try (Load load = new Load(row.port)) {
                load.warmUp(row.requests, row.expected, millis);
                int at = 0;
                for (int connections : load.connectionCounts()) {
                    Load.Result closed = load.run(connections, 0, millis, row.requests, row.expected);
                    if (row == rows.get(0)) {
                        yardstick[at] = closed.perSecond();
                    }
                    Load.Result open =
                            load.run(connections, closed.perSecond() * 0.6, millis, row.requests, row.expected);
                    System.out.printf(
                            Locale.ROOT,
                            "| %s | %d | %.0f | %.2f | %.2f | %.2f | %.0f | %.0f | %.2f | %.2f |%s%n",
                            row.name,
                            connections,
                            closed.perSecond(),
                            closed.perSecond() / yardstick[at],
                            closed.millis(50),
                            closed.millis(99),
                            open.intended(),
                            open.perSecond(),
                            open.millis(50),
                            open.millis(99),
                            closed.errors() + open.errors() == 0 ? "" : " errors " + (closed.errors() + open.errors()));
                    at++;
                }
            }
        }
    }

    private record Row(String name, int port, LongFunction<Buffer> requests, String expected) {}

    private static String grant(String path) {
        return "{\"subject\":[\"user\",\"alice\"],\"relation\":\"owner\",\"object\":[\"file\",\"" + path
                + "\"],\"zone_id\":\"bench\"}";
    }

    private static Buffer check(String key, String user, String path) {
        return Load.request(
                "/api/nfs/rebac_check",
                key,
                rpc(
                        "rebac_check",
                        "{\"subject\":[\"user\",\"" + user + "\"],\"permission\":\"read\",\"object\":[\"file\",\"" + path
                                + "\"]}"));
    }

    private static String rpc(String method, String params) {
        return "{\"jsonrpc\":\"2.0\",\"method\":\"" + method + "\",\"id\":\"1\",\"params\":" + params + "}";
    }

    private void warmStarts(Path jar, Path data) throws Exception {
        List<Long> times = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            long started = System.nanoTime();
            Process server = serve(jar, data);
            times.add((System.nanoTime() - started) / 1_000_000);
            stop(server);
        }
        System.out.println("\nwarm start to the ready line, ms: " + times);
    }
}
