package nexus.http.rpc;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Runs one step per item, at most so many at the same time; the results come in the order of the items. The first failure
 * fails all, and no step is begun after it.
 *
 * <p>Belongs to one event loop: the steps' futures must complete on the context that called.
 */
final class Fanout<T, R> {
    private final List<T> items;
    private final int width;
    private final Function<T, Future<R>> step;
    private final List<R> results;
    private final Promise<List<R>> promise = Promise.promise();
    private int next;
    private int running;
    private boolean looping;
    private boolean failed;

    private Fanout(List<T> items, int width, Function<T, Future<R>> step) {
        this.items = items;
        this.width = width;
        this.step = step;
        // Filled in as they come: slots of what has not come yet are never read.
        this.results = new ArrayList<>(java.util.Collections.nCopies(items.size(), (R) null));
    }

    static <T, R> Future<List<R>> each(List<T> items, int width, Function<T, Future<R>> step) {
        Fanout<T, R> fanout = new Fanout<>(items, width, step);
        fanout.run();
        return fanout.promise.future();
    }

    private void run() {
        if (looping) {
            return;
        }
        looping = true;
        while (!failed && running < width && next < items.size()) {
            start(next++);
        }
        looping = false;
        if (!failed && running == 0 && next == items.size()) {
            promise.tryComplete(results);
        }
    }

    private void start(int index) {
        running++;
        Future<R> future;
        try {
            future = step.apply(items.get(index));
        } catch (RuntimeException e) {
            future = Future.failedFuture(e);
        }
        future.onComplete(
                result -> {
                    results.set(index, result);
                    running--;
                    run();
                },
                failure -> {
                    running--;
                    failed = true;
                    promise.tryFail(failure);
                });
    }
}
