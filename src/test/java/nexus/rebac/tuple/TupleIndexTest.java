package nexus.rebac.tuple;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

class TupleIndexTest {
    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

    private static RelationTuple tuple(String text) {
        return TupleText.parse(text);
    }

    @Test
    void putSaysWhetherTheTupleIsNewAndReplacesItsExpiry() {
        TupleIndex index = new TupleIndex(1);
        RelationTuple tuple = tuple("file:/a#viewer@user:u");
        assertTrue(index.put(tuple, null));
        assertFalse(index.put(tuple, NOW));
        assertEquals(new StoredTuple(tuple, NOW), index.find(tuple));
        assertFalse(index.put(tuple, null));
        assertEquals(new StoredTuple(tuple, null), index.find(tuple));
        assertEquals(1, index.size());
        assertTrue(index.remove(tuple));
        assertFalse(index.remove(tuple));
        assertEquals(0, index.size());
        assertTrue(index.put(tuple, NOW));
    }

    @Test
    void expiriesAreRoundedDownToTheMicrosecond() {
        TupleIndex index = new TupleIndex(1);
        RelationTuple tuple = tuple("file:/a#viewer@user:u");
        index.put(tuple, NOW.plusNanos(1_999));
        assertEquals(
                Optional.of(NOW.plusNanos(1_000)),
                Optional.ofNullable(index.find(tuple)).map(StoredTuple::expiresAt));
        index.put(tuple, Instant.MAX);
        assertEquals(new StoredTuple(tuple, null), index.find(tuple));
        index.put(tuple, Instant.MIN);
        assertEquals(1, index.expired(NOW, 10).size());
        index.put(tuple, Instant.parse("1969-12-31T23:59:59.999999Z"));
        assertEquals(-1, TupleIndex.micros(Instant.parse("1969-12-31T23:59:59.999999999Z")));
        assertEquals(1, index.expired(NOW, 10).size());
    }

    @Test
    void namesAreNeverNormalised() {
        TupleIndex index = new TupleIndex(1);
        List<String> lookAlikes = List.of("a", "A", "а", "á", "a\u0301", "a ", " a", "/a", "/a/", "／a", "a\u200B");
        for (String id : lookAlikes) {
            assertTrue(
                    index.put(new RelationTuple(new ObjectRef("file", id), "viewer", SubjectRef.of("user", id)), null));
        }
        assertEquals(lookAlikes.size(), index.size());
        for (String id : lookAlikes) {
            assertEquals(1, index.byObject(new ObjectRef("file", id)).size(), id);
            assertEquals(1, index.bySubject(SubjectRef.of("user", id)).size(), id);
        }
    }

    @Test
    void findsWhatIsAtOrUnderAPath() {
        TupleIndex index = new TupleIndex(1);
        for (String path : List.of("/", "/a", "/a/b", "/a/b/c", "/ab", "/b", "/a!")) {
            index.put(new RelationTuple(new ObjectRef("file", path), "viewer", SubjectRef.of("user", "u")), null);
        }
        index.put(tuple("group:/a/b#member@user:u"), null);
        assertEquals(Set.of("/a", "/a/b", "/a/b/c"), ids(index.under("file", "/a")));
        assertEquals(Set.of("/a/b", "/a/b/c"), ids(index.under("file", "/a/b")));
        assertEquals(7, index.under("file", "/").size());
        assertEquals(Set.of(), ids(index.under("file", "/c")));
        assertEquals(Set.of(), ids(index.under("folder", "/a")));
        assertEquals(3, index.removeUnder("file", "/a").size());
        assertEquals(Set.of("/", "/ab", "/b", "/a!"), ids(index.under("file", "/")));
        assertEquals(5, index.size());
    }

    private static Set<String> ids(List<StoredTuple> stored) {
        Set<String> ids = new HashSet<>();
        stored.forEach(each -> assertTrue(ids.add(each.tuple().object().id())));
        return ids;
    }

    @Test
    void bySubjectTellsAUsersetFromItsObject() {
        TupleIndex index = new TupleIndex(1);
        index.put(tuple("file:/a#viewer@group:g#member"), null);
        index.put(tuple("file:/b#viewer@group:g#owner"), null);
        index.put(tuple("file:/c#viewer@group:g"), null);
        assertEquals(
                "/a",
                index.bySubject(new SubjectRef("group", "g", "member"))
                        .get(0)
                        .tuple()
                        .object()
                        .id());
        assertEquals(1, index.bySubject(new SubjectRef("group", "g", "owner")).size());
        assertEquals(
                "/c",
                index.bySubject(SubjectRef.of("group", "g"))
                        .get(0)
                        .tuple()
                        .object()
                        .id());
    }

    /** Random changes against a map; every list is what the map says. */
    @Test
    void behavesAsAMap() {
        for (long seed = 0; seed < 40; seed++) {
            Random random = new Random(seed);
            TupleIndex index = new TupleIndex(seed);
            Map<RelationTuple, Optional<Instant>> model = new HashMap<>();
            int bias = 2 + random.nextInt(3);
            List<RelationTuple> put = new ArrayList<>();
            for (int step = 0; step < 3_000; step++) {
                if (random.nextInt(bias + (step / 1_000) * 2) < 2) {
                    RelationTuple tuple = random(random);
                    Instant expiry = random.nextInt(3) > 0 ? null : NOW.plusSeconds(random.nextInt(5) - 2);
                    assertEquals(model.put(tuple, Optional.ofNullable(expiry)) == null, index.put(tuple, expiry));
                    put.add(tuple);
                } else {
                    RelationTuple tuple = put.isEmpty() ? random(random) : put.get(random.nextInt(put.size()));
                    assertEquals(model.remove(tuple) != null, index.remove(tuple));
                }
                assertEquals(model.size(), index.size());
                if (step % 250 == 0) {
                    compare(model, index, random);
                }
            }
            compare(model, index, random);
        }
    }

    private static RelationTuple random(Random random) {
        ObjectRef object = new ObjectRef(
                random.nextInt(4) == 0 ? "group" : "file", "/" + random.nextInt(8) + "/" + random.nextInt(4));
        String relation = random.nextBoolean() ? "viewer" : "member";
        SubjectRef subject = new SubjectRef(
                random.nextBoolean() ? "user" : "group",
                "/" + random.nextInt(6) + "/" + random.nextInt(2),
                random.nextInt(3) > 0 ? "" : "member");
        return new RelationTuple(object, relation, subject);
    }

    private static void compare(Map<RelationTuple, Optional<Instant>> model, TupleIndex index, Random random) {
        List<StoredTuple> all = new ArrayList<>();
        index.forEach(all::add);
        assertSame(model, tuple -> true, all);
        RelationTuple any = random(random);
        assertEquals(model.containsKey(any), index.contains(any));
        assertSame(model, tuple -> tuple.object().equals(any.object()), index.byObject(any.object()));
        assertSame(model, tuple -> tuple.subject().equals(any.subject()), index.bySubject(any.subject()));
        assertSame(
                model,
                tuple -> tuple.object().type().equals("file")
                        && tuple.object().id().startsWith("/3/"),
                index.under("file", "/3"));
        assertSame(
                model,
                tuple -> model.getOrDefault(tuple, Optional.empty())
                        .filter(e -> !NOW.isBefore(e))
                        .isPresent(),
                index.expired(NOW, Integer.MAX_VALUE));
    }

    private static void assertSame(
            Map<RelationTuple, Optional<Instant>> model, Predicate<RelationTuple> wanted, List<StoredTuple> actual) {
        List<StoredTuple> expected = new ArrayList<>();
        model.forEach((tuple, expiry) -> {
            if (wanted.test(tuple)) {
                expected.add(new StoredTuple(tuple, expiry.orElse(null)));
            }
        });
        Comparator<StoredTuple> order =
                Comparator.comparing(stored -> stored.tuple().toString());
        List<StoredTuple> sorted = new ArrayList<>(actual);
        expected.sort(order);
        sorted.sort(order);
        assertEquals(expected, sorted);
    }

    @Test
    void churnDoesNotLeak() {
        TupleIndex index = new TupleIndex(1);
        for (int i = 0; i < 1_000; i++) {
            index.put(tuple("file:/kept/" + i + "#viewer@user:u"), null);
        }
        long before = index.approximateBytes();
        for (int i = 0; i < 100_000; i++) {
            RelationTuple passing = tuple("file:/passing/" + i + "#viewer@user:guest" + i);
            index.put(passing, i % 2 == 0 ? null : NOW);
            index.remove(passing);
        }
        assertEquals(1_000, index.size());
        assertTrue(index.approximateBytes() < 5 * before, before + " bytes became " + index.approximateBytes());
        index.under("file", "/kept").forEach(stored -> index.remove(stored.tuple()));
        for (int i = 0; i < 1_000; i++) {
            RelationTuple passing =
                    new RelationTuple(new ObjectRef("t" + i, "x"), "r" + i, SubjectRef.of("s" + i, "y"));
            index.put(passing, null);
            index.remove(passing);
        }
        assertEquals(0, index.size());
        assertTrue(index.approximateBytes() < 64 * 1_024, "empty: " + index.approximateBytes() + " bytes");
    }

    /** Revoked rows must not lengthen the lists that checks read: that of the object as well as that of the subject. */
    @Test
    void grantingAndRevokingOverAndOverKeepsListsShort() {
        TupleIndex index = new TupleIndex(1);
        for (int i = 0; i < 10_000; i++) {
            index.put(tuple("file:/kept/" + i + "#viewer@user:u"), null);
        }
        RelationTuple again = tuple("file:/a#viewer@user:guest");
        for (int i = 0; i < 5_000; i++) {
            index.put(again, null);
            index.remove(again);
        }
        TupleRows rows = index.rows();
        int entity = rows.find("file", "/a");
        assertNotEquals(TupleRows.NONE, entity);
        assertEquals(TupleRows.NONE, rows.firstDirect(entity));
        assertEquals(TupleRows.NONE, rows.firstAsSubject(rows.find("user", "guest")));
    }

    @Test
    void aSmallTenantIsSmallAndALargeOneIsDense() {
        TupleIndex small = new TupleIndex(1);
        assertTrue(small.approximateBytes() < 2_000, small.approximateBytes() + " bytes when empty");
        for (int i = 0; i < 20; i++) {
            small.put(tuple("file:/workspace/project-" + i + "#editor@user:someone-" + i), null);
        }
        assertTrue(small.approximateBytes() < 10_000, small.approximateBytes() + " bytes for 20 tuples");

        TupleIndex large = new TupleIndex(1);
        for (int object = 0; object < 1_000; object++) {
            for (int subject = 0; subject < 200; subject++) {
                large.put(tuple("file:/" + object + "#viewer@user:" + subject), null);
            }
        }
        long perTuple = large.approximateBytes() / large.size();
        assertTrue(perTuple <= 35, perTuple + " bytes for a tuple, dictionary and slack included");
    }

    @Test
    void aShortenedHashIsTheHashOfTheBeginning() {
        Random random = new Random(3);
        for (int i = 0; i < 1_000; i++) {
            IdHash hash = new IdHash(random.nextLong());
            String text = "/" + random.nextLong() + "/é\uD83D\uDE00/" + random.nextInt();
            int to = random.nextInt(text.length() + 1);
            assertEquals(hash.of(text, to), hash.shorten(hash.of(text, text.length()), text, text.length(), to));
            assertEquals(hash.of(text, to), hash.of(text.substring(0, to), to));
        }
    }
}
