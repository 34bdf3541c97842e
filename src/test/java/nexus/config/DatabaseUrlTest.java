package nexus.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DatabaseUrlTest {

    @Test
    void hasDefaults() {
        assertEquals(
                new DatabaseUrl("db", 5432, "n", "u", new Secret(""), Map.of()),
                DatabaseUrl.parse("postgresql://u@db/n"));
    }

    @Test
    void readsEveryPart() {
        DatabaseUrl url = DatabaseUrl.parse(
                "postgres://us%40er:p%3Aa%2F%C3%A9@db.example.org:6432/my%20db?sslmode=verify-full&sslrootcert=%2Fca.pem");
        assertEquals(
                new DatabaseUrl(
                        "db.example.org",
                        6432,
                        "my db",
                        "us@er",
                        new Secret("p:a/é"),
                        Map.of("sslmode", "verify-full", "sslrootcert", "/ca.pem")),
                url);
        assertEquals(
                "jdbc:postgresql://db.example.org:6432/my%20db?sslmode=verify-full&sslrootcert=%2Fca.pem",
                url.jdbcUrl());
        assertEquals("postgresql://us%40er:***@db.example.org:6432/my%20db", url.toString());
    }

    @Test
    void readsIpv6Addresses() {
        DatabaseUrl url = DatabaseUrl.parse("postgresql://u:p@[::1]:6432/n");
        assertEquals("::1", url.host());
        assertEquals(6432, url.port());
        assertEquals("jdbc:postgresql://[::1]:6432/n", url.jdbcUrl());
        assertEquals(5432, DatabaseUrl.parse("postgresql://u:p@[::1]/n").port());
    }

    @Test
    void keepsAColonInThePassword() {
        assertEquals(
                "a:b", DatabaseUrl.parse("postgresql://u:a:b@db/n").password().value());
    }

    @ParameterizedTest
    @CsvSource({
        "http://u:hunter2@db/n,                          must begin with",
        "POSTGRESQL://u:hunter2@db/n,                    must begin with",
        "postgresql://u:hunter2@db,                      database's name is missing",
        "postgresql://u:hunter2@db/,                     database's name is missing",
        "postgresql://u:hunter2@db/a/b,                  write it as %2F",
        "postgresql://db/n,                              user is missing",
        "postgresql://@db/n,                             user is missing",
        "postgresql://:hunter2@db/n,                     user is empty",
        "postgresql://u:hunter2@x@db/n,                  write it as %40",
        "postgresql://u:hunter2@/n,                      host is missing",
        "postgresql://u:hunter2@d b/n,                   host is missing",
        "postgresql://u:hunter2@db:/n,                   port must be",
        "postgresql://u:hunter2@db:0/n,                  port must be",
        "postgresql://u:hunter2@db:65536/n,              port must be",
        "postgresql://u:hunter2@db:5x/n,                 port must be",
        "postgresql://u:hunter2@::1/n,                   port must be",
        "postgresql://u:hunter2@[::1/n,                  IPv6",
        "postgresql://u:hunter2@[::1]x/n,                port must be",
        "postgresql://u:hunter2%2@db/n,                  the password has a \"%\"",
        "postgresql://u:hunter2%zz@db/n,                 the password has a \"%\"",
        "postgresql://u:hunter2%ff@db/n,                 not UTF-8",
        "postgresql://u:hunter2é@db/n,                   must be written as %XX",
        "postgresql://u:hunter2@db/n?,                   name=value",
        "postgresql://u:hunter2@db/n?sslmode,            name=value",
        "postgresql://u:hunter2@db/n?sslMode=require,    unknown",
        "postgresql://u:hunter2@db/n?sslmode=maybe,      sslmode must be one of",
        "postgresql://u:hunter2@db/n?sslmode=require&sslmode=disable, given twice",
    })
    void refusesWithoutShowingThePassword(String text, String reason) {
        OptionsException refused = assertThrows(OptionsException.class, () -> DatabaseUrl.parse(text));
        assertTrue(refused.toString().contains(reason), refused::toString);
        assertFalse(refused.toString().contains("hunter2"), refused::toString);
    }
}
