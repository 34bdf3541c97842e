package nexus.blob.home;

import io.vertx.core.Future;
import java.util.Optional;
import java.util.UUID;
import nexus.blob.home.HomeDecision.Given;
import nexus.kernel.Ids;
import nexus.kernel.Must;
import nexus.store.BlobHome;
import nexus.store.BlobHomes;
import nexus.store.BlobStore;
import nexus.store.MarkedBlobStore;
import nexus.store.StoreException;

/**
 * Proves at the start that the place of large contents is the one of this database: else contents would be missing for who
 * asks this server, and the search for orphans would remove those of somebody else. What to do is in {@link HomeDecision}.
 */
public final class HomeCheck {
    /** A marker is put, a record made, and both are seen: one more is a bug. */
    private static final int LOOKS = 3;

    private final BlobHomes homes;
    private final Ids ids;
    private final BlobStore store;
    private final Given given;

    /**
     * A check of a place.
     *
     * @param description what the place is called, without secrets
     */
    public HomeCheck(BlobHomes homes, Ids ids, BlobStore store, BlobHome.Kind kind, String description) {
        Must.hold(
                (kind == BlobHome.Kind.DATABASE) != (store instanceof MarkedBlobStore),
                "a place outside of the database bears a marker",
                kind);
        this.homes = homes;
        this.ids = ids;
        this.store = store;
        this.given = new Given(kind, description);
    }

    /** Completes if the server may serve from this place, and fails with what the operator is told. */
    public Future<Void> prove() {
        return look(LOOKS)
                .recover(e -> Future.failedFuture(
                        e instanceof StoreException
                                ? new IllegalStateException(
                                        "the place of the large contents, " + given.description() + ", cannot be used: "
                                                + deepest(e),
                                        e)
                                : e));
    }

    private Future<Void> look(int left) {
        Must.hold(left > 0, "a start comes to its end", given);
        return homes.known()
                .compose(known -> marker().compose(marker -> {
                    HomeDecision decision = HomeDecision.of(given, known, marker);
                    return switch (decision.verdict()) {
                        case SERVE -> Future.succeededFuture();
                        case MARK ->
                            requireContents()
                                    .compose(v -> marked().mark(new Marker(known.database(), ids.next()).text()))
                                    .compose(v -> look(left - 1));
                        case RECORD ->
                            requireContents()
                                    .compose(v -> homes.record(home(decision.id())))
                                    .compose(v -> look(left - 1));
                        case REFUSE -> Future.failedFuture(new IllegalStateException(decision.why()));
                    };
                }));
    }

    private BlobHome home(Optional<UUID> id) {
        return new BlobHome(given.kind(), id.orElseGet(ids::next), given.description());
    }

    private Future<Optional<String>> marker() {
        return given.kind() == BlobHome.Kind.DATABASE ? Future.succeededFuture(Optional.empty()) : marked().marker();
    }

    private MarkedBlobStore marked() {
        return (MarkedBlobStore) store;
    }

    /** A database that was in use before homes were recorded takes no place that lacks its contents. */
    private Future<Void> requireContents() {
        return homes.anyContent()
                .compose(any -> any.isEmpty()
                        ? Future.succeededFuture()
                        : store.read(any.get().tenant(), any.get().place(), 0, 1)
                                .<Void>mapEmpty()
                                .recover(e -> Future.failedFuture(new IllegalStateException(
                                        "this database names large contents that are not in " + given.description()
                                                + ": start it once with the place that they are in",
                                        e))));
    }

    private static String deepest(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    }
}
