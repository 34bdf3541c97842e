package nexus.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where large contents are: {@code directory}, {@code directory:/path}, {@code database}, or
 * {@code s3://bucket/prefix?region=...&endpoint=...&path-style=...}. Read strictly.
 */
public sealed interface BlobLocation {
    /** Whether other machines can reach it: a cluster needs that. */
    boolean isShared();

    /** Reads a location. */
    static BlobLocation parse(String text) {
        if (text.equals("directory")) {
            return new OwnDirectory();
        }
        if (text.equals("database")) {
            return new Database();
        }
        if (text.startsWith(SharedDirectory.SCHEME)) {
            return SharedDirectory.parse(text.substring(SharedDirectory.SCHEME.length()));
        }
        if (text.startsWith(Bucket.SCHEME)) {
            return Bucket.parse(text.substring(Bucket.SCHEME.length()));
        }
        // Without the text: it could be a bucket with a secret in front of it.
        throw new OptionsException(List.of("must be directory, directory:/path, database or s3://bucket"));
    }

    /** {@code blobs} in the server's own data directory. */
    record OwnDirectory() implements BlobLocation {
        @Override
        public boolean isShared() {
            return false;
        }

        @Override
        public String toString() {
            return "directory";
        }
    }

    /** A directory that is there already, on a file system that all servers of the database share. */
    record SharedDirectory(Path path) implements BlobLocation {
        static final String SCHEME = "directory:";

        private static SharedDirectory parse(String text) {
            Path path = Path.of(text);
            require(path.isAbsolute(), "the path must begin with \"/\": " + SCHEME + "/path");
            return new SharedDirectory(path.normalize());
        }

        @Override
        public boolean isShared() {
            return true;
        }

        @Override
        public String toString() {
            return SCHEME + path;
        }
    }

    /** The database itself. */
    record Database() implements BlobLocation {
        @Override
        public boolean isShared() {
            return true;
        }

        @Override
        public String toString() {
            return "database";
        }
    }

    /**
     * A bucket on Amazon S3, or on a server that speaks its protocol.
     *
     * @param prefix of all keys: empty, or ending in a slash
     * @param endpoint null: Amazon's own of the region
     * @param pathStyle whether the bucket is in the path and not in the host's name
     */
    record Bucket(String name, String prefix, @Nullable URI endpoint, String region, boolean pathStyle)
            implements BlobLocation {
        static final String SCHEME = "s3://";

        /** What servers with an endpoint of their own expect in signatures if they do not care. */
        private static final String REGION_OF_ENDPOINTS = "us-east-1";

        private static final String REGION = "region";
        private static final String ENDPOINT = "endpoint";
        private static final String PATH_STYLE = "path-style";
        private static final List<String> PARAMETERS = List.of(REGION, ENDPOINT, PATH_STYLE);

        /** A key has at most 1024 bytes, and ours have some 130 behind the prefix. */
        private static final int PREFIX_LENGTH = 512;

        private static Bucket parse(String text) {
            int query = text.indexOf('?');
            Map<String, String> parameters = query < 0 ? Map.of() : parameters(text.substring(query + 1));
            String path = query < 0 ? text : text.substring(0, query);
            int slash = path.indexOf('/');
            String name = slash < 0 ? path : path.substring(0, slash);
            require(
                    name.matches("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),
                    "a bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens");
            URI endpoint = parameters.containsKey(ENDPOINT) ? endpoint(parameters.get(ENDPOINT)) : null;
            String region = parameters.getOrDefault(REGION, endpoint == null ? "" : REGION_OF_ENDPOINTS);
            require(!region.isEmpty(), "the region is missing: s3://bucket?region=eu-central-1");
            require(region.matches("[a-z0-9-]{2,32}"), "a region has lower-case letters, digits and hyphens");
            String style = parameters.getOrDefault(PATH_STYLE, Boolean.toString(endpoint != null));
            require(style.equals("true") || style.equals("false"), "path-style must be true or false");
            return new Bucket(
                    name, prefix(slash < 0 ? "" : path.substring(slash + 1)), endpoint, region, style.equals("true"));
        }

        private static String prefix(String text) {
            String folder = text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
            require(
                    folder.isEmpty()
                            || folder.matches(
                                    "[A-Za-z0-9!_*'()-][A-Za-z0-9!_.*'()-]*(/[A-Za-z0-9!_*'()-][A-Za-z0-9!_.*'()-]*)*"),
                    "a prefix has letters, digits and !_.*'()-, in parts between single slashes that begin with no dot");
            require(folder.length() <= PREFIX_LENGTH, "a prefix has at most " + PREFIX_LENGTH + " characters");
            return folder.isEmpty() ? "" : folder + "/";
        }

        private static URI endpoint(String text) {
            try {
                URI uri = new URI(text);
                require(
                        ("https".equals(uri.getScheme()) || "http".equals(uri.getScheme()))
                                && uri.getHost() != null
                                && uri.getUserInfo() == null
                                && uri.getQuery() == null
                                && uri.getFragment() == null
                                && List.of("", "/").contains(uri.getPath()),
                        "an endpoint is https://host or https://host:port");
                return new URI(uri.getScheme(), null, uri.getHost(), uri.getPort(), null, null, null);
            } catch (URISyntaxException e) {
                throw new OptionsException(List.of("an endpoint is https://host or https://host:port"));
            }
        }

        private static Map<String, String> parameters(String query) {
            Map<String, String> parameters = new HashMap<>();
            for (String part : query.split("&", -1)) {
                int equals = part.indexOf('=');
                require(equals > 0, "a parameter after \"?\" must look like name=value");
                String name = part.substring(0, equals);
                require(
                        PARAMETERS.contains(name),
                        "the parameter \"" + name + "\" is unknown, known are " + String.join(", ", PARAMETERS));
                require(
                        parameters.put(name, part.substring(equals + 1)) == null,
                        "the parameter \"" + name + "\" is given twice");
            }
            return parameters;
        }

        @Override
        public boolean isShared() {
            return true;
        }

        @Override
        public String toString() {
            return SCHEME + name + (prefix.isEmpty() ? "" : "/" + prefix.substring(0, prefix.length() - 1)) + "?"
                    + (endpoint == null ? "" : ENDPOINT + "=" + endpoint + "&") + REGION + "=" + region + "&"
                    + PATH_STYLE
                    + "=" + pathStyle;
        }
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new OptionsException(List.of(message));
        }
    }
}
