package nexus.cluster;

import com.hazelcast.config.Config;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.MultiMapConfig;
import com.hazelcast.config.XmlConfigBuilder;
import com.hazelcast.config.YamlConfigBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;

/**
 * The operator's file, and what the server needs of Hazelcast besides.
 *
 * <p>The file is Hazelcast's own YAML (or XML). {@code ${NAME}} in it is replaced by the environment's variable.
 */
final class ClusterConfig {
    /** Where Vert.x keeps who listens to which address; lost entries are mended by it when a member leaves. */
    private static final String SUBSCRIPTIONS = "__vertx.subs";

    private static final String NODES = "__vertx.nodeInfo";

    /**
     * Without these a member that hangs is noticed after a minute only, and one that was given up and comes back, or two
     * halves that were cut apart, find each other after five minutes only.
     */
    private static final Map<String, String> DEFAULTS = Map.of(
            "hazelcast.heartbeat.interval.seconds", "1",
            "hazelcast.max.no.heartbeat.seconds", "5",
            "hazelcast.merge.first.run.delay.seconds", "5",
            "hazelcast.merge.next.run.delay.seconds", "5",
            "hazelcast.socket.bind.any", "false",
            "hazelcast.wait.seconds.before.join", "1");

    /** Not for the operator to choose: our own shutdown ends the member, nothing is told to strangers, /metrics is ours. */
    private static final Map<String, String> FIXED = Map.of(
            "hazelcast.shutdownhook.enabled", "false",
            "hazelcast.phone.home.enabled", "false",
            "hazelcast.metrics.enabled", "false",
            "hazelcast.logging.type", "slf4j");

    private ClusterConfig() {}

    static Config read(Path file, Map<String, String> environment) {
        if (!Files.isRegularFile(file)) {
            throw new ClusterConfigException("there is no cluster configuration at " + file);
        }
        Properties variables = new Properties();
        variables.putAll(environment);
        Config config;
        try (InputStream in = Files.newInputStream(file)) {
            config = file.toString().endsWith(".xml")
                    ? new XmlConfigBuilder(in).setProperties(variables).build()
                    : new YamlConfigBuilder(in).setProperties(variables).build();
        } catch (IOException e) {
            throw new ClusterConfigException("cannot read the cluster configuration " + file, e);
        } catch (RuntimeException e) {
            throw new ClusterConfigException(
                    "the cluster configuration " + file + " is not valid: " + firstLine(String.valueOf(e.getMessage())),
                    e);
        }
        DEFAULTS.forEach((name, value) -> {
            if (config.getProperty(name) == null) {
                config.setProperty(name, value);
            }
        });
        FIXED.forEach(config::setProperty);
        config.setLiteMember(false);
        config.addMultiMapConfig(new MultiMapConfig(SUBSCRIPTIONS)
                .setBackupCount(1)
                .setValueCollectionType(MultiMapConfig.ValueCollectionType.SET));
        config.addMapConfig(new MapConfig(NODES).setBackupCount(1));
        return config;
    }

    private static String firstLine(String message) {
        return message.lines().findFirst().orElse("unknown reason");
    }
}
