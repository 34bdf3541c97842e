package nexus.e2e;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import nexus.http.client.NexusClient;
import nexus.http.client.NexusClient.Ref;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestWatcher;

/** One server for all tests of a class. The first failure shows the end of its log. */
final class SharedServer implements BeforeAllCallback, AfterAllCallback, TestWatcher {
    private final AtomicInteger zones = new AtomicInteger();
    private final String[] options;
    private @Nullable Path directory;
    private @Nullable ServerProcess process;
    private @Nullable NexusClient admin;
    private boolean shown;

    SharedServer(String... options) {
        this.options = options;
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        Path made = ServerProcess.temporaryDirectory();
        directory = made;
        ServerProcess started =
                ServerProcess.in(made.resolve("data")).with(options).start();
        process = started;
        admin = started.admin();
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (process != null) {
            process.close();
        }
        ServerProcess.delete(directory);
    }

    @Override
    public void testFailed(ExtensionContext context, @Nullable Throwable cause) {
        if (!shown && process != null) {
            shown = true;
            System.err.println("the server said:" + process.log());
        }
    }

    ServerProcess process() {
        return required(process);
    }

    /** The system administrator. */
    NexusClient admin() {
        return required(admin);
    }

    private static <T> T required(@Nullable T value) {
        if (value == null) {
            throw new IllegalStateException("the server is not running");
        }
        return value;
    }

    // ---- tenants ----------------------------------------------------------------------------------------------------

    /** A name that no other test uses. */
    String freshZone(String prefix) {
        return prefix + "-" + zones.incrementAndGet();
    }

    /** A tenant and its administrator. */
    record Tenant(String zone, NexusClient owner, String key, String keyId, NexusClient admin) {
        String root() {
            return "/tenants/" + zone;
        }

        /** A path below the root. */
        String path(String relative) {
            return root() + "/" + relative;
        }

        /** A user with a key and no grants. */
        NexusClient user(String name) {
            return admin.as(admin.createKey(zone, name, name).text());
        }

        /** A user with a grant. */
        NexusClient user(String name, String relation, String path) {
            NexusClient user = user(name);
            admin.rebacCreate(Ref.user(name), relation, Ref.file(path), zone);
            return user;
        }

        /** What the server counts: users, files, bytes. */
        List<Long> usage() {
            return Usage.of(admin, zone);
        }
    }

    /** A tenant of the plan enterprise, which limits nothing, whose administrator is alice. */
    Tenant tenant(String prefix) {
        return tenant(admin(), freshZone(prefix), "alice");
    }

    /** A tenant of the plan enterprise with this administrator. */
    static Tenant tenant(NexusClient admin, String zone, String owner) {
        admin.mkdir("/tenants/" + zone);
        admin.write("/tenants/" + zone + "/.tenant.json", "{\"plan\":\"enterprise\"}");
        NexusClient.Key key = admin.createKey(zone, owner, owner);
        admin.rebacCreate(Ref.user(owner), "owner", Ref.file("/tenants/" + zone), zone);
        return new Tenant(zone, admin.as(key.text()), key.text(), key.id(), admin);
    }
}
