package nexus.placement;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import nexus.kernel.ContentHash;
import nexus.kernel.Ids;
import nexus.kernel.NodeId;
import nexus.kernel.TenantId;
import nexus.rebac.schema.WorkspaceModel;
import nexus.store.BlobName;
import nexus.store.BlobPlace;
import nexus.store.BlobStore;
import nexus.store.Content;
import nexus.store.Registry;
import nexus.store.TenantStore;
import nexus.tenant.NodeTime;
import nexus.tenant.Telemetry;
import nexus.tenant.TenantOptions;
import nexus.tenant.TenantServices;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SweeperTest {
    private static final Instant NOW = Instant.parse("2026-11-23T10:00:00Z");
    private static final Duration ORPHAN_AGE = Duration.ofHours(1);

    private final Vertx vertx = Vertx.vertx();
    private final TenantId tenant = new TenantId(new UUID(1, 1));
    private final TreeSet<String> stored = new TreeSet<>();
    private final Set<BlobPlace> named = new HashSet<>();

    @AfterEach
    void close() throws Exception {
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    @Test
    void findsOrphansBehindAnyNumberOfContents() throws Exception {
        Ids ids = new Ids(() -> NOW.minus(ORPHAN_AGE).minusMillis(1), new Random(7));
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 12_345; i++) {
            BlobPlace place = new BlobName(ContentHash.of(new byte[] {(byte) i, (byte) (i >> 8)}), ids.next()).place();
            stored.add(place.value());
            named.add(place);
        }
        // One in every page, and one as the very last.
        for (int i : new int[] {0, 4_999, 5_000, 9_999, 12_344}) {
            String orphan = new ArrayList<>(stored).get(i);
            named.remove(new BlobPlace(orphan));
            expected.add(orphan);
        }
        Set<String> before = Set.copyOf(stored);
        sweeper().sweepOrphans().await(10, TimeUnit.SECONDS);
        Set<String> removed = new TreeSet<>(before);
        removed.removeAll(stored);
        assertEquals(new TreeSet<>(expected), removed);
    }

    private Sweeper sweeper() {
        NodeTime time = fake(NodeTime.class, arguments -> NOW);
        TenantStore knowing = fake(TenantStore.class, arguments -> {
            List<BlobPlace> known = new ArrayList<>(places(arguments[1]));
            known.retainAll(named);
            return Future.succeededFuture(known);
        });
        return new Sweeper(
                vertx,
                new TenantServices(
                        new NodeId(new UUID(1, 2)),
                        knowing,
                        fake(Registry.class, arguments -> Future.failedFuture("not asked")),
                        new Stored(),
                        WorkspaceModel.get(),
                        time,
                        new Ids(() -> NOW, new Random(8)),
                        fake(Telemetry.class, arguments -> null),
                        TenantOptions.EMBEDDED),
                ORPHAN_AGE,
                () -> true);
    }

    private static List<BlobPlace> places(Object argument) {
        return ((List<?>) argument).stream().map(BlobPlace.class::cast).toList();
    }

    private interface Answer {
        Object to(Object[] arguments);
    }

    private static <T> T fake(Class<T> type, Answer answer) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> answer.to(arguments)));
    }

    /** Pages of names in their order, as the interface says. */
    private final class Stored implements BlobStore {
        @Override
        public Future<List<BlobPlace>> olderThan(TenantId asked, Instant until, BlobPlace after, int limit) {
            return Future.succeededFuture(stored.tailSet(after == null ? "" : after.value(), after == null).stream()
                    .limit(limit)
                    .map(BlobPlace::new)
                    .toList());
        }

        @Override
        public Future<Void> remove(TenantId asked, List<BlobPlace> places) {
            places.forEach(place -> stored.remove(place.value()));
            return Future.succeededFuture();
        }

        @Override
        public Future<List<TenantId>> tenants() {
            return Future.succeededFuture(List.of(tenant));
        }

        @Override
        public Future<Content.Stored> put(TenantId asked, Buffer bytes) {
            return Future.failedFuture("not asked");
        }

        @Override
        public Future<Content.Stored> append(TenantId asked, BlobPlace base, Buffer more) {
            return Future.failedFuture("not asked");
        }

        @Override
        public Future<Buffer> read(TenantId asked, BlobPlace place, long start, int length) {
            return Future.failedFuture("not asked");
        }

        @Override
        public Future<Void> removeAll(TenantId asked) {
            return Future.failedFuture("not asked");
        }
    }
}
