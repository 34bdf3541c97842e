package nexus.benchmarks;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetSocket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import org.HdrHistogram.Histogram;

/**
 * A lean HTTP/1.1 client on one event loop: keep-alive connections, ready-made requests, answers counted by their
 * Content-Length.
 *
 * <p>Two ways: <em>closed</em>, every connection sends again as soon as it has its answer, for the highest throughput;
 * <em>open</em>, requests are due at a fixed rate and latency is counted from when each was due, so that a server that
 * stalls cannot hide it (no coordinated omission).
 */
final class Load implements AutoCloseable {
    /** What a run gave. */
    record Result(double perSecond, double intended, Histogram latency, long errors) {
        double millis(double percentile) {
            return latency.getValueAtPercentile(percentile) / 1e6;
        }
    }

    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    private final int port;

    Load(int port) {
        this.port = port;
    }

    /** A POST, or a GET without body, as bytes. */
    static Buffer request(String path, String key, String body) {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        String head = (body.isEmpty() ? "GET " : "POST ") + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                + (key.isEmpty() ? "" : "Authorization: Bearer " + key + "\r\n")
                + (body.isEmpty()
                        ? "\r\n"
                        : "Content-Type: application/json\r\nContent-Length: " + bytes.length + "\r\n\r\n");
        return Buffer.buffer(head).appendBytes(bytes);
    }

    /** Closed loop if the rate is 0. */
    Result run(int connections, double rate, long millis, LongFunction<Buffer> requests, String expected)
            throws Exception {
        Run run = new Run(rate, millis, requests, expected);
        CountDownLatch done = new CountDownLatch(connections);
        vertx.runOnContext(v -> {
            NetClient client = vertx.createNetClient();
            run.start = System.nanoTime();
            run.end = run.start + TimeUnit.MILLISECONDS.toNanos(millis);
            for (int i = 0; i < connections; i++) {
                client.connect(port, "127.0.0.1")
                        .onSuccess(socket -> new Connection(run, socket, done))
                        .onFailure(e -> {
                            run.errors++;
                            done.countDown();
                        });
            }
        });
        done.await();
        double seconds = (run.last - run.start) / 1e9;
        return new Result(run.count / seconds, rate, run.latency, run.errors);
    }

    private static final class Run {
        final double rate;
        final long millis;
        final LongFunction<Buffer> requests;
        final byte[] expected;
        final Histogram latency = new Histogram(TimeUnit.MINUTES.toNanos(2), 3);
        long start;
        long end;
        long last;
        long sent;
        long count;
        long errors;

        Run(double rate, long millis, LongFunction<Buffer> requests, String expected) {
            this.rate = rate;
            this.millis = millis;
            this.requests = requests;
            this.expected = expected.getBytes(StandardCharsets.UTF_8);
        }

        /** When the next request is due, in the closed loop: now. */
        long due(long number, long now) {
            return rate == 0 ? now : start + (long) (number * 1e9 / rate);
        }
    }

    private final class Connection {
        private final Run run;
        private final NetSocket socket;
        private final CountDownLatch done;
        private Buffer pending = Buffer.buffer();
        private long due;

        Connection(Run run, NetSocket socket, CountDownLatch done) {
            this.run = run;
            this.socket = socket;
            this.done = done;
            socket.handler(this::received);
            next();
        }

        private void next() {
            long now = System.nanoTime();
            due = run.due(run.sent, now);
            if (now >= run.end || due >= run.end) {
                socket.close();
                done.countDown();
                return;
            }
            long number = run.sent++;
            long wait = (due - now) / 1_000_000;
            if (wait > 0) {
                vertx.setTimer(wait, id -> socket.write(run.requests.apply(number)));
            } else {
                socket.write(run.requests.apply(number));
            }
        }

        private void received(Buffer bytes) {
            pending = pending.length() == 0 ? bytes : pending.appendBuffer(bytes);
            int body = endOfHead(pending);
            if (body < 0) {
                return;
            }
            int length = contentLength(pending, body);
            if (pending.length() < body + length) {
                return;
            }
            long now = System.nanoTime();
            run.latency.recordValue(Math.max(1, now - due));
            run.last = now;
            run.count++;
            if (pending.getByte(9) != '2' || !contains(pending, body, run.expected)) {
                if (run.errors++ == 0) {
                    System.err.println("unexpected answer: " + pending);
                }
            }
            pending = Buffer.buffer();
            next();
        }
    }

    private static int endOfHead(Buffer bytes) {
        for (int i = 3; i < bytes.length(); i++) {
            if (bytes.getByte(i) == '\n' && bytes.getByte(i - 1) == '\r' && bytes.getByte(i - 2) == '\n') {
                return i + 1;
            }
        }
        return -1;
    }

    private static int contentLength(Buffer bytes, int end) {
        String head = bytes.getString(0, end).toLowerCase(java.util.Locale.ROOT);
        int at = head.indexOf("content-length:");
        return Integer.parseInt(head.substring(at + 15, head.indexOf('\r', at)).strip());
    }

    private static boolean contains(Buffer bytes, int from, byte[] expected) {
        outer:
        for (int i = from; i + expected.length <= bytes.length(); i++) {
            for (int j = 0; j < expected.length; j++) {
                if (bytes.getByte(i + j) != expected[j]) {
                    continue outer;
                }
            }
            return true;
        }
        return false;
    }

    /** A short warm-up, thrown away. */
    void warmUp(LongFunction<Buffer> requests, String expected, long millis) throws Exception {
        run(16, 0, millis, requests, expected);
    }

    List<Integer> connectionCounts() {
        return new ArrayList<>(List.of(1, 16, 64));
    }

    @Override
    public void close() {
        vertx.close();
    }
}
