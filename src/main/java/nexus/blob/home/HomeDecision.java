package nexus.blob.home;

import java.util.Optional;
import java.util.UUID;
import nexus.store.BlobHome;
import nexus.store.BlobHomes.Known;
import nexus.store.MarkedBlobStore;

/**
 * What a server that starts does about the place it was given.
 *
 * @param why for a refusal, what the operator is told; else empty
 * @param id for {@link Verdict#RECORD}, of the place, if its marker gives it one
 */
record HomeDecision(Verdict verdict, String why, Optional<UUID> id) {
    /** The ways to go on. */
    enum Verdict {
        /** It is the right place. */
        SERVE,
        /** Nobody's place yet, and the database has none: put a marker into it, then look again. */
        MARK,
        /** The database has no place yet, and this one is ready to be it: record it, then look again. */
        RECORD,
        /** It is not the right place. */
        REFUSE
    }

    /** What a server was given: which kind of place, and what it is called in messages. */
    record Given(BlobHome.Kind kind, String description) {}

    /**
     * Decides. Two servers that start at once, and a crash in the middle, change nothing about it: the place's marker is put
     * before the place is recorded, the first marker and the first record stay, and what is recorded is compared by everyone.
     * So a marker without a record is either the trace of such a start, with the id of this very database, or somebody
     * else's place.
     *
     * @param marker the text of the place's marker; of the database itself there is none
     */
    static HomeDecision of(Given given, Known known, Optional<String> marker) {
        BlobHome home = known.home();
        Optional<Marker> seen = marker.flatMap(Marker::parse);
        if (home != null && home.kind() != given.kind()) {
            return refuse("the large contents of this database are in " + home.description()
                    + ", but this server has --blobs " + given.description()
                    + ": start it with the place that they are in");
        }
        if (given.kind() == BlobHome.Kind.DATABASE) {
            return home == null ? record(Optional.empty()) : serve();
        }
        if (marker.isPresent() && seen.isEmpty()) {
            return refuse(
                    given.description() + " has a " + MarkedBlobStore.MARKER + " that no server of this kind wrote");
        }
        if (seen.isPresent() && !seen.get().database().equals(known.database())) {
            return refuse(
                    given.description() + " holds the large contents of another database: its " + MarkedBlobStore.MARKER
                            + " names " + seen.get().database() + ", this database is " + known.database());
        }
        if (home == null) {
            return seen.isPresent() ? record(Optional.of(seen.get().id())) : mark();
        }
        if (seen.isPresent() && seen.get().id().equals(home.id())) {
            return serve();
        }
        String found = seen.isPresent()
                ? "its " + MarkedBlobStore.MARKER + " has the id " + seen.get().id()
                : "it has no " + MarkedBlobStore.MARKER;
        return refuse(
                given.description() + " is not the place that the large contents of this database are in: " + found
                        + ", expected is one with the id " + home.id() + ", recorded for " + home.description() + ". "
                        + hint(given.kind()));
    }

    private static String hint(BlobHome.Kind kind) {
        return switch (kind) {
            case DIRECTORY -> "Is the directory private to this machine, or not mounted?";
            case S3 -> "Is it another bucket or prefix?";
            case DATABASE -> "";
        };
    }

    private static HomeDecision serve() {
        return new HomeDecision(Verdict.SERVE, "", Optional.empty());
    }

    private static HomeDecision mark() {
        return new HomeDecision(Verdict.MARK, "", Optional.empty());
    }

    private static HomeDecision record(Optional<UUID> id) {
        return new HomeDecision(Verdict.RECORD, "", id);
    }

    private static HomeDecision refuse(String why) {
        return new HomeDecision(Verdict.REFUSE, why, Optional.empty());
    }
}
