package nexus.e2e;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A way to a port that can be cut: with a word to those who use it, or without one. */
final class Relay implements AutoCloseable {
    private final int target;
    private final ServerSocket server;
    private final Set<Link> links = ConcurrentHashMap.newKeySet();
    private volatile boolean open = true;

    Relay(int target) {
        this.target = target;
        try {
            server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        daemon(this::accept);
    }

    int port() {
        return server.getLocalPort();
    }

    /** Ends all connections, and refuses new ones. */
    void cut() {
        open = false;
        links.forEach(Link::close);
    }

    /** Passes nothing on any more and says so to nobody, as a router does that has lost its memory; new ones are refused. */
    void forget() {
        open = false;
        links.forEach(link -> link.silent = true);
    }

    /** Lets new connections through; those that were forgotten stay so. */
    void mend() {
        open = true;
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                if (open) {
                    link(client);
                } else {
                    client.close();
                }
            } catch (IOException e) {
                // It is being closed, or the target is not there: the client sees its connection end.
                continue;
            }
        }
    }

    private void link(Socket client) throws IOException {
        try {
            Link link = new Link(client, new Socket(InetAddress.getLoopbackAddress(), target));
            links.add(link);
            link.start();
        } catch (IOException e) {
            client.close();
            throw e;
        }
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work, "relay");
        thread.setDaemon(true);
        thread.start();
    }

    /** One connection and its continuation. */
    private final class Link {
        private final Socket near;
        private final Socket far;
        volatile boolean silent;

        Link(Socket near, Socket far) {
            this.near = near;
            this.far = far;
        }

        void start() {
            daemon(() -> pass(near, far));
            daemon(() -> pass(far, near));
        }

        private void pass(Socket from, Socket to) {
            byte[] buffer = new byte[64 * 1024];
            try {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                    if (!silent) {
                        out.write(buffer, 0, count);
                    }
                }
            } catch (IOException e) {
                // One side is gone: the other one learns it below.
            }
            if (!silent) {
                close();
            }
        }

        void close() {
            links.remove(this);
            try (near;
                    far) {
                // Both are closed, whatever the first one says.
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Override
    public void close() {
        open = false;
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        links.forEach(Link::close);
    }
}
