package nexus.http;

import io.vertx.core.http.HttpConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The open connections of one event loop, and since when each has been waiting for its client. A timeout per read does not
 * help against a client that sends a byte now and then; this does. Belongs to one event loop.
 */
final class Connections {
    private final Map<HttpConnection, State> states = new HashMap<>();
    private final int limit;

    /** What a connection is doing. */
    static final class State {
        private final HttpConnection connection;
        private Doing doing = Doing.WAITING;
        private long since;

        State(HttpConnection connection, long now) {
            this.connection = connection;
            this.since = now;
        }
    }

    private enum Doing {
        /** There is no request, or not all of its head. */
        WAITING,
        /** A body is coming. */
        READING,
        /** It is our turn. */
        ANSWERING
    }

    Connections(int limit) {
        this.limit = limit;
    }

    /** Takes a connection; false if there are too many. */
    boolean open(HttpConnection connection, long now) {
        if (states.size() >= limit) {
            return false;
        }
        states.put(connection, new State(connection, now));
        return true;
    }

    void close(HttpConnection connection) {
        states.remove(connection);
    }

    int count() {
        return states.size();
    }

    void reading(HttpConnection connection, long now) {
        set(connection, Doing.READING, now);
    }

    void answering(HttpConnection connection, long now) {
        set(connection, Doing.ANSWERING, now);
    }

    void waiting(HttpConnection connection, long now) {
        set(connection, Doing.WAITING, now);
    }

    private void set(HttpConnection connection, Doing doing, long now) {
        @Nullable State state = states.get(connection);
        if (state != null) {
            state.doing = doing;
            state.since = now;
        }
    }

    /** Closes those whose clients take too long. */
    void sweep(long now, Duration idle, Duration body) {
        for (State state : new ArrayList<>(states.values())) {
            long waited = now - state.since;
            boolean over = switch (state.doing) {
                case WAITING -> waited > idle.toNanos();
                case READING -> waited > body.toNanos();
                case ANSWERING -> false;
            };
            if (over) {
                states.remove(state.connection);
                state.connection.close();
            }
        }
    }
}
