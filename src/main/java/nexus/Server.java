package nexus;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import nexus.blob.file.FileBlobOptions;
import nexus.blob.file.FileBlobStore;
import nexus.blob.home.HomeCheck;
import nexus.blob.s3.S3BlobOptions;
import nexus.blob.s3.S3BlobStore;
import nexus.bus.BusTenantGateway;
import nexus.bus.EventBusTransport;
import nexus.bus.NodeCodec;
import nexus.bus.NodeTransport;
import nexus.cluster.HazelcastCluster;
import nexus.config.BlobLocation;
import nexus.config.DatabaseUrl;
import nexus.config.ListEntries;
import nexus.config.Secret;
import nexus.config.ServerOption;
import nexus.config.ServerOptions;
import nexus.embedded.DataDirectory;
import nexus.embedded.DatabaseListener;
import nexus.embedded.EmbeddedDatabase;
import nexus.embedded.EmbeddedDatabaseOptions;
import nexus.http.HttpAdapter;
import nexus.http.HttpOptions;
import nexus.http.HttpServices;
import nexus.kernel.Ids;
import nexus.kernel.KeyId;
import nexus.kernel.Limits;
import nexus.kernel.NodeId;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.kernel.TenantId;
import nexus.kernel.Ulid;
import nexus.metrics.PrometheusTelemetry;
import nexus.placement.LifecycleSweep;
import nexus.placement.NodeLease;
import nexus.placement.NodeWatch;
import nexus.rebac.schema.AuthorizationModel;
import nexus.rebac.schema.ModelParser;
import nexus.store.BlobHome;
import nexus.store.BlobHomes;
import nexus.store.BlobStore;
import nexus.store.KeyRecord;
import nexus.store.Leases;
import nexus.store.Registry;
import nexus.store.postgres.PgBlobHomes;
import nexus.store.postgres.PgBlobStore;
import nexus.store.postgres.PgDatabase;
import nexus.store.postgres.PgLeases;
import nexus.store.postgres.PgOptions;
import nexus.store.postgres.PgRegistry;
import nexus.store.postgres.PgTenantStore;
import nexus.tenant.ApiKeys;
import nexus.tenant.Ask;
import nexus.tenant.Claims;
import nexus.tenant.Credential;
import nexus.tenant.Principal;
import nexus.tenant.Reply;
import nexus.tenant.TenantOptions;
import nexus.tenant.TenantRequest;
import nexus.tenant.TenantServices;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A whole server: starts its parts in order, undoes what has started if one fails, and ends them in the opposite order.
 *
 * <p>The one place in which everything is put together, so that each part can do without knowing the others.
 *
 * <p>{@link #start} and {@link #close} block and belong on a thread of their own, never on an event loop.
 */
final class Server implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Server.class);
    private static final Duration DRAIN = Duration.ofSeconds(15);
    private static final Duration LEAVE = Duration.ofSeconds(15);

    /**
     * How long a node of a cluster serves on after its /ready has said no: whoever distributes requests looks about once a
     * second, and until he has seen it they still come here.
     */
    private static final Duration NOTICE = Duration.ofSeconds(2);

    /** For one step of the start: what waits for the network has limits of its own, this one is for bugs. */
    private static final Duration START_MAX = Duration.ofMinutes(2);

    /** For one part to end: longer than a drain, or than a group whose database is silent. */
    private static final Duration END_MAX = Duration.ofSeconds(20);

    /** For what is left when everything else has ended: threads, and connections to a silent database. */
    private static final Duration VERTX_MAX = Duration.ofSeconds(5);

    private static final Duration REJOIN_PAUSE = Duration.ofMillis(500);
    private static final Duration LOOP_BLOCKED = Duration.ofMillis(500);
    private static final String MODEL = "/nexus/workspace.fga";

    private final ServerOptions options;
    private final InstantSource clock;
    private final SecureRandom random = new SecureRandom();
    private final PrometheusTelemetry telemetry = new PrometheusTelemetry();
    private final Deque<Part> parts = new ArrayDeque<>();

    private @Nullable Vertx vertx;
    private volatile @Nullable Incarnation incarnation;
    /** Changed only while {@link #parts} is held. */
    private volatile boolean closing;

    private int port;
    private @Nullable String newAdminKey;

    /** Something that has started and must be ended; later ones first. */
    private record Part(String name, Step end) {}

    private interface Step {
        void run() throws Exception;
    }

    Server(ServerOptions options, InstantSource clock) {
        this.options = options;
        this.clock = clock;
    }

    /** The port that it listens on. */
    int port() {
        return port;
    }

    /** The system administrator's key if this start made one: to be shown once. */
    Optional<String> newAdminKey() {
        return Optional.ofNullable(newAdminKey);
    }

    // ---- start
    // -------------------------------------------------------------------------------------------------------

    /** Starts everything; when it returns the port is open. If a part fails, those before it are ended again. */
    void start() throws Exception {
        try {
            startParts();
        } catch (Exception e) {
            close();
            throw e;
        }
    }

    private void startParts() throws Exception {
        DataDirectory directory = DataDirectory.open(options.dataDir(), clock);
        started("data directory", directory::close);
        DatabaseUrl external = options.databaseUrl();
        String url = external == null ? startEmbedded(directory) : external.revealed();
        Ids ids = new Ids(clock, random);
        HazelcastCluster cluster = options.cluster() == null ? null : await(joinCluster(options.cluster(), ids));
        Vertx running = cluster == null ? Vertx.vertx(vertxOptions()) : cluster.vertx();
        vertx = running;
        if (cluster != null) {
            started("membership", cluster::leave);
        }
        started("vertx", () -> await(running.close(), VERTX_MAX));

        PgDatabase database = await(PgDatabase.open(running, PgOptions.of(url), new NodeId(ids.next())));
        started("database connections", () -> ended(database.close()));
        BlobStore blobs = openBlobs(running, directory, database, ids);
        World world = new World(
                running,
                ids,
                database,
                new PgRegistry(database),
                blobs,
                ModelParser.parse(resource(MODEL)),
                mode(),
                cluster == null
                        ? null
                        : new Incarnation.Cluster(
                                cluster,
                                new EventBusTransport(running, () -> present().lease())),
                new HashSet<>());
        await(onLoop(running, () -> begin(world)));
        started("tenants", () -> ended(endIncarnation()));
        if (cluster != null) {
            Context looking = running.getOrCreateContext();
            cluster.onChange(
                    () -> looking.runOnContext(v -> present().local().watch().look()));
        }

        BusTenantGateway gateway = new BusTenantGateway(
                running,
                world.registry(),
                () -> present().local(),
                world.cluster() == null ? NodeTransport.NOBODY : world.cluster().transport());
        ApiKeys keys = await(world.registry().checksumSecrets(randomBytes(32)).map(Server::apiKeys));
        Secret chosen = options.adminKey();
        if (chosen != null) {
            keys = keys.withChosenKey(chosen.value());
        }
        setUpSystemKeys(running, directory, gateway, ids, keys, chosen);
        LifecycleSweep lifecycle = new LifecycleSweep(
                running,
                world.registry(),
                () -> present().lease().now(),
                tenant -> gateway.askAsServer(tenant, ownAsk(ids, new TenantRequest.AdvanceLifecycle())),
                () -> present().sweeps());
        Context sweeping = running.getOrCreateContext();
        sweeping.runOnContext(v -> lifecycle.open());
        started("lifecycle", () -> sweeping.runOnContext(v -> lifecycle.close()));
        serve(running, gateway, new PgLeases(database), blobs, ids, keys);
        await(announce());
        started("place in the cluster", () -> ended(leave()));
    }

    private Leases.Mode mode() {
        if (options.cluster() != null) {
            return Leases.Mode.CLUSTER;
        }
        return options.databaseUrl() == null ? Leases.Mode.EMBEDDED : Leases.Mode.SINGLE;
    }

    private VertxOptions vertxOptions() {
        return new VertxOptions()
                .setEventLoopPoolSize(options.eventLoops())
                .setMaxEventLoopExecuteTime(LOOP_BLOCKED.toMillis())
                .setMaxEventLoopExecuteTimeUnit(TimeUnit.MILLISECONDS)
                .setBlockedThreadCheckInterval(LOOP_BLOCKED.toMillis())
                .setWarningExceptionTime(2 * LOOP_BLOCKED.toMillis())
                .setWarningExceptionTimeUnit(TimeUnit.MILLISECONDS);
    }

    private Future<HazelcastCluster> joinCluster(Path file, Ids ids) {
        return HazelcastCluster.join(file, System.getenv(), Ulid.print(ids.next()), vertxOptions());
    }

    /** Tells the other nodes that this one may have tenants, as soon as it can serve them. */
    private Future<Void> announce() {
        return onLoop(vertx(), () -> present().announce("http://" + options.host() + ":" + port, NodeCodec.NEWEST));
    }

    /** Gives the tenants away while requests still come and are passed on; from now on no new ones should. */
    private Future<Void> leave() {
        if (mode() != Leases.Mode.CLUSTER) {
            return Future.succeededFuture();
        }
        Future<?> noticed = vertx().timer(NOTICE.toMillis(), TimeUnit.MILLISECONDS);
        return Future.all(onLoop(vertx(), () -> present().leave(LEAVE)), noticed)
                .mapEmpty();
    }

    /** Opens the place of large contents, and proves that it is the one that this database's contents are in. */
    private BlobStore openBlobs(Vertx running, DataDirectory directory, PgDatabase database, Ids ids) throws Exception {
        BlobHomes homes = new PgBlobHomes(database);
        BlobLocation location = options.blobs();
        if (location instanceof BlobLocation.Database) {
            PgBlobStore rows = new PgBlobStore(running, database, ids);
            started("blob store", () -> ended(rows.close()));
            await(new HomeCheck(homes, ids, rows, BlobHome.Kind.DATABASE, location.toString()).prove());
            return rows;
        }
        if (location instanceof BlobLocation.Bucket bucket) {
            S3BlobStore objects = await(S3BlobStore.open(running, bucketOptions(bucket), ids));
            started("blob store", () -> ended(objects.close()));
            await(new HomeCheck(homes, ids, objects, BlobHome.Kind.S3, location.toString()).prove());
            return objects;
        }
        Path path = location instanceof BlobLocation.SharedDirectory shared ? existing(shared) : directory.blobs();
        FileBlobStore files = await(FileBlobStore.open(running, FileBlobOptions.of(path), ids));
        started("blob store", () -> ended(files.close()));
        await(new HomeCheck(homes, ids, files, BlobHome.Kind.DIRECTORY, "directory:" + path).prove());
        return files;
    }

    private S3BlobOptions bucketOptions(BlobLocation.Bucket bucket) {
        Secret access = options.blobsAccessKey();
        Secret secret = options.blobsSecretKey();
        return S3BlobOptions.of(
                bucket.name(),
                bucket.prefix(),
                bucket.endpoint(),
                bucket.region(),
                bucket.pathStyle(),
                access == null || secret == null ? null : new S3BlobOptions.Keys(access.value(), secret.value()));
    }

    /** Never made: where a mount is missing, an empty directory of this machine would take its place. */
    private static Path existing(BlobLocation.SharedDirectory shared) {
        if (!Files.isDirectory(shared.path())) {
            throw new IllegalStateException(
                    ServerOption.BLOBS.flag() + " " + shared + ": there is no such directory, make or mount it first");
        }
        return shared.path();
    }

    private String startEmbedded(DataDirectory directory) {
        EmbeddedDatabase embedded =
                new EmbeddedDatabase(EmbeddedDatabaseOptions.of(directory.postgres()), new LoggedOutages(), random);
        started("embedded database", embedded::close);
        return embedded.start().url();
    }

    private static final class LoggedOutages implements DatabaseListener {
        @Override
        public void down(String reason) {
            LOG.error("embedded database is down reason={}", reason);
        }

        @Override
        public void restartFailed(int attempt, Duration delay, String reason) {
            LOG.error("embedded database did not restart attempt={} reason={}", attempt, reason);
        }

        @Override
        public void up(Duration outage) {
            LOG.warn("embedded database is up again outageMillis={}", outage.toMillis());
        }
    }

    private static ApiKeys apiKeys(List<Registry.ChecksumSecret> secrets) {
        return new ApiKeys(secrets.stream()
                .map(secret -> new ApiKeys.ChecksumSecret(secret.version(), secret.secret()))
                .toList());
    }

    private void serve(Vertx running, BusTenantGateway gateway, Leases leases, BlobStore blobs, Ids ids, ApiKeys keys)
            throws Exception {
        HttpOptions httpOptions = HttpOptions.DEFAULTS
                .withAddress(options.host(), options.port())
                .withVersion(Version.text())
                .withListEntriesAsStrings(options.listEntries() == ListEntries.STRING)
                .withBodies(
                        Math.toIntExact(options.bodyMaxBytes()),
                        Math.max(HttpOptions.DEFAULTS.bodyMemoryBytes(), options.bodyMaxBytes()))
                .withSlowRequest(options.slowOperation())
                .withTrustedProxies(options.trustedProxies());
        HttpAdapter adapter = new HttpAdapter(
                running,
                httpOptions,
                new HttpServices(
                        gateway,
                        leases,
                        blobs,
                        keys,
                        telemetry,
                        ids,
                        random,
                        clock,
                        System::nanoTime,
                        () -> !closing && present().lease().isTrusted(),
                        telemetry::scrape));
        telemetry.gauge(
                "nexus.tenants.active",
                "Tenants in memory",
                () -> present().local().activations().count());
        telemetry.gauge(
                "nexus.tenants.moved",
                "Tenants given to other nodes",
                () -> present().moved());
        telemetry.gauge("nexus.body.memory", "Bytes of request bodies in memory", adapter::bodyMemoryUsed);
        port = await(adapter.start(options.eventLoops())
                .recover(e -> Future.failedFuture(new IllegalStateException(
                        "cannot listen on " + options.host() + ":" + options.port() + ": " + e.getMessage(), e))));
        started("http", () -> ended(adapter.drain(DRAIN).eventually(adapter::stop)));
    }

    // ---- incarnations
    // ------------------------------------------------------------------------------------------------

    /** What all incarnations share. */
    private record World(
            Vertx vertx,
            Ids ids,
            PgDatabase database,
            PgRegistry registry,
            BlobStore blobs,
            AuthorizationModel model,
            Leases.Mode mode,
            Incarnation.@Nullable Cluster cluster,
            Set<NodeId> formers) {}

    private Future<Incarnation> begin(World world) {
        NodeId node = new NodeId(world.ids().next());
        PgLeases leases = new PgLeases(world.database());
        NodeLease lease = new NodeLease(world.vertx(), leases, node, nodeName(), world.mode(), clock, System::nanoTime);
        boolean embedded = world.mode() == Leases.Mode.EMBEDDED;
        NodeWatch watch = new NodeWatch(
                world.vertx(),
                leases,
                node,
                world.formers(),
                world.cluster() == null ? null : world.cluster().membership(),
                System::nanoTime);
        TenantServices services = new TenantServices(
                node,
                embedded ? new PgTenantStore(world.database()) : new PgTenantStore(world.database(), watch::dead),
                world.registry(),
                world.blobs(),
                world.model(),
                lease,
                world.ids(),
                telemetry,
                new TenantOptions(
                        embedded,
                        options.slowOperation(),
                        options.idlePassivation(),
                        TenantOptions.EMBEDDED.activeMax(),
                        TenantOptions.EMBEDDED.blobGrace()));
        Incarnation fresh = new Incarnation(world.vertx(), lease, leases, watch, services, world.cluster());
        return fresh.begin().map(begun -> {
            incarnation = begun;
            // Not before: a life may be over before it has begun, and must not take the place of its successor then.
            lease.lost().onComplete(v -> comeBack(world, begun));
            return begun;
        });
    }

    /** The lease is over: every tenant is dropped, and the server comes back under a new id as soon as it can. */
    private void comeBack(World world, Incarnation old) {
        if (!closing) {
            world.formers().add(old.node());
            old.abandon().transform(v -> begin(world)).onComplete(done -> {
                if (done.succeeded()) {
                    LOG.info("back under a new lease node={}", done.result().node());
                    announce()
                            .onFailure(e -> LOG.warn(
                                    "not announced node={}", done.result().node(), e));
                } else {
                    LOG.warn("no new lease yet", done.cause());
                    world.vertx().setTimer(REJOIN_PAUSE.toMillis(), id -> comeBack(world, old));
                }
            });
        }
    }

    private String nodeName() {
        String chosen = options.nodeName();
        if (chosen != null) {
            return chosen;
        }
        return mode() == Leases.Mode.CLUSTER && options.port() != 0
                ? ProcessName.host() + ":" + options.port()
                : ProcessName.text();
    }

    private Incarnation present() {
        Incarnation now = incarnation;
        if (now == null) {
            throw new IllegalStateException("BUG: the server has not begun");
        }
        return now;
    }

    private Future<Void> endIncarnation() {
        return onLoop(vertx(), () -> present().end());
    }

    // ---- system keys
    // -------------------------------------------------------------------------------------------------

    /**
     * Sees to it that there is a system key: the one that the operator chose, or one that is made at the first start. It is
     * in {@code admin.key} before the port opens.
     */
    private void setUpSystemKeys(
            Vertx running,
            DataDirectory directory,
            BusTenantGateway gateway,
            Ids ids,
            ApiKeys keys,
            @Nullable Secret chosen)
            throws Exception {
        Credential credential = chosen == null ? null : keys.chosenCredential(chosen.value());
        // A node of a cluster that was given no key leaves the others' alone.
        if (credential != null || mode() != Leases.Mode.CLUSTER) {
            askSystem(
                    running,
                    gateway,
                    ids,
                    new TenantRequest.SetChosenKey(
                            credential == null ? null : credential.key(),
                            credential == null ? new byte[0] : credential.secretHash()));
        }
        if (chosen != null) {
            directory.writeAdminKey(chosen.value());
            return;
        }
        Reply.Keys live = (Reply.Keys)
                askSystem(running, gateway, ids, new TenantRequest.ListKeys(null, true, false, false, Limits.KEYS, 0));
        if (live.keys().stream().allMatch(KeyRecord::external)) {
            ApiKeys.Minted minted = keys.mint(TenantId.SYSTEM, ids.nextKey(), random);
            // Written first: a key that nobody knows would lock everybody out, a file whose key is not there yet does
            // not.
            directory.writeAdminKey(minted.text());
            TenantRequest first = new TenantRequest.CreateKey(
                    minted.id(),
                    minted.secretHash(),
                    "first system administrator",
                    "admin",
                    "user",
                    "admin",
                    true,
                    null);
            try {
                askSystem(running, gateway, ids, first);
                newAdminKey = minted.text();
            } catch (ProblemException e) {
                if (e.problem().code() != ProblemCode.REFUSED) {
                    throw e;
                }
                LOG.info("another node has made the first system key at the same time");
                directory.removeAdminKey();
            }
        }
    }

    private Reply askSystem(Vertx running, BusTenantGateway gateway, Ids ids, TenantRequest request) throws Exception {
        return await(onLoop(running, () -> gateway.askAsServer(ownAsk(ids, request))));
    }

    /** What the server asks in its own name, which no credential leads to. */
    private static Ask ownAsk(Ids ids, TenantRequest request) {
        Credential nobody =
                new Credential(TenantId.SYSTEM, new KeyId(Principal.SERVER.key().value()), new byte[0]);
        return new Ask("server", "local", ids.nextCommand(), nobody, Claims.NONE, null, Limits.DEADLINE, request);
    }

    // ---- end
    // ---------------------------------------------------------------------------------------------------------

    /**
     * Drains and ends everything; what fails to end, or does not in time, is logged and does not keep the others. May be called
     * from another thread while the server is starting, which fails then.
     */
    @Override
    public void close() {
        synchronized (parts) {
            closing = true;
        }
        for (Part part = lastPart(); part != null; part = lastPart()) {
            end(part);
        }
        telemetry.close();
    }

    private @Nullable Part lastPart() {
        synchronized (parts) {
            return parts.poll();
        }
    }

    private static void end(Part part) {
        try {
            part.end().run();
        } catch (Exception e) {
            LOG.warn("could not end part={}", part.name(), e);
        }
    }

    /** What has started is ended with the server: at once if the server was closed meanwhile. */
    private void started(String name, Step end) {
        Part part = new Part(name, end);
        synchronized (parts) {
            if (!closing) {
                parts.push(part);
                return;
            }
        }
        end(part);
        throw new IllegalStateException("the server was closed while it was starting");
    }

    // ---- plumbing
    // ----------------------------------------------------------------------------------------------------

    private Vertx vertx() {
        Vertx running = vertx;
        if (running == null) {
            throw new IllegalStateException("BUG: the server has not begun");
        }
        return running;
    }

    private byte[] randomBytes(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    private static String resource(String name) {
        try (InputStream in = Server.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("BUG: the jar lacks " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Starts something on an event loop of its own choice. */
    private static <T extends @Nullable Object> Future<T> onLoop(Vertx vertx, Supplier<Future<T>> call) {
        Promise<T> promise = Promise.promise();
        vertx.getOrCreateContext().runOnContext(v -> {
            try {
                call.get().onComplete(promise);
            } catch (RuntimeException e) {
                promise.fail(e);
            }
        });
        return promise.future();
    }

    /** Waits on the thread that starts the server, which is never an event loop. */
    private static <T extends @Nullable Object> T await(Future<T> future) throws Exception {
        return await(future, START_MAX);
    }

    /** Waits on the thread that ends the server. */
    private static void ended(Future<Void> future) throws Exception {
        await(future, END_MAX);
    }

    private static <T extends @Nullable Object> T await(Future<T> future, Duration atMost) throws Exception {
        try {
            return future.toCompletionStage().toCompletableFuture().get(atMost.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }
}
