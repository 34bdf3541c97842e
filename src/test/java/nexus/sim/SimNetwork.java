package nexus.sim;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import nexus.bus.LocalNode;
import nexus.bus.NodeDoor;
import nexus.bus.NodeReply;
import nexus.bus.NodeRequest;
import nexus.bus.NodeTransport;
import nexus.bus.NodeTransport.UnreachableException;
import nexus.kernel.CommandId;
import nexus.kernel.NodeId;
import nexus.placement.ClusterView;
import nexus.placement.Membership;
import nexus.tenant.NodeTime;

/**
 * The network between the processes of a simulation. Messages are delayed, each by another time, so they overtake each other;
 * they are lost and doubled; and processes are parted, in both directions or in one.
 *
 * <p>It also says who is a member, as a cluster's failure detector does: late, and wrongly about those who are paused or
 * parted for long.
 */
final class SimNetwork {
    /** A process that was killed is missed this soon: its connections break. */
    private static final Duration MISSED_AFTER = Duration.ofMillis(400);
    /** One that is silent is given up after this. */
    private static final Duration SILENT_FOR = Duration.ofSeconds(5);

    private static final Duration HEARTBEAT = Duration.ofMillis(200);

    private final Scheduler scheduler;
    private final SplittableRandom chance;
    private final Map<NodeId, Address> addresses = new HashMap<>();
    private final Map<SimVertx, Member> members = new LinkedHashMap<>();
    private final Set<Link> parted = new LinkedHashSet<>();
    private final Set<CommandId> doubled = new HashSet<>();
    private double lossRate;
    private double doubleRate;
    private int slowness = 1;

    private record Address(SimVertx process, NodeDoor door, Supplier<NodeTime> time) {}

    private record Link(SimVertx from, SimVertx to) {}

    SimNetwork(Scheduler scheduler) {
        this.scheduler = scheduler;
        this.chance = scheduler.chance();
        beat();
    }

    // ---- faults
    // ------------------------------------------------------------------------------------------------------

    /** Parts two processes. */
    void part(SimVertx one, SimVertx other, boolean bothWays) {
        scheduler.note("network", one + " is parted from " + other + (bothWays ? "" : " one way"));
        parted.add(new Link(one, other));
        if (bothWays) {
            parted.add(new Link(other, one));
        }
    }

    void join(SimVertx one, SimVertx other) {
        if (parted.remove(new Link(one, other)) | parted.remove(new Link(other, one))) {
            scheduler.note("network", one + " is joined with " + other);
        }
    }

    void joinAll() {
        parted.clear();
    }

    /** Loses and doubles so many messages. */
    void lose(double losses, double doubles) {
        lossRate = losses;
        doubleRate = doubles;
    }

    /** Makes messages take so many times as long. */
    void slow(int times) {
        scheduler.note("network", "slow " + times);
        slowness = times;
    }

    private Duration latency() {
        int most = chance.nextInt(30) == 0 ? 30_000 : 1_000;
        return Duration.ofNanos(1_000L * (50 + chance.nextInt(most)) * slowness);
    }

    // ---- messages
    // ---------------------------------------------------------------------------------------------------

    /** A node of a process can be reached. */
    void open(NodeId node, SimVertx process, LocalNode local) {
        addresses.put(node, new Address(process, new NodeDoor(local), local::time));
    }

    void close(NodeId node) {
        addresses.remove(node);
    }

    private boolean carry(SimVertx from, SimVertx to, Runnable arrive) {
        if (parted.contains(new Link(from, to)) || chance.nextDouble() < lossRate) {
            return false;
        }
        scheduler.after(latency(), arrive);
        boolean twice = chance.nextDouble() < doubleRate;
        if (twice) {
            scheduler.after(latency().plus(latency()), arrive);
        }
        return twice;
    }

    /** Whether a command has come to its tenant twice without its sender's knowing: then the second may act where the first did not. */
    boolean hasDoubled(CommandId command) {
        return doubled.contains(command);
    }

    /** The way of one process to the others: what {@code nexus.bus.EventBusTransport} is on a real bus. */
    final class Transport implements NodeTransport {
        private final SimVertx process;
        private final Supplier<NodeTime> time;
        private final Map<NodeId, Set<Promise<NodeReply>>> waiting = new LinkedHashMap<>();

        Transport(SimVertx process, Supplier<NodeTime> time) {
            this.process = process;
            this.time = time;
        }

        @Override
        public Future<NodeReply> send(NodeId to, int protocol, NodeRequest request, Duration timeout) {
            Promise<NodeReply> promise = ContextInternal.current().promise();
            Address address = addresses.get(to);
            if (address == null || !address.process.isAlive() && chance.nextBoolean()) {
                process.run(() -> promise.tryFail(new UnreachableException("nobody is there", false)));
                return promise.future();
            }
            waiting.computeIfAbsent(to, node -> new LinkedHashSet<>()).add(promise);
            scheduler.after(
                    timeout,
                    () -> process.run(() -> promise.tryFail(new UnreachableException("no answer in time", true))));
            Buffer bytes = NodeDoor.bytes(request);
            long sent = micros(time.get());
            boolean twice =
                    carry(process, address.process, () -> address.process.run(() -> arrive(to, bytes, sent, promise)));
            if (twice && request instanceof NodeRequest.AskTenant ask) {
                doubled.add(ask.ask().command());
            }
            return promise.future().onComplete(done -> waiting.get(to).remove(promise));
        }

        private void arrive(NodeId to, Buffer bytes, long sent, Promise<NodeReply> promise) {
            Address address = addresses.get(to);
            if (address == null) {
                return;
            }
            long age = Math.max(0, micros(address.time.get()) - sent);
            address.door.receive(bytes, Duration.ofNanos(age * 1_000)).onComplete(done -> {
                if (done.failed()) {
                    scheduler.fail(new AssertionError("an endpoint fails", done.cause()));
                    return;
                }
                carry(
                        address.process,
                        process,
                        () -> process.run(() -> promise.tryComplete(NodeDoor.reply(done.result()))));
            });
        }

        /** Ends the waiting for nodes that are not alive any more. */
        void look(ClusterView view) {
            waiting.forEach((node, pending) -> {
                if (!view.isLive(node)) {
                    new ArrayList<>(pending)
                            .forEach(promise -> promise.tryFail(new UnreachableException("it is not alive", true)));
                }
            });
        }
    }

    private static long micros(NodeTime time) {
        return java.time.temporal.ChronoUnit.MICROS.between(java.time.Instant.EPOCH, time.now());
    }

    // ---- membership
    // -------------------------------------------------------------------------------------------------

    /** One process among the members, and whom it sees. */
    final class Member implements Membership {
        private final SimVertx process;
        private final String id;
        private final Map<SimVertx, Long> heardOf = new HashMap<>();
        private final List<Runnable> listeners = new ArrayList<>();
        private Set<String> seen;

        private Member(SimVertx process) {
            this.process = process;
            this.id = "member-" + process;
            this.seen = Set.of(id);
        }

        @Override
        public String self() {
            return id;
        }

        @Override
        public Set<String> members() {
            return seen;
        }

        @Override
        public void onChange(Runnable changed) {
            listeners.add(changed);
        }

        private void look() {
            Set<String> now = new LinkedHashSet<>();
            for (Member other : members.values()) {
                if (other == this || sees(other.process)) {
                    now.add(other.id);
                }
            }
            if (!now.equals(seen)) {
                scheduler.note(process.toString(), "sees " + now);
                seen = now;
                listeners.forEach(process::run);
            }
        }

        private boolean sees(SimVertx other) {
            boolean heard = other.isAlive()
                    && !other.isPaused()
                    && !parted.contains(new Link(other, process))
                    && !parted.contains(new Link(process, other));
            if (heard) {
                heardOf.put(other, scheduler.now());
                return true;
            }
            Long last = heardOf.get(other);
            Duration patience = other.isAlive() ? SILENT_FOR : MISSED_AFTER;
            return last != null && scheduler.now() - last < patience.toNanos();
        }
    }

    Member enter(SimVertx process) {
        Member member = new Member(process);
        members.put(process, member);
        return member;
    }

    private void beat() {
        members.keySet().removeIf(process -> !process.isAlive() && isForgotten(process));
        for (Member member : List.copyOf(members.values())) {
            if (member.process.isAlive() && !member.process.isPaused()) {
                member.look();
            }
        }
        scheduler.after(HEARTBEAT, this::beat);
    }

    private boolean isForgotten(SimVertx process) {
        return members.values().stream()
                .noneMatch(member -> member.process.isAlive() && member.seen.contains("member-" + process));
    }
}
