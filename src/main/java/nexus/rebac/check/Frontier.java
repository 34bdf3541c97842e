package nexus.rebac.check;

import java.util.Arrays;
import nexus.rebac.tuple.TupleRows;
import org.jspecify.annotations.Nullable;

/**
 * The nodes that a search has reached, in that order: what lies before the searcher's position is visited, the rest is open.
 * A node is an object and what is searched there. An object without tuples has no number, and is known by its id: the
 * beginning of a longer text, with its hash.
 *
 * <p>It is used again for every check, so that a check allocates nothing. Few nodes are compared one by one; many are hashed.
 */
final class Frontier {
    private static final int CAPACITY_FIRST = 16;
    private static final int[] NO_SLOTS = {};

    /** Up to here, looking at all nodes costs less than hashing one. */
    private static final int COMPARED_MAX = 16;

    /** Larger ones are let go after the search, so that one hard check does not hold memory for ever. */
    private static final int CAPACITY_KEPT_MAX = 1_024;

    @Nullable
    Plan[] plans = {};

    int[] entities = {};

    @Nullable
    String[] texts = {};

    int[] lengths = {};
    long[] hashes = {};
    int size;

    /** Node + 1, or 0 where free; empty while few enough are compared. */
    private int[] slots = NO_SLOTS;

    void clear() {
        if (plans.length > CAPACITY_KEPT_MAX) {
            plans = new @Nullable Plan[0];
            entities = new int[0];
            texts = new @Nullable String[0];
            lengths = new int[0];
            hashes = new long[0];
        } else {
            Arrays.fill(texts, 0, size, null);
        }
        slots = NO_SLOTS;
        size = 0;
    }

    void add(Plan plan, int entity, String text, int length, long hash) {
        if (size == plans.length) {
            grow();
        }
        plans[size] = plan;
        entities[size] = entity;
        texts[size] = text;
        lengths[size] = length;
        hashes[size] = hash;
        size++;
        if (size > COMPARED_MAX) {
            if (size * 2 > slots.length) {
                slots = new int[size * 4];
                for (int node = 0; node < size; node++) {
                    enter(node);
                }
            } else {
                enter(size - 1);
            }
        }
    }

    boolean contains(Plan plan, int entity, String text, int length, long hash) {
        if (size <= COMPARED_MAX) {
            for (int node = 0; node < size; node++) {
                if (isSame(node, plan, entity, text, length, hash)) {
                    return true;
                }
            }
            return false;
        }
        for (int slot = home(plan, entity, hash); slots[slot] != 0; slot = slot + 1 == slots.length ? 0 : slot + 1) {
            if (isSame(slots[slot] - 1, plan, entity, text, length, hash)) {
                return true;
            }
        }
        return false;
    }

    private boolean isSame(int node, Plan plan, int entity, String text, int length, long hash) {
        if (entities[node] != entity || plans[node] != plan) {
            return false;
        }
        if (entity != TupleRows.NONE) {
            return true;
        }
        String other = texts[node];
        return hashes[node] == hash
                && lengths[node] == length
                && other != null
                && other.regionMatches(0, text, 0, length);
    }

    private void enter(int node) {
        Plan plan = plans[node];
        if (plan == null) {
            throw new IllegalStateException("a node without a plan");
        }
        int slot = home(plan, entities[node], hashes[node]);
        while (slots[slot] != 0) {
            slot = slot + 1 == slots.length ? 0 : slot + 1;
        }
        slots[slot] = node + 1;
    }

    private int home(Plan plan, int entity, long hash) {
        long key = entity == TupleRows.NONE ? hash : entity;
        long mixed = (key * 31 + plan.closure.relation() * 1_000_003L + plan.closure.type()) * 0x9E3779B97F4A7C15L;
        return (int) (((mixed >>> 32) * slots.length) >>> 32);
    }

    private void grow() {
        int capacity = Math.max(CAPACITY_FIRST, plans.length * 2);
        plans = Arrays.copyOf(plans, capacity);
        entities = Arrays.copyOf(entities, capacity);
        texts = Arrays.copyOf(texts, capacity);
        lengths = Arrays.copyOf(lengths, capacity);
        hashes = Arrays.copyOf(hashes, capacity);
    }
}
