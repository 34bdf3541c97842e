package nexus.http.rpc;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import nexus.http.HttpOptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The load balancer of {@code docker/} repeats only what the server's own table calls a query, and waits long enough. */
class BalancerTest {
    private static String balancer = "";

    @BeforeAll
    static void readConfiguration() throws IOException {
        balancer = Files.readString(Path.of("docker/haproxy.cfg"));
    }

    @Test
    void onlyQueriesAreAskedTwice() {
        MethodTable table = new MethodTable();
        new FileMethods().register(table);
        new ListingMethods(new RpcOptions("test", false)).register(table);
        new BulkMethods().register(table);
        new SearchMethods().register(table);
        new VersionMethods().register(table);
        new RebacMethods().register(table);
        new AdminMethods().register(table);
        List<String> repeated = Pattern.compile("/api/nfs/([a-z_]+)")
                .matcher(balancer)
                .results()
                .map(found -> found.group(1))
                .collect(Collectors.toList());
        assertTrue(repeated.contains("rebac_check"), repeated.toString());
        for (String name : repeated) {
            MethodTable.Method method = table.find(name);
            assertNotNull(method, name + " is served");
            assertFalse(method.mutates(), name + " changes nothing");
        }
    }

    @Test
    void nobodyIsCutOffBeforeTheServerHasAnswered() {
        Duration request = HttpOptions.DEFAULTS.requestTimeout();
        for (String timeout : List.of("timeout server", "timeout client", "hard-stop-after")) {
            Matcher matcher =
                    Pattern.compile("(?m)^    " + timeout + " (\\d+)s$").matcher(balancer);
            assertTrue(matcher.find(), timeout);
            Duration given = Duration.ofSeconds(Long.parseLong(matcher.group(1)));
            assertTrue(given.compareTo(request) > 0, timeout + " is " + given + ", a request may take " + request);
        }
    }
}
