package nexus.rebac.tuple;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TupleTextTest {

    private static RelationTuple tuple(
            String type, String id, String relation, String sType, String sId, String sRelation) {
        return new RelationTuple(new ObjectRef(type, id), relation, new SubjectRef(sType, sId, sRelation));
    }

    @Test
    void readsThePapersForm() {
        assertEquals(
                tuple("document", "readme", "viewer", "group", "eng", "member"),
                TupleText.parse("document:readme#viewer@group:eng#member"));
        assertEquals(
                tuple("file", "/a b", "owner", "user", "x@y.z", ""), TupleText.parse("file:/a b#owner@user:x@y.z"));
        assertEquals(tuple("f", "a:b", "o", "u", "c:d", ""), TupleText.parse("f:a:b#o@u:c:d"));
        assertEquals(tuple("f", "a#b@c", "o", "u", "d#e", "m"), TupleText.parse("f:a#b@c#o@u:d#e#m"));
        assertEquals(tuple("f", "a", "o", "u", "d#", ""), TupleText.parse("f:a#o@u:d#"));
        assertEquals(tuple("f", "a", "o", "u", "#m", ""), TupleText.parse("f:a#o@u:#m"));
    }

    @Test
    void refusesWhatIsNoTuple() {
        for (String text : List.of(
                "",
                "a",
                "a:b",
                "a:b#c",
                "a:b#c@d",
                ":b#c@d:e",
                "a:#c@d:e",
                "a:b#@d:e",
                "a:b#c@:e",
                "a:b#c@d:",
                "a b:c#d@e:f",
                "a:b#c@d:e\n",
                "a:b\u0000#c@d:e",
                "a:b\ud800#c@d:e",
                "é:b#c@d:e")) {
            assertThrows(TupleFormatException.class, () -> TupleText.parse(text), text);
        }
    }

    @Test
    void isBounded() {
        assertEquals(4_096, new ObjectRef("t", "x".repeat(4_096)).id().length());
        TupleFormatException refused =
                assertThrows(TupleFormatException.class, () -> new ObjectRef("t", "x".repeat(4_097)));
        assertEquals("an id of 4097 bytes; at most 4096 are allowed", refused.getMessage());
        assertThrows(TupleFormatException.class, () -> new ObjectRef("t", "é".repeat(2_049)), "bytes, not characters");
        assertThrows(TupleFormatException.class, () -> new ObjectRef("t", "\uD83D\uDE00".repeat(1_025)));
        assertThrows(TupleFormatException.class, () -> new ObjectRef("t".repeat(255), "x"));
        assertThrows(TupleFormatException.class, () -> new SubjectRef("t", "x", "r".repeat(51)));
        assertThrows(
                TupleFormatException.class,
                () -> new RelationTuple(new ObjectRef("t", "x"), "r".repeat(51), SubjectRef.of("t", "x")));
        assertThrows(TupleFormatException.class, () -> SubjectRef.userset(new ObjectRef("t", "x"), ""));
    }

    @Test
    void everythingFaithfulRoundTrips() {
        Random random = new Random(5);
        int unfaithful = 0;
        for (int i = 0; i < 100_000; i++) {
            RelationTuple tuple = tuple(
                    name(random),
                    id(random),
                    name(random),
                    name(random),
                    id(random),
                    random.nextBoolean() ? "" : name(random));
            if (TupleText.isFaithful(tuple)) {
                assertEquals(tuple, TupleText.parse(tuple.toString()));
            } else {
                unfaithful++;
                assertFalse(tuple.equals(TupleText.parse(tuple.toString())), tuple.toString());
            }
        }
        assertTrue(unfaithful > 500 && unfaithful < 50_000, unfaithful + " imitate a divider");
    }

    private static String name(Random random) {
        return List.of("a", "b-c", "d_e", "f.g", "h/i", "Jk1").get(random.nextInt(6));
    }

    private static String id(Random random) {
        StringBuilder id = new StringBuilder();
        for (int i = random.nextInt(9); i >= 0; i--) {
            id.append(List.of("#", "@", ":", "a", "b", "/", "é", "\uD83D\uDE00", " ", "*")
                    .get(random.nextInt(10)));
        }
        return id.toString();
    }
}
