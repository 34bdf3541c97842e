package nexus.benchmarks;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.HdrHistogram.Histogram;

/**
 * A lean HTTP/1.1 client: keep-alive connections, one request under way on each, ready-made requests, every answer checked.
 *
 * <p><b>Two ways.</b> <em>Closed</em>: every connection sends again as soon as it has its answer, for the highest
 * throughput. <em>Open</em>: requests are due at a fixed rate, whoever is free sends them, and latency counts from when
 * each was <em>due</em>; all that were due are sent, however late. So a server that stalls cannot hide it (no coordinated
 * omission), and what this client is late itself is counted against the server, never for it.
 *
 * <p><b>One plain thread</b> and no callbacks: whatever goes wrong - a connection that the server closes, an answer that is
 * not the expected one, no answer for {@value #STALL_SECONDS} seconds - is thrown out of the run with the reason. It cannot
 * hang. (An earlier client did: it was built on Vert.x and held its {@code NetClient} in a local variable only; with the
 * first collection of garbage Vert.x closed that client and all its connections, and the run waited for ever.)
 */
final class Load {
    /** A request, and what the body of its answer must contain. */
    record Exchange(ByteBuffer request, byte[] expected) {
        Exchange(ByteBuffer request, String expected) {
            this(request, expected.getBytes(StandardCharsets.ISO_8859_1));
        }
    }

    /**
     * What a run gave.
     *
     * @param seconds from the first request to the last answer
     * @param busy the share of that time for which this client had a processor
     */
    record Result(long answers, double seconds, double busy, Histogram latency) {
        double perSecond() {
            return answers / seconds;
        }

        double millis(double percentile) {
            return latency.getValueAtPercentile(percentile) / 1e6;
        }
    }

    private static final int STALL_SECONDS = 10;
    private static final long SELECT_MILLIS = 1000;

    /** How often this client looks for answers while the next request is due within two milliseconds. */
    private static final long LOOK_NANOS = 50_000;

    private static final long LOOK_BELOW_NANOS = 2_000_000;

    /** An answer with its head. */
    private static final int ANSWER_BYTES_MAX = 64 << 10;

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final double nanosBetween;
    private final Supplier<Exchange> exchanges;
    private final Histogram latency = new Histogram(3);
    private final List<Connection> connections = new ArrayList<>();
    private final Deque<Connection> idle = new ArrayDeque<>();
    private long start;
    private long end;
    private long sent;
    private long answers;
    private long lastAnswer;

    private Load(double rate, Supplier<Exchange> exchanges) {
        this.nanosBetween = rate == 0 ? 0 : 1e9 / rate;
        this.exchanges = exchanges;
    }

    /** Every connection sends as soon as it can. */
    static Result closed(int port, int connections, Duration length, Supplier<Exchange> exchanges) throws IOException {
        return new Load(0, exchanges).run(port, connections, length);
    }

    /** So many requests a second, whatever the server does. */
    static Result open(int port, int connections, double rate, Duration length, Supplier<Exchange> exchanges)
            throws IOException {
        return new Load(rate, exchanges).run(port, connections, length);
    }

    /** A POST, or a GET if there is no body. */
    static ByteBuffer request(String path, String key, String body) {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        StringBuilder head = new StringBuilder(256)
                .append(body.isEmpty() ? "GET " : "POST ")
                .append(path)
                .append(" HTTP/1.1\r\nHost: 127.0.0.1\r\n");
        if (!key.isEmpty()) {
            head.append("Authorization: Bearer ").append(key).append("\r\n");
        }
        if (!body.isEmpty()) {
            head.append("Content-Type: application/json\r\nContent-Length: ")
                    .append(bytes.length)
                    .append("\r\n");
        }
        byte[] headBytes = head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
        return ByteBuffer.allocate(headBytes.length + bytes.length)
                .put(headBytes)
                .put(bytes)
                .flip()
                .asReadOnlyBuffer();
    }

    private Result run(int port, int count, Duration length) throws IOException {
        try (Selector selector = Selector.open()) {
            for (int i = 0; i < count; i++) {
                connections.add(new Connection(selector, port));
            }
            idle.addAll(connections);
            long cpu = THREADS.getCurrentThreadCpuTime();
            start = System.nanoTime();
            end = start + length.toNanos();
            lastAnswer = start;
            while (send() || idle.size() < connections.size()) {
                await(selector);
                receive(selector);
            }
            double seconds = (lastAnswer - start) / 1e9;
            double busy = (THREADS.getCurrentThreadCpuTime() - cpu) / 1e9 / seconds;
            return new Result(answers, seconds, busy, latency);
        } finally {
            for (Connection connection : connections) {
                connection.channel.close();
            }
        }
    }

    private boolean isClosed() {
        return nanosBetween == 0;
    }

    /** When the next request is due. */
    private long due(long now) {
        return isClosed() ? now : start + (long) (sent * nanosBetween);
    }

    /** Sends what is due, as far as connections are free; whether there is more to come. */
    private boolean send() throws IOException {
        while (true) {
            long now = System.nanoTime();
            long due = due(now);
            if (due - end >= 0) {
                return false;
            }
            if (due - now > 0 || idle.isEmpty()) {
                return true;
            }
            sent++;
            idle.removeFirst().send(exchanges.get(), due);
        }
    }

    /** Waits for an answer, or until the next request is due. */
    private void await(Selector selector) throws IOException {
        long now = System.nanoTime();
        long due = due(now);
        long wait = due - now;
        if (idle.isEmpty() || isClosed() || due - end >= 0) {
            selector.select(SELECT_MILLIS);
        } else if (wait > LOOK_BELOW_NANOS) {
            selector.select(Math.min(SELECT_MILLIS, TimeUnit.NANOSECONDS.toMillis(wait) - 1));
        } else if (selector.selectNow() == 0 && wait > 0) {
            LockSupport.parkNanos(Math.min(wait, LOOK_NANOS));
        }
    }

    private void receive(Selector selector) throws IOException {
        for (SelectionKey key : selector.selectedKeys()) {
            Connection connection = (Connection) key.attachment();
            if (connection.receive()) {
                long now = System.nanoTime();
                latency.recordValue(now - connection.due);
                lastAnswer = now;
                answers++;
                idle.addLast(connection);
            }
        }
        selector.selectedKeys().clear();
        int waiting = connections.size() - idle.size();
        if (waiting > 0 && System.nanoTime() - lastAnswer > TimeUnit.SECONDS.toNanos(STALL_SECONDS)) {
            throw new IllegalStateException("no answer for " + STALL_SECONDS + " s: " + waiting + " of "
                    + connections.size() + " connections wait, " + answers + " answers came before");
        }
    }

    private final class Connection {
        private final SocketChannel channel;
        private final ByteBuffer in = ByteBuffer.allocate(ANSWER_BYTES_MAX);
        private byte[] expected = {};
        private long due;
        private boolean waiting;

        Connection(Selector selector, int port) throws IOException {
            channel = SocketChannel.open(new InetSocketAddress("127.0.0.1", port));
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.configureBlocking(false);
            channel.register(selector, SelectionKey.OP_READ, this);
        }

        void send(Exchange exchange, long dueAt) throws IOException {
            ByteBuffer bytes = exchange.request().duplicate();
            channel.write(bytes);
            if (bytes.hasRemaining()) {
                // Nothing else is under way on this connection, so its socket has room for a request of some KiB.
                throw new IllegalStateException("the socket left " + bytes.remaining() + " bytes of a request");
            }
            expected = exchange.expected();
            due = dueAt;
            waiting = true;
        }

        /** Reads what has come; whether the answer is complete. */
        boolean receive() throws IOException {
            int read = channel.read(in);
            if (read < 0) {
                throw new IllegalStateException("the server closed a connection "
                        + (waiting ? "instead of answering" : "that was idle") + ", after " + answers + " answers");
            }
            int body = endOfHead();
            if (body < 0) {
                mustHaveRoom();
                return false;
            }
            int length = body + contentLength(body);
            if (in.position() < length) {
                mustHaveRoom();
                return false;
            }
            if (!waiting || in.position() > length || !isExpected(body)) {
                throw new IllegalStateException("unexpected answer: " + text(in.position()));
            }
            waiting = false;
            in.clear();
            return true;
        }

        private void mustHaveRoom() {
            if (!in.hasRemaining()) {
                throw new IllegalStateException("an answer is longer than " + ANSWER_BYTES_MAX + " bytes");
            }
        }

        private String text(int length) {
            return new String(in.array(), 0, length, StandardCharsets.ISO_8859_1);
        }

        /** Where the body begins, or -1. */
        private int endOfHead() {
            byte[] bytes = in.array();
            for (int i = 3; i < in.position(); i++) {
                if (bytes[i] == '\n' && bytes[i - 2] == '\n') {
                    return i + 1;
                }
            }
            return -1;
        }

        private int contentLength(int body) {
            String head = text(body).toLowerCase(Locale.ROOT);
            int at = head.indexOf("\ncontent-length:");
            if (at < 0) {
                throw new IllegalStateException("an answer without Content-Length: " + head);
            }
            return Integer.parseInt(head.substring(head.indexOf(':', at) + 1, head.indexOf('\r', at + 1))
                    .strip());
        }

        private boolean isExpected(int body) {
            byte[] bytes = in.array();
            boolean ok = bytes[9] == '2' && bytes[10] == '0' && bytes[11] == '0';
            for (int from = body; ok && from + expected.length <= in.position(); from++) {
                if (isAt(from)) {
                    return true;
                }
            }
            return false;
        }

        private boolean isAt(int from) {
            byte[] bytes = in.array();
            for (int i = 0; i < expected.length; i++) {
                if (bytes[from + i] != expected[i]) {
                    return false;
                }
            }
            return true;
        }
    }
}
