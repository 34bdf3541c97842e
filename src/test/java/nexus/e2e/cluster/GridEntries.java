package nexus.e2e.cluster;

import com.hazelcast.client.HazelcastClient;
import com.hazelcast.client.config.ClientConfig;
import com.hazelcast.core.DistributedObject;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import com.hazelcast.multimap.MultiMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Looks into the nodes' Hazelcast from outside. */
final class GridEntries {
    private GridEntries() {}

    /**
     * The collections that the cluster holds, and how many entries each has.
     *
     * @param addresses where its members may be; one that is there is enough
     */
    static Map<String, Integer> of(String clusterName, List<String> addresses) {
        ClientConfig config = new ClientConfig().setClusterName(clusterName);
        config.getNetworkConfig().setAddresses(addresses);
        config.setProperty("hazelcast.logging.type", "slf4j");
        HazelcastInstance client = HazelcastClient.newHazelcastClient(config);
        try {
            Map<String, Integer> sizes = new TreeMap<>();
            for (DistributedObject object : client.getDistributedObjects()) {
                sizes.put(object.getServiceName() + " " + object.getName(), size(object));
            }
            return sizes;
        } finally {
            client.shutdown();
        }
    }

    /** Of other kinds, which a tenant might get one of, only how many there are is known. */
    private static int size(DistributedObject object) {
        if (object instanceof IMap<?, ?> map) {
            return map.size();
        }
        return object instanceof MultiMap<?, ?> map ? map.size() : 0;
    }
}
