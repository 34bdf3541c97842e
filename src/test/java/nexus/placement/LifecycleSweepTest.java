package nexus.placement;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import nexus.kernel.TenantId;
import nexus.store.Registry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who is due is asked, in order, whatever becomes of the others. */
class LifecycleSweepTest {
    private static final Instant NOW = Instant.parse("2026-11-24T10:00:00Z");

    private final Vertx vertx = Vertx.vertx();
    private final List<Object> lookedAt = new ArrayList<>();
    private final List<TenantId> asked = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    private static TenantId tenant(int number) {
        return new TenantId(new UUID(4, number));
    }

    private LifecycleSweep sweep(List<TenantId> due) {
        Registry registry = (Registry) Proxy.newProxyInstance(
                Registry.class.getClassLoader(), new Class<?>[] {Registry.class}, (proxy, method, arguments) -> {
                    assertEquals("due", method.getName());
                    lookedAt.add(arguments[0]);
                    return Future.succeededFuture(due);
                });
        return new LifecycleSweep(
                vertx,
                registry,
                () -> NOW,
                tenant -> {
                    asked.add(tenant);
                    return tenant.equals(tenant(2)) ? Future.failedFuture("not reached") : Future.succeededFuture();
                },
                () -> true);
    }

    @Test
    void aTenantThatCannotBeReachedKeepsNobodyElse() throws Exception {
        LifecycleSweep sweep = sweep(List.of(tenant(1), tenant(2), tenant(3)));
        sweep.sweep().await(10, TimeUnit.SECONDS);
        assertEquals(List.of(tenant(1), tenant(2), tenant(3)), asked);
        sweep.sweep().await(10, TimeUnit.SECONDS);
        assertEquals(6, asked.size(), "who is due still is asked again");
        assertEquals(List.of(NOW, NOW), lookedAt);
    }

    @Test
    void nobodyIsAskedWhenNobodyIsDue() throws Exception {
        sweep(List.of()).sweep().await(10, TimeUnit.SECONDS);
        assertEquals(List.of(), asked);
        assertEquals(List.of(NOW), lookedAt);
    }
}
