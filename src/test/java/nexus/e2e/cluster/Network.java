package nexus.e2e.cluster;

import java.util.List;

/** Where the nodes run and how they reach each other. */
interface Network extends AutoCloseable {
    /** The address that a node listens on; this machine reaches it. */
    String host(int node);

    /** The address at which a node reaches this machine. */
    String machine();

    /** The addresses of all nodes as the cluster's configuration names them: interfaces, then members. */
    String interfaces();

    /** The addresses that a node looks for others at. */
    List<String> members();

    /** How many ports a node must try at each of them, if there are at most so many nodes. */
    int portsPerHost(int nodes);

    /** What stands before a node's command. */
    List<String> under(int node);

    @Override
    void close();

    /** All nodes on the loopback interface: they cannot be parted from each other. */
    final class Loopback implements Network {
        private static final String HOST = "127.0.0.1";

        @Override
        public String host(int node) {
            return HOST;
        }

        @Override
        public String machine() {
            return HOST;
        }

        @Override
        public String interfaces() {
            return HOST;
        }

        @Override
        public List<String> members() {
            return List.of(HOST);
        }

        @Override
        public int portsPerHost(int nodes) {
            return nodes;
        }

        @Override
        public List<String> under(int node) {
            return List.of();
        }

        @Override
        public void close() {}
    }
}
