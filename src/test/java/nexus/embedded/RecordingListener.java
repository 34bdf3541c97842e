package nexus.embedded;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Keeps what it heard, for a test to wait for. */
final class RecordingListener implements DatabaseListener {

    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();

    @Override
    public void down(String reason) {
        events.add("down");
    }

    @Override
    public void restartFailed(int attempt, Duration delay, String reason) {
        events.add("restartFailed " + reason);
    }

    @Override
    public void up(Duration outage) {
        events.add("up");
    }

    String next() throws InterruptedException {
        return String.valueOf(events.poll(20, TimeUnit.SECONDS));
    }

    boolean isSilent() {
        return events.isEmpty();
    }
}
