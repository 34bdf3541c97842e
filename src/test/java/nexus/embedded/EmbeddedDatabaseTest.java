package nexus.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class EmbeddedDatabaseTest {

    /** Making the files takes two seconds, so most tests begin with a copy. */
    @TempDir
    static Path template;

    @TempDir
    Path directory;

    private final RecordingListener listener = new RecordingListener();
    private Path home = Path.of("");
    private EmbeddedDatabase database = database();

    @BeforeAll
    static void makeTemplate() {
        try (EmbeddedDatabase made = new EmbeddedDatabase(
                EmbeddedDatabaseOptions.of(template.resolve("postgres")),
                new RecordingListener(),
                new SecureRandom())) {
            made.start();
        }
    }

    @BeforeEach
    void chooseDirectory() {
        home = directory.resolve("postgres");
        database = database();
    }

    @AfterEach
    void leavesNoProcess() {
        database.close();
        assertEquals(List.of(), PostgresProcesses.of(home.resolve("data")));
    }

    @Test
    void startsColdAndKeepsDataOverAWarmStartOnTheSamePort() throws SQLException {
        long coldMillis = millis(database::start);
        DatabaseAddress first = address();
        execute(first, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)");
        long stopMillis = millis(database::close);
        database = database();
        long warmMillis = millis(database::start);
        System.out.println("embedded database: cold " + coldMillis + " ms, stop " + stopMillis + " ms, warm "
                + warmMillis + " ms");
        assertEquals("7", query(address(), "SELECT n FROM kept"));
        assertEquals(first, address());
    }

    @Test
    void isDurableAndListensOnLoopbackOnly() throws IOException, SQLException {
        copyTemplate();
        database.start();
        for (String setting : List.of("fsync", "synchronous_commit", "full_page_writes", "data_checksums")) {
            assertEquals("on", query(address(), "SELECT current_setting('" + setting + "')"), setting);
        }
        assertEquals("127.0.0.1", query(address(), "SELECT current_setting('listen_addresses')"));
        assertEquals("60", query(address(), "SELECT current_setting('max_connections')"));
        assertEquals("UTF8", query(address(), "SELECT current_setting('server_encoding')"));
        assertEquals("scram-sha-256", query(address(), "SELECT current_setting('password_encryption')"));
        assertEquals(
                "scram-sha-256",
                query(address(), "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules"));
    }

    @Test
    void refusesAWrongPasswordAndKeepsTheRightOneFromOthers() throws IOException {
        copyTemplate();
        database.start();
        DatabaseAddress right = address();
        DatabaseAddress wrong = new DatabaseAddress(
                right.host(), right.port(), right.database(), right.user(), "wrong", right.socketDirectory());
        SQLException refused = assertThrows(SQLException.class, () -> query(wrong, "SELECT 1"));
        assertEquals("28P01", refused.getSQLState());
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(home.resolve("password"))));
        assertFalse(right.toString().contains(right.password()), "toString shows the password");
        assertTrue(right.url().contains(right.password()), "url must hold the password");
        assertTrue(Files.exists(home.resolve("socket/.s.PGSQL." + right.port())), "no Unix socket");
    }

    @Test
    void restartsAKilledServerOnItsPortAndKeepsCommittedRows() throws Exception {
        copyTemplate();
        database.start();
        DatabaseAddress address = address();
        execute(address, "CREATE TABLE kept (n int)", "INSERT INTO kept SELECT generate_series(1, 1000)");
        ProcessHandle killed = database.process().orElseThrow();
        long since = System.nanoTime();
        killed.destroyForcibly();
        assertEquals("down", listener.next());
        long noticedMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since);
        assertEquals("up", listener.next());
        long upMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since);
        System.out.println(
                "embedded database: kill noticed after " + noticedMillis + " ms, up after " + upMillis + " ms");
        assertTrue(noticedMillis < 1_000, "noticed after " + noticedMillis + " ms");
        assertNotEquals(killed.pid(), database.process().orElseThrow().pid());
        assertEquals(address, address());
        assertEquals("1000", query(address, "SELECT count(*) FROM kept"));
    }

    @Test
    void endsSessionsThatOutliveTheirServer() throws Exception {
        copyTemplate();
        database.start();
        DatabaseAddress address = address();
        // A session in the middle of a long computation does not look whether its server lives.
        CompletableFuture<Void> busy = CompletableFuture.runAsync(() -> assertThrows(
                SQLException.class,
                () -> query(
                        address, "SELECT count(*) FROM generate_series(1, 1000) a, generate_series(1, 10000000) b")));
        Deadline deadline = Deadline.in(Duration.ofSeconds(10));
        assertTrue(
                deadline.await(() -> "1"
                        .equals(quietly(
                                address,
                                "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%10000000%'"
                                        + " AND pid <> pg_backend_pid()"))),
                "the statement did not begin");
        database.process().orElseThrow().destroyForcibly();
        assertEquals("down", listener.next());
        assertEquals("up", listener.next());
        busy.get(10, TimeUnit.SECONDS);
        assertEquals("1", query(address, "SELECT 1"));
    }

    @Test
    void restartsWhileTheCommonPoolIsBlocked() throws Exception {
        copyTemplate();
        database.start();
        CountDownLatch over = new CountDownLatch(1);
        try {
            for (int task = 0; task < 2 * ForkJoinPool.getCommonPoolParallelism(); task++) {
                ForkJoinPool.commonPool().execute(() -> await(over));
            }
            database.process().orElseThrow().destroyForcibly();
            assertEquals("down", listener.next());
            assertEquals("up", listener.next());
        } finally {
            over.countDown();
        }
    }

    @Test
    void restartsAgainAndAgain() throws Exception {
        copyTemplate();
        database.start();
        for (int kill = 0; kill < 3; kill++) {
            database.process().orElseThrow().destroyForcibly();
            assertEquals("down", listener.next());
            assertEquals("up", listener.next());
        }
        assertEquals("1", query(address(), "SELECT 1"));
    }

    @Test
    void closeIsNotAnOutage() throws IOException {
        copyTemplate();
        database.start();
        database.close();
        database.close();
        assertTrue(listener.isSilent(), "the listener heard of an outage");
        assertEquals(Optional.empty(), database.process());
        assertThrows(IllegalStateException.class, database::start);
    }

    @Test
    void closeWhileStartingGivesUpAndLeavesNothing() throws Exception {
        CompletableFuture<Throwable> outcome =
                CompletableFuture.supplyAsync(() -> assertThrows(EmbeddedException.class, database::start));
        assertTrue(
                Deadline.in(Duration.ofSeconds(20)).await(() -> Files.exists(home.resolve("data.new/PG_VERSION"))),
                "initdb did not begin");
        database.close();
        assertTrue(outcome.get().toString().contains("closed while it was starting"), outcome.get()::toString);
        assertTrue(
                Deadline.in(Duration.ofSeconds(5))
                        .await(() ->
                                PostgresProcesses.of(home.resolve("data.new")).isEmpty()),
                "processes of the given-up start are left");
        database = database();
        database.start();
    }

    @Test
    void takesOverFromAKilledProcess() throws Exception {
        copyTemplate();
        long orphan;
        DatabaseAddress address;
        try (ServerProcess server = ServerProcess.start(directory)) {
            String[] ready = server.awaitReady();
            orphan = Long.parseLong(ready[2]);
            server.kill();
        }
        assertTrue(ProcessHandle.of(orphan).isPresent(), "PostgreSQL died with its JVM: nothing to test");
        long takeOverMillis = millis(database::start);
        address = address();
        System.out.println("embedded database: take-over of an orphan " + takeOverMillis + " ms");
        assertNotEquals(orphan, database.process().orElseThrow().pid());
        assertEquals("1", query(address, "SELECT 1"));
        String log = Files.readString(home.resolve("log"));
        assertTrue(log.contains("received fast shutdown request"), "the orphan was not stopped in the orderly way");
        assertFalse(log.contains("not properly shut down"), "the next start had to recover");
        assertTrue(takeOverMillis < 10_000, "took " + takeOverMillis + " ms");
    }

    @Test
    void recoversWhenBothWereKilled() throws Exception {
        copyTemplate();
        try (ServerProcess server = ServerProcess.start(directory)) {
            String[] ready = server.awaitReady();
            DatabaseAddress address = new DatabaseAddress(
                    "127.0.0.1",
                    Integer.parseInt(ready[1]),
                    "nexus",
                    "nexus",
                    Files.readString(home.resolve("password")).strip(),
                    null);
            execute(address, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)");
            server.kill();
            ProcessHandle.of(Long.parseLong(ready[2])).orElseThrow().destroyForcibly();
        }
        database.start();
        assertEquals("7", query(address(), "SELECT n FROM kept"));
    }

    @Test
    void aTerminatedProcessStopsItsServer() throws Exception {
        copyTemplate();
        try (ServerProcess server = ServerProcess.start(directory)) {
            String[] ready = server.awaitReady();
            server.terminate();
            assertTrue(ProcessHandle.of(Long.parseLong(ready[2])).isEmpty(), "PostgreSQL outlived its JVM");
        }
    }

    @Test
    void ignoresAPidFileWhosePidBelongsToAStranger() throws Exception {
        copyTemplate();
        database.start();
        int port = address().port();
        database.process().orElseThrow().destroyForcibly();
        assertEquals("down", listener.next());
        assertEquals("up", listener.next());
        String pidFile = Files.readString(home.resolve("data/postmaster.pid"));
        database.close();
        Process stranger = new ProcessBuilder("sleep", "60").start();
        try {
            Files.writeString(
                    home.resolve("data/postmaster.pid"), pidFile.replaceFirst("[0-9]+", Long.toString(stranger.pid())));
            Files.writeString(home.resolve("socket/.s.PGSQL." + port + ".lock"), stranger.pid() + "\n");
            database = database();
            long millis = millis(database::start);
            assertTrue(stranger.isAlive(), "killed a stranger");
            assertTrue(millis < 5_000, "took " + millis + " ms");
            assertEquals(port, address().port());
        } finally {
            stranger.destroyForcibly();
        }
    }

    @Test
    void movesToAnotherPortWhenAStrangerHasIts() throws Exception {
        copyTemplate();
        database.start();
        int port = address().port();
        database.close();
        try (ServerSocket stranger = new ServerSocket(port, 1, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}))) {
            database = database();
            database.start();
            assertNotEquals(stranger.getLocalPort(), address().port());
        }
        assertEquals(
                Integer.toString(address().port()),
                Files.readString(home.resolve("port")).strip());
    }

    @Test
    void keepsTryingWhileTheFilesAreBroken() throws Exception {
        copyTemplate();
        database.start();
        Path configuration = home.resolve("data/pg_hba.conf");
        Path aside = home.resolve("aside");
        Files.move(configuration, aside);
        database.process().orElseThrow().destroyForcibly();
        assertEquals("down", listener.next());
        String failed = listener.next();
        assertTrue(failed.startsWith("restartFailed") && failed.contains("pg_hba.conf"), failed);
        Files.move(aside, configuration);
        String next = listener.next();
        while (next.startsWith("restartFailed")) {
            next = listener.next();
        }
        assertEquals("up", next);
    }

    @Test
    void refusesADirectoryOfAnotherVersion() throws IOException {
        copyTemplate();
        database.start();
        database.close();
        Files.writeString(home.resolve("data/PG_VERSION"), "15\n");
        database = database();
        EmbeddedException refused = assertThrows(EmbeddedException.class, database::start);
        assertTrue(
                refused.toString().contains("made by PostgreSQL 15")
                        && refused.toString().contains("brings PostgreSQL 18"),
                refused::toString);
    }

    @Test
    void saysThatThePasswordIsLost() throws IOException {
        copyTemplate();
        database.start();
        database.close();
        Files.delete(home.resolve("password"));
        database = database();
        EmbeddedException refused = assertThrows(EmbeddedException.class, database::start);
        assertTrue(refused.toString().contains("no password file"), refused::toString);
    }

    @Test
    void beginsAgainAfterAnUnfinishedCreation() throws Exception {
        Files.createDirectories(home.resolve("data.new/base"));
        Files.writeString(home.resolve("data.new/PG_VERSION"), "18\n");
        database.start();
        assertEquals("1", query(address(), "SELECT 1"));
        assertFalse(Files.exists(home.resolve("data.new")), "data.new is left");
    }

    @Test
    void runsAsAnotherUserWhereNamespacesAreForbidden() throws Exception {
        assumeTrue(isRoot(), "only root needs another user");
        assumeTrue(Launcher.onPath("setpriv").isPresent(), "setpriv is missing");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        database = new EmbeddedDatabase(options(), listener, new SecureRandom(), unshare -> false);
        database.start();
        execute(address(), "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)");
        assertNotEquals(0, Files.getAttribute(home.resolve("data"), "unix:uid"));
        database.process().orElseThrow().destroyForcibly();
        assertEquals("down", listener.next());
        assertEquals("up", listener.next());
        database.close();
        // The files have an owner now, so he runs the server even where root could.
        database = database();
        database.start();
        assertEquals("7", query(address(), "SELECT n FROM kept"));
    }

    @Test
    void givesTheFilesAwayWhenNamespacesBecomeForbidden() throws Exception {
        copyTemplate();
        assumeTrue(isRoot(), "only root needs another user");
        assumeTrue(Launcher.onPath("setpriv").isPresent(), "setpriv is missing");
        database.start();
        assumeTrue(
                Files.getAttribute(home.resolve("data"), "unix:uid").equals(0), "user namespaces are forbidden here");
        execute(address(), "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)");
        database.close();
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        database = new EmbeddedDatabase(options(), listener, new SecureRandom(), unshare -> false);
        database.start();
        assertEquals("7", query(address(), "SELECT n FROM kept"));
    }

    @Test
    void runsForAnOrdinaryUser() throws Exception {
        assumeTrue(isRoot(), "the other tests run as an ordinary user already");
        Optional<String> setpriv = Launcher.onPath("setpriv");
        assumeTrue(setpriv.isPresent(), "setpriv is missing");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path own = Files.createDirectory(directory.resolve("own"));
        Files.setAttribute(own, "unix:uid", 65534);
        List<String> asNobody = List.of(setpriv.get(), "--reuid=65534", "--regid=65534", "--clear-groups", "--");
        try (ServerProcess server = ServerProcess.start(asNobody, copyOfClassPath(), own.resolve("data"))) {
            String[] ready = server.awaitReady();
            assertEquals(65534, Files.getAttribute(Path.of("/proc", ready[2]), "unix:uid"));
        }
        assertEquals(List.of(), PostgresProcesses.of(own.resolve("data/postgres/data")));
    }

    private void copyTemplate() throws IOException {
        copyTree(template.resolve("postgres"), home);
        Files.delete(home.resolve("port"));
        Files.delete(home.resolve("log"));
    }

    private static void copyTree(Path from, Path to) throws IOException {
        try (var tree = Files.walk(from)) {
            for (Path path : tree.toList()) {
                Files.copy(path, to.resolve(from.relativize(path).toString()), StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
    }

    /** The class path of a build lies in a home directory that others may not enter. */
    private String copyOfClassPath() throws IOException {
        Path target = Files.createDirectory(directory.resolve("classpath"));
        StringBuilder copy = new StringBuilder();
        int number = 0;
        for (String entry : List.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))) {
            Path from = Path.of(entry);
            Path to = target.resolve(Integer.toString(number++));
            if (Files.isDirectory(from)) {
                copyTree(from, to);
            } else if (Files.exists(from)) {
                Files.copy(from, to);
            }
            copy.append(copy.isEmpty() ? "" : File.pathSeparator).append(to);
        }
        return copy.toString();
    }

    private boolean isRoot() throws IOException {
        return Files.getAttribute(directory, "unix:uid").equals(0);
    }

    private EmbeddedDatabase database() {
        return new EmbeddedDatabase(options(), listener, new SecureRandom());
    }

    private EmbeddedDatabaseOptions options() {
        return EmbeddedDatabaseOptions.of(home);
    }

    private DatabaseAddress address() {
        return database.address().orElseThrow();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static long millis(Runnable action) {
        long since = System.nanoTime();
        action.run();
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since);
    }

    private static Connection connect(DatabaseAddress address) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://" + address.host() + ":" + address.port() + "/" + address.database(),
                address.user(),
                address.password());
    }

    private static void execute(DatabaseAddress address, String... statements) throws SQLException {
        try (Connection connection = connect(address);
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    private static String query(DatabaseAddress address, String sql) throws SQLException {
        try (Connection connection = connect(address);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            assertTrue(rows.next(), "no row");
            return String.valueOf(rows.getString(1));
        }
    }

    private static String quietly(DatabaseAddress address, String sql) {
        try {
            return query(address, sql);
        } catch (SQLException e) {
            return e.toString();
        }
    }
}
