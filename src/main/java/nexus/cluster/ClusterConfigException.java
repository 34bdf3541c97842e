package nexus.cluster;

/** The cluster's configuration cannot be used; the message is for the operator. */
public final class ClusterConfigException extends RuntimeException {
    ClusterConfigException(String message, Throwable cause) {
        super(message, cause);
    }

    ClusterConfigException(String message) {
        super(message);
    }
}
