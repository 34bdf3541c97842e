package nexus.http.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Map;
import nexus.kernel.ProblemException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QueryStringTest {
    @Test
    void readsWhatIsWellFormed() {
        assertEquals(Map.of(), QueryString.parse(null));
        assertEquals(Map.of(), QueryString.parse(""));
        assertEquals(
                Map.of("a", "1", "b", "", "c", "x=y", "d", "a b c\u00e9&", "e", "\ud83d\ude00"),
                QueryString.parse("a=1&b=&c=x=y&d=a+b%20c%C3%A9%26&e=%f0%9f%98%80"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a|must be of the form name=value&name=value",
                "=1|must be of the form name=value&name=value",
                "a=1&|must be of the form name=value&name=value",
                "&a=1|must be of the form name=value&name=value",
                "a=1&a=1|names a parameter twice",
                "a=1&%61=2|names a parameter twice",
                "a=%|has a broken percent code",
                "a=%4|has a broken percent code",
                "a=%4g|has a broken percent code",
                "a=%ff|must be in UTF-8",
                "a=%c0%ae|must be in UTF-8",
                "a=%ed%a0%80|must be in UTF-8",
                "a=\u00e9|must be in ASCII, everything else in percent codes",
            })
    void refusesWhatIsNot(String query, String rule) {
        ProblemException e = assertThrows(ProblemException.class, () -> QueryString.parse(query));
        assertEquals("the query string " + rule, e.problem().message());
    }
}
