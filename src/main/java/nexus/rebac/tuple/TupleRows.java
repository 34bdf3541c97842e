package nexus.rebac.tuple;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The tuples of a {@link TupleIndex} as the engine walks them: numbers only. Others should use the index.
 *
 * <p><b>Layout.</b> A tuple is a row of parallel arrays: its object and its subject (numbers of entities), its shape (all
 * names in it: object type, relation, subject type, subject relation), and its place in two linked lists. Each entity heads
 * three lists: the rows about it whose subject is an object, those whose subject is a userset, and the rows that name it as a
 * subject. A table of row numbers, hashed by (object, shape, subject), finds a tuple at once. That makes 18 bytes for a row
 * and 5 to 11 for its place in the table. Expiry adds 8 bytes to each row, but only once a tuple has one.
 *
 * <p><b>Removal.</b> A removed row leaves the table and is marked dead. It is also taken out of its lists if it stands near
 * their heads, as a fresh row does; if not, the lists step over it. When more rows have died than are alive, everything is
 * built anew from the living, entities, shapes and strings included. So dead rows and unused strings never outnumber the living
 * by more than a constant, a removal costs constant time on average, and the one that rebuilds takes as long as loading did.
 *
 * <p><b>Numbers</b> of entities, rows, types and shapes hold until {@link #version()} changes.
 */
public final class TupleRows {
    /** No entity, row or type. */
    public static final int NONE = -1;

    private static final int CAPACITY_FIRST = 4;
    private static final int CAPACITY_LARGE = 4_096;

    /** How far from the head of a list a removed row is looked for. */
    private static final int UNLINK_STEPS_MAX = 16;

    /** Small indexes are not rebuilt at every other removal. */
    private static final int REMOVED_MIN_FOR_REBUILD = 64;

    static final long NEVER = Long.MAX_VALUE;
    private static final long[] NO_EXPIRIES = {};

    private final IdHash hash;
    private Entities entities;
    private Map<TupleShape, Integer> shapeIds;
    private List<TupleShape> shapes;

    private int[] objects;
    private int[] subjects;
    private char[] shapeOf;
    private int[] nextOfObject;
    private int[] nextAsSubject;
    /** Empty as long as no tuple expires. */
    private long[] expiries;
    /** Row + 1, or 0 where free; never more than three quarters full. */
    private int[] slots;

    /** Rows in use, dead ones included. */
    private int rows;

    private int size;
    private int removed;
    private int version;

    TupleRows(IdHash hash) {
        this.hash = hash;
        this.entities = new Entities(hash);
        this.shapeIds = new HashMap<>(4);
        this.shapes = new ArrayList<>(4);
        this.objects = new int[CAPACITY_FIRST];
        this.subjects = new int[CAPACITY_FIRST];
        this.shapeOf = new char[CAPACITY_FIRST];
        this.nextOfObject = new int[CAPACITY_FIRST];
        this.nextAsSubject = new int[CAPACITY_FIRST];
        this.expiries = NO_EXPIRIES;
        this.slots = new int[CAPACITY_FIRST * 2];
    }

    // What the engine reads.

    /** Changes whenever a number may have come to mean something else, or a new type or shape has appeared. */
    public int version() {
        return version;
    }

    public int shapeCount() {
        return shapes.size();
    }

    public TupleShape shape(int shape) {
        return shapes.get(shape);
    }

    /** The number of the shape, or {@link #NONE}. */
    public int shapeId(TupleShape shape) {
        Integer id = shapeIds.get(shape);
        return id == null ? NONE : id;
    }

    /** The number of the type, or {@link #NONE} if no tuple mentions it. */
    public int typeOf(String name) {
        return entities.typeOf(name);
    }

    public int entityType(int entity) {
        return entities.type(entity);
    }

    public String entityTypeName(int entity) {
        return entities.typeName(entities.type(entity));
    }

    public String entityId(int entity) {
        return entities.id(entity);
    }

    /** All entities have numbers below this; some of them may have no living tuple. */
    public int entityCount() {
        return entities.size();
    }

    /** The hash of an id's first characters, for {@link #find(int, String, int, long)}. */
    public long hash(String text, int length) {
        return hash.of(text, length);
    }

    /** The hash of a shorter beginning of the same text. */
    public long shorten(long idHash, String text, int from, int to) {
        return hash.shorten(idHash, text, from, to);
    }

    /** The entity whose id is the first {@code length} characters of the text, or {@link #NONE}. */
    public int find(int type, String text, int length, long idHash) {
        return type == NONE ? NONE : entities.find(type, text, length, idHash);
    }

    /** The entity, or {@link #NONE} if no tuple names it. */
    public int find(String type, String id) {
        return entities.find(type, id);
    }

    /** The first row about the entity whose subject is an object. */
    public int firstDirect(int entity) {
        return entities.directOf[entity];
    }

    /** The first row about the entity whose subject is a userset. */
    public int firstUserset(int entity) {
        return entities.usersetsOf[entity];
    }

    public int nextOfObject(int row) {
        return nextOfObject[row];
    }

    /** The first row that names the entity as its subject, alone or as a userset. */
    public int firstAsSubject(int entity) {
        return entities.asSubject[entity];
    }

    public int nextAsSubject(int row) {
        return nextAsSubject[row];
    }

    /** Only of a living row. */
    public int object(int row) {
        return objects[row];
    }

    public int subject(int row) {
        return subjects[row];
    }

    public int shapeOf(int row) {
        return shapeOf[row];
    }

    /** Whether the row was not removed and has not expired. */
    public boolean isAlive(int row, long nowMicros) {
        return objects[row] != NONE && (row >= expiries.length || nowMicros < expiries[row]);
    }

    /** The row of a tuple that was not removed, or {@link #NONE}; it may have expired. */
    public int row(int object, int shape, int subject) {
        int mask = slots.length - 1;
        for (int slot = home(object, shape, subject) & mask; slots[slot] != 0; slot = (slot + 1) & mask) {
            int row = slots[slot] - 1;
            if (objects[row] == object && subjects[row] == subject && shapeOf[row] == shape) {
                return row;
            }
        }
        return NONE;
    }

    // What the index does.

    int size() {
        return size;
    }

    /** Rows have numbers below this; those that were removed are not alive. */
    int rowCount() {
        return rows;
    }

    boolean isStored(int row) {
        return objects[row] != NONE;
    }

    long expiry(int row) {
        return row < expiries.length ? expiries[row] : NEVER;
    }

    int row(RelationTuple tuple) {
        int shape = shapeId(TupleShape.of(tuple));
        if (shape == NONE) {
            return NONE;
        }
        int object = find(tuple.object().type(), tuple.object().id());
        int subject = find(tuple.subject().type(), tuple.subject().id());
        return object == NONE || subject == NONE ? NONE : row(object, shape, subject);
    }

    boolean put(RelationTuple tuple, long expiry) {
        int known = row(tuple);
        if (known != NONE) {
            setExpiry(known, expiry);
            return false;
        }
        int typesBefore = entities.typeCount();
        int shapesBefore = shapes.size();
        int object = entities.intern(tuple.object().type(), tuple.object().id());
        int subject = entities.intern(tuple.subject().type(), tuple.subject().id());
        add(object, internShape(TupleShape.of(tuple)), subject, expiry);
        if (entities.typeCount() != typesBefore || shapes.size() != shapesBefore) {
            version++;
        }
        return true;
    }

    void remove(int row) {
        unlink(row);
        free(slotOf(row));
        objects[row] = NONE;
        size--;
        removed++;
        if (removed > Math.max(size, REMOVED_MIN_FOR_REBUILD)) {
            rebuild();
        }
    }

    long approximateBytes() {
        return entities.approximateBytes()
                + objects.length * (4L * 4 + 2)
                + expiries.length * 8L
                + slots.length * 4L
                + shapes.size() * 150L
                + 500;
    }

    /** Small arrays grow by half, large ones by a quarter: those are a tenth empty on average. */
    static int grown(int capacity) {
        int more = capacity < CAPACITY_LARGE ? capacity / 2 : capacity / 4;
        return capacity + Math.max(CAPACITY_FIRST, more);
    }

    private void add(int object, int shape, int subject, long expiry) {
        if (rows == objects.length) {
            grow();
        }
        int row = rows++;
        objects[row] = object;
        subjects[row] = subject;
        shapeOf[row] = (char) shape;
        link(row, shapes.get(shape).isUserset() ? entities.usersetsOf : entities.directOf);
        setExpiry(row, expiry);
        size++;
        if (size * 4L > slots.length * 3L) {
            rehash(slots.length * 2);
        } else {
            enter(row);
        }
    }

    private int internShape(TupleShape shape) {
        Integer known = shapeIds.get(shape);
        if (known != null) {
            return known;
        }
        int id = shapes.size();
        if (id > Character.MAX_VALUE) {
            throw new IllegalStateException("more than " + Character.MAX_VALUE + " shapes of tuples in one index");
        }
        shapes.add(shape);
        shapeIds.put(shape, id);
        return id;
    }

    private void setExpiry(int row, long expiry) {
        if (expiry != NEVER && row >= expiries.length) {
            int before = expiries.length;
            expiries = Arrays.copyOf(expiries, objects.length);
            Arrays.fill(expiries, before, expiries.length, NEVER);
        }
        if (row < expiries.length) {
            expiries[row] = expiry;
        }
    }

    private void link(int row, int[] headOfObject) {
        nextOfObject[row] = headOfObject[objects[row]];
        headOfObject[objects[row]] = row;
        nextAsSubject[row] = entities.asSubject[subjects[row]];
        entities.asSubject[subjects[row]] = row;
    }

    private void unlink(int row) {
        boolean userset = shapes.get(shapeOf[row]).isUserset();
        unlink(row, userset ? entities.usersetsOf : entities.directOf, objects[row], nextOfObject);
        unlink(row, entities.asSubject, subjects[row], nextAsSubject);
    }

    private static void unlink(int row, int[] heads, int entity, int[] next) {
        if (heads[entity] == row) {
            heads[entity] = next[row];
            return;
        }
        int before = heads[entity];
        for (int step = 0; step < UNLINK_STEPS_MAX && before != NONE; step++) {
            if (next[before] == row) {
                next[before] = next[row];
                return;
            }
            before = next[before];
        }
    }

    private void grow() {
        int capacity = grown(rows);
        objects = Arrays.copyOf(objects, capacity);
        subjects = Arrays.copyOf(subjects, capacity);
        shapeOf = Arrays.copyOf(shapeOf, capacity);
        nextOfObject = Arrays.copyOf(nextOfObject, capacity);
        nextAsSubject = Arrays.copyOf(nextAsSubject, capacity);
    }

    private void rehash(int capacity) {
        slots = new int[capacity];
        for (int row = 0; row < rows; row++) {
            if (objects[row] != NONE) {
                enter(row);
            }
        }
    }

    private void enter(int row) {
        int mask = slots.length - 1;
        int slot = home(row) & mask;
        while (slots[slot] != 0) {
            slot = (slot + 1) & mask;
        }
        slots[slot] = row + 1;
    }

    private int slotOf(int row) {
        int mask = slots.length - 1;
        int slot = home(row) & mask;
        while (slots[slot] != row + 1) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    /** Moves later rows of the same cluster back, so that no probe ends early: linear probing without tombstones. */
    private void free(int slot) {
        int mask = slots.length - 1;
        int gap = slot;
        for (int each = (gap + 1) & mask; slots[each] != 0; each = (each + 1) & mask) {
            int home = home(slots[each] - 1) & mask;
            if (((each - home) & mask) >= ((each - gap) & mask)) {
                slots[gap] = slots[each];
                gap = each;
            }
        }
        slots[gap] = 0;
    }

    private int home(int row) {
        return home(objects[row], shapeOf[row], subjects[row]);
    }

    private static int home(int object, int shape, int subject) {
        long both = ((long) object << 32) | subject;
        return (int) IdHash.mix(both + shape * 0x9E3779B97F4A7C15L);
    }

    private void rebuild() {
        TupleRows fresh = new TupleRows(hash);
        int[] movedTo = new int[entities.size()];
        Arrays.fill(movedTo, NONE);
        for (int row = 0; row < rows; row++) {
            if (objects[row] != NONE) {
                int shape = fresh.internShape(shapes.get(shapeOf[row]));
                int object = move(objects[row], movedTo, fresh);
                fresh.add(object, shape, move(subjects[row], movedTo, fresh), expiry(row));
            }
        }
        entities = fresh.entities;
        shapeIds = fresh.shapeIds;
        shapes = fresh.shapes;
        objects = fresh.objects;
        subjects = fresh.subjects;
        shapeOf = fresh.shapeOf;
        nextOfObject = fresh.nextOfObject;
        nextAsSubject = fresh.nextAsSubject;
        expiries = fresh.expiries;
        slots = fresh.slots;
        rows = fresh.rows;
        removed = 0;
        version++;
    }

    private int move(int entity, int[] movedTo, TupleRows fresh) {
        if (movedTo[entity] == NONE) {
            movedTo[entity] = fresh.entities.intern(entityTypeName(entity), entityId(entity));
        }
        return movedTo[entity];
    }
}
