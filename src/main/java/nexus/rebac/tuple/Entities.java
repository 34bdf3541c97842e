package nexus.rebac.tuple;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The objects and subjects that tuples name, interned: each (type, id) is one number, with the heads of the lists of its
 * rows. An open-addressing table over parallel arrays; nothing is ever taken out, {@link TupleRows} builds a new one instead.
 */
final class Entities {
    private static final int NONE = TupleRows.NONE;
    private static final int CAPACITY_FIRST = 4;

    private final IdHash hash;
    private final Map<String, Integer> typeIds = new HashMap<>(4);
    private final List<String> typeNames = new ArrayList<>(4);

    private String[] ids = new String[CAPACITY_FIRST];
    /** Hashes of type and id: the place in the table comes from the low bits, and unequal ids are mostly told apart by the rest. */
    private int[] tags = new int[CAPACITY_FIRST];

    private char[] types = new char[CAPACITY_FIRST];
    private int size;
    private long idBytes;

    /** Entity + 1, or 0 where free; never more than two thirds full. */
    private int[] slots = new int[CAPACITY_FIRST * 2];

    // Heads of the lists of rows. The Checker reads the first two at every step, hence no accessors on the way.
    int[] directOf = filled(CAPACITY_FIRST);
    int[] usersetsOf = filled(CAPACITY_FIRST);
    int[] asSubject = filled(CAPACITY_FIRST);

    Entities(IdHash hash) {
        this.hash = hash;
    }

    int size() {
        return size;
    }

    int typeCount() {
        return typeNames.size();
    }

    String id(int entity) {
        return ids[entity];
    }

    int type(int entity) {
        return types[entity];
    }

    String typeName(int type) {
        return typeNames.get(type);
    }

    int typeOf(String name) {
        Integer type = typeIds.get(name);
        return type == null ? NONE : type;
    }

    int find(int type, String text, int length, long idHash) {
        int tag = tag(type, idHash);
        int mask = slots.length - 1;
        for (int slot = tag & mask; slots[slot] != 0; slot = (slot + 1) & mask) {
            int entity = slots[slot] - 1;
            if (tags[entity] == tag && types[entity] == type && isPrefix(ids[entity], text, length)) {
                return entity;
            }
        }
        return NONE;
    }

    int find(String typeName, String id) {
        int type = typeOf(typeName);
        return type == NONE ? NONE : find(type, id, id.length(), hash.of(id, id.length()));
    }

    int intern(String typeName, String id) {
        int type = internType(typeName);
        long idHash = hash.of(id, id.length());
        int known = find(type, id, id.length(), idHash);
        if (known != NONE) {
            return known;
        }
        if (size == ids.length) {
            grow();
        }
        int entity = size++;
        ids[entity] = id;
        types[entity] = (char) type;
        tags[entity] = tag(type, idHash);
        idBytes += bytes(id);
        if (size * 3 > slots.length * 2) {
            slots = new int[slots.length * 2];
            for (int each = 0; each < size; each++) {
                enter(each);
            }
        } else {
            enter(entity);
        }
        return entity;
    }

    long approximateBytes() {
        return idBytes + ids.length * (4L + 4 + 2 + 3 * 4) + slots.length * 4L + typeNames.size() * 120L + 400;
    }

    private int internType(String name) {
        Integer known = typeIds.get(name);
        if (known != null) {
            return known;
        }
        int type = typeNames.size();
        if (type > Character.MAX_VALUE) {
            throw new IllegalStateException("more than " + Character.MAX_VALUE + " object types in one index");
        }
        typeNames.add(name);
        typeIds.put(name, type);
        return type;
    }

    private void enter(int entity) {
        int mask = slots.length - 1;
        int slot = tags[entity] & mask;
        while (slots[slot] != 0) {
            slot = (slot + 1) & mask;
        }
        slots[slot] = entity + 1;
    }

    private void grow() {
        int capacity = TupleRows.grown(size);
        ids = Arrays.copyOf(ids, capacity);
        tags = Arrays.copyOf(tags, capacity);
        types = Arrays.copyOf(types, capacity);
        directOf = grown(directOf, capacity);
        usersetsOf = grown(usersetsOf, capacity);
        asSubject = grown(asSubject, capacity);
    }

    private static int tag(int type, long idHash) {
        return (int) IdHash.mix(idHash + type * 0x9E3779B97F4A7C15L);
    }

    private static boolean isPrefix(String id, String text, int length) {
        return id.length() == length && (length == text.length() ? id.equals(text) : text.startsWith(id));
    }

    private static int[] filled(int capacity) {
        int[] heads = new int[capacity];
        Arrays.fill(heads, NONE);
        return heads;
    }

    private static int[] grown(int[] heads, int capacity) {
        int[] copy = Arrays.copyOf(heads, capacity);
        Arrays.fill(copy, heads.length, capacity, NONE);
        return copy;
    }

    /** Object header, fields, array header; one byte for each Latin-1 character, else two. */
    private static long bytes(String id) {
        boolean wide = false;
        for (int i = 0; i < id.length(); i++) {
            wide |= id.charAt(i) > 0xFF;
        }
        return 40L + (((wide ? 2L : 1L) * id.length() + 7) & ~7L);
    }
}
