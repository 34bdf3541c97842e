package nexus.demo;

import java.io.PrintStream;
import java.util.Objects;
import nexus.http.client.HttpStatusException;
import nexus.http.client.NexusException;
import org.jspecify.annotations.Nullable;

/** Prints what happens, and compares it with what was promised. */
final class Script {
    private final PrintStream out;
    private int held;
    private int failed;

    Script(PrintStream out) {
        this.out = out;
    }

    /** A call that is to be refused. */
    interface Attempt {
        void make();
    }

    void heading(String text) {
        out.println();
        out.println(text);
    }

    /** Something to know; nothing is verified. */
    void say(String text) {
        out.println(text);
    }

    /** Compares, and prints the statement with the result. */
    void expect(String statement, @Nullable Object expected, @Nullable Object actual) {
        if (Objects.equals(expected, actual)) {
            held(statement);
        } else {
            failed(statement + ": expected " + expected + ", got " + actual);
        }
    }

    /** Makes the attempt, which must be refused with this JSON-RPC code. */
    void refused(String statement, int code, Attempt attempt) {
        try {
            attempt.make();
            failed(statement + ": expected error " + code + ", but it was done");
        } catch (NexusException e) {
            expect(statement, code, e.code());
        }
    }

    /** Makes the attempt, whose key must not be known any more. */
    void unknown(String statement, Attempt attempt) {
        try {
            attempt.make();
            failed(statement + ": expected HTTP 401, but it was done");
        } catch (HttpStatusException e) {
            expect(statement, 401, e.status());
        }
    }

    private void held(String statement) {
        held++;
        out.println("✅ " + statement);
    }

    private void failed(String statement) {
        failed++;
        out.println("❌ " + statement);
    }

    /** Plays a step; what goes wrong unexpectedly is a failed expectation, too. */
    boolean play(Attempt step) {
        try {
            step.make();
            return true;
        } catch (RuntimeException e) {
            failed("the step stopped: " + e.getMessage());
            return false;
        }
    }

    /** Prints the count of expectations; whether all of them held. */
    boolean finish() {
        out.println();
        if (failed == 0) {
            out.println("✅ All " + held + " expectations held.");
        } else {
            out.println("❌ " + failed + " of " + (held + failed) + " expectations failed.");
        }
        out.flush();
        return failed == 0;
    }
}
