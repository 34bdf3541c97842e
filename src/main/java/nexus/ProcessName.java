package nexus;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** What this process is called in leases and messages: host and process id. */
final class ProcessName {
    private ProcessName() {}

    static String text() {
        return host() + ":" + ProcessHandle.current().pid();
    }

    static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }
}
