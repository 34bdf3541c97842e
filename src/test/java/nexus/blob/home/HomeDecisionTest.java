package nexus.blob.home;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.UUID;
import nexus.blob.home.HomeDecision.Given;
import nexus.blob.home.HomeDecision.Verdict;
import nexus.store.BlobHome;
import nexus.store.BlobHome.Kind;
import nexus.store.BlobHomes.Known;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class HomeDecisionTest {
    private static final UUID OURS = new UUID(1, 1);
    private static final UUID OTHERS = new UUID(1, 2);
    private static final UUID PLACE = new UUID(2, 1);
    private static final UUID OTHER_PLACE = new UUID(2, 2);
    private static final Given DIRECTORY = new Given(Kind.DIRECTORY, "directory:/here");
    private static final Given BUCKET = new Given(Kind.S3, "s3://here");
    private static final Given DATABASE = new Given(Kind.DATABASE, "database");

    private static Known known(@Nullable BlobHome home) {
        return new Known(OURS, home);
    }

    private static BlobHome home(Kind kind) {
        return new BlobHome(kind, PLACE, "the recorded place");
    }

    private static Optional<String> marker(UUID database, UUID id) {
        return Optional.of(new Marker(database, id).text());
    }

    private static HomeDecision decide(Given given, @Nullable BlobHome home, Optional<String> marker) {
        return HomeDecision.of(given, known(home), marker);
    }

    private static String refusal(Given given, @Nullable BlobHome home, Optional<String> marker) {
        HomeDecision decision = decide(given, home, marker);
        assertEquals(Verdict.REFUSE, decision.verdict());
        return decision.why();
    }

    @Test
    void theFirstServerMarksThePlaceAndThenRecordsIt() {
        for (Given given : new Given[] {DIRECTORY, BUCKET}) {
            assertEquals(Verdict.MARK, decide(given, null, Optional.empty()).verdict());
            HomeDecision marked = decide(given, null, marker(OURS, PLACE));
            assertEquals(Verdict.RECORD, marked.verdict());
            assertEquals(Optional.of(PLACE), marked.id());
            assertEquals(
                    Verdict.SERVE,
                    decide(given, home(given.kind()), marker(OURS, PLACE)).verdict());
        }
    }

    @Test
    void theDatabaseBearsNoMarker() {
        HomeDecision first = decide(DATABASE, null, Optional.empty());
        assertEquals(Verdict.RECORD, first.verdict());
        assertEquals(Optional.empty(), first.id());
        assertEquals(
                Verdict.SERVE,
                decide(DATABASE, home(Kind.DATABASE), Optional.empty()).verdict());
    }

    @Test
    void anotherKindOfPlaceIsRefused() {
        for (Given given : new Given[] {DIRECTORY, BUCKET, DATABASE}) {
            for (Kind kind : Kind.values()) {
                if (kind != given.kind()) {
                    // Even if it bears the right marker: then it is a copy, or the record was changed behind our back.
                    for (Optional<String> marker : List.of(Optional.<String>empty(), marker(OURS, PLACE))) {
                        assertEquals(
                                "the large contents of this database are in the recorded place, but this server has --blobs "
                                        + given.description() + ": start it with the place that they are in",
                                refusal(given, home(kind), marker));
                    }
                }
            }
        }
    }

    @Test
    void aDirectoryWithoutTheMarkerIsProbablyPrivateOrNotMounted() {
        assertEquals(
                "directory:/here is not the place that the large contents of this database are in: it has no"
                        + " nexus-blobs.json, expected is one with the id " + PLACE
                        + ", recorded for the recorded place."
                        + " Is the directory private to this machine, or not mounted?",
                refusal(DIRECTORY, home(Kind.DIRECTORY), Optional.empty()));
        assertTrue(refusal(BUCKET, home(Kind.S3), Optional.empty()).endsWith("Is it another bucket or prefix?"));
    }

    @Test
    void aPlaceWithAnotherIdIsRefused() {
        assertEquals(
                "directory:/here is not the place that the large contents of this database are in: its nexus-blobs.json has"
                        + " the id " + OTHER_PLACE + ", expected is one with the id " + PLACE
                        + ", recorded for the recorded place."
                        + " Is the directory private to this machine, or not mounted?",
                refusal(DIRECTORY, home(Kind.DIRECTORY), marker(OURS, OTHER_PLACE)));
    }

    @Test
    void aPlaceOfAnotherDatabaseIsRefusedRecordedOrNot() {
        for (BlobHome home : new BlobHome[] {null, home(Kind.DIRECTORY)}) {
            assertEquals(
                    "directory:/here holds the large contents of another database: its nexus-blobs.json names " + OTHERS
                            + ", this database is " + OURS,
                    refusal(DIRECTORY, home, marker(OTHERS, PLACE)));
        }
    }

    @Test
    void aMarkerThatIsNoneIsRefused() {
        for (BlobHome home : new BlobHome[] {null, home(Kind.DIRECTORY)}) {
            assertEquals(
                    "directory:/here has a nexus-blobs.json that no server of this kind wrote",
                    refusal(DIRECTORY, home, Optional.of("{}")));
        }
    }
}
