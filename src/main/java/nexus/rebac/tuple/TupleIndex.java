package nexus.rebac.tuple;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The stored tuples of one tenant's store, in memory. One thread owns it; nothing here is synchronised.
 *
 * <p>It knows no model: whether a tuple is admitted is for {@link nexus.rebac.schema.AuthorizationModel#admission} to say
 * before it is put, and tuples that the model of a check does not admit count for nothing there. Ids are compared unit by
 * unit, without normalisation.
 *
 * <p>A tuple is dead from the instant at which it expires, but stays stored, and counted, until it is removed; expiries are
 * kept in microseconds, rounded down. How it is laid out, and what a removal costs, is told at {@link TupleRows}.
 *
 * <p>Lists are copies, newest tuple first unless said otherwise: changing the index while going through one is fine.
 */
public final class TupleIndex {
    private final TupleRows rows;

    /**
     * An empty index.
     *
     * @param hashSeed a random number that stays secret: who knows it can choose ids that make the index slow
     */
    public TupleIndex(long hashSeed) {
        this.rows = new TupleRows(new IdHash(hashSeed));
    }

    /** For the engine. */
    public TupleRows rows() {
        return rows;
    }

    /**
     * Stores the tuple or, if it is stored already, gives it the new expiry.
     *
     * @param expiresAt null: never
     * @return whether it was not stored before
     */
    public boolean put(RelationTuple tuple, @Nullable Instant expiresAt) {
        return rows.put(tuple, expiresAt == null ? TupleRows.NEVER : micros(expiresAt));
    }

    /** Returns whether it was stored. */
    public boolean remove(RelationTuple tuple) {
        int row = rows.row(tuple);
        if (row != TupleRows.NONE) {
            rows.remove(row);
        }
        return row != TupleRows.NONE;
    }

    /** Whether the tuple is stored, dead or alive. */
    public boolean contains(RelationTuple tuple) {
        return rows.row(tuple) != TupleRows.NONE;
    }

    /** The tuple as it is stored, dead or alive; null if it is not. */
    public @Nullable StoredTuple find(RelationTuple tuple) {
        int row = rows.row(tuple);
        return row == TupleRows.NONE ? null : stored(row);
    }

    /** How many tuples are stored, dead ones included. */
    public int size() {
        return rows.size();
    }

    /** The heap that the index holds, strings included, as if it shared none of them. */
    public long approximateBytes() {
        return rows.approximateBytes();
    }

    /** The tuples about the object. */
    public List<StoredTuple> byObject(ObjectRef object) {
        List<StoredTuple> found = new ArrayList<>();
        int entity = rows.find(object.type(), object.id());
        if (entity != TupleRows.NONE) {
            forEachOfObject(entity, row -> found.add(stored(row)));
        }
        return found;
    }

    /** The tuples that name exactly this subject: those of {@code group:eng#member} are not those of {@code group:eng}. */
    public List<StoredTuple> bySubject(SubjectRef subject) {
        List<StoredTuple> found = new ArrayList<>();
        int entity = rows.find(subject.type(), subject.id());
        if (entity == TupleRows.NONE) {
            return found;
        }
        for (int row = rows.firstAsSubject(entity); row != TupleRows.NONE; row = rows.nextAsSubject(row)) {
            if (rows.isStored(row)
                    && rows.shape(rows.shapeOf(row)).subjectRelation().equals(subject.relation())) {
                found.add(stored(row));
            }
        }
        return found;
    }

    /**
     * The tuples about objects of the type whose id is the path or begins with the path and {@code /}; with {@code /} itself,
     * all whose id begins so. In no particular order. Takes time in the number of all objects, not of those found.
     */
    public List<StoredTuple> under(String type, String path) {
        int typeId = rows.typeOf(type);
        String prefix = path.endsWith("/") ? path : path + "/";
        List<StoredTuple> found = new ArrayList<>();
        forEachEntity(
                entity -> rows.entityType(entity) == typeId && isAtOrUnder(rows.entityId(entity), path, prefix),
                entity -> forEachOfObject(entity, row -> found.add(stored(row))));
        return found;
    }

    /** Removes what {@link #under} lists, and returns it. */
    public List<StoredTuple> removeUnder(String type, String path) {
        List<StoredTuple> found = under(type, path);
        found.forEach(stored -> remove(stored.tuple()));
        return found;
    }

    /** At most so many tuples that are dead at the given time, oldest row first. Takes time in the number of tuples. */
    public List<StoredTuple> expired(Instant now, int limit) {
        long nowMicros = micros(now);
        List<StoredTuple> found = new ArrayList<>();
        for (int row = 0; row < rows.rowCount() && found.size() < limit; row++) {
            if (rows.isStored(row) && !rows.isAlive(row, nowMicros)) {
                found.add(stored(row));
            }
        }
        return found;
    }

    /** All stored tuples, oldest row first. The consumer must not change the index. */
    public void forEach(Consumer<StoredTuple> consumer) {
        for (int row = 0; row < rows.rowCount(); row++) {
            if (rows.isStored(row)) {
                consumer.accept(stored(row));
            }
        }
    }

    /**
     * Microseconds since 1970, rounded down; the farthest future and past, out of range, become the farthest in range.
     */
    public static long micros(Instant instant) {
        long seconds = instant.getEpochSecond();
        if (seconds > SECONDS_MAX) {
            return TupleRows.NEVER;
        }
        if (seconds < -SECONDS_MAX) {
            return Long.MIN_VALUE;
        }
        return seconds * 1_000_000 + instant.getNano() / 1_000;
    }

    private static final long SECONDS_MAX = Long.MAX_VALUE / 1_000_000 - 1;

    private static boolean isAtOrUnder(String id, String path, String prefix) {
        return id.startsWith(prefix) || id.equals(path);
    }

    private void forEachEntity(IntPredicate wanted, IntConsumer consumer) {
        for (int entity = 0; entity < rows.entityCount(); entity++) {
            if (wanted.test(entity)) {
                consumer.accept(entity);
            }
        }
    }

    private void forEachOfObject(int entity, IntConsumer consumer) {
        forEachInList(rows.firstDirect(entity), consumer);
        forEachInList(rows.firstUserset(entity), consumer);
    }

    private void forEachInList(int first, IntConsumer consumer) {
        for (int row = first; row != TupleRows.NONE; row = rows.nextOfObject(row)) {
            if (rows.isStored(row)) {
                consumer.accept(row);
            }
        }
    }

    private StoredTuple stored(int row) {
        TupleShape shape = rows.shape(rows.shapeOf(row));
        RelationTuple tuple = new RelationTuple(
                new ObjectRef(shape.objectType(), rows.entityId(rows.object(row))),
                shape.relation(),
                new SubjectRef(shape.subjectType(), rows.entityId(rows.subject(row)), shape.subjectRelation()));
        long expiry = rows.expiry(row);
        return new StoredTuple(tuple, expiry == TupleRows.NEVER ? null : Instant.EPOCH.plus(expiry, ChronoUnit.MICROS));
    }
}
