package nexus.e2e.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import nexus.e2e.Await;

/**
 * A node hangs for longer than its lease. Others take its tenants and change all that it remembers of them: what it would answer
 * from memory is wrong from then on. Then it is asked for just that, by requests that wait in its sockets, and goes on.
 *
 * <p>Its answers are in the histories, for which it makes no difference who gave them.
 */
final class ZombieTrial {
    private static final Duration SOON = Duration.ofSeconds(90);
    private static final int TENANTS = 2;

    /** Of each kind and tenant. */
    private static final int REQUESTS = 3;

    private static final String FILE = "0-0";
    private static final int LOG = 0;
    private static final int HOLDER = 0;
    private static final int NOBODY = 1;

    private final Cluster cluster;
    private final Workload load;

    ZombieTrial(Cluster cluster, Workload load) {
        this.cluster = cluster;
        this.load = load;
    }

    /** Plays it. Returns how many requests waited for the zombie. */
    int play(Node zombie) {
        List<Tenant.Work> tenants =
                IntStream.range(0, TENANTS).mapToObj(i -> load.quiet()).toList();
        tenants.forEach(tenant -> remember(tenant, zombie));
        // Those of an earlier trial may be here too, and nobody asks for them.
        List<String> orphans = new ArrayList<>(load.zonesOn(zombie));
        orphans.retainAll(load.busyZones());
        long suspended = System.nanoTime();
        zombie.suspend();
        for (Tenant.Work tenant : tenants) {
            change(tenant, zombie);
        }
        load.awaitAnswers(orphans, suspended);
        for (Tenant.Work tenant : tenants) {
            for (int i = 0; i < REQUESTS; i++) {
                ask(tenant, zombie);
            }
        }
        int asked = TENANTS * REQUESTS * KINDS;
        Await.until(
                "requests wait for the zombie",
                SOON,
                () -> load.recorder().underWay(zombie) >= asked,
                () -> load.recorder().underWay(zombie) + " of " + asked + cluster.logs());
        zombie.resume();
        Await.until("the zombie is back", SOON, zombie::isReady, cluster::logs);
        load.awaitAnswers(load.busyZones(), System.nanoTime());
        tenants.forEach(tenant -> cluster.unpin(tenant.zone()));
        return asked;
    }

    /** Brings a tenant to the node, with a state that it has in memory. */
    private void remember(Tenant.Work tenant, Node node) {
        Tenant.Client client = new Tenant.Client("before");
        cluster.pin(tenant.zone(), node);
        // Nobody else asks for it: it may have been let go, and is taken by whoever is asked.
        Await.until(
                tenant.zone() + " is on " + node.name(),
                SOON,
                () -> tenant.check(client, node, HOLDER).isPresent()
                        && cluster.owner(tenant.zone())
                                .filter(owner -> owner.node().equals(node.name()))
                                .isPresent(),
                () -> cluster.owner(tenant.zone()) + cluster.logs());
        tenant.write(client, node, FILE, 10);
        tenant.append(client, node, LOG);
        tenant.grant(client, node, HOLDER);
        tenant.read(client, node, FILE);
        tenant.readLog(client, node, LOG);
        tenant.check(client, node, HOLDER);
        tenant.use(client, node, HOLDER);
    }

    /** Changes all of it elsewhere, as soon as somebody else has the tenant. */
    private void change(Tenant.Work tenant, Node zombie) {
        Tenant.Client client = new Tenant.Client("after");
        Node other = cluster.nodes().stream()
                .filter(node -> !node.equals(zombie))
                .findFirst()
                .orElseThrow();
        Await.until(
                tenant.zone() + " is answered for by another node",
                SOON,
                () -> tenant.check(client, other, HOLDER).isPresent(),
                cluster::logs);
        tenant.revoke(client, other, HOLDER);
        tenant.grant(client, other, NOBODY);
        tenant.write(client, other, FILE, 20);
        tenant.append(client, other, LOG);
    }

    private static final int KINDS = 8;

    private void ask(Tenant.Work tenant, Node zombie) {
        load.once(client -> tenant.check(client, zombie, HOLDER));
        load.once(client -> tenant.check(client, zombie, NOBODY));
        load.once(client -> tenant.use(client, zombie, HOLDER));
        load.once(client -> tenant.use(client, zombie, NOBODY));
        load.once(client -> tenant.read(client, zombie, FILE));
        load.once(client -> tenant.readLog(client, zombie, LOG));
        load.once(client -> tenant.write(client, zombie, FILE, 30));
        load.once(client -> tenant.append(client, zombie, LOG));
    }
}
