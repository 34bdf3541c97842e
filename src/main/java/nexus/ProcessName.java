package nexus;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** What this process is called in leases and messages: host and process id. */
final class ProcessName {
    private ProcessName() {}

    static String text() {
        String host;
        try {
            host = InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            host = "localhost";
        }
        return host + ":" + ProcessHandle.current().pid();
    }
}
