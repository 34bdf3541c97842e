package nexus.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import nexus.kernel.AddressRanges;
import org.junit.jupiter.api.Test;

class ServerOptionsTest {

    private static final int PROCESSORS = 7;
    private static final String KEY = "0123456789abcdef0123456789abcdef";

    private static final ServerOptions DEFAULTS = new ServerOptions(
            "127.0.0.1",
            2026,
            Path.of("./nexus-data"),
            null,
            null,
            null,
            new BlobLocation.OwnDirectory(),
            ListEntries.OBJECT,
            64L << 20,
            AddressRanges.NONE,
            PROCESSORS,
            Duration.ofMinutes(10),
            Duration.ofMillis(250),
            LogFormat.TEXT,
            null,
            null,
            null);

    private static final ServerOptions OTHERS = new ServerOptions(
            "::1",
            8080,
            Path.of("/var/lib/nexus"),
            DatabaseUrl.parse("postgresql://u:secret@db:6432/n"),
            Path.of("cluster.yaml"),
            "node-1",
            BlobLocation.parse("s3://contents/nexus?region=eu-central-1"),
            ListEntries.STRING,
            512L << 10,
            AddressRanges.parse("10.0.0.0/8,::1").orElseThrow(),
            3,
            Duration.ofSeconds(90),
            Duration.ofSeconds(2),
            LogFormat.JSON,
            new Secret(KEY),
            new Secret("the-access-key"),
            new Secret("the-storage-key"));

    private static final Map<String, String> EVERY_VARIABLE = Map.ofEntries(
            Map.entry("NEXUS_HOST", "::1"),
            Map.entry("NEXUS_PORT", "8080"),
            Map.entry("NEXUS_DATA_DIR", "/var/lib/nexus"),
            Map.entry("NEXUS_DATABASE_URL", "postgresql://u:secret@db:6432/n"),
            Map.entry("NEXUS_CLUSTER", "cluster.yaml"),
            Map.entry("NEXUS_NODE_NAME", "node-1"),
            Map.entry("NEXUS_BLOBS", "s3://contents/nexus?region=eu-central-1"),
            Map.entry("NEXUS_BLOBS_S3_ACCESS_KEY", "the-access-key"),
            Map.entry("NEXUS_BLOBS_S3_SECRET_KEY", "the-storage-key"),
            Map.entry("NEXUS_LIST_ENTRIES", "string"),
            Map.entry("NEXUS_BODY_MAX", "512KiB"),
            Map.entry("NEXUS_TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
            Map.entry("NEXUS_EVENT_LOOPS", "3"),
            Map.entry("NEXUS_IDLE_PASSIVATION", "90s"),
            Map.entry("NEXUS_SLOW_OPERATION", "2s"),
            Map.entry("NEXUS_LOG_FORMAT", "json"),
            Map.entry("NEXUS_ADMIN_KEY", KEY));

    @Test
    void hasDefaults() {
        assertEquals(DEFAULTS, read(Map.of(), Map.of("PATH", "/bin", "NEXUSX", "not ours")));
    }

    @Test
    void readsEveryOptionFromTheEnvironment() {
        assertEquals(OTHERS, read(Map.of(), EVERY_VARIABLE));
        assertEquals(
                EVERY_VARIABLE.keySet(),
                Set.copyOf(Arrays.stream(ServerOption.values())
                        .map(ServerOption::variable)
                        .toList()));
    }

    @Test
    void readsEveryOptionFromTheCommandLineWhichBeatsTheEnvironment() {
        Map<ServerOption, String> given = new HashMap<>();
        Map<String, String> environment = new HashMap<>();
        for (ServerOption option : ServerOption.values()) {
            given.put(option, String.valueOf(EVERY_VARIABLE.get(option.variable())));
            environment.put(option.variable(), "worthless");
        }
        assertEquals(OTHERS, read(given, environment));
    }

    @Test
    void noValueOfTheOtherOptionsIsADefault() throws ReflectiveOperationException {
        for (var component : ServerOptions.class.getRecordComponents()) {
            Object left = component.getAccessor().invoke(DEFAULTS);
            Object right = component.getAccessor().invoke(OTHERS);
            assertFalse(right == null || right.equals(left), component.getName());
        }
    }

    @Test
    void reportsAllErrorsAtOnce() {
        List<String> errors = errors(Map.of(
                "NEXUS_HOST", "no host",
                "NEXUS_PORT", "70000",
                "NEXUS_DATABASE_URL", "mysql://u:hunter2@db/n",
                "NEXUS_LIST_ENTRIES", "objects",
                "NEXUS_BODY_MAX", "64MB",
                "NEXUS_EVENT_LOOPS", "many",
                "NEXUS_IDLE_PASSIVATION", "2d",
                "NEXUS_SLOW_OPERATION", "",
                "NEXUS_ADMIN_KEY", "short",
                "NEXUS_DATADIR", "/data"));
        assertEquals(
                List.of(
                        "--slow-operation (NEXUS_SLOW_OPERATION) is empty; leave it out to get the default",
                        "unknown environment variable NEXUS_DATADIR, did you mean NEXUS_DATA_DIR?",
                        "--database-url (NEXUS_DATABASE_URL): must begin with postgresql:// or postgres://",
                        "--list-entries (NEXUS_LIST_ENTRIES) must be object or string, not \"objects\"",
                        "--body-max (NEXUS_BODY_MAX) must be a size such as 512KiB, 64MiB or 1GiB, not \"64MB\"",
                        "--event-loops (NEXUS_EVENT_LOOPS) must be a whole number, not \"many\"",
                        "--host (NEXUS_HOST) is not a host name or address: \"no host\"",
                        "--port (NEXUS_PORT) is 70000, allowed is 0 to 65535",
                        "--idle-passivation (NEXUS_IDLE_PASSIVATION) is 48h, allowed is 1s to 24h",
                        "NEXUS_ADMIN_KEY has 5 characters, the least is 32"),
                errors);
    }

    @Test
    void refusesValuesOutOfRange() {
        for (String[] wrong : new String[][] {
            {"NEXUS_PORT", "-1"},
            {"NEXUS_PORT", "99999999999"},
            {"NEXUS_BODY_MAX", "1023"},
            {"NEXUS_BODY_MAX", "2GiB"},
            {"NEXUS_BODY_MAX", "999999999999999GiB"},
            {"NEXUS_BODY_MAX", "-1"},
            {"NEXUS_EVENT_LOOPS", "0"},
            {"NEXUS_TRUSTED_PROXIES", "proxy.example.com"},
            {"NEXUS_IDLE_PASSIVATION", "10"},
            {"NEXUS_SLOW_OPERATION", "0ms"},
            {"NEXUS_LOG_FORMAT", "JSON"},
            {"NEXUS_DATA_DIR", "a\0b"},
            {"NEXUS_ADMIN_KEY", KEY + "\n"},
        }) {
            List<String> errors = errors(Map.of(wrong[0], wrong[1]));
            assertTrue(errors.size() == 1 && errors.get(0).contains(wrong[0]), () -> wrong[0] + ": " + errors);
        }
    }

    @Test
    void aClustersContentsAreWhereEveryNodeReachesThem() {
        BlobLocation byDefault = read(Map.of(), cluster(Map.of())).blobs();
        assertEquals(new BlobLocation.Database(), byDefault);
        List<String> errors = errors(cluster(Map.of("NEXUS_BLOBS", "directory")));
        assertEquals(
                List.of(
                        "--blobs (NEXUS_BLOBS) is directory, which is this machine's own; the contents of a cluster must be"
                                + " where every node reaches them: database, directory:/path or s3://bucket"),
                errors);
        for (String shared : List.of("database", "directory:/mnt/blobs", "s3://contents?region=eu-central-1")) {
            ServerOptions options = read(Map.of(), cluster(Map.of("NEXUS_BLOBS", shared)));
            assertEquals(BlobLocation.parse(shared), options.blobs());
        }
    }

    private static Map<String, String> cluster(Map<String, String> more) {
        Map<String, String> environment = new HashMap<>(more);
        environment.put("NEXUS_CLUSTER", "cluster.yaml");
        environment.put("NEXUS_DATABASE_URL", "postgresql://u:secret@db/n");
        return environment;
    }

    @Test
    void theKeysOfTheStorageGoTogetherAndToABucket() {
        String bucket = "s3://contents?region=eu-central-1";
        for (String one : List.of("NEXUS_BLOBS_S3_ACCESS_KEY", "NEXUS_BLOBS_S3_SECRET_KEY")) {
            assertEquals(
                    List.of("NEXUS_BLOBS_S3_ACCESS_KEY and NEXUS_BLOBS_S3_SECRET_KEY go together, one is missing"),
                    errors(Map.of("NEXUS_BLOBS", bucket, one, "hunter2")));
        }
        List<String> elsewhere = errors(Map.of(
                "NEXUS_BLOBS", "database", "NEXUS_BLOBS_S3_ACCESS_KEY", "a", "NEXUS_BLOBS_S3_SECRET_KEY", "hunter2"));
        assertEquals(
                List.of("NEXUS_BLOBS_S3_ACCESS_KEY is for s3://..., but --blobs (NEXUS_BLOBS) is database"), elsewhere);
    }

    @Test
    void suggestsNothingForANameThatIsFarFromAll() {
        assertEquals(
                List.of("unknown environment variable NEXUS_QQQQQQQQQQQQQQQ"),
                errors(Map.of("NEXUS_QQQQQQQQQQQQQQQ", "1")));
    }

    @Test
    void allowsTheDocumentedVariablesThatAreNoOptions() {
        assertEquals(DEFAULTS, read(Map.of(), Map.of("NEXUS_DEBUG", "1")));
    }

    @Test
    void neverShowsSecrets() {
        String shown = OTHERS.toString();
        assertFalse(shown.contains("secret") || shown.contains(KEY) || shown.contains("the-storage-key"), shown);
        assertTrue(shown.contains("postgresql://u:***@db:6432/n") && shown.contains("adminKey=***"), shown);
        List<String> errors = errors(Map.of("NEXUS_DATABASE_URL", "postgresql://u:hunter2@db:x/n", "NEXUS_PORT", "x"));
        assertFalse(errors.toString().contains("hunter2"), errors::toString);
        for (String place :
                List.of("s3:name:hunter2@host", "s3://name:hunter2@host/x", "hunter2", "directory:hunter2")) {
            assertFalse(errors(Map.of("NEXUS_BLOBS", place)).toString().contains("hunter2"), place);
        }
    }

    private static List<String> errors(Map<String, String> environment) {
        return assertThrows(OptionsException.class, () -> read(Map.of(), environment))
                .errors();
    }

    private static ServerOptions read(Map<ServerOption, String> given, Map<String, String> environment) {
        return ServerOptions.read(given, environment, PROCESSORS);
    }
}
