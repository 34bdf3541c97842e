package nexus.embedded;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.random.RandomGenerator;

/**
 * Picks a TCP port on the loopback interface, below the range from which systems take the ports of outgoing
 * connections. A port of that range could be gone when the database restarts; worse, a client that keeps trying to
 * connect to it would sooner or later get the same port for its own end, and so connect to itself.
 */
final class Ports {

    static final int FIRST = 15_000;
    static final int LAST = 31_999;
    /** {@link PostgresServer#HOST}. */
    private static final byte[] LOOPBACK = {127, 0, 0, 1};

    private static final int ATTEMPTS_MAX = 100;

    private Ports() {}

    static int choose(RandomGenerator random) {
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            int port = random.nextInt(FIRST, LAST + 1);
            if (isFree(port)) {
                return port;
            }
        }
        throw new EmbeddedException("no free port for the database on " + PostgresServer.HOST + " between " + FIRST
                + " and " + LAST + ", tried " + ATTEMPTS_MAX);
    }

    static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getByAddress(LOOPBACK), port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
