package nexus.tenant;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.ProblemException;
import org.jspecify.annotations.Nullable;

/**
 * The commands that wait for their group, oldest first, bounded in number and bytes. A command whose deadline passes here was
 * not done, and its caller is told so.
 */
final class Mailbox {
    /** A command and who waits for it. */
    static final class Letter {
        final Ask ask;
        /** As its sender put it. */
        final TenantRequest.Command asked;
        /** What it means here: of a guest's command another one, found anew for each group that it is to be in. */
        TenantRequest.Command command;

        final @Nullable Principal proved;
        /** How a guest's command was understood. */
        @Nullable
        GuestView view;

        final long deadlineNanos;
        final Promise<Reply> promise = Promise.promise();
        /** Why it was refused; it is told so when the group that it was judged with is committed. */
        @Nullable
        ProblemException refusal;

        Letter(Ask ask, TenantRequest.Command command, @Nullable Principal proved, long deadlineNanos) {
            this.ask = ask;
            this.asked = command;
            this.command = command;
            this.proved = proved;
            this.deadlineNanos = deadlineNanos;
        }

        void fail(Problem problem) {
            promise.tryFail(problem.exception());
        }
    }

    private final Deque<Letter> letters = new ArrayDeque<>(2);
    private long bytes;

    Future<Reply> add(Letter letter) {
        int size = letter.command.payloadBytes();
        if (letters.size() >= Limits.MAILBOX_COMMANDS) {
            return refuse(
                    "the tenant has " + letters.size() + " commands waiting, the limit is " + Limits.MAILBOX_COMMANDS);
        }
        if (bytes + size > Limits.MAILBOX_BYTES) {
            return refuse(
                    "the tenant has " + bytes + " bytes of commands waiting, the limit is " + Limits.MAILBOX_BYTES);
        }
        letters.addLast(letter);
        bytes += size;
        return letter.promise.future();
    }

    private static Future<Reply> refuse(String message) {
        return Future.failedFuture(Problem.overloaded(message).exception());
    }

    /** The next group's worth: what has queued, up to a group's bounds, and at least one. */
    List<Letter> take() {
        List<Letter> batch = new ArrayList<>(Math.min(letters.size(), Limits.GROUP_COMMANDS));
        long taken = 0;
        while (!letters.isEmpty() && batch.size() < Limits.GROUP_COMMANDS) {
            int size = letters.getFirst().command.payloadBytes();
            if (!batch.isEmpty() && taken + size > Limits.GROUP_BYTES) {
                break;
            }
            taken += size;
            bytes -= size;
            batch.add(letters.removeFirst());
        }
        return batch;
    }

    /** Puts letters back where they were taken. */
    void putBack(List<Letter> batch) {
        for (int i = batch.size() - 1; i >= 0; i--) {
            letters.addFirst(batch.get(i));
            bytes += batch.get(i).command.payloadBytes();
        }
    }

    boolean isEmpty() {
        return letters.isEmpty();
    }

    /** Fails the letters whose deadline has passed: nothing was done for them. */
    void expire(long nowNanos) {
        for (Iterator<Letter> i = letters.iterator(); i.hasNext(); ) {
            Letter letter = i.next();
            if (nowNanos - letter.deadlineNanos >= 0) {
                i.remove();
                bytes -= letter.command.payloadBytes();
                letter.fail(Problem.unavailable("the request's time was up before the tenant could take it"));
            }
        }
    }

    void failAll(Problem problem) {
        while (!letters.isEmpty()) {
            letters.removeFirst().fail(problem);
        }
        bytes = 0;
    }
}
