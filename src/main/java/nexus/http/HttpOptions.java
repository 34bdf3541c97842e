package nexus.http;

import java.time.Duration;
import nexus.kernel.AddressRanges;
import nexus.kernel.Limits;
import nexus.kernel.Must;

/**
 * How the HTTP server behaves. Start from {@link #DEFAULTS} and change what is to differ.
 *
 * @param port 0 for any free one
 * @param version of the server, as {@code 0.5.0}
 * @param mode what {@code /health} says it is
 * @param listEntriesAsStrings whether {@code list} without details gives bare paths rather than objects
 * @param bodyBytes the largest request body
 * @param bodyMemoryBytes what all bodies and collected contents may take at the same time, on the whole server; the heap
 *     needs about three times as much
 * @param requestTimeout how long a request may take once it has been read; below the 30 seconds after which the original
 *     client gives up, so that our answer is the one that it sees
 * @param bodyTimeout how long a request may take to arrive
 * @param idleTimeout after which a connection without a request, or one on which nothing moves, is closed
 * @param slowRequest from which on a request has a line in the log
 * @param connections the most connections of one event loop
 * @param trustedProxies whose {@code X-Forwarded-For} is believed
 */
public record HttpOptions(
        String host,
        int port,
        String version,
        String mode,
        boolean listEntriesAsStrings,
        int bodyBytes,
        long bodyMemoryBytes,
        Duration requestTimeout,
        Duration bodyTimeout,
        Duration idleTimeout,
        Duration slowRequest,
        int connections,
        AddressRanges trustedProxies) {
    /** The longest first line of a request, in bytes: paths of files are in bodies, not in URLs. */
    static final int LINE_BYTES = 4 * Limits.KIB;

    /** All headers of a request, in bytes. */
    static final int HEADER_BYTES = 16 * Limits.KIB;

    /** Pieces in which a body is read, in bytes. */
    static final int CHUNK_BYTES = 64 * Limits.KIB;

    /** Bodies up to this size do not count against the memory for bodies: connections bound them well enough. */
    static final int UNCOUNTED_BODY_BYTES = 16 * Limits.KIB;

    /** What is thrown away of a body that nobody reads, in bytes, before the connection is closed. */
    static final int DISCARDED_BYTES = 1 * Limits.MIB;

    /** Answers from this size on are compressed if the client likes it: below, the packet is one either way. */
    static final int GZIP_BYTES = 1 * Limits.KIB;

    /** Answers larger than this go out as they are: compressing them would hold an event loop. */
    static final int GZIP_BYTES_MAX = 4 * Limits.MIB;

    /** Answers larger than this are compressed off the event loop. */
    static final int GZIP_OFF_LOOP_BYTES = 64 * Limits.KIB;

    /** Pieces in which large answers are written, in bytes; the next waits until the last has left. */
    static final int WRITE_BYTES = 256 * Limits.KIB;

    /** How often connections are looked at that have been idle for too long. */
    static final Duration SWEEP = Duration.ofSeconds(1);

    /** What a client is told to wait when the server has no room or goes down. */
    static final int RETRY_AFTER_SECONDS = 1;

    /** Loopback, port 2026. */
    public static final HttpOptions DEFAULTS = new HttpOptions(
            "127.0.0.1",
            2026,
            "0.5.0",
            "multi-zone",
            false,
            64 * Limits.MIB,
            256L * Limits.MIB,
            Duration.ofSeconds(25),
            Duration.ofSeconds(120),
            Duration.ofSeconds(75),
            Duration.ofSeconds(1),
            10_000,
            AddressRanges.NONE);

    /** Options that fit together. */
    public HttpOptions {
        Must.hold(port >= 0 && port <= 65_535, "a port", port);
        Must.hold(bodyBytes > 0 && bodyBytes <= 1 << 30, "a body of up to 1 GiB", bodyBytes);
        Must.hold(bodyMemoryBytes >= bodyBytes, "the memory for bodies holds one", bodyMemoryBytes);
        Must.hold(!requestTimeout.isNegative() && !requestTimeout.isZero(), "a request has time");
        Must.hold(requestTimeout.compareTo(Limits.DEADLINE) <= 0, "no request outlives the memory of outcomes");
        Must.hold(!idleTimeout.isNegative() && idleTimeout.toSeconds() >= 1, "connections may pause a second");
        Must.hold(idleTimeout.compareTo(requestTimeout) > 0, "a connection outlives its request");
        Must.hold(connections > 0, "somebody may connect");
    }

    /** Elsewhere. */
    public HttpOptions withAddress(String newHost, int newPort) {
        return new HttpOptions(
                newHost,
                newPort,
                version,
                mode,
                listEntriesAsStrings,
                bodyBytes,
                bodyMemoryBytes,
                requestTimeout,
                bodyTimeout,
                idleTimeout,
                slowRequest,
                connections,
                trustedProxies);
    }

    /** Of another version. */
    public HttpOptions withVersion(String newVersion) {
        return new HttpOptions(
                host,
                port,
                newVersion,
                mode,
                listEntriesAsStrings,
                bodyBytes,
                bodyMemoryBytes,
                requestTimeout,
                bodyTimeout,
                idleTimeout,
                slowRequest,
                connections,
                trustedProxies);
    }

    /** With the other kind of entries in listings. */
    public HttpOptions withListEntriesAsStrings(boolean strings) {
        return new HttpOptions(
                host,
                port,
                version,
                mode,
                strings,
                bodyBytes,
                bodyMemoryBytes,
                requestTimeout,
                bodyTimeout,
                idleTimeout,
                slowRequest,
                connections,
                trustedProxies);
    }

    /** With other bounds of bodies. */
    public HttpOptions withBodies(int newBodyBytes, long newBodyMemoryBytes) {
        return new HttpOptions(
                host,
                port,
                version,
                mode,
                listEntriesAsStrings,
                newBodyBytes,
                newBodyMemoryBytes,
                requestTimeout,
                bodyTimeout,
                idleTimeout,
                slowRequest,
                connections,
                trustedProxies);
    }

    /** With another bound from which requests are logged. */
    public HttpOptions withSlowRequest(Duration newSlowRequest) {
        return new HttpOptions(
                host,
                port,
                version,
                mode,
                listEntriesAsStrings,
                bodyBytes,
                bodyMemoryBytes,
                requestTimeout,
                bodyTimeout,
                idleTimeout,
                newSlowRequest,
                connections,
                trustedProxies);
    }

    /** With other times. */
    public HttpOptions withTimeouts(Duration request, Duration body, Duration idle) {
        return new HttpOptions(
                host,
                port,
                version,
                mode,
                listEntriesAsStrings,
                bodyBytes,
                bodyMemoryBytes,
                request,
                body,
                idle,
                slowRequest,
                connections,
                trustedProxies);
    }

    /** Behind other proxies. */
    public HttpOptions withTrustedProxies(AddressRanges trusted) {
        return new HttpOptions(
                host,
                port,
                version,
                mode,
                listEntriesAsStrings,
                bodyBytes,
                bodyMemoryBytes,
                requestTimeout,
                bodyTimeout,
                idleTimeout,
                slowRequest,
                connections,
                trusted);
    }
}
