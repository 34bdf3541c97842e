package nexus.cluster;

import com.hazelcast.cluster.Member;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.cluster.MembershipListener;
import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import nexus.placement.Membership;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This process as a member of the cluster, and the Vert.x whose event bus reaches the other members.
 *
 * <p>Hazelcast says who is there and carries the bus's list of addresses, one per node. It holds nothing that must be right:
 * when it splits, each side sees fewer members, and PostgreSQL goes on judging who owns a tenant.
 */
public final class HazelcastCluster implements Membership {
    private static final Logger LOG = LoggerFactory.getLogger(HazelcastCluster.class);

    /** The attribute by which Vert.x knows a member, and we too. */
    private static final String SELF = "__vertx.nodeId";

    private final Vertx vertx;
    private final HazelcastInstance hazelcast;
    private final String self;
    private volatile Set<String> last;

    private HazelcastCluster(Vertx vertx, HazelcastInstance hazelcast, String self) {
        this.vertx = vertx;
        this.hazelcast = hazelcast;
        this.self = self;
        this.last = Set.of(self);
    }

    /**
     * Joins the cluster, or begins it. Waits: for a thread that starts the server.
     *
     * @param file the operator's configuration
     * @param environment for the variables that the file names
     * @param self the id that this process is to have among the members, never used before
     * @return fails with a {@link ClusterConfigException} if the file cannot be used
     */
    public static Future<HazelcastCluster> join(
            Path file, Map<String, String> environment, String self, VertxOptions options) {
        // Read before any configuration is.
        System.setProperty("hazelcast.logging.type", "slf4j");
        HazelcastInstance hazelcast;
        try {
            Config config = ClusterConfig.read(file, environment);
            config.getMemberAttributeConfig().setAttribute(SELF, self);
            hazelcast = Hazelcast.newHazelcastInstance(config);
        } catch (ClusterConfigException e) {
            return Future.failedFuture(e);
        } catch (RuntimeException e) {
            return Future.failedFuture(new ClusterConfigException(
                    "cannot join a cluster with the configuration " + file + ": " + e.getMessage(), e));
        }
        HazelcastClusterManager manager = new HazelcastClusterManager(hazelcast);
        return Vertx.builder()
                .with(besideMember(options, hazelcast))
                .withClusterManager(manager)
                .buildClustered()
                .map(vertx -> new HazelcastCluster(vertx, hazelcast, self))
                .onFailure(e -> hazelcast.shutdown());
    }

    /**
     * The bus listens where the member does, on the interface that the operator chose for the nodes: left to itself it would
     * take the first that leads out of the machine. If the member is known under another address, so is the bus.
     */
    private static VertxOptions besideMember(VertxOptions options, HazelcastInstance hazelcast) {
        String host = hazelcast.getCluster().getLocalMember().getAddress().getHost();
        EventBusOptions bus = new EventBusOptions(options.getEventBusOptions());
        boolean published = hazelcast.getConfig().getNetworkConfig().getPublicAddress() != null;
        return new VertxOptions(options)
                .setEventBusOptions(published ? bus.setClusterPublicHost(host) : bus.setHost(host));
    }

    /** Ends the membership, after Vert.x has been closed. Waits, as {@link #join}. */
    public void leave() {
        hazelcast.shutdown();
    }

    /** The clustered Vert.x. */
    public Vertx vertx() {
        return vertx;
    }

    @Override
    public String self() {
        return self;
    }

    @Override
    public Set<String> members() {
        try {
            Set<String> now = new HashSet<>();
            hazelcast.getCluster().getMembers().forEach(member -> now.add(id(member)));
            last = Set.copyOf(now);
        } catch (HazelcastInstanceNotActiveException e) {
            LOG.debug("the member has ended: what was seen last stands", e);
        }
        return last;
    }

    private static String id(Member member) {
        String id = member.getAttribute(SELF);
        return id == null ? "" : id;
    }

    @Override
    public void onChange(Runnable changed) {
        hazelcast.getCluster().addMembershipListener(new MembershipListener() {
            @Override
            public void memberAdded(MembershipEvent event) {
                LOG.info(
                        "member joined member={} members={}",
                        id(event.getMember()),
                        event.getMembers().size());
                changed.run();
            }

            @Override
            public void memberRemoved(MembershipEvent event) {
                LOG.info(
                        "member left member={} members={}",
                        id(event.getMember()),
                        event.getMembers().size());
                changed.run();
            }
        });
    }
}
