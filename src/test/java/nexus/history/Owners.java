package nexus.history;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Who owned each tenant in which epoch, from samples: an epoch has one owner, and epochs only rise. Thread-safe. */
public final class Owners {
    private record Claim(String tenant, long epoch) {}

    private final Map<Claim, String> claims = new HashMap<>();
    private final Map<String, Long> epochs = new HashMap<>();
    private final List<String> faults = new ArrayList<>();

    /** A sample. Samples must be taken one after the other. @param node null: nobody owned the tenant */
    public synchronized void saw(String tenant, long epoch, @Nullable String node) {
        long before = epochs.getOrDefault(tenant, 0L);
        if (epoch < before) {
            faults.add("tenant " + tenant + " went back from epoch " + before + " to " + epoch);
        }
        epochs.put(tenant, Math.max(before, epoch));
        if (node != null) {
            String first = claims.putIfAbsent(new Claim(tenant, epoch), node);
            if (first != null && !first.equals(node)) {
                faults.add("tenant " + tenant + " had two owners in epoch " + epoch + ": " + first + " and " + node);
            }
        }
    }

    /** How many ownerships were seen. */
    public synchronized int count() {
        return claims.size();
    }

    /** What must not be. */
    public synchronized List<String> faults() {
        return List.copyOf(faults);
    }
}
