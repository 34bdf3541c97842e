package nexus.placement;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Supplier;

/** Lets a bounded number of calls run at a time; the others wait in the order in which they came. Thread-safe. */
final class Gate {
    private final int permits;
    private int running;
    private final Queue<Runnable> waiting = new ArrayDeque<>();

    Gate(int permits) {
        this.permits = permits;
    }

    <T> Future<T> enter(Supplier<Future<T>> call) {
        Promise<T> promise = Promise.promise();
        Runnable start = () -> call.get().onComplete(done -> {
            leave();
            promise.handle(done);
        });
        synchronized (this) {
            if (running == permits) {
                waiting.add(start);
                return promise.future();
            }
            running++;
        }
        start.run();
        return promise.future();
    }

    private void leave() {
        Runnable next;
        synchronized (this) {
            next = waiting.poll();
            if (next == null) {
                running--;
            }
        }
        if (next != null) {
            next.run();
        }
    }
}
