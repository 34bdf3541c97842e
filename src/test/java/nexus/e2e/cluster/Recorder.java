package nexus.e2e.cluster;

import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.http.HttpConnectTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.function.Supplier;
import nexus.e2e.cluster.Attempt.End;
import nexus.history.History;
import nexus.history.Operation;
import nexus.http.client.HttpStatusException;
import nexus.http.client.NexusException;
import org.jspecify.annotations.Nullable;

/** Makes requests and writes down what became of them. Thread-safe. */
final class Recorder {
    /** The server's own limit is 25 seconds; what is more is the way, and a machine that is busy with starting nodes. */
    private static final Duration LATEST = Duration.ofSeconds(29);

    private static final int UNAVAILABLE = 503;

    private final History history = new History();
    private final List<Attempt> attempts = new ArrayList<>();
    private final List<String> late = new ArrayList<>();
    private final Map<String, AtomicInteger> underWay = new ConcurrentHashMap<>();

    /** Something to do to one object. */
    record Task(String tenant, String client, String object, Operation.Kind kind, String argument) {}

    /** What became of a request. @param result null if it was not answered */
    private record Ended(End end, @Nullable String result, String detail) {}

    /** Does it at a node. Returns the answer; empty if there was none. */
    Optional<String> ask(Node node, Task task, Supplier<String> request) {
        AtomicInteger others = underWay.computeIfAbsent(node.name(), name -> new AtomicInteger());
        long called = System.nanoTime();
        others.incrementAndGet();
        Ended ended = ended(request);
        others.decrementAndGet();
        long returned = System.nanoTime();
        String what = task.kind() + " " + task.object();
        Attempt attempt = new Attempt(task.tenant(), node.name(), what, called, returned, ended.end(), ended.detail());
        synchronized (attempts) {
            attempts.add(attempt);
            if (attempt.nanos() > LATEST.toNanos() && !node.wasDisturbedSince(called)) {
                late.add(attempt.toString());
            }
        }
        String result = ended.result();
        if (result != null) {
            history.add(Operation.done(
                    task.client(), node.name(), task.object(), task.kind(), task.argument(), result, called, returned));
        } else if (ended.end() != End.NOT_DONE) {
            history.add(
                    Operation.open(task.client(), node.name(), task.object(), task.kind(), task.argument(), called));
        }
        return Optional.ofNullable(result);
    }

    private static Ended ended(Supplier<String> request) {
        try {
            return new Ended(End.ANSWERED, request.get(), "");
        } catch (NexusException e) {
            if (e.code() != NexusException.LATER) {
                return new Ended(End.WRONG, null, String.valueOf(e.getMessage()));
            }
            boolean unknown = "unknown".equals(e.data().get("outcome"));
            return new Ended(unknown ? End.UNKNOWN : End.NOT_DONE, null, String.valueOf(e.getMessage()));
        } catch (HttpStatusException e) {
            return new Ended(
                    e.status() == UNAVAILABLE ? End.NOT_DONE : End.WRONG, null, String.valueOf(e.getMessage()));
        } catch (UncheckedIOException e) {
            boolean sent = !(e.getCause() instanceof ConnectException)
                    && !(e.getCause() instanceof HttpConnectTimeoutException);
            return new Ended(sent ? End.UNKNOWN : End.NOT_DONE, null, String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            return new Ended(End.WRONG, null, e.toString());
        }
    }

    // ---- looking ----------------------------------------------------------------------------------------------------

    History history() {
        return history;
    }

    /** How many requests wait for a node's answer. */
    int underWay(Node node) {
        AtomicInteger waiting = underWay.get(node.name());
        return waiting == null ? 0 : waiting.get();
    }

    /** The requests so far that are chosen. */
    List<Attempt> attempts(Predicate<Attempt> chosen) {
        synchronized (attempts) {
            return attempts.stream().filter(chosen).toList();
        }
    }

    /** Requests that were under way at some moment of a span of time, and did not end with an answer. */
    List<Attempt> failures(long from, long to) {
        return attempts(attempt ->
                attempt.end() != End.ANSWERED && attempt.returned() - from >= 0 && to - attempt.called() >= 0);
    }

    /** What should never be said, and what was said too late. */
    List<String> faults() {
        List<String> faults = new ArrayList<>();
        attempts(attempt -> attempt.end() == End.WRONG).forEach(attempt -> faults.add("wrong: " + attempt));
        synchronized (attempts) {
            late.forEach(attempt -> faults.add("late: " + attempt));
        }
        return faults;
    }

    /** When each of these tenants had answered a request that was made after a time; empty if one has not. */
    OptionalLong allAnswered(Collection<String> tenants, long since) {
        long last = since;
        for (String tenant : tenants) {
            OptionalLong first = attempts(attempt -> attempt.tenant().equals(tenant)
                            && attempt.end() == End.ANSWERED
                            && attempt.called() - since >= 0)
                    .stream()
                    .mapToLong(Attempt::returned)
                    .min();
            if (first.isEmpty()) {
                return OptionalLong.empty();
            }
            last = Math.max(last, first.getAsLong());
        }
        return OptionalLong.of(last);
    }
}
