package nexus.config;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Where an external PostgreSQL is, and how to log in: {@code postgresql://user:password@host:port/database?name=value}.
 * Read strictly; an error never shows the URL, because it may hold the password.
 *
 * @param host without the brackets that an IPv6 address has in the URL
 * @param password empty when none was given
 * @param parameters only those that the server passes on, see {@link #PARAMETERS}
 */
public record DatabaseUrl(
        String host, int port, String database, String user, Secret password, Map<String, String> parameters) {

    public static final int PORT_DEFAULT = 5432;

    /** An unknown parameter is an error: one that is silently dropped could have been the one that asks for TLS. */
    static final List<String> PARAMETERS = List.of("sslmode", "sslrootcert");

    private static final List<String> SSL_MODES = List.of("disable", "prefer", "require", "verify-ca", "verify-full");
    private static final int PORT_MAX = 65_535;

    public DatabaseUrl {
        parameters = Map.copyOf(parameters);
    }

    /**
     * Reads a URL.
     *
     * @throws OptionsException with the first rule that the text breaks
     */
    public static DatabaseUrl parse(String text) {
        String rest = afterScheme(text);
        int query = rest.indexOf('?');
        Map<String, String> parameters = query < 0 ? Map.of() : parameters(rest.substring(query + 1));
        rest = query < 0 ? rest : rest.substring(0, query);
        int slash = rest.indexOf('/');
        require(slash >= 0 && slash + 1 < rest.length(), "the database's name is missing: .../database");
        String database = decode(rest.substring(slash + 1), "the database's name");
        require(!rest.substring(slash + 1).contains("/"), "the database's name has a \"/\"; write it as %2F");
        String authority = rest.substring(0, slash);
        int at = authority.lastIndexOf('@');
        require(at > 0, "the user is missing: postgresql://user:password@...");
        String login = authority.substring(0, at);
        require(!login.contains("@"), "the user or the password has an \"@\"; write it as %40");
        int colon = login.indexOf(':');
        String user = decode(colon < 0 ? login : login.substring(0, colon), "the user");
        require(!user.isEmpty(), "the user is empty");
        String password = colon < 0 ? "" : decode(login.substring(colon + 1), "the password");
        return address(authority.substring(at + 1), database, user, password, parameters);
    }

    /** For a JDBC driver, without user and password, which it takes separately. */
    public String jdbcUrl() {
        String query = parameters.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(entry -> entry.getKey() + "=" + encode(entry.getValue()))
                .collect(Collectors.joining("&"));
        return "jdbc:postgresql://" + address() + (query.isEmpty() ? "" : "?" + query);
    }

    @Override
    public String toString() {
        return "postgresql://" + encode(user) + ":" + password + "@" + address();
    }

    private String address() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port + "/" + encode(database);
    }

    private static String afterScheme(String text) {
        for (String scheme : List.of("postgresql://", "postgres://")) {
            if (text.startsWith(scheme)) {
                return text.substring(scheme.length());
            }
        }
        throw error("must begin with postgresql:// or postgres://");
    }

    private static DatabaseUrl address(
            String address, String database, String user, String password, Map<String, String> parameters) {
        int end = address.startsWith("[") ? address.indexOf(']') + 1 : address.indexOf(':');
        require(!address.startsWith("[") || end > 0, "the \"]\" after the IPv6 address is missing");
        String host = end < 0 ? address : address.substring(0, end);
        String after = end < 0 ? "" : address.substring(end);
        require(after.isEmpty() || after.matches(":[0-9]{1,5}"), "the port must be a number of 1 to " + PORT_MAX);
        int port = after.isEmpty() ? PORT_DEFAULT : Integer.parseInt(after.substring(1));
        require(port >= 1 && port <= PORT_MAX, "the port must be a number of 1 to " + PORT_MAX);
        String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        String allowed = host.startsWith("[") ? "[0-9A-Fa-f:.%a-z]+" : "[A-Za-z0-9._-]+";
        require(bare.matches(allowed), "the host is missing or has characters that no host has");
        return new DatabaseUrl(bare, port, database, user, new Secret(password), parameters);
    }

    /** The URL with its password, in one spelling: for the drivers, never for logs. */
    public String revealed() {
        StringBuilder url = new StringBuilder("postgresql://").append(encode(user));
        if (!password.value().isEmpty()) {
            url.append(':').append(encode(password.value()));
        }
        String address = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
        url.append('@').append(address).append(':').append(port).append('/').append(encode(database));
        String separator = "?";
        for (Map.Entry<String, String> parameter : parameters.entrySet()) {
            url.append(separator).append(parameter.getKey()).append('=').append(encode(parameter.getValue()));
            separator = "&";
        }
        return url.toString();
    }

    private static Map<String, String> parameters(String query) {
        Map<String, String> parameters = new LinkedHashMap<>();
        for (String part : query.split("&", -1)) {
            int equals = part.indexOf('=');
            require(equals > 0, "a parameter after \"?\" must look like name=value");
            String name = decode(part.substring(0, equals), "a parameter's name");
            String value = decode(part.substring(equals + 1), "the value of " + name);
            require(
                    PARAMETERS.contains(name),
                    "the parameter \"" + name + "\" is unknown, known are " + String.join(", ", PARAMETERS));
            require(
                    !name.equals("sslmode") || SSL_MODES.contains(value),
                    "sslmode must be one of " + String.join(", ", SSL_MODES));
            require(parameters.put(name, value) == null, "the parameter \"" + name + "\" is given twice");
        }
        return parameters;
    }

    private static String decode(String text, String what) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int index = 0; index < text.length(); index++) {
            char c = text.charAt(index);
            require(c > ' ' && c < 0x7f, what + " has a character that must be written as %XX");
            if (c == '%') {
                int end = Math.min(text.length(), index + 3);
                String hex = text.substring(index + 1, end);
                require(hex.matches("[0-9A-Fa-f]{2}"), what + " has a \"%\" without two hexadecimal digits");
                bytes.write(Integer.parseInt(hex, 16));
                index += 2;
            } else {
                bytes.write(c);
            }
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.toByteArray()))
                    .toString();
        } catch (CharacterCodingException e) {
            throw error(what + " is not UTF-8");
        }
    }

    private static String encode(String text) {
        StringBuilder encoded = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            boolean plain = b > 0 && (Character.isLetterOrDigit(b) || "-._~".indexOf(b) >= 0);
            encoded.append(plain ? Character.toString(b) : String.format("%%%02X", b));
        }
        return encoded.toString();
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw error(message);
        }
    }

    private static OptionsException error(String message) {
        return new OptionsException(List.of(message));
    }
}
