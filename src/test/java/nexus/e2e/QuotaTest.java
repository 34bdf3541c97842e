package nexus.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import nexus.e2e.SharedServer.Tenant;
import nexus.http.client.Json;
import nexus.http.client.NexusClient;
import nexus.http.client.NexusException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Quotas under many writers: never above, the last unit usable, what is given back usable again. */
@Tag("server")
@Timeout(120)
class QuotaTest {
    @RegisterExtension
    static final SharedServer SERVER = new SharedServer();

    private static final int WRITERS = 16;
    private static final int USERS = 0;
    private static final int FILES = 1;
    private static final int BYTES = 2;

    /** A tenant with limits; null members say nothing. */
    private static Tenant limited(String limits) {
        Tenant tenant = SERVER.tenant("quota");
        limit(tenant, limits);
        return tenant;
    }

    private static void limit(Tenant tenant, String limits) {
        SERVER.admin().write(tenant.path(".tenant.json"), "{\"limits\":" + limits + "}");
    }

    /** What all the attempts came to. */
    private record Tally(int done, int refused) {}

    /** Makes the attempts from many threads at once, while the usage is watched: it is never above the limit. */
    private static Tally race(Tenant tenant, int resource, long limit, List<Callable<?>> attempts) throws Exception {
        AtomicInteger done = new AtomicInteger();
        AtomicInteger refused = new AtomicInteger();
        AtomicBoolean over = new AtomicBoolean();
        ExecutorService pool = Executors.newFixedThreadPool(WRITERS + 1);
        try {
            var watch = pool.submit(() -> {
                while (!over.get()) {
                    long used = tenant.usage().get(resource);
                    assertTrue(used <= limit, "used " + used + " of " + limit);
                }
                return true;
            });
            List<Callable<Boolean>> counted = attempts.stream()
                    .<Callable<Boolean>>map(attempt -> () -> {
                        try {
                            attempt.call();
                            done.incrementAndGet();
                        } catch (NexusException e) {
                            assertEquals(NexusException.QUOTA, e.code(), e.getMessage());
                            refused.incrementAndGet();
                        }
                        return true;
                    })
                    .toList();
            for (var result : pool.invokeAll(counted)) {
                result.get();
            }
            over.set(true);
            watch.get();
        } finally {
            over.set(true);
            pool.shutdownNow();
        }
        return new Tally(done.get(), refused.get());
    }

    private static List<Callable<?>> attempts(int count, java.util.function.IntFunction<Callable<?>> attempt) {
        return IntStream.range(0, count).<Callable<?>>mapToObj(attempt).toList();
    }

    private static void exact(Tenant tenant) {
        assertEquals(Usage.recount(SERVER.admin(), tenant.zone()), tenant.usage());
    }

    @Test
    void filesNeverPassTheLimitAndTheLastOneFits() throws Exception {
        Tenant tenant = limited("{\"max_files\":50}");

        Tally tally = race(
                tenant,
                FILES,
                50,
                attempts(
                        200,
                        i -> () -> i % 4 == 0
                                ? tenant.owner().append(tenant.path("d/" + i + ".txt"), new byte[] {1})
                                : tenant.owner().write(tenant.path("d/" + i + ".txt"), "x")));

        assertEquals(new Tally(50, 150), tally);
        assertEquals(50, tenant.usage().get(FILES));
        exact(tenant);
        // Directories are no files, a new version is no new file, and what is deleted can be used again.
        tenant.owner().mkdir(tenant.path("another"));
        String one = tenant.owner().paths(tenant.path("d"), false).get(0);
        tenant.owner().write(one, "changed");
        tenant.owner().delete(one);
        tenant.owner().write(tenant.path("again.txt"), "x");
        assertEquals(50, tenant.usage().get(FILES));
        tenant.owner().rmdir(tenant.path("d"), true);
        assertEquals(1, tenant.usage().get(FILES));
        exact(tenant);
    }

    @Test
    void bytesNeverPassTheLimitAndTheLastOneFits() throws Exception {
        // A thousand kibibytes and one byte, in the tutorial's unit.
        long limit = 1000 * 1024 + 1;
        Tenant tenant = limited("{\"max_storage_gb\":"
                + new java.math.BigDecimal(limit)
                        .divide(java.math.BigDecimal.valueOf(1L << 30))
                        .toPlainString() + "}");
        byte[] piece = new byte[10 * 1024];

        Tally tally = race(
                tenant, BYTES, limit, attempts(160, i -> () -> tenant.owner().write(tenant.path("f" + i), piece)));

        assertEquals(new Tally(100, 60), tally);
        assertEquals(limit - 1, tenant.usage().get(BYTES));
        tenant.owner().write(tenant.path("last"), new byte[1]);
        assertEquals(limit, tenant.usage().get(BYTES));
        assertEquals(
                NexusException.QUOTA,
                assertThrows(NexusException.class, () -> tenant.owner().write(tenant.path("more"), new byte[1]))
                        .code());
        // An empty file takes nothing, and versions count until they are deleted with their file.
        tenant.owner().write(tenant.path("empty"), new byte[0]);
        tenant.owner().delete(tenant.path(onePiece(tenant)));
        tenant.owner().write(tenant.path("v"), new byte[5 * 1024]);
        tenant.owner().write(tenant.path("v"), new byte[5 * 1024]);
        assertEquals(limit, tenant.usage().get(BYTES));
        exact(tenant);
        tenant.owner().delete(tenant.path("v"));
        assertEquals(limit - 10 * 1024, tenant.usage().get(BYTES));
        exact(tenant);
    }

    /** The name of one of the files with a piece. */
    private static String onePiece(Tenant tenant) {
        return tenant.owner().paths(tenant.root(), false).stream()
                .map(path -> path.substring(path.lastIndexOf('/') + 1))
                .filter(name -> name.startsWith("f"))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void largeContentsThatAreRefusedLeaveNothing() throws Exception {
        long limit = 1L << 20;
        Tenant tenant = limited("{\"max_storage_gb\":" + 1.0 / 1024 + "}");
        byte[] large = new byte[300_000];
        for (int i = 0; i < large.length; i++) {
            large[i] = (byte) (i * 31);
        }

        Tally tally = race(tenant, BYTES, limit, attempts(12, i -> () -> {
            byte[] own = large.clone();
            own[0] = (byte) i;
            return tenant.owner().write(tenant.path("f" + i), own);
        }));

        assertEquals(new Tally(3, 9), tally);
        assertEquals(900_000, tenant.usage().get(BYTES));
        exact(tenant);
        for (String path : tenant.owner().paths(tenant.root(), false)) {
            if (!Usage.isControl(path) && !path.endsWith(".audit")) {
                assertEquals(large.length, tenant.owner().read(path).length);
            }
        }
    }

    @Test
    void usersNeverPassTheLimitAndTheLastOneFits() throws Exception {
        Tenant tenant = limited("{\"max_users\":10}");

        Tally tally = race(
                tenant,
                USERS,
                10,
                attempts(40, i -> () -> SERVER.admin().createKey(tenant.zone(), "user" + i / 2, "key " + i)));

        // Alice has a seat, and a second key of a user takes none.
        assertEquals(10, tenant.usage().get(USERS));
        assertTrue(tally.done() >= 9 && tally.done() <= 18, tally.toString());
        exact(tenant);
        NexusClient.Key seat = SERVER.admin().createKey(tenant.zone(), "alice", "a second key of alice");
        assertThrows(NexusException.class, () -> SERVER.admin().createKey(tenant.zone(), "new", "new"));
        SERVER.admin().revokeKey(seat.id());
        assertThrows(NexusException.class, () -> SERVER.admin().createKey(tenant.zone(), "new", "new"));
        SERVER.admin().revokeKey(tenant.keyId());
        assertEquals(9, tenant.usage().get(USERS));
        SERVER.admin().createKey(tenant.zone(), "new", "new");
        assertEquals(10, tenant.usage().get(USERS));
        exact(tenant);
    }

    @Test
    void batchIsOneWholeAndItsRefusalSaysWhatWasAskedFor() {
        Tenant tenant = limited("{\"max_files\":3}");
        tenant.owner().write(tenant.path("a"), "a");
        List<List<String>> three =
                List.of(List.of(tenant.path("1"), "1"), List.of(tenant.path("2"), "2"), List.of(tenant.path("3"), "3"));

        NexusException refusal =
                assertThrows(NexusException.class, () -> tenant.owner().call("write_batch", Map.of("files", three)));

        assertEquals(NexusException.QUOTA, refusal.code());
        assertEquals("Quota exceeded for files: limit 3, used 1, asked for 3", refusal.detail());
        assertEquals(
                Map.of("reason", "quota_exceeded", "resource", "files", "limit", 3L, "used", 1L, "asked", 3L),
                refusal.data());
        assertEquals(List.of(1L, 1L, 1L), tenant.usage());
        tenant.owner().call("write_batch", Map.of("files", three.subList(0, 2)));
        assertEquals(3, tenant.usage().get(FILES));
    }

    @Test
    void limitBelowTheUsageStopsGrowthAndAllowsGivingBack() {
        Tenant tenant = limited("{\"max_files\":10}");
        for (int i = 0; i < 5; i++) {
            tenant.owner().write(tenant.path("f" + i), "12345");
        }
        limit(tenant, "{\"max_files\":2}");

        assertEquals(
                NexusException.QUOTA,
                assertThrows(NexusException.class, () -> tenant.owner().write(tenant.path("more"), "x"))
                        .code());
        tenant.owner().write(tenant.path("f0"), "a new version is no new file");
        tenant.owner().rename(tenant.path("f0"), tenant.path("g0"));
        for (int i = 1; i < 5; i++) {
            tenant.owner().delete(tenant.path("f" + i));
        }
        tenant.owner().write(tenant.path("second"), "x");
        assertThrows(NexusException.class, () -> tenant.owner().write(tenant.path("third"), "x"));
        exact(tenant);
        // A plan clears what it does not name, null is unlimited.
        limit(tenant, "{\"max_files\":null}");
        tenant.owner().write(tenant.path("third"), "x");
        assertEquals(
                Json.read("{\"max_users\":null,\"max_storage_gb\":null,\"max_files\":null}"),
                SERVER.admin().readJson(tenant.path(".tenant.json")).get("limits"));
    }

    @Test
    void provisionedUsersNeverPassTheLimitAndDeprovisionedOnesGiveTheirSeatBack() throws Exception {
        Tenant tenant = limited("{\"max_users\":10}");

        Tally tally = race(
                tenant,
                USERS,
                10,
                attempts(
                        60,
                        i -> () -> i % 3 == 0
                                ? SERVER.admin().createKey(tenant.zone(), "u" + i, "key")
                                : provision(tenant, "u" + i)));

        assertEquals(new Tally(9, 51), tally);
        assertEquals(10, tenant.usage().get(USERS));
        exact(tenant);
        assertEquals(
                NexusException.QUOTA,
                assertThrows(NexusException.class, () -> provision(tenant, "late"))
                        .code());
        assertTrue(
                SERVER.admin().paths(tenant.path("users"), false).stream().noneMatch(path -> path.endsWith("/late")),
                "a refused one leaves nothing");

        // What a user takes with him is given back: his seat, his files, all their versions.
        String one = SERVER.admin().paths(tenant.path("users"), false).get(0);
        String user = one.substring(one.lastIndexOf('/') + 1);
        for (int i = 0; i < 3; i++) {
            tenant.owner().write(one + "/deep/down/file.txt", "x".repeat(70_000 + i));
            tenant.owner().write(one + "/small.txt", "y".repeat(i));
        }
        assertEquals(2, tenant.usage().get(FILES));
        exact(tenant);
        SERVER.admin()
                .call(
                        "deprovision_user",
                        Map.of("user_id", user, "zone_id", tenant.zone(), "delete_user_record", true));
        assertEquals(List.of(9L, 0L, 0L), tenant.usage());
        exact(tenant);
        provision(tenant, "late");
        assertEquals(10, tenant.usage().get(USERS));
        exact(tenant);
    }

    private static Object provision(Tenant tenant, String user) {
        return Json.object(SERVER.admin()
                .call(
                        "provision_user",
                        Map.of("user_id", user, "email", user + "@example.com", "zone_id", tenant.zone())));
    }
}
